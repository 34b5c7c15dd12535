import FoveaGraphs
import FoveaTensors

/// Operators that have a mode for training: it is done as the file says, where that is no matter of chance.
extension ONNXOperator {
  static let training: [ONNXOperator] = [
    ONNXOperator("BatchNormalization", refused: "spatial 0 (opset 7, 8), statistics as results before opset 14") {
      (site) throws(ONNXRefusal) in
      guard site.flag("spatial", true) else { throw ONNXRefusal("spatial 0: statistics for each place are not read") }
      site.passOver("consumed_inputs")
      // Before opset 7 an attribute said it, and until 13 that results have names.
      if site.opset < 7, !site.flag("is_test") { throw ONNXRefusal("is_test 0, its form for training, is not read") }
      if site.opset < 14, (1..<5).contains(where: { site.isWanted($0) }) {
        throw ONNXRefusal("statistics as results are not read before opset 14")
      }
      let trains = site.opset < 14 ? site.node.outputs.dropFirst().contains { !$0.isEmpty } : site.flag("training_mode")
      if trains { return try site.batchStatistics() }
      if site.isWanted(1) || site.isWanted(2) {
        throw ONNXRefusal("its statistics are results of training_mode 1 alone")
      }
      let operands = [
        try site.value(0), try site.weight(1, .scale), try site.weight(2, .shift), try site.weight(3, .mean),
        try site.weight(4, .variance),
      ]
      return [.value(site.emit(Op.BatchNormalization.self, operands, try site.keeping("epsilon", "momentum")))]
    },
    ONNXOperator("Dropout", refused: "training_mode 1, which is random") { (site) throws(ONNXRefusal) in
      if site.opset < 7, !site.flag("is_test") { throw ONNXRefusal("is_test 0, its form for training, is random") }
      site.passOver("seed", "consumed_inputs")
      let ratio = try site.fixedFloats(1, "its ratio")?.first ?? site.float("ratio", 0.5)
      if ratio != 0, try site.fixedInts(2, "its training_mode")?.first ?? 0 != 0 {
        throw ONNXRefusal("training_mode 1: what it drops is random; export the network for use")
      }
      let x = try site.value(0)
      let y = site.emit(Op.Dropout.self, [x], ["ratio": .float(ratio)])
      guard site.isWanted(1) else { return [.value(y)] }
      // Nothing is dropped: no number is less than itself.
      let mask = site.emit(Op.Not.self, [site.emit(Op.Less.self, [x, x], part: "dropped")], part: "mask")
      return [.value(y), .value(mask)]
    },
  ]
}

extension ONNXSite {
  /// A norm by the statistics of its own batch, and what becomes of the running ones.
  fileprivate func batchStatistics() throws(ONNXRefusal) -> [ONNXBinding] {
    let x = try value(0)
    let rank = try rank(0)
    guard rank > 1 else { throw ONNXRefusal("a norm of \(rank) axes") }
    let axes: Attributes = ["axes": .ints([0] + (2..<max(rank, 2)))]
    var column = [Int](repeating: 1, count: rank)
    column[1] = -1
    func each(_ index: Int, _ role: Parameter.Role, _ name: String) throws(ONNXRefusal) -> Value {
      emit(Op.Reshape.self, [try weight(index, role)], ["shape": .ints(column)], part: name)
    }
    let mean = emit(Op.ReduceMean.self, [x], axes, part: "mean")
    let centered = emit(Op.Sub.self, [x, mean], part: "centered")
    let squares = emit(Op.Mul.self, [centered, centered], part: "squares")
    let variance = emit(Op.ReduceMean.self, [squares], axes, part: "variance")
    let least = emit(Op.Add.self, [variance, constant(float("epsilon", 1e-5), "epsilon")], part: "least")
    let normal = emit(Op.Div.self, [centered, emit(Op.Sqrt.self, [least], part: "deviation")], part: "normal")
    let scaled = emit(Op.Mul.self, [normal, try each(1, .scale, "scale")], part: "scaled")
    let y = emit(Op.Add.self, [scaled, try each(2, .shift, "shift")])
    let momentum = float("momentum", 0.9)
    var results: [ONNXBinding] = [.value(y)]
    for (index, own, role) in [(3, mean, Parameter.Role.mean), (4, variance, .variance)] {
      guard isWanted(index - 2) else {
        results.append(.nothing)
        continue
      }
      let flat = emit(Op.Reshape.self, [own], ["shape": .ints([-1])], part: "batch \(index)")
      let old = emit(Op.Mul.self, [try weight(index, role), constant(momentum, "momentum")], part: "old \(index)")
      let new = emit(Op.Mul.self, [flat, constant(1 - momentum, "share")], part: "new \(index)")
      results.append(.value(emit(Op.Add.self, [old, new], part: "running \(index)")))
    }
    return results
  }
}
