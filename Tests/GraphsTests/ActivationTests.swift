import FoveaGraphs
import FoveaTensors
import Testing

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

struct ActivationTests {
  private static let all: [(op: any Operator.Type, attributes: Attributes, plain: @Sendable (Double) -> Double)] = [
    (Op.Sigmoid.self, [:], { 1 / (1 + exp(-$0)) }), (Op.Tanh.self, [:], { tanh($0) }),
    (Op.LeakyRelu.self, [:], { $0 < 0 ? 0.01 * $0 : $0 }),
    (Op.LeakyRelu.self, ["alpha": .float(0.25)], { $0 < 0 ? 0.25 * $0 : $0 }),
  ]

  @Test func byHand() throws {
    #expect(try apply(Op.Sigmoid.self, [floats([0, 1000, -1000], [3])])[0].numbers == [0.5, 1, 0])
    #expect(try apply(Op.Tanh.self, [floats([0, 1000, -1000], [3])])[0].numbers == [0, 1, -1])
    #expect(
      try apply(Op.LeakyRelu.self, [floats([8, -8, 0], [3])], ["alpha": .float(0.125)])[0].numbers == [8, -1, 0])
    #expect(try apply(Op.SigmoidBackward.self, [floats([8], [1]), floats([0.5], [1])])[0].numbers == [2])
    #expect(try apply(Op.TanhBackward.self, [floats([8], [1]), floats([0.5], [1])])[0].numbers == [6])
    for (op, attributes, _) in Self.all {
      #expect(try apply(op, [floats([.nan], [1])], attributes)[0].numbers[0].isNaN, "\(op.name): NaN must be seen")
    }
  }

  @Test(arguments: UInt64(1)...16)
  func agreesWithPlainLoops(seed: UInt64) throws {
    var draws = Draws(seed: seed)
    let x = draws.tensor(Shape((0..<draws.int(0...4)).map { _ in draws.int(1...5) }), scale: 8)
    for (op, attributes, plain) in Self.all {
      for (dtype, tolerance) in [(DType.f64, 1e-15), (.f32, 1e-6)] {
        let found = try apply(op, [x.converted(to: dtype)], attributes)[0]
        #expect(difference(found.numbers, x.numbers.map(plain)) < tolerance, "seed \(seed) \(op.name)")
      }
    }
  }

  @Test func gradients() throws {
    var draws = Draws(seed: 2)
    for (op, attributes, _) in Self.all {
      try checkGradient(op, [draws.tensor([3, 5], scale: 3)], attributes)
      try checkGradient(op, [draws.tensor([3, 2, 2, 2], scale: 3)], attributes)
    }
    // The gradients' own gradients, in both operands.
    let y = doubles([0.2, 0.7, 0.9, 0.4, 0.6, 0.1], [3, 2])
    for op in [Op.SigmoidBackward.self as any Operator.Type, Op.TanhBackward.self] {
      try checkGradient(op, [draws.tensor([3, 2]), y], batched: [0, 1], targets: [0, 1])
    }
    try checkGradient(Op.LeakyReluBackward.self, [draws.tensor([3, 2]), y], batched: [0, 1])
  }

  @Test func logSoftmax() throws {
    let x = floats([1, 2, 3, 1000, 1000, -1000], [2, 3])
    let y = try apply(Op.LogSoftmax.self, [x])[0]
    let shift = log(exp(1.0) + exp(2) + exp(3))
    #expect(difference(y.numbers, [1 - shift, 2 - shift, 3 - shift, -log(2), -log(2), -2000 - log(2)]) < 1e-6)
    var draws = Draws(seed: 1)
    for (shape, axis) in [([3, 4], -1), ([3, 4, 2], 1), ([3, 2, 2, 3], 2)] {
      let x = draws.tensor(Shape(shape), scale: 4)
      let soft = try apply(Op.Softmax.self, [x], ["axis": .int(axis)])[0].numbers.map { log($0) }
      #expect(difference(try apply(Op.LogSoftmax.self, [x], ["axis": .int(axis)])[0].numbers, soft) < 1e-14)
      try checkGradient(Op.LogSoftmax.self, [x], ["axis": .int(axis)])
    }
  }

  @Test func shapes() {
    for op in [Op.Sigmoid.self as any Operator.Type, Op.Tanh.self, Op.LeakyRelu.self, Op.LogSoftmax.self] {
      #expect(infer(op, [f32(nil, 3)]).types == [f32(nil, 3)])
      #expect(infer(op, [f32(nil, 3)]).mistakes.isEmpty)
      #expect(infer(op, [i32(2)]).mistakes.count == 1)
    }
    for op in [Op.SigmoidBackward.self as any Operator.Type, Op.TanhBackward.self, Op.LeakyReluBackward.self] {
      #expect(infer(op, [f32(2, 3), f32(3, 2)]).mistakes.count == 1)
      #expect(infer(op, [f32(2, 3), TensorType(.f32, .unknown)]).types == [f32(2, 3)])
    }
    let steep = infer(Op.LeakyRelu.self, [f32(2)], ["alpha": .float(-1)]).mistakes
    #expect(steep.map(\.problem) == ["a slope of -1.0"])
    #expect(infer(Op.LogSoftmax.self, [f32(2)], ["axis": .int(3)]).mistakes.count == 1)
  }
}
