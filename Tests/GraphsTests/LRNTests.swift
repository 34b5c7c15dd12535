import FoveaGraphs
import FoveaTensors
import Testing

struct LRNTests {
  @Test func byHand() throws {
    // 1 + 3/3·(squares of the neighbours); beta 1.
    let x = floats([1, 2, 3], [1, 3, 1])
    let y = try apply(
      Op.LRN.self, [x], ["size": .int(3), "alpha": .float(3), "beta": .float(1), "bias": .float(1)])
    #expect(difference(y[0].numbers, [1.0 / 6, 2.0 / 15, 3.0 / 14]) < 1e-6)
    #expect(y[1].numbers == [6, 15, 14])
  }

  /// The formula, number by number.
  private func plain(_ x: Tensor, _ size: Int, _ alpha: Double, _ beta: Double, _ bias: Double) -> [Double] {
    let shape = x.shape.dims
    return indices(of: shape).map { at in
      var sum = 0.0
      for channel in (at[1] - (size - 1) / 2)...(at[1] + size - 1 - (size - 1) / 2)
      where channel >= 0 && channel < shape[1] {
        var other = at
        other[1] = channel
        sum += x.numbers[offset(other, shape)] * x.numbers[offset(other, shape)]
      }
      let power = (bias + alpha / Double(size) * sum)
      return x.numbers[offset(at, shape)] * Double.power(power, -beta)
    }
  }

  @Test(arguments: UInt64(1)...16)
  func agreesWithTheFormula(seed: UInt64) throws {
    var draws = Draws(seed: seed)
    let shape = Shape([draws.int(1...3), draws.int(1...7)] + (0..<draws.int(0...3)).map { _ in draws.int(1...4) })
    let x = draws.tensor(shape, scale: 2)
    let (size, alpha, beta, bias) = (draws.int(1...9), 2 * draws.uniform(), draws.uniform(), 0.5 + draws.uniform())
    let attributes: Attributes = [
      "size": .int(size), "alpha": .float(alpha), "beta": .float(beta), "bias": .float(bias),
    ]
    let expected = plain(x, size, alpha, beta, bias)
    for (dtype, tolerance) in [(DType.f64, 1e-13), (.f32, 1e-5)] {
      let found = try apply(Op.LRN.self, [x.converted(to: dtype)], attributes)[0]
      #expect(
        found.shape == shape && difference(found.numbers, expected) < tolerance,
        "seed \(seed) \(shape) \(attributes.text)")
    }
  }

  @Test(arguments: [1, 2, 3, 5, 12])
  func gradient(size: Int) throws {
    var draws = Draws(seed: UInt64(size))
    try checkGradient(
      Op.LRN.self, [draws.tensor([3, 5, 2, 3])],
      ["size": .int(size), "alpha": .float(2), "beta": .float(0.7), "bias": .float(1.5)])
  }

  @Test func mistakes() {
    func said(_ type: TensorType, _ attributes: Attributes) -> [String] {
      infer(Op.LRN.self, [type], attributes).mistakes.map(\.problem)
    }
    #expect(said(f32(1, 2, 3), [:]) == ["a size of 0"])
    #expect(said(f32(1, 2, 3), ["size": .int(.max)]).count == 1)
    #expect(said(f32(5), ["size": .int(3)]) == ["X [5] has no channel axis"])
    #expect(said(f32(1, 2, 3), ["size": .int(3), "beta": .float(.nan)]) == ["beta nan"])
    #expect(infer(Op.LRN.self, [f32(nil, nil, 4)], ["size": .int(3)]).types == [f32(nil, nil, 4), f32(nil, nil, 4)])
  }
}
