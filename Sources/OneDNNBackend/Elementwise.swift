import CFoveaOneDNN
import FoveaExecution
import FoveaGraphs
import FoveaTensors

/// Activations, in whatever order the operand has.
struct ActivationForward: Implementation {
  var name: String { "oneDNN" }

  func refusal(of site: NodeSite) -> String? {
    site.outputShape().rank == 0 ? "\(site.node.op) of a single number" : site.commonRefusal(of: site.node.op)
  }

  func propose(_ site: NodeSite, _ request: ProposalRequest) throws(ExecutionError) -> Proposal {
    let layout = request.inputLayouts[0] ?? .plain
    let descriptor = layout.elementDescriptor(site.inputShape(0).dims)
    var links: [Chain.Link] = []
    for step in Activation.steps(site.node.op, site.attributes) {
      // The second function works in place, on what the first one made.
      let source = links.isEmpty ? Operand.input(0) : .output(0)
      links.append(
        (
          try step.describe(on: descriptor, training: request.training, as: site.node.op),
          [(FOVEA_SRC, source), (FOVEA_DST, .output(0))]
        ))
    }
    return Proposal(links, inputs: [layout], outputs: [layout], inPlace: [(0, 0)])
  }
}

/// Their gradients, written in the output, or in the input where that does not say enough.
struct ActivationBackward: Implementation {
  var name: String { "oneDNN" }

  func refusal(of site: NodeSite) -> String? {
    if site.outputShape().rank == 0 { return "\(site.node.op) of a single number" }
    let steps = Activation.steps(site.node.op, site.attributes)
    if steps.count > 1, steps[0].code != FOVEA_LINEAR {
      return "the library does not have the gradient of \(site.node.op)"
    }
    return site.commonRefusal(of: site.node.op)
  }

  func propose(_ site: NodeSite, _ request: ProposalRequest) throws(ExecutionError) -> Proposal {
    // The forward pass decided the order; the gradient follows.
    let layout = request.inputLayouts[1] ?? .plain
    let steps = Activation.steps(site.node.op, site.attributes)
    var wish = Request(FOVEA_ELTWISE_BACKWARD)
    wish.activations = steps.suffix(1)
    wish.src = layout.elementDescriptor(site.inputShape(0).dims)
    wish.dst = wish.src
    guard let last = steps.last, wish.src != nil, let found = wish.describe() else {
      throw OneDNN.failure(site.node.op)
    }
    var links: [Chain.Link] = [
      (
        found,
        [
          (FOVEA_DIFF_DST, .input(0)), (last.readsInput ? FOVEA_SRC : FOVEA_DST, .input(1)),
          (FOVEA_DIFF_SRC, .output(0)),
        ]
      )
    ]
    if steps.count > 1 {
      // What comes before is a line, whose gradient is its slope.
      let slope = Activation(code: FOVEA_LINEAR, alpha: steps[0].alpha)
      links.append(
        (
          try slope.describe(on: wish.src, training: false, as: site.node.op),
          [(FOVEA_SRC, .output(0)), (FOVEA_DST, .output(0))]
        ))
    }
    return Proposal(links, inputs: [layout, layout], outputs: [layout], inPlace: [(0, 0)])
  }
}

extension Activation {
  /// The primitive of this function by itself.
  func describe(
    on descriptor: MemoryDescriptor?, training: Bool, as op: String
  ) throws(ExecutionError) -> PrimitiveDescription {
    var wish = Request(FOVEA_ELTWISE_FORWARD)
    wish.training = training
    wish.activations = [self]
    wish.src = descriptor
    guard descriptor != nil, let found = wish.describe() else { throw OneDNN.failure(op) }
    return found
  }
}

/// Sum, difference, product, quotient and extremes of two tensors of one shape, or with a single number.
struct Arithmetic: Implementation {
  static let names = [Op.Add.name, Op.Sub.name, Op.Mul.name, Op.Div.name, Op.Max.name, Op.Min.name]

  var name: String { "oneDNN" }

  func refusal(of site: NodeSite) -> String? {
    let shape = site.outputShape()
    guard site.inputs.count == 2 else { return "\(site.inputs.count) operands" }
    guard shape.rank > 0, site.inputShape(0) == shape,
      site.inputShape(1) == shape || (site.inputShape(1).count == 1 && site.inputShape(1).rank <= shape.rank)
    else { return "broadcasting" }
    return site.commonRefusal(of: site.node.op)
  }

  func propose(_ site: NodeSite, _ request: ProposalRequest) throws(ExecutionError) -> Proposal {
    let shape = site.outputShape()
    let same = site.inputShape(1) == shape
    let layouts = request.inputLayouts.prefix(same ? 2 : 1).compactMap { $0 }
    // The narrow one of two, since it comes from a convolution, and sums mostly go to one.
    var layout = layouts.first { $0.isNarrow } ?? layouts.first ?? .plain
    if site.node.op == Op.Max.name || site.node.op == Op.Min.name, layouts.contains(where: { !$0.isNarrow }) {
      // The gradient looks for the operand that is the result, to the last bit: a rounded copy never is.
      layout = layout.widened(shape.dims)
    }
    var wish = Request(FOVEA_BINARY)
    wish.src = layout.elementDescriptor(shape.dims)
    wish.src1 = same ? wish.src : MemoryDescriptor([Int](repeating: 1, count: layout.rank(of: shape)), .plain)
    wish.dst = wish.src
    switch site.node.op {
    case Op.Sub.name: wish.binary = FOVEA_SUB
    case Op.Mul.name: wish.binary = FOVEA_MUL
    case Op.Max.name: wish.binary = FOVEA_MAX
    case Op.Min.name: wish.binary = FOVEA_MIN
    case Op.Div.name:
      wish.binary = FOVEA_DIV
      // Zeros that fill an order up must stay zeros, and 0/0 is none.
      if layout.byteCount(site.outputs[0]) != shape.count * layout.elements.size {
        throw OneDNN.failure("dividing padded blocks")
      }
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
