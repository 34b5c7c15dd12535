import FoveaTensors

/// Runs a graph node by node with the operators' reference loops: slow, plain, and what everything else
/// is compared with. It can run the graph between any two passes.
public enum Interpreter {
  /// Computes every value of the graph.
  ///
  /// - Parameter feeds: a tensor for every input, parameter and state.
  /// - Returns: every value, constants and feeds included.
  /// - Throws: `GraphError.mistakes` when the graph has some; `.missingInput`, `.inputShape`, `.inputType`.
  public static func run(_ graph: Graph, _ feeds: [Value: Tensor]) throws(GraphError) -> [Value: Tensor] {
    try graph.check()
    var environment: [Value: Tensor] = [:]
    for index in graph.values.indices {
      let value = Value(id: index)
      let info = graph.values[index]
      // The loops exist in Float and Double; half-width buffers would be read past their ends.
      if info.type.dtype == .f16 || info.type.dtype == .bf16 {
        throw .inputType(name: info.name, expected: "f32 or f64", found: info.type.dtype.rawValue)
      }
      switch info.source {
      case .constant(let tensor): environment[value] = tensor
      case .node, .ghost: break
      case .input, .parameter, .state:
        guard let fed = feeds[value] else { continue }
        guard PartialShape(fed.shape) == info.type.shape else {
          throw .inputShape(name: info.name, expected: info.type.shape, found: PartialShape(fed.shape))
        }
        guard fed.dtype == info.type.dtype else {
          throw .inputType(name: info.name, expected: info.type.dtype.rawValue, found: fed.dtype.rawValue)
        }
        environment[value] = fed
      }
    }
    for node in graph.nodes {
      for input in graph.dataInputs(of: node) where environment[input] == nil {
        throw .missingInput(name: graph[input].name, known: graph.inputs.map { graph[$0].name })
      }
      let results = run(graph.op(of: node), graph.site(node), node.inputs.map { $0.flatMap { environment[$0] } })
      for (output, tensor) in zip(node.outputs, results) { environment[output] = tensor }
    }
    return environment
  }

  /// Runs one node on tensors.
  public static func run(_ op: any Operator.Type, _ site: NodeSite, _ operands: [Tensor?]) -> [Tensor] {
    let kernel = kernel(op, site)
    let storages = site.outputs.indices.map { index in
      TensorStorage(byteCount: site.outputShape(index).count * site.outputs[index].dtype.size)
    }
    var inputs: [UnsafeRawPointer?] = []
    for operand in operands {
      inputs.append(operand.flatMap { tensor in tensor.withUnsafeBytes { $0.baseAddress } })
    }
    let outputs: [UnsafeMutableRawPointer?] = storages.map(\.base)
    inputs.withUnsafeBufferPointer { ins in
      outputs.withUnsafeBufferPointer { outs in
        // An array of no elements has no address; a node without inputs never looks at it.
        let none = UnsafePointer<UnsafeRawPointer?>(bitPattern: 8)!
        kernel(Buffers(inputs: ins.baseAddress ?? none, outputs: outs.baseAddress!))
      }
    }
    return withExtendedLifetime(operands) {
      site.outputs.indices.map {
        Tensor(storage: storages[$0], shape: site.outputShape($0), dtype: site.outputs[$0].dtype)
      }
    }
  }

  /// The reference loop of a node in the type it computes in.
  public static func kernel(_ op: any Operator.Type, _ site: NodeSite) -> ReferenceKernel {
    if let kernel = (op as? any WholeOperator.Type)?.wholeKernel(site) { return kernel }
    return site.computeType == .f64 ? op.reference(site, Double.self) : op.reference(site, Float.self)
  }
}
