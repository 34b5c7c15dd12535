import FoveaGraphs
import FoveaTensors
import Testing

/// The optimizers' steps; `golden.json` has five of PyTorch's for each.
struct UpdateTests {
  private let scalar = f32()
  private let long = TensorType(.i64, Shape.scalar)

  @Test func adamByHand() throws {
    // The first step goes by the rate, whatever the gradient's size: m/(1 − β₁) = g, √(v/(1 − β₂)) = |g|.
    let zero = floats([0, 0], [2])
    let found = try apply(
      Op.AdamUpdate.self,
      [floats([1, 1], [2]), floats([8, -0.001], [2]), zero, zero, floats([0.25], .scalar), Tensor(scalar: Int64(0))])
    #expect(difference(found[0].numbers, [0.75, 1.25]) < 1e-4)
    #expect(difference(found[1].numbers, [0.8, -0.0001]) < 1e-6)
    #expect(difference(found[2].numbers, [0.064, 1e-9]) < 1e-6)
  }

  @Test func adamWShrinksApart() throws {
    let zero = floats([0], [1])
    let still = try apply(
      Op.AdamWUpdate.self,
      [floats([2], [1]), zero, zero, zero, floats([0.5], .scalar), Tensor(scalar: Int64(3))],
      ["weight_decay": .float(0.5)])
    #expect(still[0].numbers == [1.5], "2·(1 − 0.5·0.5), nothing else")
  }

  @Test func betaMayComeFromOutside() throws {
    var draws = Draws(seed: 1)
    let operands = (0..<3).map { _ in draws.tensor([4]) } + [draws.tensor([4], scale: 0.4, offset: 0.5)]
    let rest = [doubles([0.1], .scalar), Tensor(scalar: Int64(6))]
    for op in [Op.AdamUpdate.self as any Operator.Type, Op.AdamWUpdate.self] {
      let given = try apply(op, operands + rest + [doubles([0.5], .scalar)])
      let fixed = try apply(op, operands + rest, ["beta1": .float(0.5)])
      for (a, b) in zip(given, fixed) { #expect(a.isIdentical(to: b)) }
    }
  }

  @Test func rmspropByHand() throws {
    let operands = [floats([1], [1]), floats([2], [1]), floats([0], [1])]
    let plain = try apply(Op.RMSpropUpdate.self, operands + [nil, floats([0.5], .scalar)], ["alpha": .float(0.75)])
    #expect(plain.map(\.numbers) == [[0.0], [1.0]], "1 − 0.5·2/√1")
    let moved = try apply(
      Op.RMSpropUpdate.self,
      operands + [floats([4], [1]), floats([0.5], .scalar), floats([0.5], .scalar)], ["alpha": .float(0.75)])
    #expect(moved.map(\.numbers) == [[-1.0], [1.0], [4.0]])
  }

  @Test func clipping() throws {
    let squares = [floats([9], .scalar), floats([16], .scalar)]
    let factor = try apply(Op.ClipScale.self, squares, ["max_norm": .float(1)])[0].numbers[0]
    #expect(abs(factor - 0.2) < 1e-6)
    #expect(try apply(Op.ClipScale.self, squares, ["max_norm": .float(6)])[0].numbers == [1])
    #expect(try apply(Op.ClipScale.self, [floats([.nan], .scalar)], ["max_norm": .float(6)])[0].numbers[0].isNaN)
    #expect(try apply(Op.SquaredNorm.self, [floats([3, 4], [2, 1])])[0].numbers == [25])
  }

  @Test func mistakes() {
    func said(_ op: any Operator.Type, _ operands: [TensorType?], _ attributes: Attributes = [:]) -> [String] {
      infer(op, operands, attributes).mistakes.map { "\($0.problem); \($0.mend)" }
    }
    let w = f32(3)
    for op in [Op.AdamUpdate.self as any Operator.Type, Op.AdamWUpdate.self] {
      #expect(said(op, [w, w, w, w, scalar, long]).isEmpty)
      #expect(
        said(op, [w, w, w, w, scalar, nil]) == [
          "\(op.name) without its operand step; connect step"
        ])
      #expect(said(op, [w, w, w, w, scalar, scalar]).count == 1)
      #expect(said(op, [w, w, w, nil, scalar, long]) == ["\(op.name) without its operand V; connect V"])
      #expect(said(op, [w, f32(2), w, w, scalar, long]).count == 1)
      #expect(
        said(op, [w, w, w, w, scalar, long], ["beta2": .float(1)]) == [
          "a beta2 of 1.0; give one of at least 0 and below 1"
        ])
      #expect(
        said(op, [w, w, w, w, scalar, long], ["epsilon": .float(0)]) == [
          "an epsilon of 0.0; give one above 0"
        ])
    }
    #expect(
      said(Op.RMSpropUpdate.self, [w, w, w, w, scalar, nil]) == [
        "a velocity without momentum; give the momentum as a scalar, or leave the velocity out"
      ])
    #expect(said(Op.RMSpropUpdate.self, [w, w, nil, nil, scalar]).count == 1)
    #expect(
      said(Op.RMSpropUpdate.self, [w, w, w, nil, nil]) == ["RMSpropUpdate without its operand rate; connect rate"])
    #expect(said(Op.ClipScale.self, [scalar]) == ["a norm of at most 0.0; give a max_norm above 0"])
    #expect(said(Op.ClipScale.self, [], ["max_norm": .float(1)]).count == 1)
    #expect(said(Op.ClipScale.self, [w], ["max_norm": .float(1)]).count == 1)
  }
}
