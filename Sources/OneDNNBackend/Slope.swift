import CFoveaOneDNN
import FoveaExecution
import FoveaGraphs
import FoveaTensors

/// PReLU, in whatever order the operand has.
struct SlopeForward: Implementation {
  var name: String { "oneDNN" }

  func refusal(of site: NodeSite) -> String? { site.slopeRefusal(of: 0) }

  func propose(_ site: NodeSite, _ request: ProposalRequest) throws(ExecutionError) -> Proposal {
    let layout = request.inputLayouts[0] ?? .plain
    var wish = Request(FOVEA_PRELU_FORWARD)
    wish.training = request.training
    wish.src = layout.descriptor(site.inputShape(0).dims)
    wish.weights = site.slopes(1, like: site.inputShape(0))
    guard wish.src != nil, let found = wish.describe() else { throw OneDNN.failure(site.node.op) }
    return Proposal(
      found, inputs: [layout, .plain], outputs: [layout],
      [(FOVEA_SRC, .input(0)), (FOVEA_WEIGHTS, .input(1)), (FOVEA_DST, .output(0))])
  }
}

/// Its gradients: of the numbers and of the slopes.
struct SlopeBackward: Implementation {
  var name: String { "oneDNN" }

  func refusal(of site: NodeSite) -> String? { site.slopeRefusal(of: 1) }

  func propose(_ site: NodeSite, _ request: ProposalRequest) throws(ExecutionError) -> Proposal {
    // The forward pass decided the order; the gradient follows.
    let layout = request.inputLayouts[1] ?? .plain
    var wish = Request(FOVEA_PRELU_BACKWARD)
    wish.src = layout.descriptor(site.inputShape(1).dims)
    wish.dst = wish.src
    wish.weights = site.slopes(2, like: site.inputShape(1))
    guard wish.src != nil, let found = wish.describe() else { throw OneDNN.failure(site.node.op) }
    return Proposal(
      found, inputs: [layout, layout, .plain], outputs: [layout, .plain],
      [
        (FOVEA_SRC, .input(1)), (FOVEA_WEIGHTS, .input(2)), (FOVEA_DIFF_DST, .input(0)),
        (FOVEA_DIFF_SRC, .output(0)), (FOVEA_DIFF_WEIGHTS, .output(1)),
      ])
  }
}

extension NodeSite {
  fileprivate func slopeRefusal(of x: Int) -> String? {
    inputShape(x).rank == 0 ? "\(node.op) of a single number" : commonRefusal(of: node.op)
  }

  /// The slopes as a tensor that repeats over X: one number, or one per channel.
  fileprivate func slopes(_ index: Int, like x: Shape) -> MemoryDescriptor? {
    let count = inputShape(index).count
    return MemoryDescriptor(x.dims.indices.map { $0 == 1 ? count : 1 }, .plain)
  }
}
