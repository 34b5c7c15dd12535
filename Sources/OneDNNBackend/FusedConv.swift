import CFoveaOneDNN
import FoveaExecution
import FoveaGraphs
import FoveaTensors

/// Convolution, bias, the sum with a shortcut and an activation in one kernel.
///
/// The shortcut is read by a binary post-op and never written over: the in-place sum of the library would need
/// a buffer that nothing reads afterwards, which the plan only offers and does not promise. Where the
/// library's convolution does not take what follows, that is done in place by a second primitive.
struct FusedConv: Implementation {
  let chooser: ConvChooser
  var name: String { "oneDNN" }

  /// The convolution of a fused node and what follows it, in terms of the node's own operands.
  private struct Parts {
    let conv: NodeSite
    let activations: [Activation]
    /// The operand that is added.
    let added: Int?

    /// What our own kernels do in one step; nil where they do not.
    var role: WinogradRole? {
      let bias = conv.has(2) ? 2 : nil
      guard let first = activations.first else { return .forward(bias: bias, added: added, slope: nil) }
      guard activations.count == 1, first.code == FOVEA_RELU || first.code == FOVEA_LEAKY else { return nil }
      return .forward(bias: bias, added: added, slope: first.code == FOVEA_LEAKY ? first.alpha : 0)
    }
  }

  func refusal(of site: NodeSite) -> String? {
    guard parts(site) != nil else { return "not a convolution with what it can do in one kernel" }
    return site.commonRefusal(of: "convolution")
  }

  func propose(_ site: NodeSite, _ request: ProposalRequest) throws(ExecutionError) -> Proposal {
    guard let parts = parts(site) else { throw OneDNN.failure("a fused convolution") }
    let after = parts.activations.map { "\($0.code.rawValue) \($0.alpha) \($0.beta)" }
    let problem = ConvForward.problem(
      parts.conv, site, request, after: ((parts.added.map { ["plus \($0)"] } ?? []) + after).joined(separator: ", "),
      role: parts.role
    ) { (plain: PrimitiveDescription, sizes: ConvSizes) throws(ExecutionError) in
      try answer(site, request, parts, plain, sizes)
    }
    return try chooser.choose(problem, as: "a convolution")
  }

  /// The step around `plain`, which the convolution alone would be: what follows must not make it slower.
  private func answer(
    _ site: NodeSite, _ request: ProposalRequest, _ parts: Parts, _ plain: PrimitiveDescription, _ sizes: ConvSizes
  ) throws(ExecutionError) -> Proposal {
    let result = plain.layout(FOVEA_DST, sizes.y)
    var inputs = ConvForward.inputs(parts.conv, plain, sizes)
    // The convolution may be asked for fewer operands than the node has.
    while inputs.count < site.inputs.count { inputs.append(.plain) }
    let operands = ConvForward.operands(parts.conv) + [(FOVEA_DST, .output(0))]
    let shortcut = parts.added.flatMap { _ in plain.descriptor(FOVEA_DST) }
    if let added = parts.added {
      guard shortcut != nil, let own = site.inputs[added]?.shape.concrete, own == site.outputShape() else {
        throw OneDNN.failure("adding a shortcut")
      }
      // The same operand may be the convolution's own input, in an order of its own.
      if added < parts.conv.inputs.count, inputs[added] != result { throw OneDNN.failure("adding its own input") }
      inputs[added] = result
    }
    var wish = ConvForward.wish(
      parts.conv, request, sizes, plain.descriptor(FOVEA_SRC), plain.descriptor(FOVEA_DST))
    wish.weights = plain.descriptor(FOVEA_WEIGHTS)
    wish.algorithm = plain.name.hasPrefix("jit_wino") ? FOVEA_WINOGRAD : FOVEA_DIRECT
    wish.activations = parts.activations
    wish.added = shortcut
    if let fused = wish.describe(), fused.name == plain.name {
      let all = parts.added.map { operands + [(FOVEA_ADDED, .input($0))] } ?? operands
      var proposal = Proposal(fused, inputs: inputs, outputs: [result], all)
      proposal.losesNaN = parts.activations.contains(where: \.losesNaN)
      return proposal
    }
    var links: [Chain.Link] = [(plain, operands)]
    let inPlace: [(argument: fovea_arg, operand: Operand)] = [(FOVEA_SRC, .output(0)), (FOVEA_DST, .output(0))]
    if let added = parts.added {
      var sum = Request(FOVEA_BINARY)
      sum.src = plain.descriptor(FOVEA_DST)
      sum.src1 = shortcut
      sum.dst = sum.src
      guard let second = sum.describe() else { throw OneDNN.failure("what follows a convolution") }
      links.append((second, inPlace + [(FOVEA_SRC_1, .input(added))]))
    }
    // Not as a post-op of the sum: in place, on blocks with padding, 2.6 then answers wrongly.
    for step in parts.activations {
      let descriptor = plain.descriptor(FOVEA_DST)
      links.append((try step.describe(on: descriptor, training: false, as: "what follows a convolution"), inPlace))
    }
    var proposal = Proposal(links, inputs: inputs, outputs: [result])
    proposal.losesNaN = parts.activations.contains(where: \.losesNaN)
    return proposal
  }

  private func parts(_ site: NodeSite) -> Parts? {
    guard let body = site.node.body, let conv = body.nodes.first, conv.op == Op.Conv.name,
      conv.inputs.compactMap({ $0 }) == Array(body.inputs.prefix(conv.inputs.compactMap({ $0 }).count))
    else { return nil }
    var added: Int?
    var activations: [Activation] = []
    var current = conv.outputs[0]
    for (place, node) in body.nodes.dropFirst().enumerated() {
      if place == 0, node.op == Op.Add.name, let other = node.inputs.first(where: { $0 != current }) ?? nil {
        added = body.inputs.firstIndex(of: other)
        guard let added, site.inputs[added]?.shape == site.outputs[0].shape else { return nil }
      } else if activations.isEmpty, node.inputs[0] == current {
        activations = Activation.steps(node.op, node.attributes)
        if activations.isEmpty { return nil }
      } else {
        return nil
      }
      current = node.outputs[0]
    }
    let count = conv.inputs.compactMap { $0 }.count
    let alone = NodeSite(node: conv, inputs: Array(site.inputs.prefix(count)), outputs: site.outputs)
    return Parts(conv: alone, activations: activations, added: added)
  }
}
