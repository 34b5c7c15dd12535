import FoveaGraphs
import FoveaTensors
import Testing

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

struct ArithmeticTests {
  private static let pairs: [(op: any Operator.Type, plain: @Sendable (Double, Double) -> Double)] = [
    (Op.Sub.self, { $0 - $1 }), (Op.Div.self, { $0 / $1 }), (Op.Pow.self, { pow($0, $1) }),
    (Op.Mul.self, { $0 * $1 }), (Op.Add.self, { $0 + $1 }),
    (Op.Max.self, { $0 > $1 ? $0 : $1 }), (Op.Min.self, { $0 < $1 ? $0 : $1 }),
  ]
  private static let singles: [(op: any Operator.Type, plain: @Sendable (Double) -> Double)] = [
    (Op.Exp.self, { exp($0) }), (Op.Log.self, { log($0) }), (Op.Sqrt.self, { sqrt($0) }), (Op.Neg.self, { -$0 }),
    (Op.Floor.self, { floor($0) }), (Op.Sign.self, { $0 > 0 ? 1 : $0 < 0 ? -1 : 0 }),
  ]

  @Test func byHand() throws {
    let a = floats([6, 8, 10, 12], [2, 2])
    #expect(try apply(Op.Sub.self, [a, floats([1, 2], [2])])[0].numbers == [5, 6, 9, 10])
    #expect(try apply(Op.Div.self, [a, floats([2, 4], [2, 1])])[0].numbers == [3, 4, 2.5, 3])
    #expect(try apply(Op.Pow.self, [floats([2], [1]), a])[0].numbers == [64, 256, 1024, 4096])
    #expect(try apply(Op.Sqrt.self, [floats([9, 0, -1], [3])])[0].numbers[0...1] == [3, 0])
    #expect(try apply(Op.Neg.self, [floats([9, -1], [2])])[0].numbers == [-9, 1])
    let signed = floats([-1.5, -0.25, 0, 0.5, 2], [5])
    #expect(try apply(Op.Floor.self, [signed])[0].numbers == [-2, -1, 0, 0, 2])
    #expect(try apply(Op.Sign.self, [signed])[0].numbers == [-1, -1, 0, 1, 1])
    #expect(try apply(Op.Sign.self, [floats([.nan], [1])])[0].numbers[0].isNaN)
    #expect(try apply(Op.Exp.self, [floats([0, .infinity], [2])])[0].numbers == [1, .infinity])
    #expect(try apply(Op.Log.self, [floats([1, 0], [2])])[0].numbers == [0, -.infinity])
    #expect(
      try apply(Op.Expand.self, [floats([1, 2], [2, 1])], ["shape": .ints([2, 1, 3])])[0].numbers == [
        1, 1, 1, 2, 2, 2, 1, 1, 1, 2, 2, 2,
      ])
  }

  /// Two shapes that broadcast, the common one, and the positions of both for each element.
  private static func shapes(_ draws: inout Draws) -> (a: [Int], b: [Int], y: [Int]) {
    let y = (0..<draws.int(0...4)).map { _ in draws.int(1...4) }
    func part(_ draws: inout Draws) -> [Int] {
      y.dropFirst(draws.int(0...y.count)).map { draws.int(0...2) == 0 ? 1 : $0 }
    }
    let a = part(&draws)
    let b = part(&draws)
    let rank = max(a.count, b.count)
    let lead = { (shape: [Int]) in [Int](repeating: 1, count: rank - shape.count) + shape }
    return (a, b, zip(lead(a), lead(b)).map { max($0, $1) })
  }

  private static func position(_ at: [Int], _ shape: [Int]) -> Int {
    offset(zip(at.suffix(shape.count), shape).map { $1 == 1 ? 0 : $0 }, shape)
  }

  @Test(arguments: UInt64(1)...40)
  func agreesWithPlainLoops(seed: UInt64) throws {
    var draws = Draws(seed: seed)
    let (a, b, y) = Self.shapes(&draws)
    let x = draws.tensor(Shape(a), scale: 1, offset: 1.5)
    let z = draws.tensor(Shape(b), scale: 1, offset: 1.5)
    for (op, plain) in Self.pairs {
      let expected = indices(of: y).map { plain(x.numbers[Self.position($0, a)], z.numbers[Self.position($0, b)]) }
      for (dtype, tolerance) in [(DType.f64, 1e-15), (.f32, 1e-6)] {
        let found = try apply(op, [x.converted(to: dtype), z.converted(to: dtype)])[0]
        #expect(found.shape == Shape(y), "seed \(seed) \(op.name) \(a) \(b)")
        #expect(difference(found.numbers, expected, least: 0.5) < tolerance, "seed \(seed) \(op.name) \(a) \(b)")
      }
    }
    for (op, plain) in Self.singles {
      #expect(difference(try apply(op, [x])[0].numbers, x.numbers.map(plain)) < 1e-15, "seed \(seed) \(op.name)")
    }
    let full = try apply(Op.Expand.self, [x], ["shape": .ints(y)])[0]
    #expect(full.numbers == indices(of: y).map { x.numbers[Self.position($0, a)] }, "seed \(seed) \(a) \(y)")
  }

  @Test func gradients() throws {
    var draws = Draws(seed: 5)
    for (op, _) in Self.pairs {
      func tensor(_ shape: Shape) -> Tensor { draws.tensor(shape, scale: 0.8, offset: 1.5) }
      try checkGradient(op, [tensor([3, 4]), tensor([3, 4])], batched: [0, 1], targets: [0, 1])
      // One of them repeats: along the batch, along the features, along both.
      try checkGradient(op, [tensor([3, 4]), tensor([4])], targets: [0, 1])
      try checkGradient(op, [tensor([1]), tensor([3, 2, 2])], batched: [1], targets: [0, 1])
      try checkGradient(op, [tensor([3, 1, 2]), tensor([2, 1])], targets: [0, 1])
    }
    for (op, _) in Self.singles { try checkGradient(op, [draws.tensor([3, 4], scale: 0.8, offset: 1.5)]) }
    try checkGradient(Op.Expand.self, [draws.tensor([3, 1, 2])], ["shape": .ints([1, 4, 1])])
    try checkGradient(Op.Expand.self, [draws.tensor([4, 1])], batched: [], ["shape": .ints([2, 4, 3])])
    try checkGradient(Op.SquaredNorm.self, [draws.tensor([3, 4])], scalarLoss: true)
  }

  @Test func extremesOfSeveral() throws {
    let a = floats([1, 5, .nan, 2], [4])
    let parts = [a, floats([2], [1]), floats([0, 7, 7, 2], [4])]
    let most = try apply(Op.Max.self, parts)[0].numbers
    #expect(most[0] == 2 && most[1] == 7 && most[2].isNaN && most[3] == 2)
    let least = try apply(Op.Min.self, parts)[0].numbers
    #expect(least[0] == 0 && least[1] == 2 && least[2].isNaN && least[3] == 2)
    #expect(try apply(Op.Max.self, [floats([3, 4], [2])])[0].numbers == [3, 4])
    // Equal ones share: three of them at the last place.
    let shares = try (0..<3).map { operand in
      try apply(
        Op.ExtremumBackward.self, [floats([6, 6, 6, 6], [4]), floats([2, 7, 7, 2], [4])] + parts,
        ["operand": .int(operand)])[0].numbers
    }
    #expect(shares == [[0, 0, 0, 2], [6, 0, 0, 2], [0, 6, 6, 2]])
    var draws = Draws(seed: 9)
    for op in [Op.Max.self as any Operator.Type, Op.Min.self] {
      let operands = [draws.tensor([3, 4]), draws.tensor([4]), draws.tensor([3, 1]), draws.tensor(.scalar)]
      try checkGradient(op, operands, batched: [0, 2], targets: [0, 1, 2, 3])
    }
  }

  @Test func gradientsOfGradients() throws {
    // d²/dx² of x⁻¹ through Div, of eˣ, of √x: their rules are made of operators that have gradients again.
    for (op, x, second) in [(Op.Exp.self as any Operator.Type, 0.5, exp(0.5)), (Op.Sqrt.self, 4.0, -0.25 / 8)] {
      var graph = Graph()
      let value = graph.addInput("x", TensorType(.f64, Shape.scalar))
      let first = try #require(try graph.differentiate(graph.add(op, [value])[0], withRespectTo: [value])[value])
      let again = try #require(try graph.differentiate(first, withRespectTo: [value])[value])
      let found = try Interpreter.run(graph, [value: doubles([x], .scalar)])[again]!.numbers[0]
      #expect(abs(found - second) < 1e-12, "\(op.name)")
    }
  }

  @Test func mistakes() {
    func said(_ op: any Operator.Type, _ operands: [TensorType?], _ attributes: Attributes = [:]) -> [String] {
      infer(op, operands, attributes).mistakes.map { "\($0.problem); \($0.mend)" }
    }
    for op in [Op.Sub.self as any Operator.Type, Op.Div.self, Op.Pow.self] {
      #expect(
        said(op, [f32(2, 3), f32(4)]) == [
          "[2×3] and [4] differ at axis 1: 3 and 4; make both the same, or one of them 1"
        ])
      // Powers alone may have exponents of another type.
      #expect(said(op, [i32(2), f32(2)]).count == (op == Op.Pow.self ? 0 : 1))
      let (types, none) = infer(op, [f32(nil, 3), f32(1)])
      #expect(types == [f32(nil, 3)] && none.isEmpty)
    }
    #expect(
      said(Op.Exp.self, [i32(2)]) == [
        "X has elements of type i32; Exp computes in floating point; convert it to f32 first"
      ])
    #expect(
      said(Op.Expand.self, [f32(2)], ["shape": .ints([0])]) == [
        "an extent of 0 in [0]; give extents of at least 1"
      ])
    #expect(said(Op.Expand.self, [f32(2)], ["shape": .ints([3])]).count == 1)
    #expect(said(Op.Max.self, []) == ["Max without its operand data; connect data"])
    #expect(said(Op.Min.self, [f32(2), nil]) == ["operand 2 of 2 of Min is left out; connect every one"])
    #expect(said(Op.Max.self, [f32(2), f32(3)]).count == 1 && said(Op.Max.self, [f32(2), i32(2)]).count == 1)
    #expect(
      said(Op.ExtremumBackward.self, [f32(2), f32(2), f32(2), f32(1)], ["operand": .int(2)]) == [
        "operand 2 of 2; name one of them, from 0"
      ])
    #expect(said(Op.ExtremumBackward.self, [f32(2), f32(2), f32(2)], ["operand": .int(.max)]).count == 1)
    #expect(infer(Op.Expand.self, [f32(nil, 1)], ["shape": .ints([1, 4])]).types == [f32(nil, 4)])
    #expect(
      said(Op.PowBackward.self, [f32(2), f32(2), f32(2)], ["operand": .int(2)]) == [
        "operand 2; use 0 (base) or 1 (exponent)"
      ])
  }
}
