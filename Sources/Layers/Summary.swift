import FoveaGraphs
import FoveaTensors

extension Model {
  /// What the model is made of: a row for every declared layer that computes something, and totals.
  ///
  /// ```swift
  /// print(model.summary(batch: 100))
  /// ```
  ///
  /// - Parameter batch: examples at once, at least 1; it counts in output shapes and memory.
  public func summary(batch: Int = 1) -> SummaryTable {
    SummaryTable(sized(batch), name: name, composites: composites)
  }

  /// The graph for a batch; as it was declared when it cannot have that one.
  private func sized(_ batch: Int) -> Graph {
    var sizes: [String: Shape] = [:]
    for value in graph.inputs {
      guard case .input(let open) = graph[value].source, open.contains(0) else { continue }
      guard let shape = graph[value].type.shape.concrete else { return resized(batch) }
      sizes[graph[value].name] = Shape([max(batch, 1)] + shape.dims.dropFirst())
    }
    return (try? graph.specialized(to: sizes)) ?? graph
  }
}

extension Model {
  /// The same for a graph of which other sizes are open.
  private func resized(_ batch: Int) -> Graph {
    let sized = try? graph.retyped { _, info in
      guard case .input(let open) = info.source, open.contains(0) else { return info.type }
      return TensorType(info.type.dtype, info.type.shape.replacing(axis: 0, with: max(batch, 1)))
    }
    return sized ?? graph
  }
}

extension SummaryTable {
  /// Summarizes a graph whose sizes are settled.
  ///
  /// Nodes belong to the layer that their origin names, so a graph that was read from a file has the same
  /// rows as the one that was written.
  ///
  /// - Parameter composites: what layers made of others are called in the tree, see `Model.composites`.
  public init(_ graph: Graph, name: String = "", composites: [String: String] = [:]) {
    let analysis = graph.analysis()
    let fields = graph.receptiveFields()
    let batch = max(analysis.batch, 1)
    var order: [String] = []
    var nodes: [String: [Int]] = [:]
    for (index, node) in graph.nodes.enumerated() {
      let path = node.origin.path.isEmpty ? node.outputs.first.map { graph[$0].name } ?? node.op : node.origin.path
      if nodes[path] == nil { order.append(path) }
      nodes[path, default: []].append(index)
    }
    var counted: Set<Value> = []
    var rows: [Row] = []
    var activations = 0
    for path in order {
      let members = nodes[path] ?? []
      guard let last = members.last.map({ graph.nodes[$0] }), let output = last.outputs.first else { continue }
      let shape = graph[output].type.shape
      var parameters = 0
      var isLearned = false
      for operand in members.flatMap({ graph.nodes[$0].inputs }).compactMap({ $0 }) {
        guard case .parameter = graph[operand].source else { continue }
        isLearned = true
        if counted.insert(operand).inserted { parameters += graph.shape(operand).count }
      }
      if isLearned { activations += 2 * (shape.concrete?.count ?? 0) * graph[output].type.dtype.size }
      let text = last.origin.layer.isEmpty ? last.op : last.origin.layer
      rows.append(
        Row(
          name: path, type: String(text.prefix { $0 != "(" }), layer: text, shape: shape, parameters: parameters,
          multiplyAdds: members.reduce(0) { $0 + analysis.nodes[$1].cost.multiplyAdds } / batch,
          receptiveField: (fields[output]?.axes ?? []).map { [$0.min, $0.max] },
          isOpen: !members.allSatisfy { graph.isSettled(graph.nodes[$0]) }))
    }
    self.rows = rows
    self.name = name
    self.composites = composites
    self.batch = batch
    parameters = analysis.parameters
    trainableParameters = graph.parameters.reduce(0) { $0 + ($1.parameter.trainable ? graph.shape($1.value).count : 0) }
    states = graph.states.reduce(0) { $0 + graph.shape($1.value).count }
    multiplyAdds = analysis.multiplyAddsPerExample
    multiplyAddsWithBiases = Cost.sum(analysis.total.multiplyAdds, analysis.total.biasAdds)
    connections = analysis.connections.map { $0 / batch }
    inputBytes = graph.inputs.reduce(0) {
      $0 + (graph[$1].type.shape.concrete?.count ?? 0) * graph[$1].type.dtype.size
    }
    activationBytes = activations
    parameterBytes = analysis.parameterBytes
  }
}
