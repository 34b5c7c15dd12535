import FoveaGraphs
import FoveaTensors

extension ONNXExport {
  /// How the nodes of one operator are written.
  package struct Rule: Sendable {
    /// ONNX's operators, as the list of them shows.
    package let operators: [String]
    /// The operator set that the forms are of.
    package let since: Int
    package let remark: String
    /// The operator set that a node needs.
    let opset: @Sendable (NodeSite) -> Int
    let write: @Sendable (Piece) throws(Refused) -> Void

    init(
      _ operators: String..., since: Int, remark: String = "",
      opset: @escaping @Sendable (NodeSite) -> Int = { _ in ONNXExport.leastOpset },
      write: @escaping @Sendable (Piece) throws(Refused) -> Void
    ) {
      self.operators = operators
      self.since = since
      self.remark = remark
      self.opset = opset
      self.write = write
    }

    /// The same operator with the same operands, and those attributes.
    static func same(
      _ op: String, since: Int, remark: String = "",
      _ attributes: @escaping @Sendable (NodeSite) -> [String: AttributeValue] = { _ in [:] }
    ) -> Rule {
      Rule(op, since: since, remark: remark) { $0.add(op, $0.inputs, attributes($0.site)) }
    }
  }

  /// What becomes of each operator.
  package enum Decision: Sendable {
    case written(Rule)
    /// Why not, and what to do instead.
    case refused(String)
  }

  /// The decisions, by our operators' names; a test holds them against the registry.
  package enum Rules {
    package static let all: [String: Decision] = {
      var result: [String: Decision] = [:]
      let groups = [
        elementwise, activations, windows, norms, movement, selection, reductions, quantized, losses, foreign,
        recurrent,
      ]
      for (name, rule) in groups.flatMap({ $0 }) { result[name] = .written(rule) }
      for (reason, names) in refused { for name in names { result[name] = .refused(reason) } }
      return result
    }()

    /// Operators that are not written.
    private static let refused: [(reason: String, names: [String])] = [
      (
        "it belongs to a training step, which ONNX's inference operators do not say; write the network itself",
        [
          "AdaptiveAveragePoolBackward", "AveragePoolBackward", "BatchNormalizationBackward",
          "BinaryCrossEntropyWithLogitsBackward", "ClipBackward", "ConcatBackward",
          "ConvBackwardData", "ConvBackwardWeights", "CropBackward", "EluBackward", "ExtremumBackward",
          "GatherBackward", "GatherElementsBackward", "GatherNDBackward", "GeluBackward", "GlobalAveragePoolBackward",
          "GlobalLpPoolBackward", "GridSampleBackwardData", "GridSampleBackwardGrid", "GroupNormalizationBackward",
          "HardSigmoidBackward", "HardSwishBackward",
          "LRNBackward", "LayerNormalizationBackward", "LeakyReluBackward", "LocallyConnectedBackwardData",
          "LocallyConnectedBackwardWeights", "LogSoftmaxBackward", "LpPoolBackward", "MaxPoolBackward",
          "MaxUnpoolBackward", "MeanSquaredErrorBackward", "MishBackward", "PReluBackward", "PadBackward",
          "PowBackward",
          "ReduceMaxBackward", "ReduceMeanBackward", "ReduceProdBackward", "ReduceSumBackward", "ReluBackward",
          "ResizeBackward", "RoiAlignBackward", "SeluBackward", "SigmoidBackward", "SliceBackward", "SoftmaxBackward",
          "SoftmaxCrossEntropyLossBackward", "SumToShape", "SwishBackward", "TanhBackward", "TileBackward",
          "TopKBackward", "YOLOGridLossBackward",
        ]
      ),
      (
        "it changes parameters, which an ONNX network keeps; write the network without its optimizer",
        ["AdamUpdate", "AdamWUpdate", "ClipScale", "RMSpropUpdate", "SGDUpdate"]
      ),
      ("only plans have it; write the network as it was declared", ["Fused"]),
      (
        "ONNX's operator has as many rows as boxes remain, ours a fixed number and a count; end the network in boxes and "
          + "scores, and choose among them behind it",
        ["NonMaxSuppression"]
      ),
      ("ONNX has no such loss; write the network up to its numbers", ["YOLOGridLoss"]),
      ("it counts hits of a training step; write the network up to its scores", ["TopKCorrect"]),
    ]

    /// The decisions as a table in Markdown, a line for each operator.
    package static func markdown() -> String {
      var lines = ["| operator | in ONNX | of operator set | remark |", "|---|---|---|---|"]
      for (name, decision) in all.sorted(by: { $0.key < $1.key }) {
        switch decision {
        case .written(let rule):
          lines.append("| \(name) | \(rule.operators.joined(separator: ", ")) | \(rule.since) | \(rule.remark) |")
        case .refused(let reason): lines.append("| \(name) | – | – | \(reason) |")
        }
      }
      return lines.joined(separator: "\n") + "\n"
    }
  }
}
