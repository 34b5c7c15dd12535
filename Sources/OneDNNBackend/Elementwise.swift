import CFoveaOneDNN
import FoveaExecution
import FoveaGraphs
import FoveaTensors

/// ReLU, leaky ReLU, sigmoid, tanh, in whatever order the operand has.
struct ActivationForward: Implementation {
  var name: String { "oneDNN" }

  func refusal(of site: NodeSite) -> String? {
    site.outputShape().rank == 0 ? "\(site.node.op) of a single number" : site.commonRefusal(of: site.node.op)
  }

  func propose(_ site: NodeSite, _ request: ProposalRequest) throws(ExecutionError) -> Proposal {
    let layout = request.inputLayouts[0] ?? .plain
    var wish = Request(FOVEA_ELTWISE_FORWARD)
    wish.training = request.training
    wish.activation = Activation(site.node.op, site.attributes)
    wish.src = layout.descriptor(site.inputShape(0).dims)
    guard wish.src != nil, let found = wish.describe() else { throw OneDNN.failure(site.node.op) }
    return Proposal(
      found, inputs: [layout], outputs: [layout], inPlace: [(0, 0)],
      [(FOVEA_SRC, .input(0)), (FOVEA_DST, .output(0))])
  }
}

/// Their gradients, written in the output.
struct ActivationBackward: Implementation {
  var name: String { "oneDNN" }

  func refusal(of site: NodeSite) -> String? {
    site.outputShape().rank == 0 ? "\(site.node.op) of a single number" : site.commonRefusal(of: site.node.op)
  }

  func propose(_ site: NodeSite, _ request: ProposalRequest) throws(ExecutionError) -> Proposal {
    // The forward pass decided the order; the gradient follows.
    let layout = request.inputLayouts[1] ?? .plain
    var wish = Request(FOVEA_ELTWISE_BACKWARD)
    wish.activation = Activation(site.node.op, site.attributes)
    wish.src = layout.descriptor(site.inputShape(0).dims)
    wish.dst = wish.src
    guard wish.src != nil, let found = wish.describe() else { throw OneDNN.failure(site.node.op) }
    return Proposal(
      found, inputs: [layout, layout], outputs: [layout], inPlace: [(0, 0)],
      [(FOVEA_DIFF_DST, .input(0)), (FOVEA_DST, .input(1)), (FOVEA_DIFF_SRC, .output(0))])
  }
}

/// Sum, difference, product and quotient of two tensors of one shape, or with a single number.
struct Arithmetic: Implementation {
  var name: String { "oneDNN" }

  func refusal(of site: NodeSite) -> String? {
    let shape = site.outputShape()
    guard shape.rank > 0, site.inputShape(0) == shape,
      site.inputShape(1) == shape || (site.inputShape(1).count == 1 && site.inputShape(1).rank <= shape.rank)
    else { return "broadcasting" }
    return site.commonRefusal(of: site.node.op)
  }

  func propose(_ site: NodeSite, _ request: ProposalRequest) throws(ExecutionError) -> Proposal {
    let shape = site.outputShape()
    let same = site.inputShape(1) == shape
    let layout = request.inputLayouts[0] ?? (same ? request.inputLayouts[1] : nil) ?? .plain
    var wish = Request(FOVEA_BINARY)
    wish.src = layout.descriptor(shape.dims)
    wish.src1 = same ? wish.src : MemoryDescriptor([Int](repeating: 1, count: layout.rank(of: shape)), .plain)
    wish.dst = wish.src
    switch site.node.op {
    case Op.Sub.name: wish.binary = FOVEA_SUB
    case Op.Mul.name: wish.binary = FOVEA_MUL
    case Op.Div.name:
      wish.binary = FOVEA_DIV
      // Zeros that fill an order up must stay zeros, and 0/0 is none.
      if layout.byteCount(site.outputs[0]) != shape.count * 4 { throw OneDNN.failure("dividing padded blocks") }
    default: wish.binary = FOVEA_ADD
    }
    guard wish.src != nil, let found = wish.describe() else { throw OneDNN.failure(site.node.op) }
    return Proposal(
      found, inputs: [layout, same ? layout : .plain], outputs: [layout], inPlace: [(0, 0)],
      [(FOVEA_SRC, .input(0)), (FOVEA_SRC_1, .input(1)), (FOVEA_DST, .output(0))])
  }
}

extension Layout {
  /// The number of axes that this layout gives a tensor of `shape`: grouped weights have one more.
  fileprivate func rank(of shape: Shape) -> Int {
    if case .foreign(let own) = self, let own = own as? OneDNNLayout { return own.dims.count }
    return shape.rank
  }
}
