import FoveaGraphs
import FoveaTensors

extension ONNXExport.Rules {
  static let movement: [(String, Rule)] = [
    (
      "Concat",
      .same("Concat", since: 13) { ["axis": .int($0.attributes.int("axis", default: 1))] }
    ),
    (
      "Flatten",
      .same("Flatten", since: 13) { ["axis": .int($0.attributes.int("axis", default: 1))] }
    ),
    (
      "Reshape",
      Rule("Reshape", since: 14) { piece in
        let shape = piece.integers("shape", piece.attributes.ints("shape", default: []))
        piece.add("Reshape", [piece.input(0), shape])
      }
    ),
    (
      "Transpose",
      .same("Transpose", since: 13) {
        ["perm": .ints($0.attributes.ints("perm", default: Array((0..<$0.inputShape(0).rank).reversed())))]
      }
    ),
    ("Squeeze", listed("Squeeze", "axes", since: 13)),
    ("Unsqueeze", listed("Unsqueeze", "axes", since: 13)),
    ("Expand", listed("Expand", "shape", since: 13)),
    ("ReshapeLike", shapedLike("Reshape")),
    ("BroadcastToShape", shapedLike("Expand")),
    ("Tile", listed("Tile", "repeats", since: 13)),
    (
      "Pad",
      Rule(
        "Pad", since: 13, remark: "19 with mode wrap",
        opset: { $0.attributes.string("mode", default: "") == "wrap" ? 19 : ONNXExport.leastOpset },
        write: { piece in
          let pads = piece.integers("pads", piece.attributes.ints("pads", default: []))
          let mode = piece.attributes.string("mode", default: "constant")
          let value = mode == "constant" ? piece.attributes.float("value", default: 0) : 0
          piece.add(
            "Pad", [piece.input(0), pads, value == 0 ? "" : piece.operandNumber("value", value)],
            ["mode": .string(mode)])
        })
    ),
    (
      "Slice",
      Rule("Slice", since: 13) { piece in
        let a = piece.attributes
        let starts = a.ints("starts", default: [])
        piece.add(
          "Slice",
          [
            piece.input(0), piece.integers("starts", starts), piece.integers("ends", a.ints("ends", default: [])),
            piece.integers("axes", a.ints("axes", default: Array(starts.indices))),
            piece.integers("steps", a.ints("steps", default: starts.map { _ in 1 })),
          ])
      }
    ),
    (
      "Split",
      Rule("Split", since: 13) { piece in
        let axis = piece.attributes.int("axis", default: 0)
        let extents = piece.site.outputs.indices.map { piece.outputExtents($0) }
          .map { $0[axis < 0 ? axis + $0.count : axis] }
        let known = extents.compactMap { $0 }
        var values: Values = ["axis": .int(axis)]
        // Equal pieces of an open extent.
        if known.count < extents.count, piece.opset >= 18 { values["num_outputs"] = .int(extents.count) }
        piece.add(
          "Split", [piece.input(0), known.count < extents.count ? "" : piece.integers("split", known)], values,
          outputs: piece.outputs)
      }
    ),
    (
      "Crop",
      Rule("Slice", since: 13, remark: "starts and ends from the shapes where those are open", write: crop)
    ),
    (
      "DepthToSpace",
      Rule("DepthToSpace", since: 13, remark: "Reshape and Transpose with other than 2 spatial axes") { piece in
        let mode = piece.attributes.string("mode", default: "DCR")
        let size = piece.attributes.int("blocksize", default: 1)
        guard piece.extents(0).count != 4 else {
          return piece.add("DepthToSpace", [piece.input(0)], ["blocksize": .int(size), "mode": .string(mode)])
        }
        blocks(piece, size: size, isDCR: mode == "DCR", toSpace: true)
      }
    ),
    (
      "SpaceToDepth",
      Rule(
        "SpaceToDepth", since: 13, remark: "Reshape and Transpose with mode CRD or other than 2 spatial axes"
      ) { piece in
        let isDCR = piece.attributes.string("mode", default: "DCR") == "DCR"
        let size = piece.attributes.int("blocksize", default: 1)
        guard piece.extents(0).count != 4 || !isDCR else {
          return piece.add("SpaceToDepth", [piece.input(0)], ["blocksize": .int(size)])
        }
        blocks(piece, size: size, isDCR: isDCR, toSpace: false)
      }
    ),
    (
      "Resize",
      Rule(
        "Resize", since: 13,
        remark:
          "18 with sizes, which name their axes, and with antialias; 19 with half_pixel_symmetric; not with scales "
          + "and sizes, nor tf_half_pixel_for_nn",
        opset: { site in
          if site.attributes.string("coordinate_transformation_mode", default: "") == "half_pixel_symmetric" {
            return 19
          }
          let isNew = site.attributes["scales"] == nil || site.attributes.flag("antialias")
          return isNew ? 18 : ONNXExport.leastOpset
        }, write: resize)
    ),
  ]

