import FoveaTensors

extension Graph {
  /// The same graph for other sizes of its inputs: every shape rule runs again.
  ///
  /// This is the only way to another batch or image size; it works because no attribute holds a number
  /// that was derived from an open size.
  /// - Throws: `GraphError.missingInput`, `.inputShape` when an axis that is not open differs, or
  ///   `.mistakes` when a layer does not fit the new size.
  public func specialized(to sizes: [String: Shape]) throws(GraphError) -> Graph {
    let names = inputs.map { values[$0.id].name }
    for name in sizes.keys.sorted() where !names.contains(name) {
      throw .missingInput(name: name, known: names)
    }
    var types: [Value: TensorType] = [:]
    for value in inputs {
      let info = values[value.id]
      guard let wanted = sizes[info.name], case .input(let open) = info.source else { continue }
      let declared = info.type.shape.dims ?? []
      let fits =
        declared.count == wanted.rank
        && declared.enumerated().allSatisfy { open.contains($0.offset) || $0.element == wanted[$0.offset] }
      if !fits {
        let display = PartialShape(declared.enumerated().map { open.contains($0.offset) ? nil : $0.element })
        throw .inputShape(name: info.name, expected: display, found: PartialShape(wanted))
      }
      types[value] = TensorType(info.type.dtype, wanted)
    }
    if types.contains(where: { values[$0.key.id].type != $0.value }),
      let ghost = values.first(where: { if case .ghost = $0.source { true } else { false } })
    {
      // Its shape cannot be worked out again, and a gradient of the old size must not pass unseen.
      let problem = "\"\(ghost.name)\" \(ghost.type.shape) is known by its shape alone"
      throw .mistakes([
        Mistake(origin: .none, problem: problem, mend: "choose the sizes before the graph is simplified", inputs: [])
      ])
    }
    return try retyped { value, info in types[value] ?? info.type }
  }

  /// The same graph in another floating-point type: every float leaf and constant is retyped, and the
  /// shape rules run again. Gradients are checked in `Double` this way.
  public func converted(to dtype: DType) throws(GraphError) -> Graph {
    var copy = self
    for index in copy.values.indices {
      if case .constant(let tensor) = copy.values[index].source, tensor.dtype.isFloat {
        copy.values[index].source = .constant(tensor.converted(to: dtype))
      }
    }
    for index in copy.nodes.indices {
      let node = copy.nodes[index]
      copy.nodes[index].attributes = copy.op(of: node).converted(node.attributes, to: dtype)
      // A fused node's body holds constants of its own.
      if let body = copy.nodes[index].body { copy.nodes[index].body = try body.converted(to: dtype) }
    }
    return try copy.retyped { _, info in
      info.type.dtype.isFloat ? TensorType(dtype, info.type.shape) : info.type
    }
  }

  /// The shape of a value with what follows an open axis of an input unknown. Runs every shape rule: O(nodes).
  package func shapeWithOpenSizes(_ value: Value) -> PartialShape { withOpenSizes()[value].type.shape }

  /// The same graph with whatever follows an open axis of an input unknown. Runs every shape rule: O(nodes).
  package func withOpenSizes() -> Graph {
    reinferred { _, info in
      guard case .input(let open) = info.source, let dims = info.type.shape.dims else { return info.type }
      return TensorType(
        info.type.dtype, PartialShape(dims.enumerated().map { open.contains($0.offset) ? nil : $0.element }))
    }
  }

  /// Retypes the leaves and runs every shape rule again.
  package func retyped(_ leaf: (Value, ValueInfo) -> TensorType) throws(GraphError) -> Graph {
    let copy = reinferred(leaf)
    try copy.check()
    return copy
  }

  /// Retypes the leaves and runs every shape rule again; what does not fit is kept in `mistakes`.
  func reinferred(_ leaf: (Value, ValueInfo) -> TensorType) -> Graph {
    var copy = self
    copy.mistakes = []
    for index in copy.values.indices {
      switch copy.values[index].source {
      case .node: break
      default: copy.values[index].type = leaf(Value(id: index), copy.values[index])
      }
    }
    for node in nodes {
      let (types, findings) = Graph.infer(
        op(of: node), node, node.inputs.map { $0.map { copy.values[$0.id].type } })
      copy.report(findings, of: node)
      for (output, type) in zip(node.outputs, types) { copy.values[output.id].type = type }
    }
    return copy
  }

  /// The same graph with other nodes, in the given order, and values redirected; used by passes.
  /// Values that nothing makes any more but a shape-only operand still names become ghosts.
  package func rewritten(nodes kept: [Node], redirecting: [Value: Value] = [:]) -> Graph {
    var redirecting = redirecting
    func follow(_ value: Value) -> Value {
      var passed: [Value] = []
      var current = value
      while let next = redirecting[current] {
        passed.append(current)
        current = next
      }
      // The next one that follows the same chain takes one step.
      for value in passed.dropLast() { redirecting[value] = current }
      return current
    }
    var copy = self
    copy.nodes = kept.map { node in
      var node = node
      node.inputs = node.inputs.map { $0.map(follow) }
      return node
    }
    copy.outputs = outputs.map { ($0.name, follow($0.value)) }
    copy.updates = updates.map { ($0.before, follow($0.after)) }
    let made = Set(copy.nodes.flatMap(\.outputs))
    for node in copy.nodes {
      for input in node.inputs.compactMap({ $0 }) where !made.contains(input) {
        if case .node = copy.values[input.id].source { copy.values[input.id].source = .ghost }
      }
    }
    return copy
  }
}
