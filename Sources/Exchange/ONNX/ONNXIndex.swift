/// Where things are in an ONNX graph, by name, found once: files may name anything any number of times.
struct ONNXIndex {
  let model: ONNXModel
  /// The types that the file gives values between.
  let types: [String: ONNXValueInfo]
  /// Everything that somebody reads: nodes, those of branches included, and whoever runs the network.
  let read: Set<String>
  /// For each node, whether an output depends on it; what does not is not looked at.
  let isNeeded: [Bool]
  /// Channels that the first convolution of a value takes.
  let channels: [String: Int]

  init(_ model: ONNXModel) {
    self.model = model
    types = Dictionary(model.graph.values.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
    var read = Set(model.graph.outputs.map(\.name))
    var isNeeded = [Bool](repeating: false, count: model.graph.nodes.count)
    for (index, node) in model.graph.nodes.enumerated().reversed() where node.outputs.contains(where: read.contains) {
      isNeeded[index] = true
      read.formUnion(node.reads)
    }
    self.read = read
    self.isNeeded = isNeeded
    let shapes = Dictionary(
      model.graph.initializers.map { ($0.name, $0.dims) }, uniquingKeysWith: { first, _ in first })
    var channels: [String: Int] = [:]
    for node in model.graph.nodes where node.op == "Conv" && node.inputs.count > 1 && channels[node.inputs[0]] == nil {
      guard let dims = shapes[node.inputs[1]], dims.count > 2, (1...1 << 20).contains(dims[1]) else { continue }
      var groups = 1
      for entry in node.attributes where entry.name == "group" {
        if case .int(let found) = entry.value, (1...1 << 20).contains(found) { groups = found }
      }
      channels[node.inputs[0]] = dims[1] * groups
    }
    self.channels = channels
  }

  /// The inputs of the network that any of these values depends on.
  func inputs(behind values: Set<String>) -> Set<String> {
    var wanted = values
    model.graph.nodes.gather(behind: &wanted)
    return wanted.intersection(model.graph.inputs.map(\.name))
  }
}

extension ONNXNode {
  /// Names of what it reads; for control flow, of what its branches read too.
  var reads: [String] {
    var result = inputs
    for case (_, .graph(let graph)) in attributes {
      for node in graph.nodes { result += node.reads }
      result += graph.outputs.map(\.name)
    }
    return result
  }
}

extension [ONNXNode] {
  /// Adds all that the wanted values depend on.
  fileprivate func gather(behind wanted: inout Set<String>) {
    for node in reversed() {
      for case (_, .graph(let graph)) in node.attributes { graph.nodes.gather(behind: &wanted) }
      if node.outputs.contains(where: wanted.contains) { wanted.formUnion(node.reads) }
    }
  }
}
