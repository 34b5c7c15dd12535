import FoveaGraphs
import FoveaTensors

/// Losses.
extension ONNXOperator {
  static let losses: [ONNXOperator] = [
    ONNXOperator("SoftmaxCrossEntropyLoss") { (site) throws(ONNXRefusal) in
      let scores = try site.value(0)
      let isPlain = !site.isGiven(2) && !site.has("ignore_index") && site.string("reduction", "mean") != "none"
      if isPlain, !site.isWanted(1) {
        let operands = [scores, try site.labels(1)]
        return [.value(site.emitAll(Op.SoftmaxCrossEntropyLoss.self, operands, try site.keeping("reduction"))[0])]
      }
      let logs = site.emit(Op.LogSoftmax.self, [scores], ["axis": .int(1)], part: "log_prob")
      return [.value(try site.likelihood(logs)), .value(logs)]
    },
    ONNXOperator("NegativeLogLikelihoodLoss") { (site) throws(ONNXRefusal) in
      [.value(try site.likelihood(try site.value(0)))]
    },
  ]
}

extension ONNXSite {
  fileprivate func labels(_ index: Int) throws(ONNXRefusal) -> Value {
    let labels = try value(index)
    guard importer.graph[labels].type.dtype != .i32 else { return labels }
    return emit(Op.Cast.self, [labels], ["to": .string("i32")], part: "labels")
  }

  /// −log of the probability of the right class, each counted by its class's weight.
  fileprivate func likelihood(_ logs: Value) throws(ONNXRefusal) -> Value {
    let dims = try dims(of: logs).here
    guard dims.count >= 2 else { throw ONNXRefusal("scores \(dims) have no classes") }
    let classes = dims[1]
    let labels = try labels(1)
    var shares = emit(
      Op.OneHot.self, [labels], ["axis": .int(1), "depth": .int(classes), "to": .string("f32")], part: "classes")
    // One number for each class, beside the places.
    let column = [classes] + [Int](repeating: 1, count: dims.count - 2)
    if isGiven(2) {
      let weights = emit(Op.Reshape.self, [try value(2)], ["shape": .ints(column)], part: "weights")
      shares = emit(Op.Mul.self, [shares, weights], part: "weighted")
    }
    if has("ignore_index") {
      let ignored = importer.constant("\(node.label)/ignored", Tensor(scalar: Int32(clamping: int("ignore_index", 0))))
      let counts = emit(Op.Not.self, [emit(Op.Equal.self, [labels, ignored], part: "is ignored")], part: "counts")
      let number = emit(Op.Cast.self, [counts], ["to": .string("f32")], part: "count")
      shares = emit(
        Op.Mul.self, [shares, emit(Op.Unsqueeze.self, [number], ["axes": .ints([1])], part: "mask")], part: "kept")
    }
    let reduction = string("reduction", "mean")
    let products = emit(Op.Mul.self, [shares, logs], part: "products")
    if reduction == "none" {
      let each = emit(Op.ReduceSum.self, [products], ["axes": .ints([1]), "keepdims": .int(0)], part: "each")
      return emit(Op.Neg.self, [each])
    }
    let sum = emit(Op.ReduceSum.self, [products], ["keepdims": .int(0)], part: "sum")
    if reduction == "sum" { return emit(Op.Neg.self, [sum]) }
    let total = emit(Op.ReduceSum.self, [shares], ["keepdims": .int(0)], part: "total")
    return emit(Op.Neg.self, [emit(Op.Div.self, [sum, total], part: "mean")])
  }
}
