import FoveaGraphs
import FoveaTensors
import Testing

/// Operators that end in true or false, and the choice between two tensors.
struct ComparisonTests {
  private static let relations: [(op: any Operator.Type, plain: @Sendable (Double, Double) -> Bool)] = [
    (Op.Equal.self, { $0 == $1 }), (Op.Greater.self, { $0 > $1 }), (Op.GreaterOrEqual.self, { $0 >= $1 }),
    (Op.Less.self, { $0 < $1 }), (Op.LessOrEqual.self, { $0 <= $1 }),
  ]
  private func said(_ op: any Operator.Type, _ operands: [TensorType?]) -> [String] {
    infer(op, operands).mistakes.map { "\($0.problem); \($0.mend)" }
  }
  private func bools(_ values: [Int32], _ shape: Shape) -> Tensor { ints(values, shape).converted(to: .bool) }

  @Test func byHand() throws {
    let (yes, no) = (bools([1, 1, 0, 0], [4]), bools([1, 0, 1, 0], [4]))
    #expect(try apply(Op.And.self, [yes, no])[0].numbers == [1, 0, 0, 0])
    #expect(try apply(Op.Or.self, [yes, no])[0].numbers == [1, 1, 1, 0])
    let not = try apply(Op.Not.self, [yes])[0]
    #expect(not.numbers == [0, 0, 1, 1] && not.dtype == .bool)
    #expect(try apply(Op.Equal.self, [yes, no])[0].numbers == [1, 0, 0, 1])
    #expect(try apply(Op.And.self, [yes, bools([1], [1])])[0].numbers == [1, 1, 0, 0])
    let chosen = try apply(Op.Where.self, [no, floats([1, 2, 3, 4], [4]), floats([9], [1])])[0]
    #expect(chosen.numbers == [1, 9, 3, 9])
    for (op, _) in Self.relations {
      #expect(try apply(op, [floats([.nan], [1]), floats([.nan], [1])])[0].numbers == [0], "\(op.name)")
    }
  }

  @Test(arguments: UInt64(1)...24)
  func agreesWithPlainLoops(seed: UInt64) throws {
    var draws = Draws(seed: seed)
    let y = (0..<draws.int(0...4)).map { _ in draws.int(1...4) }
    // Of few values, so that there are equal ones; either operand may repeat.
    func part(_ draws: inout Draws) -> [Int] {
      y.dropFirst(draws.int(0...y.count)).map { draws.int(0...2) == 0 ? 1 : $0 }
    }
    func position(_ at: [Int], _ shape: [Int]) -> Int {
      offset(zip(at.suffix(shape.count), shape).map { $1 == 1 ? 0 : $0 }, shape)
    }
    let (a, b) = (part(&draws), part(&draws))
    let x = draws.labels(Shape(a), below: 4)
    let z = draws.labels(Shape(b), below: 4)
    let rank = max(a.count, b.count)
    let lead = { (shape: [Int]) in [Int](repeating: 1, count: rank - shape.count) + shape }
    let both = zip(lead(a), lead(b)).map { max($0, $1) }
    for (op, plain) in Self.relations {
      let expected = indices(of: both).map { plain(x.numbers[position($0, a)], z.numbers[position($0, b)]) ? 1.0 : 0 }
      for dtype in [DType.f64, .f32, .i64, .i32, .u8] {
        let found = try apply(op, [x.converted(to: dtype), z.converted(to: dtype)])[0]
        #expect(found.dtype == .bool && found.shape == Shape(both), "seed \(seed) \(op.name) \(a) \(b)")
        #expect(found.numbers == expected, "seed \(seed) \(op.name) \(dtype) \(a) \(b)")
      }
    }
    // The choice: the condition over all, the branches repeated.
    let condition = draws.labels(Shape(y), below: 2).converted(to: .bool)
    for dtype in [DType.f64, .f32, .i64, .i16, .u8, .bool] {
      let branches = [x.converted(to: dtype), z.converted(to: dtype)]
      let found = try apply(Op.Where.self, [condition] + branches)[0]
      let expected = indices(of: y).map { at in
        condition.numbers[offset(at, y)] != 0
          ? branches[0].numbers[position(at, a)] : branches[1].numbers[position(at, b)]
      }
      #expect(found.dtype == dtype && found.numbers == expected, "seed \(seed) \(dtype) \(y) \(a) \(b)")
    }
  }

  @Test func gradients() throws {
    var draws = Draws(seed: 7)
    let condition = draws.labels([3, 4], below: 2).converted(to: .bool)
    try checkGradient(
      Op.Where.self, [condition, draws.tensor([3, 4]), draws.tensor([3, 4])], batched: [0, 1, 2], targets: [1, 2])
    try checkGradient(
      Op.Where.self, [condition, draws.tensor([4]), draws.tensor([3, 1])], batched: [0, 2], targets: [1, 2])
    try checkGradient(
      Op.Where.self, [bools([1, 0], [2]), draws.tensor([3, 2, 2]), draws.tensor(.scalar)], batched: [1],
      targets: [1, 2])
    // A condition on the number itself: the gradient goes through the branches alone, as |x|'s.
    var graph = Graph()
    let x = graph.addInput("x", f32(3))
    let isPositive = graph.add(Op.Greater.self, [x, graph.addConstant(floats([0], .scalar))])[0]
    let size = graph.add(Op.Where.self, [isPositive, x, graph.add(Op.Neg.self, [x])[0]])[0]
    let sum = graph.add(Op.ReduceSum.self, [size], ["keepdims": .int(0)])[0]
    let gradient = try #require(try graph.differentiate(sum, withRespectTo: [x])[x])
    #expect(try Interpreter.run(graph, [x: floats([-2, 3, 5], [3])])[gradient]!.numbers == [-1, 1, 1])
  }

  @Test func mistakes() {
    let truth = TensorType(.bool, [2] as Shape)
    #expect(
      said(Op.Greater.self, [truth, truth]) == [
        "A has elements of type bool; give one of f64, f32, i64, i32, i8, u8",
        "B has elements of type bool; give one of f64, f32, i64, i32, i8, u8",
      ])
    #expect(
      said(Op.Less.self, [f32(2), i32(2)]) == ["A has elements of type f32, B of i32; convert both to one type"])
    #expect(said(Op.Equal.self, [truth, truth]).isEmpty && said(Op.Equal.self, [truth, i32(2)]).count == 1)
    #expect(said(Op.Equal.self, [f32(2), TensorType(.f64, [2] as Shape)]).count == 1)
    #expect(
      said(Op.And.self, [truth, f32(2)]) == [
        "B has elements of type f32, not bool; compare first, or convert it to bool"
      ])
    #expect(said(Op.Or.self, [i32(2), truth]).count == 1 && said(Op.Not.self, [f32(2)]).count == 1)
    #expect(said(Op.Where.self, [f32(2), f32(2), f32(2)]).count == 1)
    #expect(said(Op.Where.self, [truth, f32(2), i32(2)]).count == 1)
    #expect(said(Op.Where.self, [truth, f32(3), f32(1)]).count == 1)
    #expect(infer(Op.Greater.self, [f32(nil, 2), f32()]).types == [TensorType(.bool, PartialShape([nil, 2]))])
    #expect(infer(Op.Where.self, [truth, f32(nil, 2), f32()]).types == [f32(nil, 2)])
  }
}
