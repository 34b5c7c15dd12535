import FoveaGraphs
import FoveaTensors
import Testing

struct BatchNormTests {
  @Test func byHand() throws {
    // Channel 0: 1, 3: mean 2, variance 1. Channel 1: 0, 8: mean 4, variance 16.
    let found = try apply(
      Op.BatchNormalization.self,
      [
        doubles([1, 0, 3, 8], [2, 2]), doubles([1, 2], [2]), doubles([0, 1], [2]), doubles([10, 0], [2]),
        doubles([1, 1], [2]),
      ], ["epsilon": .float(0), "training_mode": .int(1)])
    let expected: [[Double]] = [[-1, -1, 1, 3], [9.2, 0.4], [1.1, 4.1], [2, 4], [1, 16]]
    for (tensor, numbers) in zip(found, expected) { #expect(difference(tensor.numbers, numbers) < 1e-15) }
  }

  @Test(arguments: UInt64(1)...24)
  func agreesWithPlainLoops(seed: UInt64) throws {
    var draws = Draws(seed: seed)
    let shape = [draws.int(1...4), draws.int(1...3)] + (0..<draws.int(0...3)).map { _ in draws.int(1...3) }
    let (training, frozen) = (draws.int(0...1), draws.int(0...3) == 0 ? 1 : 0)
    let channels = shape[1]
    let plane = shape.dropFirst(2).reduce(1, *)
    let x = draws.tensor(Shape(shape), scale: 2, offset: 3)
    let dy = draws.tensor(Shape(shape))
    let scale = draws.tensor([channels])
    let shift = draws.tensor([channels])
    let mean = draws.tensor([channels])
    let variance = draws.tensor([channels], scale: 0.5, offset: 1)
    let (epsilon, momentum) = (0.01, 0.7)
    let usesBatch = training == 1 && frozen == 0
    let n = Double(shape[0] * plane)
    func values(_ tensor: Tensor, _ channel: Int) -> [Double] {
      tensor.numbers.enumerated().filter { $0.offset / plane % channels == channel }.map(\.element)
    }
    var statistics = [[Double]](repeating: [], count: 4)
    var y = [Double](repeating: 0, count: x.count)
    var dx = y
    var dScale: [Double] = []
    var dShift: [Double] = []
    for c in 0..<channels {
      let own = values(x, c)
      let m = own.reduce(0, +) / n
      let v = own.reduce(0) { $0 + ($1 - m) * ($1 - m) } / n
      statistics[0].append(momentum * mean.numbers[c] + (1 - momentum) * m)
      statistics[1].append(momentum * variance.numbers[c] + (1 - momentum) * (n > 1 ? v * n / (n - 1) : 0))
      statistics[2].append(m)
      statistics[3].append(v)
      let (usedMean, usedVariance) = usesBatch ? (m, v) : (mean.numbers[c], variance.numbers[c])
      let deviation = (usedVariance + epsilon).squareRoot()
      let g = values(dy, c)
      let hats = own.map { ($0 - usedMean) / deviation }
      let dot = zip(g, hats).reduce(0) { $0 + $1.0 * $1.1 }
      dScale.append(dot)
      dShift.append(g.reduce(0, +))
      var index = 0
      for at in 0..<x.count where at / plane % channels == c {
        y[at] = hats[index] * scale.numbers[c] + shift.numbers[c]
        let taken = usesBatch ? (dShift[c] + hats[index] * dot) / n : 0
        dx[at] = scale.numbers[c] / deviation * (g[index] - taken)
        index += 1
      }
    }
    let attributes: Attributes = [
      "epsilon": .float(epsilon), "momentum": .float(momentum), "training_mode": .int(training), "frozen": .int(frozen),
    ]
    for (dtype, tolerance) in [(DType.f64, 1e-11), (.f32, 2e-5)] {
      let operands = [x, scale, shift, mean, variance].map { $0.converted(to: dtype) }
      let found = try apply(Op.BatchNormalization.self, operands, attributes)
      #expect(found.count == (usesBatch ? 5 : 1))
      for (tensor, expected) in zip(found, [y] + statistics) {
        #expect(
          difference(tensor.numbers, expected, least: 0.1) < tolerance, "seed \(seed) \(shape) \(attributes.text)")
      }
      let used = usesBatch ? [found[3], found[4]] : [operands[3], operands[4]]
      let back = try apply(
        Op.BatchNormalizationBackward.self, [dy.converted(to: dtype), operands[0], operands[1]] + used,
        ["epsilon": .float(epsilon), "frozen": .int(usesBatch ? 0 : 1)])
      for (tensor, expected) in zip(back, [dx, dScale, dShift]) {
        #expect(
          difference(tensor.numbers, expected, least: 0.1) < tolerance * 20, "seed \(seed) \(shape) \(attributes.text)")
      }
    }
  }

  @Test func gradient() throws {
    var draws = Draws(seed: 9)
    let operands = [
      draws.tensor([3, 2, 3]), draws.tensor([2]), draws.tensor([2]), draws.tensor([2]),
      draws.tensor([2], scale: 0.5, offset: 1),
    ]
    for attributes in [
      ["training_mode": .int(1), "epsilon": .float(0.1)], ["training_mode": .int(0)],
      ["training_mode": .int(1), "frozen": .int(1)],
    ] as [Attributes] {
      try checkGradient(Op.BatchNormalization.self, operands, targets: [0, 1, 2], attributes)
    }
  }

  @Test func unknownExtents() {
    let vector = f32(8)
    let (types, mistakes) = infer(
      Op.BatchNormalization.self, [f32(nil, nil, nil, 5), vector, vector, vector, vector], ["training_mode": .int(1)])
    #expect(types == [f32(nil, nil, nil, 5), vector, vector, vector, vector])
    #expect(mistakes.isEmpty)
  }

  @Test(arguments: [true, false])
  func foldingGivesTheSameNumbers(withBias: Bool) throws {
    var draws = Draws(seed: 12)
    let x = draws.tensor([2, 3, 5, 5])
    let w = draws.tensor([4, 3, 3, 3])
    let bias = withBias ? draws.tensor([4]) : nil
    let norm = [draws.tensor([4]), draws.tensor([4]), draws.tensor([4]), draws.tensor([4], scale: 0.5, offset: 1)]
    let plain = try apply(
      Op.BatchNormalization.self, [try apply(Op.Conv.self, [x, w, bias])[0]] + norm, ["epsilon": .float(1e-3)])
    let folded = try apply(Op.BatchNormFold.self, [w, bias] + norm, ["epsilon": .float(1e-3)])
    let y = try apply(Op.Conv.self, [x, folded[0], folded[1]])
    #expect(difference(y[0].numbers, plain[0].numbers) < 1e-13)
  }
}
