import FoveaTensors

/// What a gradient rule works with: the node, the gradients of its outputs, and the graph to add to.
///
/// A rule never decides by a concrete size (a batch of one looks like a broadcast): it emits
/// `SumToShape` and lets simplification remove what sums nothing.
public struct GradientBuilder {
  public private(set) var graph: Graph
  public let node: Node
  /// dLoss/dOutput for each output; nil where the loss does not depend on it.
  public let outputGradients: [Value?]
  private let wanted: [Bool]

  init(graph: Graph, node: Node, outputGradients: [Value?], wanted: [Bool]) {
    self.graph = graph
    self.node = node
    self.outputGradients = outputGradients
    self.wanted = wanted
  }

  /// The graph, which the builder no longer holds.
  fileprivate mutating func taken() -> Graph {
    defer { graph = Graph(registry: graph.registry) }
    return graph
  }

  public var inputs: [Value?] { node.inputs }
  public var outputs: [Value] { node.outputs }
  public var attributes: Attributes { node.attributes }

  /// True when the gradient of the input at `index` will be used.
  public func needs(_ index: Int) -> Bool { index < wanted.count && wanted[index] }

  /// The input at `index`, nil when it is not connected.
  public func input(_ index: Int) -> Value? { index < node.inputs.count ? node.inputs[index] : nil }

  /// Adds a constant number of the type of `value`.
  public mutating func constant(_ number: Double, like value: Value) -> Value {
    let tensor = Tensor(scalar: number).converted(to: graph[value].type.dtype)
    return graph.addConstant(tensor, name: "\(number)")
  }

  /// Adds zeros of the type and shape of `value`, which may be open.
  public mutating func zeros(like value: Value) -> Value {
    add(Op.BroadcastToShape.self, [constant(0, like: value), value])[0]
  }

  /// Adds a node of the same origin.
  public mutating func add(_ op: any Operator.Type, _ operands: [Value?], _ attributes: Attributes = [:]) -> [Value] {
    let base = node.origin.path.isEmpty ? node.op : node.origin.path
    return graph.add(op, operands, attributes, name: "\(base).\(op.name)", origin: node.origin)
  }
}

extension Graph {
  /// Adds the gradients of a single number with respect to `targets`, as nodes.
  ///
  /// Reverse-mode differentiation (Speelpenning 1980): each node's rule is asked once, in reverse order,
  /// and gradients that meet are added.
  /// - Returns: the gradient of each target that the loss depends on.
  /// - Throws: `GraphError.notScalar`, or `.noGradient` with the operator, its place and the reason.
  public mutating func differentiate(
    _ loss: Value, withRespectTo targets: [Value]
  ) throws(GraphError) -> [Value: Value] {
    if let dims = values[loss.id].type.shape.dims, dims.contains(where: { $0 != 1 }) {
      throw .notScalar(name: values[loss.id].name, shape: values[loss.id].type.shape)
    }
    isDerived = true
    defer { isDerived = false }
    var active = Set(targets)
    for node in nodes where dataInputs(of: node).contains(where: active.contains) { active.formUnion(node.outputs) }

    var pending: [Value: [Value]] = [:]
    // Of the loss's own shape: with a batch left in it, another batch size is then reported, not summed.
    let one = Tensor(scalar: 1 as Double).converted(to: values[loss.id].type.dtype)
    let shaped = values[loss.id].type.shape.concrete.flatMap { try? one.reshaped(to: $0) } ?? one
    pending[loss] = [addConstant(shaped, name: "one")]

    for node in nodes.reversed() where node.outputs.contains(where: { pending[$0] != nil && active.contains($0) }) {
      let op = op(of: node)
      let wanted = node.inputs.enumerated().map { index, value in
        guard let value else { return false }
        return active.contains(value) && !op.shapeOnlyInputs.contains(index)
      }
      guard wanted.contains(true) else { continue }
      if case .no(let reason) = op.differentiability {
        throw .noGradient(operator: node.op, path: node.origin.path, reason: reason)
      }
      let outputGradients = node.outputs.map { gradient(of: $0, in: &pending, origin: node.origin) }
      var builder = GradientBuilder(graph: self, node: node, outputGradients: outputGradients, wanted: wanted)
      // The builder alone holds the graph, so that adding to it copies nothing: else each node would cost all of them.
      self = Graph(registry: registry)
      let gradients = op.gradient(&builder)
      self = builder.taken()
      for (index, gradient) in gradients.enumerated() where index < wanted.count && wanted[index] {
        if let gradient, let input = node.inputs[index] { pending[input, default: []].append(gradient) }
      }
    }
    var result: [Value: Value] = [:]
    for target in targets {
      if let gradient = gradient(of: target, in: &pending, origin: .none) {
        rename(gradient, to: "\(values[target.id].name).gradient")
        result[target] = gradient
      }
    }
    return result
  }

  /// The sum of the gradients that have arrived at a value.
  private mutating func gradient(of value: Value, in pending: inout [Value: [Value]], origin: Origin) -> Value? {
    guard var parts = pending[value], !parts.isEmpty else { return nil }
    while parts.count > 1 {
      let sum = add(Op.Add.self, [parts[0], parts[1]], name: "\(values[value.id].name).gradient", origin: origin)[0]
      parts.replaceSubrange(0...1, with: [sum])
    }
    pending[value] = parts
    return parts[0]
  }
}
