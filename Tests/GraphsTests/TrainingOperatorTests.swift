import FoveaGraphs
import FoveaTensors
import Testing

struct DropoutTests {
  private func long(_ value: Int64) -> Tensor { Tensor(scalar: value) }
  private let training: Attributes = ["ratio": .float(0.25), "training_mode": .int(1), "stream": .string("fc.drop")]

  @Test func dropsWhatTheStreamSays() throws {
    var draws = Draws(seed: 1)
    // Not a multiple of four: the last block of numbers is used in part.
    let x = draws.tensor([3, 7])
    let stream = RandomStream(seed: UInt64(bitPattern: -5), purpose: "dropout", path: "fc.drop")
    let expected = (0..<21).map { stream.uniform(step: 9, index: $0) >= 0.25 ? x.numbers[$0] / 0.75 : 0 }
    for dtype in [DType.f64, .f32] {
      let y = try apply(Op.Dropout.self, [x.converted(to: dtype), long(-5), long(9)], training)[0].numbers
      #expect(difference(y, expected) < (dtype == .f64 ? 1e-15 : 1e-7))
      #expect(y.map { $0 == 0 } == expected.map { $0 == 0 })
    }
  }

  @Test func keepsTheShareAndTheMean() throws {
    let ones = Tensor(scalar: Float(1))
    let x = try apply(Op.BroadcastToShape.self, [ones, Tensor(zeros: [100, 1000])])[0]
    let y = try apply(Op.Dropout.self, [x, long(1), long(0)], training)[0].numbers
    let kept = y.count { $0 != 0 }
    // Five standard deviations of a binomial of 100,000.
    #expect(abs(Double(kept) - 75_000) < 5 * (100_000 * 0.75 * 0.25).squareRoot())
    let other = try apply(Op.Dropout.self, [x, long(1), long(1)], training)[0].numbers
    let both = zip(y, other).count { $0 != 0 && $1 != 0 }
    #expect(abs(Double(both) - 56_250) < 5 * (100_000 * 0.5625 * 0.4375).squareRoot(), "steps are independent")
  }

  @Test func isTheIdentityOutsideTraining() throws {
    let x = floats([1, -2, .infinity], [3])
    #expect(try apply(Op.Dropout.self, [x], ["ratio": .float(0.9)])[0].isIdentical(to: x))
    #expect(try apply(Op.Dropout.self, [x, long(1), long(2)])[0].isIdentical(to: x))
    #expect(try apply(Op.Dropout.self, [x], ["ratio": .float(0), "training_mode": .int(1)])[0].isIdentical(to: x))
  }

  /// One draw for each example, or for each map.
  @Test(arguments: [(1, 3), (2, 6), (3, 30), (9, 30)]) func dropsWholeBlocks(axes: Int, blocks: Int) throws {
    var draws = Draws(seed: 3)
    let x = draws.tensor([3, 2, 5])
    let attributes: Attributes = [
      "ratio": .float(0.5), "training_mode": .int(1), "stream": .string("d"), "drawn_axes": .int(axes),
    ]
    for step in Int64(0)..<4 {
      let stream = RandomStream(seed: 7, purpose: "dropout", path: "d")
      let expected = (0..<30).map { place in
        stream.uniform(step: UInt64(step), index: place / (30 / blocks)) >= 0.5 ? 2 * x.numbers[place] : 0
      }
      #expect(try apply(Op.Dropout.self, [x, long(7), long(step)], attributes)[0].numbers == expected)
      try checkGradient(Op.Dropout.self, [x, long(7), long(step)], attributes)
    }
  }

  @Test func gradientUsesTheSameNumbers() throws {
    var draws = Draws(seed: 2)
    try checkGradient(
      Op.Dropout.self, [draws.tensor([3, 6]), long(4), long(7)], ["ratio": .float(0.5), "training_mode": .int(1)])
    try checkGradient(Op.Dropout.self, [draws.tensor([3, 6]), long(4), long(7)])
  }
}

struct SGDTests {
  @Test func byHand() throws {
    let rate = doubles([0.5], .scalar)
    let plain = try apply(
      Op.SGDUpdate.self, [doubles([2], [1]), doubles([3], [1]), nil, rate], ["weight_decay": .float(0.5)])
    #expect(plain.map(\.numbers) == [[0]], "2 − 0.5·(3 + 0.5·2)")
    for (nesterov, w) in [(0, 2 - 0.5 * 7), (1, 2 - 0.5 * (3 + 0.5 * 7))] {
      let found = try apply(
        Op.SGDUpdate.self, [doubles([2], [1]), doubles([3], [1]), doubles([8], [1]), rate, doubles([0.5], .scalar)],
        ["nesterov": .int(nesterov)])
      #expect(found.map(\.numbers) == [[w], [7]])
    }
  }

  @Test func anUpdateTakesThePlaceOfItsParameter() throws {
    // Three steps down the parabola w²: each multiplies w by 1 − 2·rate.
    var graph = Graph()
    let w = graph.addParameter(
      Parameter(path: "w", role: .weight, initializer: .constant(1)), TensorType(.f32, Shape([1])))
    let rate = graph.addInput("rate", f32())
    let square = graph.add(Op.Mul.self, [w, w])[0]
    let loss = graph.add(Op.ReduceSum.self, [square], ["keepdims": .int(0)])[0]
    let gradient = try #require(try graph.differentiate(loss, withRespectTo: [w])[w])
    let after = graph.add(Op.SGDUpdate.self, [w, gradient, nil, rate])[0]
    graph.addUpdate(before: w, after: after)
    try graph.check()
    var current = floats([1], [1])
    for _ in 0..<3 {
      current = try Interpreter.run(graph, [w: current, rate: floats([0.25], .scalar)])[graph.updates[0].after]!
    }
    #expect(current.numbers == [0.125])
  }
}
