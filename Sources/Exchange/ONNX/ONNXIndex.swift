/// Where things are in an ONNX graph, by name, found once: files may name anything any number of times.
struct ONNXIndex {
  let model: ONNXModel
  /// The types that the file gives values between.
  let types: [String: ONNXValueInfo]
  /// Everything that a node reads.
  let read: Set<String>
  /// Channels that the first convolution of a value takes.
  let channels: [String: Int]

  init(_ model: ONNXModel) {
    self.model = model
    types = Dictionary(model.graph.values.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
    read = Set(model.graph.nodes.flatMap(\.inputs))
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
}
