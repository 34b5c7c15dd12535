import CFoveaOneDNN
import FoveaExecution
import FoveaGraphs
import FoveaTensors

/// A training step's batch normalization with the sum and the ReLU behind it.
///
/// On channels in blocks of 16 it is a kernel of our own; in other orders the library's primitives come one after the
/// other, in place.
struct FusedNormForward: Implementation {
  var name: String { "oneDNN" }

  /// What a fused node does behind the norm.
  private struct Parts {
    let norm: Node
    /// The operand that is added.
    let added: Int?
    let isRectified: Bool
  }

  func refusal(of site: NodeSite) -> String? {
    guard parts(site) != nil else { return "not a norm with a sum and ReLU" }
    return site.inputShape(0).rank < 3 ? "a norm without spatial axes" : site.commonRefusal(of: "batch normalization")
  }

  func propose(_ site: NodeSite, _ request: ProposalRequest) throws(ExecutionError) -> Proposal {
    guard let parts = parts(site) else { throw OneDNN.failure("a fused norm") }
    let layout = request.inputLayouts[0] ?? .plain
    let shape = site.inputShape(0)
    let update = RunningStatistics(shape, parts.norm.attributes)
    let epsilon = Float(parts.norm.attributes.float("epsilon", default: 1e-5))
    let inputs = [layout] + [Layout](repeating: .plain, count: 4) + (parts.added == nil ? [] : [layout])
    let outputs = [layout] + [Layout](repeating: .plain, count: 4)
    if let own = BlockedNorm(layout, shape, epsilon: epsilon, threads: request.threads) {
      return Proposal(
        inputs: inputs, outputs: outputs,
        inPlace: [(0, 0)] + (parts.added.map { [(0, $0)] } ?? []) + [(1, 3), (2, 4)], scratchBytes: own.scratchBytes,
        detail: own.detail
      ) { () throws(ExecutionError) in
        NormKernel(primitive: own.forward(added: parts.added, isRectified: parts.isRectified), update: update)
      }
    }
    var wish = Request(FOVEA_NORM_FORWARD)
    wish.training = true
    wish.epsilon = epsilon
    wish.src = layout.descriptor(shape.dims)
    guard wish.src != nil, let found = wish.describe() else { throw OneDNN.failure("batch normalization") }
    var links: [Chain.Link] = [
      (
        found,
        [
          (FOVEA_SRC, .input(0)), (FOVEA_SCALE, .input(1)), (FOVEA_SHIFT, .input(2)), (FOVEA_DST, .output(0)),
          (FOVEA_MEAN, .output(3)), (FOVEA_VARIANCE, .output(4)),
        ]
      )
    ]
    let inPlace: [(argument: fovea_arg, operand: Operand)] = [(FOVEA_SRC, .output(0)), (FOVEA_DST, .output(0))]
    if let added = parts.added {
      var sum = Request(FOVEA_BINARY)
      (sum.src, sum.src1, sum.dst) = (wish.src, wish.src, wish.src)
      guard let second = sum.describe() else { throw OneDNN.failure("what follows a norm") }
      links.append((second, inPlace + [(FOVEA_SRC_1, .input(added))]))
    }
    if parts.isRectified {
      let relu = Activation(code: FOVEA_RELU)
      links.append((try relu.describe(on: wish.src, training: true, as: "what follows a norm"), inPlace))
    }
    let chain = Proposal(links, inputs: inputs, outputs: outputs)
    var proposal = Proposal(
      inputs: inputs, outputs: outputs, inPlace: [(1, 3), (2, 4)], scratchBytes: chain.scratchBytes,
      detail: chain.detail
    ) { () throws(ExecutionError) in NormKernel(primitive: try chain.build(), update: update) }
    proposal.losesNaN = parts.isRectified
    return proposal
  }

  private func parts(_ site: NodeSite) -> Parts? {
    guard let body = site.node.body, let norm = body.nodes.first, norm.op == Op.BatchNormalization.name,
      norm.outputs.count == 5, norm.inputs.compactMap({ $0 }) == Array(body.inputs.prefix(5)), body.outputs.count == 5
    else { return nil }
    var rest = body.nodes.dropFirst()
    var added: Int?
    if let sum = rest.first, sum.op == Op.Add.name {
      guard body.inputs.count == 6, sum.inputs.contains(body.inputs[5]) else { return nil }
      added = 5
      rest = rest.dropFirst()
    } else if body.inputs.count != 5 {
      return nil
    }
    guard rest.count <= 1, rest.allSatisfy({ $0.op == Op.Relu.name }) else { return nil }
    return Parts(norm: norm, added: added, isRectified: !rest.isEmpty)
  }
}

