import FoveaTensors

/// What a graph of settled sizes holds and costs.
public struct Analysis: Sendable, Equatable {
  /// What one node costs.
  public struct NodeCost: Sendable, Equatable {
    /// For the whole batch.
    public let cost: Cost
    /// Bytes of its outputs, auxiliary ones left out: those are a backend's own business.
    public let outputBytes: Int
  }

  /// Learned numbers; a shared parameter counts once, running statistics do not.
  public let parameters: Int
  public let parameterBytes: Int
  /// One entry per node, in the graph's order.
  public let nodes: [NodeCost]
  /// Examples per run: the extent of the first input's first axis, when that axis is open; else 1.
  public let batch: Int
  /// For the whole batch.
  public let total: Cost
  /// Bytes of all nodes' outputs for the whole batch, as if every one were kept.
  public let activationBytes: Int

  /// For the whole batch, the inputs of all units, their biases, the windows of learned subsampling and the points that
  /// distances are taken to: what early papers call connections. Nil where that is just what `total` counts.
  public let connections: Int?

  /// Multiply-adds per example, weights only, as papers count them.
  public var multiplyAddsPerExample: Int { total.multiplyAdds / max(batch, 1) }
}

extension Graph {
  /// Counts parameters, multiply-adds and bytes. Nodes of open size count nothing.
  public func analysis() -> Analysis {
    var parameterCount = 0
    var parameterBytes = 0
    for (value, _) in parameters {
      let count = values[value.id].type.shape.concrete?.checkedCount ?? 0
      parameterCount = Cost.sum(parameterCount, count)
      parameterBytes = Cost.sum(parameterBytes, Cost.product(count, values[value.id].type.dtype.size))
    }
    var total = Cost.none
    var activationBytes = 0
    let counter = ConnectionCounter(self)
    var connections = 0
    var hasFurther = false
    let nodeCosts = nodes.map { node in
      guard isSettled(node) else { return Analysis.NodeCost(cost: .none, outputBytes: 0) }
      let op = op(of: node)
      let count = counter.count(node, op.cost(site(node)))
      let cost = count.cost
      connections = Cost.sum(connections, count.connections)
      hasFurther = hasFurther || count.isFurther
      let bytes = node.outputs.enumerated().reduce(0) { sum, output in
        guard !op.auxiliaryOutputs.contains(output.offset) else { return sum }
        return Cost.sum(sum, Cost.product(shape(output.element).count, values[output.element.id].type.dtype.size))
      }
      total = total + cost
      activationBytes = Cost.sum(activationBytes, bytes)
      return Analysis.NodeCost(cost: cost, outputBytes: bytes)
    }
    var batch = 1
    if let first = inputs.first, case .input(let open) = values[first.id].source, open.contains(0) {
      batch = values[first.id].type.shape[0] ?? 1
    }
    return Analysis(
      parameters: parameterCount, parameterBytes: parameterBytes, nodes: nodeCosts, batch: batch, total: total,
      activationBytes: activationBytes, connections: hasFurther ? connections : nil)
  }

  /// True when every size around a node is known.
  package func isSettled(_ node: Node) -> Bool {
    (node.inputs.compactMap { $0 } + node.outputs).allSatisfy { values[$0.id].type.shape.concrete != nil }
  }
}
