import FoveaExecution
import FoveaGraphs
import FoveaLayers
import FoveaTensors

extension Model {
  /// The same network with each norm that follows a convolution multiplied into its weights, in a store of its own.
  ///
  /// For inference: a norm of the result has fixed statistics. What other nodes read too stays as it is.
  package func withFoldedNorms() throws -> Model {
    let producers = graph.producers
    let readers = graph.readers
    let named = Set(graph.outputs.map(\.value))
    var copy = GraphCopy(of: graph)
    let store = Store()
    /// The norm behind a convolution, by the convolution's number.
    var norms: [Int: Node] = [:]
    var folded: Set<Int> = []
    for (index, node) in graph.nodes.enumerated() where node.op == Op.BatchNormalization.name {
      guard node.outputs.count == 1, let x = node.inputs[0], let at = producers[x], !named.contains(x),
        graph.nodes[at].op == Op.Conv.name, readers[x] == [index], isOwned(graph.nodes[at], readers)
      else { continue }
      norms[at] = node
      folded.insert(index)
    }
    for (index, node) in graph.nodes.enumerated() where !folded.contains(index) {
      guard let norm = norms[index] else {
        copy.add(node)
        continue
      }
      let bias = node.inputs.count > 2 ? node.inputs[2] : nil
      let made = try foldedValues([node.inputs[1], bias] + norm.inputs[1...4], norm.attributes)
      guard let weights = node.inputs[1], case .parameter(let weight) = graph[weights].source else { continue }
      var shift = Parameter(path: weight.path, role: .bias, initializer: .constant(0))
      if let bias, case .parameter(let own) = graph[bias].source {
        shift = own
      } else {
        shift.path = Self.path(besides: weight.path, "bias")
      }
      let w = copy[weights]
      let b = copy.addParameter(shift, TensorType(made[1].dtype, made[1].shape))
      try store.set(weight.path, to: made[0])
      try store.set(shift.path, to: made[1])
      var conv = node
      conv.outputs = norm.outputs
      copy.add(conv, operands: [node.inputs[0].map { copy[$0] }, w, b])
    }
    let graph = try copy.finished()
    for (_, parameter) in graph.parameters + graph.states where !store.contains(parameter.path) {
      try store.set(parameter.path, to: self.store.tensor(parameter.path))
    }
    return Model(
      graph: graph, store: store, preprocessing: preprocessing, classNames: classNames, name: name,
      detection: detection)
  }

  /// Whether weights and bias are parameters that nothing else reads.
  private func isOwned(_ node: Node, _ readers: [Value: [Int]]) -> Bool {
    node.inputs.dropFirst().compactMap { $0 }.allSatisfy { value in
      if case .parameter = graph[value].source { return readers[value]?.count == 1 }
      return false
    }
  }

  /// What `BatchNormFold` makes of these parameters.
  private func foldedValues(_ operands: [Value?], _ attributes: Attributes) throws -> [Tensor] {
    var small = Graph()
    var feeds: [Value: Tensor] = [:]
    var inputs: [Value?] = []
    for operand in operands {
      guard let operand else {
        inputs.append(nil)
        continue
      }
      let tensor = try store.tensor(graph[operand].name)
      let input = small.addInput(graph[operand].name, graph[operand].type)
      feeds[input] = tensor
      inputs.append(input)
    }
    let epsilon = attributes.float("epsilon", default: 1e-5)
    let made = small.add(Op.BatchNormFold.self, inputs, ["epsilon": .float(epsilon)])
    let results = try Interpreter.run(small, feeds)
    return made.compactMap { results[$0] }
  }

  /// `conv1.weight` and `bias` make `conv1.bias`.
  static func path(besides path: String, _ name: String) -> String {
    guard let dot = path.lastIndex(of: ".") else { return "\(path).\(name)" }
    return path[...dot] + name
  }
}
