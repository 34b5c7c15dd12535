import FoveaGraphs
import FoveaTensors
import Testing

/// Operators that move numbers without changing them.
struct MovementTests {
  private func said(_ op: any Operator.Type, _ operands: [TensorType?], _ attributes: Attributes) -> [String] {
    infer(op, operands, attributes).mistakes.map { "\($0.problem); \($0.mend)" }
  }
  /// A tensor whose elements are their own positions.
  private func counted(_ shape: [Int], from start: Int = 0) -> Tensor {
    doubles((0..<shape.reduce(1, *)).map { Double($0 + start) }, Shape(shape))
  }

  @Test func byHand() throws {
    let a = floats([1, 2, 3, 4], [2, 2])
    let b = floats([5, 6], [2, 1])
    let c = try apply(Op.Concat.self, [a, b])[0]
    #expect(c.shape == [2, 3] && c.numbers == [1, 2, 5, 3, 4, 6])
    #expect(try apply(Op.Concat.self, [a, a], ["axis": .int(-2)])[0].shape == [4, 2])
    let parts = try apply(Op.Split.self, [c], ["axis": .int(1), "split": .ints([2, 1])])
    #expect(parts.map(\.numbers) == [[1, 2, 3, 4], [5, 6]])
    #expect(
      try apply(Op.Split.self, [floats([1, 2, 3, 4, 5], [5])], ["num_outputs": .int(2)]).map(\.numbers) == [
        [1, 2, 3], [4, 5],
      ])
    #expect(try apply(Op.Transpose.self, [c])[0].numbers == [1, 3, 2, 4, 5, 6])
    let padded = try apply(Op.Pad.self, [a], ["pads": .ints([0, 1, 1, -1]), "value": .float(9)])[0]
    #expect(padded.shape == [3, 2] && padded.numbers == [9, 1, 9, 3, 9, 9])
    let line = ints([0, 1, 2, 3, 4, 5], [6])
    func slice(_ start: Int, _ end: Int, _ step: Int = 1) throws -> [Double] {
      try apply(Op.Slice.self, [line], ["starts": .ints([start]), "ends": .ints([end]), "steps": .ints([step])])[0]
        .numbers
    }
    #expect(try slice(1, 4) == [1, 2, 3])
    #expect(try slice(-2, .max) == [4, 5])
    #expect(try slice(0, 6, 4) == [0, 4])
    #expect(try slice(-1, .min, -2) == [5, 3, 1])
    #expect(try slice(100, 1, -3) == [5, 2])
    #expect(try slice(-100, -4) == [0, 1])
    #expect(try slice(5, .min, .min) == [5])
    #expect(try slice(0, .max, .max) == [0])
  }

  @Test func everyElementTypeMoves() throws {
    for dtype in [DType.f64, .f32, .i64, .i32, .i16, .u8, .bool] {
      let x = ints([1, 0, 1, 1, 0, 0], [2, 3]).converted(to: dtype)
      let turned = try apply(Op.Transpose.self, [x])[0]
      #expect(turned.dtype == dtype && turned.numbers == [1, 1, 0, 0, 1, 0])
      let twice = try apply(Op.Concat.self, [x, x], ["axis": .int(0)])[0]
      #expect(twice.dtype == dtype && twice.numbers == [1, 0, 1, 1, 0, 0, 1, 0, 1, 1, 0, 0])
      #expect(try apply(Op.Split.self, [twice], ["num_outputs": .int(2)])[1].isIdentical(to: x))
      let part = try apply(Op.Slice.self, [x], ["starts": .ints([1]), "ends": .ints([3]), "axes": .ints([1])])[0]
      #expect(part.dtype == dtype && part.numbers == [0, 1, 0, 0])
      #expect(try apply(Op.Reshape.self, [x], ["shape": .ints([-1, 2])])[0].numbers == x.numbers)
    }
  }

  @Test(arguments: UInt64(1)...40)
  func agreesWithPlainLoops(seed: UInt64) throws {
    var draws = Draws(seed: seed)
    let rank = draws.int(1...5)
    let shape = (0..<rank).map { _ in draws.int(1...4) }
    let x = counted(shape)

    // Transpose.
    let perm = (0..<rank).map { ($0, draws.uniform()) }.sorted { $0.1 < $1.1 }.map(\.0)
    let turned = try apply(Op.Transpose.self, [x], ["perm": .ints(perm)])[0]
    let back = indices(of: perm.map { shape[$0] }).map { at -> Double in
      var from = at
      for (place, axis) in perm.enumerated() { from[axis] = at[place] }
      return Double(offset(from, shape))
    }
    #expect(turned.numbers == back, "seed \(seed) \(shape) \(perm)")

    // Slice, with steps in both directions.
    let steps = (0..<rank).map { _ in [1, 2, 3, -1, -2][draws.int(0...4)] }
    let first = shape.map { draws.int(0...($0 - 1)) }
    let last = (0..<rank).map { steps[$0] > 0 ? draws.int((first[$0] + 1)...shape[$0]) : draws.int(0...first[$0]) - 1 }
    // The end before the first element is written as −extent − 1.
    let ends = (0..<rank).map { last[$0] < 0 ? -shape[$0] - 1 : last[$0] }
    let part = try apply(
      Op.Slice.self, [x], ["starts": .ints(first), "ends": .ints(ends), "steps": .ints(steps)])[0]
    let chosen = (0..<rank).map { axis in
      Array(stride(from: first[axis], to: last[axis], by: steps[axis]))
    }
    #expect(part.shape.dims == chosen.map(\.count), "seed \(seed) \(shape) \(first) \(ends) \(steps)")
    let picked = indices(of: chosen.map(\.count)).map { at in
      Double(offset(zip(at, chosen).map { $1[$0] }, shape))
    }
    #expect(part.numbers == picked, "seed \(seed) \(shape) \(first) \(ends) \(steps)")
    let spread = try apply(
      Op.SliceBackward.self, [part, x], ["starts": .ints(first), "ends": .ints(ends), "steps": .ints(steps)])[0]
    var expected = [Double](repeating: 0, count: x.count)
    for value in picked { expected[Int(value)] = value }
    #expect(spread.numbers == expected, "seed \(seed) \(shape) \(first) \(ends) \(steps)")

    // Pad and cut.
    var pads = (0..<(2 * rank)).map { _ in draws.int(-1...2) }
    for axis in 0..<rank where shape[axis] + pads[axis] + pads[rank + axis] < 1 { pads[axis] = 1 - pads[rank + axis] }
    let sizes = (0..<rank).map { shape[$0] + pads[$0] + pads[rank + $0] }
    let framed = try apply(Op.Pad.self, [x], ["pads": .ints(pads), "value": .float(-7)])[0]
    let wanted = indices(of: sizes).map { at -> Double in
      let from = (0..<rank).map { at[$0] - pads[$0] }
      return (0..<rank).allSatisfy { from[$0] >= 0 && from[$0] < shape[$0] } ? Double(offset(from, shape)) : -7
    }
    #expect(framed.shape.dims == sizes && framed.numbers == wanted, "seed \(seed) \(shape) \(pads)")

    // Concat and its inverses.
    let axis = draws.int(0...(rank - 1))
    let pieces = (0..<draws.int(1...4)).map { index -> Tensor in
      var own = shape
      own[axis] = draws.int(1...3)
      return counted(own, from: 1000 * index)
    }
    let attributes: Attributes = ["axis": .int(draws.int(0...1) == 0 ? axis : axis - rank)]
    let whole = try apply(Op.Concat.self, pieces, attributes)[0]
    let along = pieces.map { $0.shape[axis] }
    #expect(whole.shape[axis] == along.reduce(0, +))
    for at in indices(of: whole.shape.dims) {
      var (piece, rest) = (0, at[axis])
      while rest >= along[piece] { (piece, rest) = (piece + 1, rest - along[piece]) }
      var inner = at
      inner[axis] = rest
      let value = pieces[piece].numbers[offset(inner, pieces[piece].shape.dims)]
      #expect(whole.numbers[offset(at, whole.shape.dims)] == value, "seed \(seed) \(along) axis \(axis)")
    }
    let cut = try apply(Op.Split.self, [whole], ["axis": .int(axis), "split": .ints(along)])
    let undone = try apply(Op.ConcatBackward.self, [whole] + pieces, attributes)
    for (index, piece) in pieces.enumerated() {
      #expect(cut[index].isIdentical(to: piece) && undone[index].isIdentical(to: piece), "seed \(seed)")
    }
  }

  @Test func gradients() throws {
    var draws = Draws(seed: 4)
    let x = draws.tensor([3, 4, 2])
    try checkGradient(Op.Transpose.self, [x], ["perm": .ints([0, 2, 1])])
    try checkGradient(Op.Transpose.self, [x], batched: [], ["perm": .ints([2, 0, 1])])
    try checkGradient(Op.Transpose.self, [x], batched: [])
    try checkGradient(Op.Reshape.self, [x], ["shape": .ints([-1, 8])])
    try checkGradient(Op.Reshape.self, [x], ["shape": .ints([0, 2, -1])])
    let part: Attributes = [
      "starts": .ints([-1, 0]), "ends": .ints([0, 2]), "axes": .ints([1, 2]), "steps": .ints([-2, 1]),
    ]
    try checkGradient(Op.Slice.self, [x], part)
    try checkGradient(Op.SliceBackward.self, [draws.tensor([3, 2, 2]), x], batched: [0, 1], part)
    try checkGradient(Op.Pad.self, [x], ["pads": .ints([0, 2, -1, 0, -1, 3]), "value": .float(5)])
    try checkGradient(Op.Concat.self, [x, draws.tensor([3, 1, 2]), x], batched: [0, 1, 2], targets: [0, 1, 2])
    try checkGradient(
      Op.Concat.self, [x, draws.tensor([3, 4, 5])], batched: [0, 1], targets: [1], ["axis": .int(-1)])
    // Only the first piece reaches the loss: the others' gradients are zeros.
    try checkGradient(Op.Split.self, [x], ["axis": .int(1), "split": .ints([1, 3])])
    try checkGradient(
      Op.ConcatBackward.self, [draws.tensor([3, 5, 2]), x, draws.tensor([3, 1, 2])], batched: [0, 1, 2])
  }

  @Test func reshapeFollowsTheSize() throws {
    var graph = Graph()
    let x = graph.addInput("x", f32(1, 4, 6), open: [0, 2])
    let y = graph.add(Op.Reshape.self, [x], ["shape": .ints([0, 2, -1])])[0]
    #expect(try graph.specialized(to: ["x": [5, 4, 8]]).shape(y) == [5, 2, 16])
    #expect(infer(Op.Reshape.self, [f32(nil, 4)], ["shape": .ints([0, 2, 2])]).types == [f32(nil, 2, 2)])
    #expect(infer(Op.Reshape.self, [f32(nil, 4)], ["shape": .ints([-1, 2])]).types == [f32(nil, 2)])
    #expect(infer(Op.Reshape.self, [TensorType(.f32, .unknown)], ["shape": .ints([-1, 2])]).types == [f32(nil, 2)])
  }

  @Test func openExtents() {
    #expect(infer(Op.Concat.self, [f32(nil, 2, 4), f32(3, nil, 4)], [:]).types == [f32(3, nil, 4)])
    #expect(infer(Op.Concat.self, [f32(nil, 2), TensorType(.f32, .unknown)], [:]).types == [f32(nil, nil)])
    #expect(
      infer(Op.Split.self, [f32(nil, 4)], ["num_outputs": .int(3)]).types == [f32(nil, 4), f32(nil, 4), f32(nil, 4)])
    #expect(
      infer(Op.Split.self, [f32(nil, 4)], ["axis": .int(1), "num_outputs": .int(3)]).types == [
        f32(nil, 2), f32(nil, 2), f32(nil, 0),
      ] || infer(Op.Split.self, [f32(nil, 4)], ["axis": .int(1), "num_outputs": .int(3)]).mistakes.count == 1)
    #expect(
      infer(Op.Slice.self, [f32(nil, 4)], ["starts": .ints([0, 1]), "ends": .ints([1, 3])]).types == [f32(nil, 2)])
    #expect(infer(Op.Pad.self, [f32(nil, 4)], ["pads": .ints([0, 1, 0, 1])]).types == [f32(nil, 6)])
    #expect(infer(Op.Transpose.self, [f32(nil, 4, 5)], ["perm": .ints([2, 0, 1])]).types == [f32(5, nil, 4)])
  }

  @Test func mistakes() {
    #expect(
      said(Op.Concat.self, [f32(2, 3, 4), f32(2, 3, 5)], [:]) == [
        "tensor 2 is [2×3×5]: 5 along axis 2, where the others have 4; make all the same along every axis but 1"
      ])
    #expect(
      said(Op.Concat.self, [f32(2, 3), f32(2)], [:]) == [
        "tensor 2 [2] has 1 axes, the first [2×3] has 2; give all the same number of axes"
      ])
    #expect(
      said(Op.Concat.self, [f32(2, 3), i32(2, 3)], [:]) == [
        "tensor 2 has elements of type i32, the first of f32; convert all to one type"
      ])
    #expect(said(Op.Concat.self, [], [:]) == ["Concat without its operand X; connect X"])
    #expect(
      said(Op.Concat.self, [f32(2)], [:]) == [
        "axis 1 of [2], which has 1 axes; choose an axis from -1 to 0"
      ])
    #expect(said(Op.Concat.self, [f32(2, 3), nil], [:]) == ["operand 2 of 2 of Concat is left out; connect every one"])
    #expect(said(Op.ConcatBackward.self, [f32(2, 5), f32(2, 3), f32(2, 3)], [:]).count == 1)
    #expect(said(Op.ConcatBackward.self, [f32(2, 5)], [:]).count >= 1)
    #expect(
      said(Op.Split.self, [f32(5)], [:]) == [
        "a split into 0 pieces; give split or num_outputs, 1 to 512 pieces"
      ])
    #expect(
      said(Op.Split.self, [f32(5)], ["split": .ints([2, 2])]) == [
        "the pieces [2,2] add up to 4, axis 0 of [5] has 5; make the pieces add up to 5"
      ])
    #expect(said(Op.Split.self, [f32(5)], ["split": .ints([5, 0])]).count == 1)
    #expect(said(Op.Split.self, [f32(4)], ["num_outputs": .int(3)]).count == 1, "2 + 2 + 0")
    #expect(
      said(Op.Slice.self, [f32(5)], ["starts": .ints([3]), "ends": .ints([3])]) == [
        "nothing lies from 3 to 3 along axis 0 of [5]; choose a start before the end, within 5"
      ])
    #expect(
      said(Op.Slice.self, [f32(5)], ["starts": .ints([3])]) == [
        "1 starts, 0 ends, 1 axes and 1 steps; give one start and one end for each axis"
      ])
    #expect(said(Op.Slice.self, [f32(5)], ["starts": .ints([0]), "ends": .ints([3]), "steps": .ints([0])]).count == 1)
    #expect(said(Op.Slice.self, [f32(5)], ["starts": .ints([0]), "ends": .ints([3]), "axes": .ints([1])]).count == 1)
    #expect(
      said(Op.Slice.self, [f32(5, 5)], ["starts": .ints([0, 0]), "ends": .ints([3, 3]), "axes": .ints([1, -1])]).count
        == 1)
    #expect(
      said(Op.Reshape.self, [f32(2, 3)], ["shape": .ints([4])]) == [
        "[2×3] has 6 elements, which do not fill [4]; choose a shape with as many elements, or leave one extent to -1"
      ])
    for shape in [[4, -1], [-1, -1], [-2], [1, 1, 0, 6], [0, 0, 0]] {
      #expect(said(Op.Reshape.self, [f32(2, 3)], ["shape": .ints(shape)]).count >= 1, "\(shape)")
    }
    #expect(said(Op.Reshape.self, [f32(2, 3)], [:]) == ["no shape; give the shape to write the numbers in"])
    #expect(said(Op.Reshape.self, [f32(2, 3)], ["shape": .ints([.max, .max])]).count >= 1)
    #expect(
      said(Op.Transpose.self, [f32(2, 3)], ["perm": .ints([0, 0])]) == [
        "the order [0,0] of the axes of [2×3]; name each axis from 0 to 1 once"
      ])
    #expect(
      said(Op.Pad.self, [f32(2, 3)], ["pads": .ints([1, 1])]) == [
        "pads [1,1] for [2×3]; give 4 numbers: one before each axis, then one behind each"
      ])
    #expect(
      said(Op.Pad.self, [f32(2)], ["pads": .ints([-1, -1])]) == [
        "cutting 2 off axis 0 of [2] leaves nothing; cut off less"
      ])
    #expect(said(Op.Pad.self, [f32(2)], ["pads": .ints([.min, .max])]).count == 1)
    #expect(
      said(Op.Pad.self, [f32(2)], ["pads": .ints([1, 1]), "mode": .string("mirror")]) == [
        "mode \"mirror\"; use constant, edge, reflect, wrap"
      ])
  }
}
