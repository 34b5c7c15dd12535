import FoveaGraphs
import FoveaTensors

/// Places of numbers, choices among boxes, and operators that the registry may have.
extension ONNXOperator {
  static let choices: [ONNXOperator] =
    [
      ONNXOperator("TopK", refused: "a k that a run makes") { (site) throws(ONNXRefusal) in
        // They come sorted here in any case.
        site.passOver("sorted")
        var attributes = try site.keeping("axis", "largest", "k")
        if let k = try site.fixedInts(1, "its k")?.first { attributes["k"] = .int(k) }
        return site.emitAll(Op.TopK.self, [try site.value(0)], attributes).map { .value($0) }
      },
      ONNXOperator("OneHot", refused: "depth and values that a run makes") { (site) throws(ONNXRefusal) in
        var attributes = try site.keeping("axis")
        attributes["depth"] = .int(Int(try site.fixedFloats(1, "its depth")?.first ?? 0))
        attributes["values"] = .floats(try site.fixedFloats(2, "its values") ?? [0, 1])
        return [.value(site.emit(Op.OneHot.self, [try site.value(0)], attributes))]
      },
      ONNXOperator("NonMaxSuppression", refused: "results that other nodes read") { (site) throws(ONNXRefusal) in
        [try site.suppression()]
      },
    ]
    + [
      positions("GatherND", Op.GatherND.self, ["batch_dims"]),
      positions("ScatterND", Op.ScatterND.self, ["reduction"], refused: "reductions other than add"),
      positions(
        "ScatterElements", Op.ScatterElements.self, ["axis", "reduction"], refused: "reductions other than add"),
      positions("Hardmax", Op.Hardmax.self, ["axis"], refused: "before opset 13 but on two axes"),
      ONNXOperator("GridSample", refused: "cubic, volumes") { (site) throws(ONNXRefusal) in
        var attributes = try site.keeping("padding_mode", "align_corners")
        let mode = site.string("mode", "linear")
        attributes["mode"] = .string(mode == "bilinear" ? "linear" : mode)
        return [.value(site.emit(Op.GridSample.self, [try site.value(0), try site.value(1)], attributes))]
      },
      ONNXOperator("AffineGrid", refused: "volumes, sizes that are open") { (site) throws(ONNXRefusal) in
        [.value(try site.affineGrid())]
      },
      ONNXOperator("RoiAlign", refused: "mode max") { (site) throws(ONNXRefusal) in
        var attributes = try site.keeping(
          "mode", "output_height", "output_width", "sampling_ratio", "spatial_scale",
          "coordinate_transformation_mode")
        if site.opset < 16 { attributes["coordinate_transformation_mode"] = .string("output_half_pixel") }
        let operands = [try site.value(0), try site.value(1), try site.value(2)]
        return [.value(site.emit(Op.RoiAlign.self, operands, attributes))]
      },
      ONNXOperator("CumSum") { (site) throws(ONNXRefusal) in
        var attributes = try site.keeping("exclusive", "reverse")
        attributes["axis"] = .int(try site.fixedInts(1, "its axis")?.first ?? 0)
        return [.value(site.emit(Op.CumSum.self, [try site.value(0)], attributes))]
      },
      ONNXOperator("Trilu") { (site) throws(ONNXRefusal) in
        var attributes = try site.keeping("upper")
        attributes["k"] = .int(try site.fixedInts(1, "its k")?.first ?? 0)
        return [.value(site.emit(Op.Trilu.self, [try site.value(0)], attributes))]
      },
    ]

  /// An operator that takes its operands as the standard's does.
  private static func positions(
    _ name: String, _ op: any Operator.Type, _ attributes: [String], refused: String = ""
  ) -> ONNXOperator {
    ONNXOperator(name, refused: refused) { (site) throws(ONNXRefusal) in
      if name == "Hardmax", site.opset < 13, try site.rank(0) != 2 {
        throw ONNXRefusal("before opset 13 it is read for two axes only")
      }
      var operands: [Value?] = []
      for index in 0..<site.inputCount { operands.append(try site.value(index)) }
      var kept: Attributes = [:]
      for name in attributes { kept[name] = try site.keeping(name)[name] }
      return [.value(site.emit(op, operands, kept))]
    }
  }
}

extension ONNXSite {
  /// The chosen boxes: rows of −1 behind them, since how many there are depends on the picture.
  func suppression() throws(ONNXRefusal) -> ONNXBinding {
    let name = node.outputs.first ?? ""
    let isReadOn = importer.index.model.graph.nodes.contains { $0.reads.contains(name) }
    guard !isReadOn else {
      throw ONNXRefusal(
        "how many boxes are left depends on the picture, and other nodes read them; cut the network before it")
    }
    var attributes = try keeping("center_point_box")
    let boxes = try value(0)
    let most = try fixedInts(2, "its largest number of boxes")?.first ?? 0
    guard most > 0 else { throw ONNXRefusal("it keeps no boxes: max_output_boxes_per_class is \(most)") }
    attributes["max_output_boxes_per_class"] = .int(min(most, 1 << 30))
    attributes["iou_threshold"] = .float(try fixedFloats(3, "its threshold")?.first ?? 0)
    if let score = try fixedFloats(4, "its threshold")?.first { attributes["score_threshold"] = .float(score) }
    let all = importer.emit(Op.NonMaxSuppression.self, [boxes, try value(1)], attributes, part: "rows")
    return .value(emit(Op.Reshape.self, [all[0]], ["shape": .ints([-1, 3])]))
  }

  /// The places that an affine map of a picture's places reads: a product of the map with the places themselves.
  func affineGrid() throws(ONNXRefusal) -> Value {
    guard let size = try known(1), let here = size.here.ints, let there = size.there.ints, here.count == 4,
      here.dropFirst(2) == there.dropFirst(2), here.allSatisfy({ (1...1 << 14).contains($0) })
    else { throw ONNXRefusal("the size of its picture is open, or not that of a picture") }
    let (height, width) = (here[2], here[3])
    try importer.spend(Cost.product(height, width, 3))
    let isAligned = flag("align_corners")
    func place(_ index: Int, _ count: Int) -> Float {
      if isAligned { return count == 1 ? 0 : 2 * Float(index) / Float(count - 1) - 1 }
      return (2 * Float(index) + 1) / Float(count) - 1
    }
    var places: [Float] = []
    for row in 0..<height {
      for column in 0..<width { places += [place(column, width), place(row, height), 1] }
    }
    guard let tensor = try? Tensor(places, shape: [1, height * width, 3]) else { throw ONNXRefusal("its size") }
    let base = importer.constant("\(node.label)/places", tensor)
    let map = emit(Op.Transpose.self, [try value(0)], ["perm": .ints([0, 2, 1])], part: "map")
    let grid = emit(Op.MatMul.self, [base, map], part: "grid")
    return emit(Op.Reshape.self, [grid], ["shape": .ints([0, height, width, 2])])
  }
}
