import Fovea
import Testing

/// Operations O63–O77: normalization, regularization, structure and gradients.
@Suite struct LayerRows {
  @Test func o63_batchNorm() throws {
    let x = draw([6, 2, 3], seed: 61)
    let (gamma, beta) = (tensor([2, -1], [2]), tensor([0.5, 3], [2]))
    let found = try apply(x, [gamma, beta], mode: .training) { BatchNorm(epsilon: 1e-3) }
    for c in 0..<2 {
      let values = (0..<6).flatMap { n in (0..<3).map { x.at(n, c, $0) } }
      let mean = values.reduce(0, +) / 18
      let variance = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / 18
      let expected = values.map { gamma.at(c) * ($0 - mean) / (variance + 1e-3).squareRoot() + beta.at(c) }
      #expect(close((0..<6).flatMap { n in (0..<3).map { found.at(n, c, $0) } }, expected))
    }
    // Evaluating uses the running statistics.
    let kept = [tensor([1, 1], [2]), tensor([0, 0], [2]), tensor([0.5, 0], [2]), tensor([4, 1], [2])]
    let evaluated = try apply(x, kept) { BatchNorm(epsilon: 1e-12) }
    #expect(abs(evaluated.at(4, 0, 1) - (x.at(4, 0, 1) - 0.5) / 2) < 1e-9)
  }

  @Test func o64_dropout() throws {
    let ones = tensor([Double](repeating: 1, count: 4000), [1, 4000])
    let trained = try apply(ones, mode: .training) { Dropout(0.25) }.numbers
    #expect(Set(trained).count == 2 && trained.contains(0))
    #expect(abs((trained.max() ?? 0) - 1 / 0.75) < 1e-12)
    #expect((900...1100).contains(trained.count { $0 == 0 }))
    #expect(try apply(ones) { Dropout(0.25) }.numbers == ones.numbers)
  }

  @Test func o65_weightDecay() throws {
    let (w, g) = (tensor([1, -2, 0], [3]), tensor([0.5, 0, -1], [3]))
    let rate = tensor([0.1], .scalar)
    var graph = Graph()
    let operands = [w, g, rate].enumerated().map { graph.addInput("x\($0.offset)", TensorType(.f64, $0.element.shape)) }
    let after = graph.add(
      Op.SGDUpdate.self, [operands[0], operands[1], nil, operands[2]], ["weight_decay": .float(0.5)])[0]
    try graph.check()
    let found = try Interpreter.run(graph, [operands[0]: w, operands[1]: g, operands[2]: rate])[after]
    // The gradient of loss + λ/2·Σw² is that of the loss + λ·w.
    let expected = zip(w.numbers, g.numbers).map { $0 - 0.1 * ($1 + 0.5 * $0) }
    #expect(close(found?.numbers ?? [], expected))
  }

  @Test func o66_flatten() throws {
    let x = ramp([2, 3, 4, 5])
    let flat = try apply(x) { Flatten() }
    #expect(flat.shape == [2, 60])
    #expect(flat.numbers == x.numbers)
  }

  @Test func o67_dense() throws {
    let (x, w, b) = (draw([2, 4], seed: 62), draw([3, 4], seed: 63), draw([3], seed: 64))
    let found = try apply(x, [w, b]) { Dense(3) }
    for n in 0..<2 {
      for h in 0..<3 {
        #expect(abs(found.at(n, h) - (0..<4).reduce(b.at(h)) { $0 + w.at(h, $1) * x.at(n, $1) }) < 1e-12)
      }
    }
  }

