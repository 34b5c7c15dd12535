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
    (Op.Elu.self, [:], { $0 < 0 ? exp($0) - 1 : $0 }),
    (Op.Elu.self, ["alpha": .float(2.5)], { $0 < 0 ? 2.5 * (exp($0) - 1) : $0 }),
    (Op.Selu.self, [:], { 1.05070102214813232421875 * ($0 < 0 ? 1.67326319217681884765625 * (exp($0) - 1) : $0) }),
    (
      Op.Selu.self, ["alpha": .float(0.5), "gamma": .float(3)],
      { 3 * ($0 < 0 ? 0.5 * (exp($0) - 1) : $0) }
    ),
    (Op.Gelu.self, [:], { $0 * (1 + erf($0 / 2.0.squareRoot())) / 2 }),
    (
      Op.Gelu.self, ["approximate": .string("tanh")],
      { $0 * (1 + tanh((2 / Double.pi).squareRoot() * ($0 + 0.044715 * $0 * $0 * $0))) / 2 }
    ),
    (Op.Swish.self, [:], { $0 / (1 + exp(-$0)) }),
    (Op.Swish.self, ["alpha": .float(-1.5)], { $0 / (1 + exp(1.5 * $0)) }),
    (Op.HardSigmoid.self, [:], { min(max(0.2 * $0 + 0.5, 0), 1) }),
    (Op.HardSigmoid.self, ["alpha": .float(-0.25), "beta": .float(0.75)], { min(max(-0.25 * $0 + 0.75, 0), 1) }),
    (Op.HardSwish.self, [:], { $0 * min(max($0 + 3, 0), 6) / 6 }),
    (Op.Softplus.self, [:], { log(1 + exp($0)) }),
    (Op.Clip.self, ["min": .float(0), "max": .float(6)], { min(max($0, 0), 6) }),
    (Op.Clip.self, ["min": .float(-1.5)], { max($0, -1.5) }), (Op.Clip.self, ["max": .int(2)], { min($0, 2) }),
    (Op.Mish.self, [:], { $0 * tanh(log(1 + exp($0))) }),
    (Op.Abs.self, [:], { $0 < 0 ? -$0 : $0 }),
  ]

  @Test func byHand() throws {
    #expect(try apply(Op.Sigmoid.self, [floats([0, 1000, -1000], [3])])[0].numbers == [0.5, 1, 0])
    #expect(try apply(Op.Tanh.self, [floats([0, 1000, -1000], [3])])[0].numbers == [0, 1, -1])
    #expect(
      try apply(Op.LeakyRelu.self, [floats([8, -8, 0], [3])], ["alpha": .float(0.125)])[0].numbers == [8, -1, 0])
    let line = floats([-8, -3, 0, 3, 8], [5])
    #expect(try apply(Op.HardSwish.self, [line])[0].numbers == [0, 0, 0, 3, 8])
    #expect(try apply(Op.HardSigmoid.self, [line], ["alpha": .float(0.125)])[0].numbers == [0, 0.125, 0.5, 0.875, 1])
    #expect(try apply(Op.Clip.self, [line], ["min": .float(-4), "max": .float(3)])[0].numbers == [-4, -3, 0, 3, 3])
    #expect(try apply(Op.Clip.self, [line])[0].numbers == line.numbers)
    #expect(try apply(Op.Abs.self, [line])[0].numbers == [8, 3, 0, 3, 8])
    let ends = floats([-1000, 0, 1000], [3])
    #expect(try apply(Op.Elu.self, [ends], ["alpha": .float(2)])[0].numbers == [-2, 0, 1000])
    for op in [Op.Gelu.self as any Operator.Type, Op.Swish.self, Op.Mish.self] {
      #expect(try apply(op, [ends])[0].numbers == [0, 0, 1000], "\(op.name)")
    }
    #expect(try apply(Op.Softplus.self, [floats([-1000, 1000], [2])])[0].numbers == [0, 1000])
    // Where e^x is too small to be seen beside 1, it is still there by itself.
    #expect(abs(try apply(Op.Softplus.self, [doubles([-50], [1])])[0].numbers[0] / exp(-50) - 1) < 1e-14)
    #expect(abs(try apply(Op.Gelu.self, [doubles([-20], [1])])[0].numbers[0] / -5.507248237212407e-88 - 1) < 1e-9)
    // On a bound and at a corner.
    let pair = [floats([8, 8, 8], [3]), floats([0, 3, 6], [3])]
    #expect(try apply(Op.ClipBackward.self, pair, ["min": .float(0), "max": .float(6)])[0].numbers == [0, 8, 0])
    #expect(try apply(Op.EluBackward.self, pair, ["alpha": .float(0.5)])[0].numbers == [4, 8, 8])
    #expect(try apply(Op.HardSwishBackward.self, [pair[0], floats([-3, 0, 3], [3])])[0].numbers == [0, 4, 8])
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
      // The plain formulas lose digits where two numbers near 1 are subtracted: measured against 1 at least.
      for (dtype, tolerance) in [(DType.f64, 4e-15), (.f32, 1e-6)] {
        let found = try apply(op, [x.converted(to: dtype)], attributes)[0]
        #expect(difference(found.numbers, x.numbers.map(plain), least: 1) < tolerance, "seed \(seed) \(op.name)")
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
    for op in [Op.LeakyReluBackward.self as any Operator.Type, Op.ClipBackward.self, Op.HardSigmoidBackward.self] {
      try checkGradient(op, [draws.tensor([3, 2]), y], batched: [0, 1])
    }
  }

  @Test(arguments: UInt64(1)...12)
  func learnedSlopes(seed: UInt64) throws {
    var draws = Draws(seed: seed)
    let shape = (0..<draws.int(2...4)).map { _ in draws.int(1...4) }
    let x = draws.tensor(Shape(shape))
    let perChannel = draws.int(0...1) == 1
    let slope = draws.tensor([perChannel ? shape[1] : 1])
    let y = try apply(Op.PRelu.self, [x, slope])[0]
    let expected = indices(of: shape).map { at -> Double in
      let value = x.numbers[offset(at, shape)]
      return value < 0 ? value * slope.numbers[perChannel ? at[1] : 0] : value
    }
    #expect(difference(y.numbers, expected) < 1e-15, "seed \(seed) \(shape) \(slope.shape)")
    try checkGradient(Op.PRelu.self, [draws.tensor(Shape([3] + shape.dropFirst())), slope], targets: [0, 1])
  }

  @Test func learnedSlopesByHand() throws {
    let x = floats([-2, 4, -6, 8], [1, 2, 2])
    #expect(try apply(Op.PRelu.self, [x, floats([0.5, -1], [2])])[0].numbers == [-1, 4, 6, 8])
    #expect(try apply(Op.PRelu.self, [x, floats([0.5], .scalar)])[0].numbers == [-1, 4, -3, 8])
    let (g, slope) = (floats([1, 2, 3, 4], [1, 2, 2]), floats([0.5, -1], [2]))
    let found = try apply(Op.PReluBackward.self, [g, x, slope])
    #expect(found.map(\.numbers) == [[0.5, 2, -3, 4], [-2, -18]])
    #expect(try apply(Op.PReluBackward.self, [g, x, floats([0.5], [1])])[1].numbers == [-20])
    #expect(
      infer(Op.PRelu.self, [f32(1, 3, 4), f32(4)]).mistakes.map { "\($0.problem); \($0.mend)" } == [
        "a slope [4] for [1×3×4]; give one number, or 3: one per channel"
      ])
    for slope in [f32(3, 1, 1), f32(2), i32(1)] {
      #expect(infer(Op.PRelu.self, [f32(1, 3, 4), slope]).mistakes.count == 1)
      #expect(infer(Op.PReluBackward.self, [f32(1, 3, 4), f32(1, 3, 4), slope]).mistakes.count == 1)
    }
    #expect(infer(Op.PRelu.self, [f32(5), f32(5)]).mistakes.count == 1, "without channels there is one slope")
    #expect(infer(Op.PRelu.self, [f32(nil, nil, 4), f32(7)]).mistakes.isEmpty)
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
    for op in [
      Op.Elu.self as any Operator.Type, Op.Selu.self, Op.Gelu.self, Op.Swish.self, Op.HardSigmoid.self,
      Op.HardSwish.self, Op.Softplus.self, Op.Clip.self, Op.Mish.self, Op.Abs.self,
    ] {
      #expect(infer(op, [f32(nil, 3)]).types == [f32(nil, 3)])
      let takesWhole = op is any WholeOperator.Type
      #expect(infer(op, [i32(2)]).mistakes.count == (takesWhole ? 0 : 1))
      guard let backward = Registry.standard["\(op.name)Backward"] else { continue }
      #expect(infer(backward, [f32(2, 3), f32(3, 2)]).mistakes.count == 1)
    }
    let wrong: [(any Operator.Type, Attributes, String)] = [
      (Op.Elu.self, ["alpha": .float(-1)], "an alpha of -1.0; give an alpha of at least 0"),
      (Op.Selu.self, ["gamma": .float(-2)], "gamma -2.0; give gamma as a number of at least 0"),
      (Op.Gelu.self, ["approximate": .string("erf")], "approximate \"erf\"; use \"none\" or \"tanh\""),
      (Op.Swish.self, ["alpha": .float(.nan)], "an alpha of nan; give a finite number, such as 1"),
      (
        Op.HardSigmoid.self, ["beta": .float(.infinity)],
        "the line 0.2·x + inf; give finite numbers as alpha and beta"
      ),
      (
        Op.Clip.self, ["min": .float(2), "max": .float(1)],
        "nothing lies from 2.0 to 1.0; give a min of at most max"
      ),
    ]
    for (op, attributes, text) in wrong {
      #expect(infer(op, [f32(2)], attributes).mistakes.map { "\($0.problem); \($0.mend)" } == [text])
      let backward = Registry.standard["\(op.name)Backward"]!
      #expect(infer(backward, [f32(2), f32(2)], attributes).mistakes.count == 1)
    }
    let steep = infer(Op.LeakyRelu.self, [f32(2)], ["alpha": .float(-1)]).mistakes
    #expect(steep.map(\.problem) == ["a slope of -1.0"])
    #expect(infer(Op.LogSoftmax.self, [f32(2)], ["axis": .int(3)]).mistakes.count == 1)
  }
}
