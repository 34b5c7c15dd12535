import FoveaExecution
import FoveaGraphs
import FoveaLayers
import FoveaTensors
import Testing

/// What the courses claim about sharing weights: convolutions against dense layers; each test bears the claim's
/// number.
@Suite struct WeightSharingTests {
  /// A convolution of stride 2 as the matrix of a dense layer: column by column, what it does to each unit
  /// vector.
  private func matrix(_ net: Net, _ input: Shape) throws -> Tensor {
    var linear = net
    linear.values["bias"] = Tensor(zeros: net.values["bias"]?.shape ?? [0], dtype: .f64)
    let count = input.count
    var units = [Double](repeating: 0, count: count * count)
    for index in 0..<count { units[index * count + index] = 1 }
    let columns = try linear(tensor(units, Shape([count] + input.dims)))
    let rows = columns.count / count
    let numbers = columns.numbers
    return tensor((0..<(rows * count)).map { numbers[$0 % count * rows + $0 / count] }, [rows, count])
  }

  /// [2, 6, 6] → [3, 3, 3].
  private func convolution() throws -> Net { try Net([2, 6, 6]) { Conv2D(3, kernel: 3, stride: 2, padding: 1) } }

  /// The dense layer that does what the convolution does.
  private func dense(_ net: Net) throws -> Net {
    let bias = (net.values["bias"]?.numbers ?? []).flatMap { [Double](repeating: $0, count: 9) }
    return try Net([72], ["weight": matrix(net, [2, 6, 6]), "bias": tensor(bias, [27])]) { Dense(27) }
  }

  @Test func m11AConvolutionIsADenseLayerWithTiedSparseWeights() throws {
    let conv = try convolution()
    let full = try dense(conv)
    let x = draw([4, 2, 6, 6], seed: 1)
    let flat = try x.reshaped(to: [4, 72])
    #expect(difference(try full(flat).numbers, try conv(x).numbers) < 1e-14)
    let entries = full.values["weight"]?.numbers ?? []
    // 3 outputs × 2 inputs × 9 taps; along each axis 3 + 3 + 2 taps lie inside the picture.
    #expect(Set(entries.filter { $0 != 0 }) == Set(conv.values["weight"]?.numbers ?? []))
    #expect(entries.count { $0 != 0 } == 3 * 2 * 8 * 8)
    #expect(entries.count == 27 * 72)
  }

  @Test func m19TheGradientOfASharedWeightIsTheSumOverItsPlaces() throws {
    let conv = try convolution()
    let full = try dense(conv)
    let x = draw([4, 2, 6, 6], seed: 2)
    let weights = draw([4, 3, 3, 3], seed: 3)
    let shared = try conv.gradients(x, weights: weights)
    let places = try full.gradients(x.reshaped(to: [4, 72]), weights: weights.reshaped(to: [4, 27]))
    // Every entry of the matrix is one place of one tap, told by its value.
    let taps = conv.values["weight"]?.numbers ?? []
    #expect(Set(taps).count == taps.count)
    var sums = [Double](repeating: 0, count: taps.count)
    for (entry, gradient) in zip(full.values["weight"]?.numbers ?? [], places["weight"]?.numbers ?? []) {
      if let tap = taps.firstIndex(of: entry) { sums[tap] += gradient }
    }
    #expect(difference(sums, shared["weight"]?.numbers ?? []) < 1e-13)
    let biases = places["bias"]?.numbers ?? []
    let byMap = (0..<3).map { map in biases[(9 * map)..<(9 * map + 9)].reduce(0, +) }
    #expect(difference(byMap, shared["bias"]?.numbers ?? []) < 1e-13)
  }

  @Test func m13AFlippedKernelLearnsTheSame() throws {
    // Correlation by the library, the mathematicians' convolution by plain loops, each learning [1, −1, 2] from
    // the other's flipped start: their kernels stay flips of each other.
    let x = draw([1, 1, 30], seed: 4).numbers
    let aim = (0..<28).map { x[$0] - x[$0 + 1] + 2 * x[$0 + 2] }
    var net = try Net([1, 30], ["weight": tensor([0.3, 0.1, -0.2], [1, 1, 3])]) { Conv1D(1, kernel: 3, bias: false) }
    var kernel = [-0.2, 0.1, 0.3]
    var first = 0.0
    var last = 0.0
    for step in 0..<200 {
      let y = try net(tensor(x, [1, 1, 30])).numbers
      let error = zip(y, aim).map { $0 - $1 }
      let loss = error.reduce(0) { $0 + $1 * $1 }
      if step == 0 { first = loss }
      last = loss
      let gradient = try net.gradients(tensor(x, [1, 1, 30]), weights: tensor(error, [1, 1, 28]))["weight"]
      let moved = zip(net.values["weight"]?.numbers ?? [], gradient?.numbers ?? []).map { $0 - 0.05 * $1 }
      net.values["weight"] = tensor(moved, [1, 1, 3])

      let convolved = (0..<28).map { t in (0..<3).reduce(0) { $0 + kernel[$1] * x[t + 2 - $1] } }
      let own = zip(convolved, aim).map { $0 - $1 }
      for j in 0..<3 { kernel[j] -= 0.05 * (0..<28).reduce(0) { $0 + own[$1] * x[$1 + 2 - j] } }
      #expect(difference(kernel.reversed(), moved) < 1e-12)
    }
    #expect(last < 1e-9 * first)
    #expect(difference(net.values["weight"]?.numbers ?? [], [1, -1, 2]) < 1e-4)
  }