  /// What gives an operand the whole shape of another.
  private static func shapedLike(_ op: String) -> Rule {
    Rule(op, "Shape", since: 13) { piece in
      piece.add(op, [piece.input(0), piece.step("Shape", "shape", [piece.input(1)])])
    }
  }

  /// An operator with a list of whole numbers as its second operand.
  private static func listed(_ op: String, _ attribute: String, since: Int) -> Rule {
    Rule(op, since: since) { piece in
      piece.add(op, [piece.input(0), piece.integers(attribute, piece.attributes.ints(attribute, default: []))])
    }
  }

  /// The part of operand 0 that has operand 1's spatial size.
  @Sendable private static func crop(_ piece: Piece) {
    let (large, small) = (piece.extents(0).dropFirst(2), piece.extents(1).dropFirst(2))
    let axes = Array(2..<(2 + large.count))
    let offset = piece.attributes["offset"] == nil ? nil : piece.attributes.ints("offset", default: [])
    let known = zip(large, small).compactMap { from, to in from.flatMap { from in to.map { (from - $0) / 2 } } }
    let x = piece.input(0)
    func slice(_ starts: String, _ ends: String) {
      piece.add(
        "Slice", [x, starts, ends, piece.integers("axes", axes), piece.integers("steps", axes.map { _ in 1 })])
    }
    let sizes = small.compactMap { $0 }
    if sizes.count == axes.count, let starts = offset ?? (known.count == axes.count ? known : nil) {
      return slice(piece.integers("starts", starts), piece.integers("ends", zip(starts, sizes).map { $0 + $1 }))
    }
    let wanted = piece.step("Shape", "sizes", [piece.input(1)], ["start": .int(2)])
    let starts: String
    if let offset {
      starts = piece.integers("starts", offset)
    } else {
      let all = piece.step("Shape", "whole", [x], ["start": .int(2)])
      let rest = piece.step("Sub", "rest", [all, wanted])
      starts = piece.step("Div", "starts", [rest, piece.integers("two", [2])])
    }
    slice(starts, piece.step("Add", "ends", [starts, wanted]))
  }

  /// Blocks of pixels to channels or back: an axis for each place in a block, in another order.
  @Sendable private static func blocks(_ piece: Piece, size: Int, isDCR: Bool, toSpace: Bool) {
    let x = piece.input(0)
    let (deep, wide) = toSpace ? (piece.extents(0), piece.outputExtents()) : (piece.outputExtents(), piece.extents(0))
    let axes = deep.count - 2
    let places = [Int?](repeating: size, count: axes)
    let spatial = Array(deep.dropFirst(2))
    // Deep: [N, places…, C, d…] or [N, C, places…, d…]; wide: [N, C, d1, place1, d2, place2 …].
    let channels = wide[1]
    let deepExtents = [deep[0]] + (isDCR ? places + [channels] : [channels] + places) + spatial
    let wideExtents = [wide[0], channels] + spatial.flatMap { [$0, size] }
    let place = isDCR ? 1 : 2
    let order = [0, isDCR ? axes + 1 : 1] + (0..<axes).flatMap { [2 + axes + $0, place + $0] }
    let from = toSpace ? deepExtents : wideExtents
    let permutation = toSpace ? order : order.indices.map { axis in order.firstIndex(of: axis) ?? axis }
    let taken = piece.step("Reshape", "blocks", [x, openShape(piece, "blocks/shape", from, of: x, toSpace: toSpace)])
    let turned = piece.step("Transpose", "turned", [taken], ["perm": .ints(permutation)])
    let result = toSpace ? wide : deep
    // More than one open extent is looked up behind the turn, where each has an axis of its own.
    if result.dropFirst().count(where: { $0 == nil }) <= 1 {
      return piece.add("Reshape", [turned, piece.reshape("shape", result, like: turned)])
    }
    let factor = piece.integers("size", [size])
    let extents = piece.step("Shape", "extents", [x], ["start": .int(2)])
    let scaled = piece.step(toSpace ? "Mul" : "Div", "spatial", [extents, factor])
    let lead = piece.integers("lead", [0, result[1] ?? 0])
    piece.add("Reshape", [turned, piece.step("Concat", "shape", [lead, scaled], ["axis": .int(0)])])
  }

