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
      registered("GatherND", ["batch_dims"]), registered("ScatterND", ["reduction"]),
      registered("ScatterElements", ["axis", "reduction"]),
      registered("GridSample", ["mode", "padding_mode", "align_corners"]),
      registered(
        "RoiAlign",
        ["mode", "output_height", "output_width", "sampling_ratio", "spatial_scale", "coordinate_transformation_mode"]),
      registered("Hardmax", ["axis"]),
      ONNXOperator("CumSum") { (site) throws(ONNXRefusal) in
        guard let op = site.importer.graph.registry["CumSum"] else { throw ONNXRefusal("running sums are not read") }
        var attributes = try site.keeping("exclusive", "reverse")
        attributes["axis"] = .int(try site.fixedInts(1, "its axis")?.first ?? 0)
        return [.value(site.emit(op, [try site.value(0)], attributes))]
      },
      ONNXOperator("Trilu") { (site) throws(ONNXRefusal) in
        guard let op = site.importer.graph.registry["Trilu"] else { throw ONNXRefusal("triangles are not read") }
        var attributes = try site.keeping("upper")
        attributes["k"] = .int(try site.fixedInts(1, "its k")?.first ?? 0)
        return [.value(site.emit(op, [try site.value(0)], attributes))]
      },
    ]

  /// An operator that takes its operands as the standard's does.
  private static func registered(_ name: String, _ attributes: [String]) -> ONNXOperator {
    ONNXOperator(name) { (site) throws(ONNXRefusal) in
      guard let op = site.importer.graph.registry[name] else { throw ONNXRefusal("this operator is not read") }
      var operands: [Value?] = []
      for index in 0..<site.inputCount { operands.append(try site.optional(index)) }
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
    guard !importer.index.read.contains(name) else {
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
}
