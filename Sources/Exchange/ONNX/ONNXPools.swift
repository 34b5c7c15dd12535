import FoveaGraphs
import FoveaTensors

/// Pooling.
extension ONNXOperator {
  static let pools: [ONNXOperator] = [
    ONNXOperator("MaxPool", refused: "storage_order 1") { (site) throws(ONNXRefusal) in
      if site.flag("storage_order") { throw ONNXRefusal("storage_order 1 (columns first) is not read") }
      let attributes = try site.windowAttributes("kernel_shape", "ceil_mode")
      let x = try site.value(0)
      guard site.isWanted(1) else { return [.value(site.emit(Op.MaxPool.self, [x], attributes))] }
      return site.emitAll(Op.MaxPoolWithIndices.self, [x], attributes).prefix(2).map { .value($0) }
    },
    ONNXOperator("AveragePool") { (site) throws(ONNXRefusal) in
      let attributes = try site.windowAttributes("kernel_shape", "ceil_mode", "count_include_pad")
      return [.value(site.emit(Op.AveragePool.self, [try site.value(0)], attributes))]
    },
    ONNXOperator("LpPool") { (site) throws(ONNXRefusal) in
      let attributes = try site.windowAttributes("kernel_shape", "ceil_mode", "p")
      return [.value(site.emit(Op.LpPool.self, [try site.value(0)], attributes))]
    },
    direct("GlobalAveragePool", Op.GlobalAveragePool.self),
    direct("GlobalMaxPool", Op.GlobalMaxPool.self),
    direct("GlobalLpPool", Op.GlobalLpPool.self, ["p"]),
    ONNXOperator("MaxUnpool", refused: "output_shape with open sizes") { (site) throws(ONNXRefusal) in
      var attributes = try site.windowAttributes("kernel_shape")
      if let shape = try site.fixedInts(2, "the extents of its result") {
        attributes["output_shape"] = .ints(shape)
      }
      return [.value(site.emit(Op.MaxUnpool.self, [try site.value(0), try site.value(1)], attributes))]
    },
  ]
}