  /// The shape with an axis for each place in a block, where several spatial extents may be open.
  private static func openShape(_ piece: Piece, _ part: String, _ extents: [Int?], of x: String, toSpace: Bool)
    -> String
  {
    let copied = [0] + extents.dropFirst()
    guard copied.count(where: { $0 == nil }) > 1 else {
      return piece.integers(part, copied.map { $0 ?? -1 })
    }
    var pieces: [String] = []
    var axis = 2
    for (index, extent) in copied.enumerated() {
      if let extent {
        pieces.append(piece.integers("\(part)/\(index)", [extent]))
        continue
      }
      let own = piece.step("Shape", "\(part)/\(index)", [x], ["start": .int(axis), "end": .int(axis + 1)])
      let size = piece.attributes.int("blocksize", default: 1)
      pieces.append(
        toSpace
          ? own : piece.step("Div", "\(part)/\(index)/blocks", [own, piece.integers("\(part)/\(index)/size", [size])])
      )
      axis += 1
    }
    return piece.step("Concat", part, pieces, ["axis": .int(0)])
  }

  @Sendable private static func resize(_ piece: Piece) throws(ONNXExport.Refused) {
    let a = piece.attributes
    if a["scales"] != nil, a["sizes"] != nil {
      throw ONNXExport.Refused("it has scales and sizes, of which ONNX takes one; give it sizes alone")
    }
    if a.string("coordinate_transformation_mode", default: "") == "tf_half_pixel_for_nn" {
      throw ONNXExport.Refused("tf_half_pixel_for_nn is not in ONNX any more; use half_pixel")
    }
    let mode = a.string("mode", default: "nearest")
    var values: Values = [
      "mode": .string(mode),
      "coordinate_transformation_mode": .string(a.string("coordinate_transformation_mode", default: "half_pixel")),
    ]
    if mode == "nearest" { values["nearest_mode"] = .string(a.string("nearest_mode", default: "round_prefer_floor")) }
    if mode == "cubic" { values["cubic_coeff_a"] = .float(a.float("cubic_coeff_a", default: -0.75)) }
    for name in ["antialias", "exclude_outside"] where a.flag(name) { values[name] = .int(1) }
    let spatial = Array(piece.outputExtents().dropFirst(2))
    var part = ""
    let parts = numbers(a, "roi")
    if a.string("coordinate_transformation_mode", default: "") == "tf_crop_and_resize" {
      values["extrapolation_value"] = .float(a.float("extrapolation_value", default: 0))
      let axes = spatial.count
      let (begins, ends) =
        parts.count == 2 * axes
        ? (Array(parts.prefix(axes)), Array(parts.suffix(axes)))
        : ([Double](repeating: 0, count: axes), [Double](repeating: 1, count: axes))
      let isShort = a["scales"] == nil
      part = piece.constant(
        "roi", Tensor((isShort ? begins + ends : [0, 0] + begins + [1, 1] + ends).map { Float($0) }))
    }
    if a["scales"] != nil {
      let scales = [1, 1] + numbers(a, "scales").map { Float($0) }
      return piece.add("Resize", [piece.input(0), part, piece.constant("scales", Tensor(scales)), ""], values)
    }
    values["axes"] = .ints(Array(2..<(2 + spatial.count)))
    let sizes =
      spatial.contains(nil)
      ? piece.step("Shape", "sizes", [piece.input(1)], ["start": .int(2)])
      : piece.integers("sizes", spatial.compactMap { $0 })
    piece.add("Resize", [piece.input(0), part, "", sizes], values)
  }
}
