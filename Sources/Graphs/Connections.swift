import FoveaTensors

/// What the operators' own costs cannot tell, since it lies between nodes: weights that are not there, biases and
/// coefficients that are nodes of their own, and units that measure a distance.
struct ConnectionCounter {
  let graph: Graph
  private let producers: [Value: Int]

  init(_ graph: Graph) {
    self.graph = graph
    producers = graph.producers
  }

  /// A node's cost as papers count it, and its connections: the inputs of its units, biases among them.
  struct Count {
    var cost: Cost
    var connections: Int
    /// True where these are not the cost's multiply-adds and biases, or weights were left out of them.
    var isFurther: Bool
  }

  /// - Parameter cost: what the operator says.
  func count(_ node: Node, _ cost: Cost) -> Count {
    var count = Count(cost: cost, connections: 0, isFurther: false)
    if let index = graph.op(of: node).weightInput, let weight = node.inputs[index], cost.multiplyAdds > 0 {
      let (whole, absent) = (graph.shape(weight).count, absentWeights(weight))
      if absent > 0, absent <= whole {
        // Every weight is used equally often.
        count.cost.multiplyAdds = Cost.product(cost.multiplyAdds / whole, whole - absent)
        count.isFurther = true
      }
    }
    if isBias(node) {
      count.cost.biasAdds = Cost.sum(cost.biasAdds, graph.shape(node.outputs[0]).count)
    }
    let further = subsampled(node) + distances(node)
    count.isFurther = count.isFurther || further > 0
    count.connections = Cost.sum(Cost.sum(count.cost.multiplyAdds, count.cost.biasAdds), further)
    return count
  }

  private func producer(_ value: Value) -> Node? { producers[value].map { graph.nodes[$0] } }

  /// Zeros between the weights that a table of connections leaves out: constants that were put among parameters.
  private func absentWeights(_ weight: Value) -> Int {
    guard var node = producer(weight) else { return 0 }
    while [Op.Reshape.name, Op.Flatten.name, Op.Transpose.name].contains(node.op) {
      guard let next = node.inputs[0].flatMap(producer) else { return 0 }
      node = next
    }
    guard node.op == Op.Concat.name else { return 0 }
    return node.inputs.compactMap { $0 }.reduce(0) { sum, part in
      guard case .constant(let tensor) = graph[part].source, tensor.dtype == .f32 else { return sum }
      return sum + tensor.withElements(of: Float.self) { elements in elements.count { $0 == 0 } }
    }
  }

  /// The sum with a learned bias that no convolution took.
  private func isBias(_ node: Node) -> Bool {
    node.op == Op.Add.name
      && node.inputs.contains { input in
        guard let input, case .parameter(let parameter) = graph[input].source else { return false }
        return parameter.role == .bias || parameter.role == .shift
      }
  }

  /// The windows of means that a learned coefficient scales (LeCun et al. 1989): sums with one weight.
  private func subsampled(_ node: Node) -> Int {
    guard node.op == Op.Mul.name, node.inputs.contains(where: { $0.map(isLearned) ?? false }) else { return 0 }
    for input in node.inputs {
      guard let input, let pool = producer(input), pool.op == Op.AveragePool.name else { continue }
      let window = pool.attributes.ints("kernel_shape", default: []).reduce(1) { Cost.product($0, $1) }
      return Cost.product(graph.shape(input).count, window)
    }
    return 0
  }

  /// A parameter, or what is computed from parameters and constants alone.
  private func isLearned(_ value: Value) -> Bool {
    if case .parameter = graph[value].source { return true }
    guard let node = producer(value), node.inputs.count <= 2 else { return false }
    var learns = false
    for input in node.inputs {
      guard let input else { return false }
      switch graph[input].source {
      case .parameter: learns = true
      case .constant: break
      default: return false
      }
    }
    return learns
  }

  /// Sums of squared differences from fixed points: radial units, whose points are connections (LeCun et al. 1998).
  private func distances(_ node: Node) -> Int {
    guard node.op == Op.ReduceSum.name, let square = node.inputs[0].flatMap(producer), square.op == Op.Mul.name,
      square.inputs.count == 2, square.inputs[0] == square.inputs[1], let away = square.inputs[0],
      let difference = producer(away), difference.op == Op.Sub.name
    else { return 0 }
    let isFixed = difference.inputs.contains { point in
      guard let point, (graph[point].type.shape.rank ?? 0) > 1 else { return false }
      switch graph[point].source {
      case .constant, .parameter: return true
      default: return false
      }
    }
    return isFixed ? graph[away].type.shape.concrete?.checkedCount ?? 0 : 0
  }
}
