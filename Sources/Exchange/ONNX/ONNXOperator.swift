import FoveaGraphs
import FoveaTensors

/// How one operator of the standard is read.
struct ONNXOperator: Sendable {
  typealias Reader = @Sendable (ONNXSite) throws(ONNXRefusal) -> [ONNXBinding]

  let name: String
  /// What is refused, in a few words for the table of what is read; empty where nothing is.
  let refused: String
  let read: Reader

  init(_ name: String, refused: String = "", _ read: @escaping Reader) {
    self.name = name
    self.refused = refused
    self.read = read
  }

  /// The opsets whose forms are read.
  static let opsets = 6...25

  /// Everything that is read, by name.
  static let all: [String: ONNXOperator] = Dictionary(
    [
      convolutions, pools, norms, activations, arithmetic, comparisons, reductions, shapes, moves, choices, quantized,
      losses, control, training, resizings, recurrences, sums,
    ].flatMap { $0 }.map { ($0.name, $0) }, uniquingKeysWith: { _, last in last })

  /// Why a node of an operator that is not in the table cannot be read.
  /// - Parameter suggests: looks for an operator of a similar name, which takes its time.
  static func reason(for node: ONNXNode, in model: ONNXModel, suggests: Bool) -> String {
    if suggests, model.functions.contains(where: { $0.name == node.op && $0.domain == node.domain }) {
      return "it is a function that the model defines itself; export it with functions inlined"
    }
    guard node.domain.isEmpty || node.domain == "ai.onnx" else {
      return "the domain \(Named.short(node.domain)) is not the standard's"
    }
    switch node.op {
    case "Loop", "Scan": return "control flow is not read; export the network for one way through it"
    default:
      let nearest = suggests ? nearestName(to: node.op, among: all.keys.sorted()) : nil
      return "this operator is not read" + (nearest.map { "; is it \($0)?" } ?? "")
    }
  }

  /// One node of ours for one of theirs, which takes the operands as they come.
  static func direct(
    _ name: String, _ op: any Operator.Type, _ attributes: [String] = [], refused: String = ""
  ) -> ONNXOperator {
    ONNXOperator(name, refused: refused) { (site) throws(ONNXRefusal) in
      var operands: [Value?] = []
      for index in 0..<site.inputCount { operands.append(try site.optional(index)) }
      var kept: Attributes = [:]
      for name in attributes { kept[name] = try site.keeping(name)[name] }
      return [.value(site.emit(op, operands, kept))]
    }
  }
}
