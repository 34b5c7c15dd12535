/// How a graph prints: one line a node, in running order.
extension Graph {
  /// `%12 conv1 [128×32×24×24] = Conv(%0 input, %1 conv1.weight) strides=[1,1]`
  public func text(of node: Node) -> String {
    let results = node.outputs.map { "\($0) \(values[$0.id].name) \(values[$0.id].type.shape)" }
    let shapeOnly = registry[key: node.op]?.shapeOnlyInputs ?? []
    let operands = node.inputs.enumerated().map { index, value in
      guard let value else { return "–" }
      return shapeOnly.contains(index) ? "like \(value)" : "\(value) \(values[value.id].name)"
    }
    let inner = node.body.map { " {" + $0.nodes.map(\.op).joined(separator: ", ") + "}" } ?? ""
    let attributes = node.attributes.text
    return results.joined(separator: ", ") + " = \(node.op)(" + operands.joined(separator: ", ") + ")" + inner
      + (attributes.isEmpty ? "" : " " + attributes)
  }

  /// All nodes and state changes, a line each.
  public var lines: [String] {
    nodes.map { text(of: $0) }
      + updates.map { "\($0.before) \(values[$0.before.id].name) ← \($0.after)" }
      + outputs.map { "output \($0.name) = \($0.value)" }
  }

  /// What changed from `before` to this graph: lines that went with `-`, lines that came with `+`.
  public func difference(from before: Graph) -> [String] {
    let old = before.lines
    let new = lines
    let oldSet = Set(old)
    let newSet = Set(new)
    return old.filter { !newSet.contains($0) }.map { "- " + $0 } + new.filter { !oldSet.contains($0) }.map { "+ " + $0 }
  }
}
