import FoveaGraphs
import FoveaTensors

extension ONNXExport.Rules {
  /// Layers that go through a sequence, which ONNX has under the same names.
  static let recurrent: [(String, Rule)] = [
    ("LSTM", recurrence("LSTM", "input_forget")), ("GRU", recurrence("GRU", "linear_before_reset")),
    ("RNN", recurrence("RNN")),
  ]

  private static func recurrence(_ op: String, _ flags: String...) -> Rule {
    Rule(op, since: 14) { piece in
      let a = piece.attributes
      var values: [String: ONNXExport.AttributeValue] = [
        "hidden_size": .int(piece.site.inputShape(2)[2]),
        "direction": .string(a.string("direction", default: "forward")),
      ]
      for name in flags + ["layout"] where a.flag(name) { values[name] = .int(1) }
      let clip = a.float("clip", default: .infinity)
      if clip.isFinite { values["clip"] = .float(clip) }
      if case .strings(let names)? = a["activations"], !names.isEmpty { values["activations"] = .strings(names) }
      for name in ["activation_alpha", "activation_beta"] {
        let list = numbers(a, name)
        if !list.isEmpty { values[name] = .floats(list) }
      }
      piece.add(op, piece.inputs, values, outputs: piece.outputs)
    }
  }
}
