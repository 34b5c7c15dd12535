import FoveaGraphs
import FoveaTensors
import Testing

/// Operators that take by position, repeat, and turn channels into pixels.
struct GatherTests {
  private func said(_ op: any Operator.Type, _ operands: [TensorType?], _ attributes: Attributes = [:]) -> [String] {
    infer(op, operands, attributes).mistakes.map { "\($0.problem); \($0.mend)" }
  }
  private func counted(_ shape: [Int]) -> Tensor {
    doubles((0..<shape.reduce(1, *)).map { Double($0) }, Shape(shape))
  }

  @Test func byHand() throws {
    let table = floats([1, 2, 3, 4, 5, 6], [3, 2])
    let rows = try apply(Op.Gather.self, [table, ints([2, -3, 7], [3])])[0]
    #expect(rows.shape == [3, 2] && rows.numbers == [5, 6, 1, 2, 0, 0], "one outside gives zeros")
    let column = try apply(Op.Gather.self, [table, ints([1], .scalar)], ["axis": .int(-1)])[0]
    #expect(column.shape == [3] && column.numbers == [2, 4, 6])
    let back = try apply(Op.GatherBackward.self, [rows, ints([2, -3, 2], [3]), table])[0]
    #expect(back.numbers == [1, 2, 0, 0, 5, 6], "what was taken twice is added")
    let picked = try apply(
      Op.GatherElements.self, [table, ints([1, 0, -1, -9], [2, 2])], ["axis": .int(1)])[0]
    #expect(picked.numbers == [2, 1, 4, 0])
    #expect(
      try apply(
        Op.GatherElementsBackward.self, [floats([1, 2, 3, 4], [2, 2]), ints([1, 1, 0, 5], [2, 2]), table],
        ["axis": .int(1)])[0].numbers == [0, 3, 3, 0, 0, 0])
    let tiles = try apply(Op.Tile.self, [floats([1, 2], [1, 2])], ["repeats": .ints([2, 2])])[0]
    #expect(tiles.shape == [2, 4] && tiles.numbers == [1, 2, 1, 2, 1, 2, 1, 2])
    // One pixel of eight channels: C = 2.
    let deep = floats([0, 1, 2, 3, 4, 5, 6, 7], [1, 8, 1, 1])
    let size: Attributes = ["blocksize": .int(2)]
    #expect(try apply(Op.DepthToSpace.self, [deep], size)[0].numbers == [0, 2, 4, 6, 1, 3, 5, 7])
    let wide = try apply(Op.DepthToSpace.self, [deep], ["blocksize": .int(2), "mode": .string("CRD")])[0]
    #expect(wide.shape == [1, 2, 2, 2] && wide.numbers == [0, 1, 2, 3, 4, 5, 6, 7])
    #expect(try apply(Op.SpaceToDepth.self, [wide], size)[0].numbers == [0, 4, 1, 5, 2, 6, 3, 7])
    let thin = try apply(Op.Squeeze.self, [floats([1, 2], [1, 2, 1])], ["axes": .ints([0, -1])])[0]
    #expect(thin.shape == [2] && thin.numbers == [1, 2])
    #expect(try apply(Op.Unsqueeze.self, [thin], ["axes": .ints([-1, 0])])[0].shape == [1, 2, 1])
  }

  @Test(arguments: UInt64(1)...40)
  func agreesWithPlainLoops(seed: UInt64) throws {
    var draws = Draws(seed: seed)
    let rank = draws.int(1...4)
    let shape = (0..<rank).map { _ in draws.int(1...4) }
    let x = counted(shape)
    let axis = draws.int(0...(rank - 1))
    let attributes: Attributes = ["axis": .int(draws.int(0...1) == 0 ? axis : axis - rank)]
    let extent = shape[axis]
    /// Positions from −extent − 1 to extent, both ends outside.
    func places(_ shape: [Int], _ draws: inout Draws) -> Tensor {
      let drawn = ints(
        (0..<shape.reduce(1, *)).map { _ in Int32(draws.int(0...(2 * extent + 1)) - extent - 1) }, Shape(shape))
      return draws.int(0...1) == 0 ? drawn : drawn.converted(to: .i64)
    }
    func place(_ number: Double) -> Int? {
      let found = number < 0 ? Int(number) + extent : Int(number)
      return (0..<extent).contains(found) ? found : nil
    }

    // Gather.
    let many = (0..<draws.int(0...2)).map { _ in draws.int(1...3) }
    let positions = places(many, &draws)
    let slices = try apply(Op.Gather.self, [x, positions], attributes)[0]
    let result = Array(shape[..<axis]) + many + Array(shape[(axis + 1)...])
    var sums = [Double](repeating: 0, count: x.count)
    let expected = indices(of: result).map { at -> Double in
      let inner = Array(at[axis..<(axis + many.count)])
      guard let found = place(positions.numbers[offset(inner, many)]) else { return 0 }
      let from = offset(Array(at[..<axis]) + [found] + Array(at[(axis + many.count)...]), shape)
      sums[from] += Double(offset(at, result) + 1)
      return Double(from)
    }
    #expect(slices.shape.dims == result && slices.numbers == expected, "seed \(seed) \(shape) axis \(axis) \(many)")
    let gradient = doubles((0..<slices.count).map { Double($0 + 1) }, slices.shape)
    #expect(
      try apply(Op.GatherBackward.self, [gradient, positions, x], attributes)[0].numbers == sums,
      "seed \(seed) \(shape) axis \(axis) \(many)")

    // Elements: along the axis any number, along the others at most as many.
    let part = shape.enumerated().map { index, extent in draws.int(1...(index == axis ? 5 : extent)) }
    let each = places(part, &draws)
    let taken = try apply(Op.GatherElements.self, [x, each], attributes)[0]
    var parts = [Double](repeating: 0, count: x.count)
    let wanted = indices(of: part).map { at -> Double in
      guard let found = place(each.numbers[offset(at, part)]) else { return 0 }
      var from = at
      from[axis] = found
      parts[offset(from, shape)] += Double(offset(at, part) + 1)
      return Double(offset(from, shape))
    }
    #expect(taken.shape.dims == part && taken.numbers == wanted, "seed \(seed) \(shape) axis \(axis) \(part)")
    let pull = doubles((0..<taken.count).map { Double($0 + 1) }, taken.shape)
    #expect(
      try apply(Op.GatherElementsBackward.self, [pull, each, x], attributes)[0].numbers == parts,
      "seed \(seed) \(shape) axis \(axis) \(part)")

    // Tiles.
    let repeats = shape.map { _ in draws.int(1...3) }
    let all = zip(shape, repeats).map { $0 * $1 }
    let tiles = try apply(Op.Tile.self, [x], ["repeats": .ints(repeats)])[0]
    let tiled = indices(of: all).map { at in Double(offset(zip(at, shape).map { $0 % $1 }, shape)) }
    #expect(tiles.shape.dims == all && tiles.numbers == tiled, "seed \(seed) \(shape) \(repeats)")
    let folded = try apply(Op.TileBackward.self, [tiles, x], ["repeats": .ints(repeats)])[0]
    let count = Double(repeats.reduce(1, *))
    #expect(folded.numbers == x.numbers.map { $0 * count }, "seed \(seed) \(shape) \(repeats)")
  }

  @Test(arguments: UInt64(1)...24)
  func blocks(seed: UInt64) throws {
    var draws = Draws(seed: seed)
    let axes = draws.int(1...3)
    let size = draws.int(1...3)
    let (batch, channels) = (draws.int(1...2), draws.int(1...3))
    let spatial = (0..<axes).map { _ in draws.int(1...3) }
    let wide = [batch, channels] + spatial.map { $0 * size }
    let area = (0..<axes).reduce(1) { area, _ in area * size }
    let deep = [batch, channels * area] + spatial
    let x = counted(deep)
    for mode in ["DCR", "CRD"] {
      let attributes: Attributes = ["blocksize": .int(size), "mode": .string(mode)]
      let y = try apply(Op.DepthToSpace.self, [x], attributes)[0]
      let expected = indices(of: wide).map { at -> Double in
        let place = at.dropFirst(2).reduce(0) { $0 * size + $1 % size }
        let channel = mode == "DCR" ? place * channels + at[1] : at[1] * area + place
        return Double(offset([at[0], channel] + at.dropFirst(2).map { $0 / size }, deep))
      }
      #expect(y.shape.dims == wide && y.numbers == expected, "seed \(seed) \(deep) by \(size) \(mode)")
      #expect(try apply(Op.SpaceToDepth.self, [y], attributes)[0].isIdentical(to: x), "seed \(seed) \(mode)")
    }
  }

  @Test func everyElementTypeMoves() throws {
    for dtype in [DType.f64, .f32, .i64, .i32, .i16, .u8, .bool] {
      let x = ints([1, 0, 1, 1], [1, 4, 1]).converted(to: dtype)
      let moved = [
        try apply(Op.Gather.self, [x, ints([3, 1], [2])], ["axis": .int(1)])[0],
        try apply(Op.GatherElements.self, [x, ints([3, 1], [1, 2, 1])], ["axis": .int(1)])[0],
        try apply(Op.Tile.self, [x], ["repeats": .ints([1, 1, 2])])[0],
        try apply(Op.DepthToSpace.self, [x], ["blocksize": .int(2)])[0],
        try apply(Op.SpaceToDepth.self, [x], ["blocksize": .int(1)])[0],
        try apply(Op.Squeeze.self, [x], ["axes": .ints([0])])[0],
        try apply(Op.Unsqueeze.self, [x], ["axes": .ints([0])])[0],
      ]
      #expect(moved.allSatisfy { $0.dtype == dtype }, "\(dtype)")
      #expect(
        moved.map(\.numbers) == [
          [1, 0], [1, 0], [1, 1, 0, 0, 1, 1, 1, 1], [1, 1, 0, 1], [1, 0, 1, 1], [1, 0, 1, 1], [1, 0, 1, 1],
        ])
    }
  }

  @Test func gradients() throws {
    var draws = Draws(seed: 8)
    let x = draws.tensor([3, 4, 2])
    let places = ints([2, -1, 2, 0, 9, 3], [2, 3])
    try checkGradient(Op.Gather.self, [x, places], ["axis": .int(1)])
    try checkGradient(Op.Gather.self, [draws.tensor([4, 2]), places], batched: [])
    try checkGradient(
      Op.GatherBackward.self, [draws.tensor([3, 2, 3, 2]), places, x], batched: [0, 2], ["axis": .int(1)])
    let each = ints([2, -1, 2, 0, 9, 3], [3, 2, 1])
    try checkGradient(Op.GatherElements.self, [x, each], batched: [0, 1], ["axis": .int(-2)])
    try checkGradient(
      Op.GatherElementsBackward.self, [draws.tensor([3, 2, 1]), each, x], batched: [0, 1, 2], ["axis": .int(1)])
    try checkGradient(Op.Tile.self, [x], ["repeats": .ints([1, 3, 2])])
    try checkGradient(
      Op.TileBackward.self, [draws.tensor([3, 4]), draws.tensor([3, 2])], batched: [0, 1], ["repeats": .ints([1, 2])])
    for mode in ["DCR", "CRD"] {
      let blocks: Attributes = ["blocksize": .int(2), "mode": .string(mode)]
      try checkGradient(Op.DepthToSpace.self, [draws.tensor([3, 4, 2, 1])], blocks)
      try checkGradient(Op.SpaceToDepth.self, [draws.tensor([3, 2, 2, 4])], blocks)
    }
    try checkGradient(Op.Squeeze.self, [draws.tensor([3, 1, 2])], ["axes": .ints([1])])
    try checkGradient(Op.Unsqueeze.self, [x], ["axes": .ints([1, -1])])
  }

  @Test func openExtents() {
    #expect(infer(Op.Gather.self, [f32(nil, 4, 5), i32(2, nil)], ["axis": .int(1)]).types == [f32(nil, 2, nil, 5)])
    #expect(infer(Op.GatherElements.self, [f32(nil, 4), i32(nil, 9)], ["axis": .int(1)]).types == [f32(nil, 9)])
    #expect(infer(Op.Tile.self, [f32(nil, 4)], ["repeats": .ints([2, 3])]).types == [f32(nil, 12)])
    let size: Attributes = ["blocksize": .int(2)]
    #expect(infer(Op.DepthToSpace.self, [f32(nil, 8, nil, 3)], size).types == [f32(nil, 2, nil, 6)])
    #expect(infer(Op.SpaceToDepth.self, [f32(nil, 2, nil, 6)], size).types == [f32(nil, 8, nil, 3)])
    #expect(infer(Op.Squeeze.self, [f32(nil, 1, nil)], ["axes": .ints([1, 2])]).types == [f32(nil)])
    #expect(infer(Op.Unsqueeze.self, [f32(nil, 4)], ["axes": .ints([0, 3])]).types == [f32(1, nil, 4, 1)])
  }

  @Test func mistakes() {
    #expect(
      said(Op.Gather.self, [f32(2, 3), f32(2)]) == [
        "indices has elements of type f32, not i32; give positions as i32 or i64"
      ])
    #expect(
      said(Op.Gather.self, [f32(2, 3), i32(2)], ["axis": .int(2)]) == [
        "axis 2 of [2×3], which has 2 axes; choose an axis from -2 to 1"
      ])
    #expect(said(Op.GatherBackward.self, [f32(4, 3), i32(2), f32(5, 3)]).count == 1)
    #expect(
      said(Op.GatherElements.self, [f32(2, 3), i32(3, 3)], ["axis": .int(1)]) == [
        "indices [3×3] for [2×3] along axis 1; give as many axes, and along the others no larger extents"
      ])
    #expect(said(Op.GatherElements.self, [f32(2, 3), i32(2)]).count == 1)
    #expect(said(Op.GatherElementsBackward.self, [f32(2, 2), i32(2, 1), f32(2, 3)], ["axis": .int(1)]).count == 1)
    #expect(
      said(Op.Tile.self, [f32(2, 3)], ["repeats": .ints([2])]) == [
        "the repeats [2] of [2×3]; give 2 counts of at least 1: one per axis"
      ])
    #expect(said(Op.Tile.self, [f32(2)], ["repeats": .ints([0])]).count == 1)
    #expect(said(Op.Tile.self, [f32(2, 2)], ["repeats": .ints([.max, .max])]).count == 1)
    #expect(said(Op.TileBackward.self, [f32(5), f32(2)], ["repeats": .ints([2])]).count == 1)
    let size: Attributes = ["blocksize": .int(2)]
    #expect(
      said(Op.DepthToSpace.self, [f32(1, 6, 2, 2)], size) == [
        "6 channels do not make blocks of 4 pixels; give a multiple of 4 channels"
      ])
    #expect(
      said(Op.SpaceToDepth.self, [f32(1, 6, 2, 3)], size) == [
        "3 pixels of [1×6×2×3] do not split into blocks of 2; pad to a multiple of 2"
      ])
    #expect(said(Op.DepthToSpace.self, [f32(1, 6)], size) == ["[1×6] has no pixels; give an input N×C×…"])
    #expect(
      said(Op.SpaceToDepth.self, [f32(1, 4, 2)], [:]).first?.hasPrefix("blocks of 0; give a blocksize from 1") == true)
    #expect(said(Op.DepthToSpace.self, [f32(1, 4, 2)], ["blocksize": .int(.max)]).count == 1)
    #expect(
      said(Op.DepthToSpace.self, [f32(1, 4, 2, 2)], ["blocksize": .int(2), "mode": .string("RCD")]) == [
        "mode \"RCD\"; use \"DCR\" or \"CRD\""
      ])
    #expect(
      said(Op.Squeeze.self, [f32(2, 1)], ["axes": .ints([0])]) == [
        "axis 0 of [2×1] has the extent 2; leave only axes of extent 1 out"
      ])
    #expect(said(Op.Squeeze.self, [f32(2, 1)]) == ["the axes [] of 2; name each axis from -2 to 1 once"])
    #expect(said(Op.Unsqueeze.self, [f32(2, 1)], ["axes": .ints([0, -4])]).count == 1)
    #expect(said(Op.Unsqueeze.self, [f32(2, 1)], ["axes": .ints([.min])]).count == 1)
  }
}
