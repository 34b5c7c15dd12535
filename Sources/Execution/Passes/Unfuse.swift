import FoveaGraphs

extension Graph {
  /// The same graph with the bodies of fused nodes in their place.
  package func unfused() -> Graph {
    guard nodes.contains(where: { $0.body != nil }) else { return self }
    var result = self
    var kept: [Node] = []
    for node in nodes {
      guard let body = node.body else {
        kept.append(node)
        continue
      }
      var outer: [Value: Value] = [:]
      for (inner, value) in zip(body.inputs, node.inputs) { outer[inner] = value }
      var results: [Value: Value] = [:]
      for (output, value) in zip(body.outputs, node.outputs) { results[output.value] = value }
      for index in body.values.indices where outer[Value(id: index)] == nil {
        switch body.values[index].source {
        case .ghost: outer[Value(id: index)] = result.addGhost(body.values[index].name, body.values[index].type)
        case .constant(let tensor): outer[Value(id: index)] = result.addConstant(tensor)
        default: break
        }
      }
      for part in body.nodes {
        let inputs = part.inputs.map { $0.flatMap { outer[$0] } }
        let made = result.add(body.op(of: part), inputs, part.attributes, origin: node.origin)
        let outputs = zip(part.outputs, made).map { results[$0] ?? $1 }
        for (inner, value) in zip(part.outputs, outputs) { outer[inner] = value }
        kept.append(
          Node(op: part.op, inputs: inputs, outputs: outputs, attributes: part.attributes, origin: node.origin))
      }
    }
    return result.rewritten(nodes: kept)
  }
}