  @Test func m14TwoLinearLayersAreOne() throws {
    let two = try Net([2, 8, 8]) {
      Conv2D(3, kernel: 3)
      Conv2D(2, kernel: [3, 2])
    }
    let (w1, b1) = (try #require(two.values["0.weight"]), try #require(two.values["0.bias"]))
    let (w2, b2) = (try #require(two.values["1.weight"]), try #require(two.values["1.bias"]))
    var kernel = [Double](repeating: 0, count: 2 * 2 * 5 * 4)
    var bias = b2.numbers
    for o in 0..<2 {
      for m in 0..<3 {
        for (h, w) in (0..<6).map({ ($0 / 2, $0 % 2) }) {
          bias[o] += w2.at(o, m, h, w) * b1.at(m)
          for i in 0..<2 {
            for (r, s) in (0..<9).map({ ($0 / 3, $0 % 3) }) {
              kernel[((o * 2 + i) * 5 + h + r) * 4 + w + s] += w2.at(o, m, h, w) * w1.at(m, i, r, s)
            }
          }
        }
      }
    }
    let one = try Net([2, 8, 8], ["weight": tensor(kernel, [2, 2, 5, 4]), "bias": tensor(bias, [2])]) {
      Conv2D(2, kernel: [5, 4])
    }
    let x = draw([3, 2, 8, 8], seed: 5)
    #expect(difference(try one(x).numbers, try two(x).numbers) < 1e-13)
    let bent = try Net([2, 8, 8], ["0.weight": w1, "0.bias": b1, "2.weight": w2, "2.bias": b2]) {
      Conv2D(3, kernel: 3)
      ReLU()
      Conv2D(2, kernel: [3, 2])
    }
    #expect(difference(try one(x).numbers, try bent(x).numbers) > 0.1)
  }

  @Test func m22AOneByOneConvolutionIsADenseLayerAtEveryPosition() throws {
    let conv = try Net([5, 3, 4]) { Conv2D(2, kernel: 1) }
    let weight = try #require(conv.values["weight"])
    let bias = try #require(conv.values["bias"])
    let dense = try Net([5], ["weight": weight.reshaped(to: [2, 5]), "bias": bias]) { Dense(2) }
    let x = draw([2, 5, 3, 4], seed: 6)
    let y = try conv(x)
    for n in 0..<2 {
      for (h, w) in (0..<12).map({ ($0 / 4, $0 % 4) }) {
        let pixel = tensor((0..<5).map { x.at(n, $0, h, w) }, [1, 5])
        #expect(difference(try dense(pixel).numbers, [y.at(n, 0, h, w), y.at(n, 1, h, w)]) < 1e-14)
      }
    }
  }

  /// Before a 5×5 convolution, fewer channels: 9.68 times fewer multiplications (Szegedy et al. 2014).
  @Test func m22ABottleneckSaves() throws {
    let direct = try Model(input: [192, 28, 28]) { Conv2D(32, kernel: 5, padding: .same) }
    let narrow = try Model(input: [192, 28, 28]) {
      Conv2D(16, kernel: 1)
      Conv2D(32, kernel: 5, padding: .same)
    }
    #expect(direct.summary().multiplyAdds == 120_422_400)
    #expect(narrow.summary().multiplyAdds == 12_443_648)
  }

  @Test func m5ParametersOfAConvolutionDoNotDependOnThePicture() {
    for size in [5, 32, 224, 1000] {
      #expect(parameterCount(Model.draft(input: [3, size, size]) { Conv2D(32, kernel: 5) }) == 2_432)
    }
    // A dense layer to the same maps.
    for (size, weights) in [(32, 77_070_336), (224, 233_137_766_400)] {
      let units = 32 * (size - 4) * (size - 4)
      let graph = Model.draft(input: [3, size, size]) {
        Flatten(); Dense(units, bias: false)
      }
      #expect(parameterCount(graph) == weights)
    }
  }

  @Test func m28GlobalPoolingNeedsFewerParametersThanFlattening() {
    func head(_ head: GenericCNN.Head, _ size: Int) -> Int {
      let graph = Model.draft(input: [3, size, size]) { GenericCNN(modules: 3, head: head, classes: 10) }
      return graph.parameters.filter { $0.parameter.path.hasPrefix("fc") }.reduce(0) {
        $0 + graph.shape($1.value).count
      }
    }
    #expect([32, 64].map { head(.flatten, $0) } == [20_490, 81_930])
    #expect([32, 64].map { head(.pool, $0) } == [1_290, 1_290])
  }

  @Test func m23NormsBringAnyMeanAndSpread() throws {
    let x = draw([8, 2, 4, 4], seed: 7)
    let channels = (0..<2).map { c in
      x.numbers.enumerated().filter { $0.offset / 16 % 2 == c }.map(\.element)
    }
    let means = channels.map { $0.reduce(0, +) / 128 }
    let spreads = zip(channels, means).map { list, mean in
      (list.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / 128).squareRoot()
    }
    func norm(_ scale: [Double], _ shift: [Double]) throws -> [Double] {
      let net = try Net([2, 4, 4], ["weight": tensor(scale, [2]), "bias": tensor(shift, [2])]) {
        BatchNorm(epsilon: 1e-14)
      }
      return try net(x, mode: .training).numbers
    }
    let y = try norm([2, 0.5], [-1, 3])
    for (c, (scale, shift)) in [(2.0, -1.0), (0.5, 3.0)].enumerated() {
      let list = y.enumerated().filter { $0.offset / 16 % 2 == c }.map(\.element)
      let mean = list.reduce(0, +) / 128
      #expect(abs(mean - shift) < 1e-12)
      #expect(abs((list.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / 128).squareRoot() - scale) < 1e-10)
    }
    // Scale and shift can undo the norm: nothing is lost by having it.
    #expect(difference(try norm(spreads, means), x.numbers) < 1e-10)
  }
}