  @Test func o68_residual() throws {
    let (x, w) = (draw([1, 2, 4, 4], seed: 65), draw([2, 2, 3, 3], seed: 66))
    let change = try apply(x, [w]) { Conv2D(2, kernel: 3, padding: .same, bias: false) }
    let sum = try apply(x, [w]) {
      Add {
        Conv2D(2, kernel: 3, padding: .same, bias: false); Identity()
      }
    }
    #expect(close(sum.numbers, zip(change.numbers, x.numbers).map { $0 + $1 }))
    // A block that has learned nothing hands values and gradients on as they are.
    let zeros = Tensor(zeros: [2, 2, 3, 3], dtype: .f64)
    let weights = draw([1, 2, 4, 4], seed: 67)
    let idle = try differentiate(x, [zeros], weights: weights) {
      Add {
        Conv2D(2, kernel: 3, padding: .same, bias: false); Identity()
      }
    }
    #expect(idle.output.numbers == x.numbers && idle.byInput.numbers == weights.numbers)
    // Where the shape changes, a projection takes the shortcut's place.
    #expect(
      try table([16, 8, 8]) { BasicBlock(32, stride: 2, shortcut: .projection) }.rows.last?.output == [1, 32, 4, 4])
  }

  @Test func o69_concatenation() throws {
    let x = draw([1, 2, 3, 3], seed: 68)
    let both = try apply(x) {
      Concatenate {
        Identity(); ReLU(); MaxPool2D(3, stride: 1, padding: .same)
      }
    }
    #expect(both.shape == [1, 6, 3, 3])
    #expect(Array(both.numbers.prefix(18)) == x.numbers)
    #expect(Array(both.numbers[18..<36]) == x.numbers.map { max(0, $0) })
  }

  @Test func o71_backPropagation() throws {
    // Two layers of logistic units, by the algorithm of the course.
    let (x, w1, b1, w2, b2) = (
      draw([1, 3], seed: 69), draw([4, 3], seed: 70), draw([4], seed: 71), draw([2, 4], seed: 72), draw([2], seed: 73)
    )
    let slope = draw([1, 2], seed: 74)
    let found = try differentiate(x, [w1, b1, w2, b2], weights: slope) {
      Dense(4)
      Sigmoid()
      Dense(2)
      Sigmoid()
    }
    let a1 = try apply(x, [w1, b1]) {
      Dense(4); Sigmoid()
    }.numbers
    let a2 = found.output.numbers
    let delta2 = (0..<2).map { slope.at(0, $0) * a2[$0] * (1 - a2[$0]) }
    let delta1 = (0..<4).map { j in (0..<2).reduce(0) { $0 + w2.at($1, j) * delta2[$1] } * a1[j] * (1 - a1[j]) }
    let gradients = [
      delta1.flatMap { d in x.numbers.map { d * $0 } }, delta1, delta2.flatMap { d in a1.map { d * $0 } }, delta2,
    ]
    for (gradient, expected) in zip(found.byParameters, gradients) { #expect(close(gradient.numbers, expected)) }
  }

  @Test func o72_gradientOfASharedWeight() throws {
    let (x, w, delta) = (draw([1, 1, 5, 5], seed: 75), draw([1, 1, 2, 2], seed: 76), draw([1, 1, 4, 4], seed: 77))
    let found = try differentiate(x, [w], weights: delta) { Conv2D(1, kernel: 2, bias: false) }
    for m in 0..<2 {
      for n in 0..<2 {
        var sum = 0.0
        for i in 0..<4 { for j in 0..<4 { sum += delta.at(0, 0, i, j) * x.at(0, 0, i + m, j + n) } }
        #expect(abs(found.byParameters[0].at(0, 0, m, n) - sum) < 1e-12)
      }
    }
  }

  @Test func o74_gradientOfTheInput() throws {
    let (x, w, delta) = (draw([1, 2, 7, 7], seed: 78), draw([3, 2, 3, 3], seed: 79), draw([1, 3, 4, 4], seed: 80))
    let found = try differentiate(x, [w], weights: delta) {
      Conv2D(3, kernel: 3, stride: 2, padding: 1, bias: false)
    }
    let transposed = try apply(delta, [w]) { ConvTranspose2D(2, kernel: 3, stride: 2, padding: 1, bias: false) }
    #expect(close(found.byInput.numbers, transposed.numbers))
    // ⟨Ax, y⟩ = ⟨x, Aᵀy⟩
    let left = zip(found.output.numbers, delta.numbers).reduce(0) { $0 + $1.0 * $1.1 }
    let right = zip(x.numbers, transposed.numbers).reduce(0) { $0 + $1.0 * $1.1 }
    #expect(abs(left - right) < 1e-12)
  }

  @Test func o76_stackedMaps() throws {
    let (x, w) = (draw([1, 2, 5, 5], seed: 81), draw([3, 2, 3, 3], seed: 82))
    let bank = try apply(x, [w]) { Conv2D(3, kernel: 3, bias: false) }
    let one = try (0..<3).flatMap { kernel in
      try apply(x, [tensor(Array(w.numbers[(18 * kernel)..<(18 * kernel + 18)]), [1, 2, 3, 3])]) {
        Conv2D(1, kernel: 3, bias: false)
      }.numbers
    }
    #expect(close(bank.numbers, one))
    let stacked = try table([2, 5, 5]) {
      Concatenate {
        Conv2D(1, kernel: 3); Conv2D(1, kernel: 3); Conv2D(1, kernel: 3)
      }
    }
    #expect(stacked.rows.last?.output == [1, 3, 3, 3])
  }

  @Test func o77_picturesAsTensors() throws {
    let colour = try Image8(height: 1, width: 2, channels: 3, pixels: [255, 0, 51, 0, 102, 255])
    let rgb = try Preprocessing().tensor(of: colour)
    #expect(rgb.shape == [3, 1, 2])
    #expect(close(rgb.numbers, [1, 0, 0, 0.4, 0.2, 1], 1e-6), "red, green and blue, each a plane")
    let gray = try Preprocessing(channels: .gray).tensor(of: colour)
    #expect(gray.shape == [1, 1, 2])
    #expect(close(gray.numbers, [0.299 + 0.114 * 0.2, 0.587 * 0.4 + 0.114], 0.003))
  }
}
