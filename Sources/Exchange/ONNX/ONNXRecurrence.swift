import FoveaGraphs
import FoveaTensors

/// Layers that go through a sequence step by step.
extension ONNXOperator {
  static let recurrences: [ONNXOperator] = [
    recurrence("LSTM", Op.LSTM.self, "input_forget"), recurrence("GRU", Op.GRU.self, "linear_before_reset"),
    recurrence("RNN", Op.RNN.self),
  ]

  private static func recurrence(_ name: String, _ op: any Operator.Type, _ further: String...) -> ONNXOperator {
    ONNXOperator(name) { (site) throws(ONNXRefusal) in
      var attributes = try site.keeping(
        "hidden_size", "direction", "activations", "activation_alpha", "activation_beta", "clip", "layout")
      for name in further { attributes[name] = try site.keeping(name)[name] }
      // Before opset 7 an attribute said whether all steps are results, which they are here.
      site.passOver("output_sequence")
      var operands: [Value?] = []
      for index in 0..<min(site.inputCount, op.inputNames.count) {
        let isWeight = (1...2).contains(index)
        guard site.isGiven(index) else {
          operands.append(nil)
          continue
        }
        operands.append(isWeight ? try site.weight(index, .weight) : try site.value(index, index == 3 ? .bias : .other))
      }
      return site.emitAll(op, site.trimmed(operands), attributes).map { .value($0) }
    }
  }
}
