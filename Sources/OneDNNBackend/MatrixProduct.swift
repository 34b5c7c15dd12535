import CFoveaOneDNN
import FoveaExecution
import FoveaGraphs
import FoveaTensors

/// Gemm and MatMul on plain matrices; transposition is a matter of strides. Of a MatMul the rows of several matrices
/// may stand one after the other, as long as all are multiplied by the same one.
struct MatrixProduct: Implementation {
  /// The type in which both matrices are read; the result is f32.
  var dtype = DType.f32
  var name: String { "oneDNN" }

  func refusal(of site: NodeSite) -> String? {
    if site.attributes.float("alpha", default: 1) != 1 || site.attributes.float("beta", default: 1) != 1 {
      return "a matrix product scaled by alpha or beta"
    }
    let ranks = (site.inputShape(0).rank, site.inputShape(1).rank)
    if ranks.1 != 2 || ranks.0 < 2 { return "a product by other than one matrix" }
    if ranks.0 > 2, dtype != .f32 { return "a product of several matrices in \(dtype.rawValue)" }
    return site.commonRefusal(of: "matrix product")
  }

  func propose(_ site: NodeSite, _ request: ProposalRequest) throws(ExecutionError) -> Proposal {
    try propose(site, request, activations: [])
  }

  func propose(_ site: NodeSite, _ request: ProposalRequest, activations: [Activation]) throws(ExecutionError)
    -> Proposal
  {
    func matrix(_ shape: Shape, transposed: Bool) -> MemoryDescriptor? {
      transposed
        ? MemoryDescriptor([shape[1], shape[0]], strides: [1, shape[1]], dtype)
        : MemoryDescriptor(shape.dims, .plain, dtype)
    }
    var wish = Request(FOVEA_MATMUL)
    wish.activations = activations
    wish.src = matrix(MatrixProduct.rows(site.inputShape(0)), transposed: site.attributes.flag("transA"))
    wish.weights = matrix(site.inputShape(1), transposed: site.attributes.flag("transB"))
    wish.dst = MemoryDescriptor(MatrixProduct.rows(site.outputShape()).dims, .plain)
    var operands: [(argument: fovea_arg, operand: Operand)] = [
      (FOVEA_SRC, .input(0)), (FOVEA_WEIGHTS, .input(1)), (FOVEA_DST, .output(0)),
    ]
    if site.has(2) {
      let own = site.inputShape(2).dims
      wish.bias = MemoryDescriptor([Int](repeating: 1, count: 2 - own.count) + own, .plain)
      operands.append((FOVEA_BIAS, .input(2)))
    }
    guard let found = wish.describe() else { throw OneDNN.failure("a matrix product") }
    var inputs = site.inputs.map { _ in Layout.plain }
    for index in 0..<2 where site.inputShape(index).rank == 2 {
      let dims = site.inputShape(index).dims
      if let plain = MemoryDescriptor(dims, .plain, dtype) { inputs[index] = Layout(plain, dims: dims) }
    }
    return Proposal(found, inputs: inputs, outputs: [.plain], operands)
  }

  /// All matrices of a tensor as one.
  private static func rows(_ shape: Shape) -> Shape {
    [shape.dims.dropLast().reduce(1, *), shape[shape.rank - 1]]
  }
}

/// A matrix product, bias and ReLU in one kernel.
struct FusedGemm: Implementation {
  let product: MatrixProduct
  var name: String { "oneDNN" }

  func refusal(of site: NodeSite) -> String? {
    guard site.attributes.string("pattern", default: "") == "Gemm+Relu", let inner = inner(site) else {
      return "not a matrix product with ReLU"
    }
    return product.refusal(of: inner)
  }

  func propose(_ site: NodeSite, _ request: ProposalRequest) throws(ExecutionError) -> Proposal {
    guard let gemm = inner(site) else { throw OneDNN.failure("a fused matrix product") }
    var proposal = try product.propose(gemm, request, activations: Activation.steps(Op.Relu.name, [:]))
    proposal.losesNaN = true
    return proposal
  }

  private func inner(_ site: NodeSite) -> NodeSite? {
    guard let body = site.node.body, let gemm = body.nodes.first, gemm.op == Op.Gemm.name,
      gemm.inputs.compactMap({ $0 }) == Array(body.inputs.prefix(gemm.inputs.compactMap({ $0 }).count))
    else { return nil }
    return NodeSite(node: gemm, inputs: site.inputs, outputs: site.outputs)
  }
}