/// The gradients of ReLU and of the norm before it.
struct FusedNormBackward: Implementation {
  var name: String { "oneDNN" }

  func refusal(of site: NodeSite) -> String? {
    guard norm(site) != nil else { return "not the gradient of ReLU and a norm" }
    return site.inputShape(0).rank < 3 ? "a norm without spatial axes" : site.commonRefusal(of: "batch normalization")
  }

  func propose(_ site: NodeSite, _ request: ProposalRequest) throws(ExecutionError) -> Proposal {
    guard let norm = norm(site) else { throw OneDNN.failure("a fused norm's gradient") }
    // The forward pass decided the order.
    let layout = request.inputLayouts[2] ?? .plain
    let keepsPassed = site.outputs.count > 3
    let epsilon = Float(norm.attributes.float("epsilon", default: 1e-5))
    let inputs = [layout, layout, layout] + [Layout](repeating: .plain, count: site.inputs.count - 3)
    let outputs = [layout, .plain, .plain] + (keepsPassed ? [layout] : [])
    if let own = BlockedNorm(layout, site.inputShape(2), epsilon: epsilon, threads: request.threads) {
      let places = BlockedNorm.Places(y: 1, x: 2, shift: site.inputs.count > 6 ? 6 : nil)
      return Proposal(
        inputs: inputs, outputs: outputs, inPlace: keepsPassed ? [(3, 0), (0, 2)] : [(0, 2), (0, 0)],
        scratchBytes: own.scratchBytes, detail: own.detail
      ) { () throws(ExecutionError) in own.backward(places, keepsPassed: keepsPassed) }
    }
    let descriptor = layout.descriptor(site.inputShape(2).dims)
    var passing = Request(FOVEA_ELTWISE_BACKWARD)
    passing.activations = [Activation(code: FOVEA_RELU)]
    (passing.src, passing.dst) = (descriptor, descriptor)
    var wish = Request(FOVEA_NORM_BACKWARD)
    wish.epsilon = epsilon
    (wish.src, wish.dst) = (descriptor, descriptor)
    guard descriptor != nil, let first = passing.describe(), let second = wish.describe() else {
      throw OneDNN.failure("a fused norm's gradient")
    }
    // Where nobody else reads it, what passed lies where the result will.
    let passed = Operand.output(keepsPassed ? 3 : 0)
    var operands: [(argument: fovea_arg, operand: Operand)] = [
      (FOVEA_DIFF_DST, passed), (FOVEA_SRC, .input(2)), (FOVEA_SCALE, .input(3)), (FOVEA_MEAN, .input(4)),
      (FOVEA_VARIANCE, .input(5)), (FOVEA_DIFF_SRC, .output(0)), (FOVEA_DIFF_SCALE, .output(1)),
      (FOVEA_DIFF_SHIFT, .output(2)),
    ]
    // 2.x asks for the shift, which no gradient depends on; any vector of that length will do.
    if second.functions.major < 3 { operands.append((FOVEA_SHIFT, .input(3))) }
    return Proposal(
      [(first, [(FOVEA_DIFF_DST, .input(0)), (FOVEA_DST, .input(1)), (FOVEA_DIFF_SRC, passed)]), (second, operands)],
      inputs: inputs, outputs: outputs)
  }

  /// The norm's gradient of a fused node.
  private func norm(_ site: NodeSite) -> Node? {
    guard let body = site.node.body, body.nodes.count == 2, body.nodes[0].op == Op.ReluBackward.name,
      body.nodes[1].op == Op.BatchNormalizationBackward.name,
      body.inputs.count == (site.attributes.flag(FuseNorms.again) ? 7 : 6),
      body.nodes[0].inputs.compactMap({ $0 }) == Array(body.inputs[0..<2]),
      body.nodes[1].inputs.compactMap({ $0 }) == body.nodes[0].outputs + Array(body.inputs[2..<6])
    else { return nil }
    return body.nodes[1]
  }
}
