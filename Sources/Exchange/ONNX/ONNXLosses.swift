import FoveaGraphs
import FoveaTensors

/// Losses.
extension ONNXOperator {
  static let losses: [ONNXOperator] = [
    ONNXOperator("SoftmaxCrossEntropyLoss", refused: "weights, ignore_index, reduction none") {
      (site) throws(ONNXRefusal) in
      try site.requirePlainLoss()
      let labels = try site.labels(1)
      let all = site.emitAll(
        Op.SoftmaxCrossEntropyLoss.self, [try site.value(0), labels], try site.keeping("reduction"))
      return [.value(all[0])] + (site.isWanted(1) ? [.value(all[1])] : [])
    },
    ONNXOperator("NegativeLogLikelihoodLoss", refused: "weights, ignore_index, reduction none") {
      (site) throws(ONNXRefusal) in
      // Softmax leaves log-probabilities as they are.
      try site.requirePlainLoss()
      let labels = try site.labels(1)
      let all = site.emitAll(
        Op.SoftmaxCrossEntropyLoss.self, [try site.value(0), labels], try site.keeping("reduction"))
      return [.value(all[0])]
    },
  ]
}

extension ONNXSite {
  fileprivate func requirePlainLoss() throws(ONNXRefusal) {
    if isGiven(2) { throw ONNXRefusal("weights of classes are not read") }
    if has("ignore_index") { throw ONNXRefusal("ignore_index is not read") }
    if string("reduction", "mean") == "none" { throw ONNXRefusal("reduction none is not read") }
  }

  fileprivate func labels(_ index: Int) throws(ONNXRefusal) -> Value {
    let labels = try value(index)
    guard importer.graph[labels].type.dtype != .i32 else { return labels }
    return emit(Op.Cast.self, [labels], ["to": .string("i32")], part: "labels")
  }
}
