import CFoveaOneDNN
import FoveaExecution
import FoveaGraphs
import FoveaTensors

/// Gemm on plain matrices; transposition is a matter of strides.
struct MatrixProduct: Implementation {
  var name: String { "oneDNN" }

  func refusal(of site: NodeSite) -> String? {
    if site.attributes.float("alpha", default: 1) != 1 || site.attributes.float("beta", default: 1) != 1 {
      return "a matrix product scaled by alpha or beta"
    }
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
        ? MemoryDescriptor([shape[1], shape[0]], strides: [1, shape[1]]) : MemoryDescriptor(shape.dims, .plain)
    }
    var wish = Request(FOVEA_MATMUL)
    wish.activations = activations
    wish.src = matrix(site.inputShape(0), transposed: site.attributes.flag("transA"))
    wish.weights = matrix(site.inputShape(1), transposed: site.attributes.flag("transB"))
    wish.dst = MemoryDescriptor(site.outputShape().dims, .plain)
    var operands: [(argument: fovea_arg, operand: Operand)] = [
      (FOVEA_SRC, .input(0)), (FOVEA_WEIGHTS, .input(1)), (FOVEA_DST, .output(0)),
    ]
    if site.has(2) {
      let own = site.inputShape(2).dims
      wish.bias = MemoryDescriptor([Int](repeating: 1, count: 2 - own.count) + own, .plain)
      operands.append((FOVEA_BIAS, .input(2)))
    }
    guard let found = wish.describe() else { throw OneDNN.failure("a matrix product") }
    return Proposal(found, inputs: site.inputs.map { _ in .plain }, outputs: [.plain], operands)
  }
}

/// A matrix product, bias and ReLU in one kernel.
struct FusedGemm: Implementation {
  var name: String { "oneDNN" }

  func refusal(of site: NodeSite) -> String? {
    guard site.attributes.string("pattern", default: "") == "Gemm+Relu", let inner = inner(site) else {
      return "not a matrix product with ReLU"
    }
    return MatrixProduct().refusal(of: inner)
  }

  func propose(_ site: NodeSite, _ request: ProposalRequest) throws(ExecutionError) -> Proposal {
    guard let gemm = inner(site) else { throw OneDNN.failure("a fused matrix product") }
    return try MatrixProduct().propose(gemm, request, activations: Activation.steps(Op.Relu.name, [:]))
  }

  private func inner(_ site: NodeSite) -> NodeSite? {
    guard let body = site.node.body, let gemm = body.nodes.first, gemm.op == Op.Gemm.name,
      gemm.inputs.compactMap({ $0 }) == Array(body.inputs.prefix(gemm.inputs.compactMap({ $0 }).count))
    else { return nil }
    return NodeSite(node: gemm, inputs: site.inputs, outputs: site.outputs)
  }
}
