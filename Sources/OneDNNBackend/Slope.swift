import CFoveaOneDNN
import FoveaExecution
import FoveaGraphs
import FoveaTensors

/// PReLU, in the operand's order or, where the library has only its plain loops for that, in plain order. For a
/// single slope it has nothing else: ours are a hundred times faster.
struct SlopeForward: Implementation {
  var name: String { "oneDNN" }

  func refusal(of site: NodeSite) -> String? { site.slopeRefusal(of: 0) }

  func propose(_ site: NodeSite, _ request: ProposalRequest) throws(ExecutionError) -> Proposal {
    let (found, layout) = try site.slopePrimitive(
      FOVEA_PRELU_FORWARD, x: 0, slope: 1, request.inputLayouts[0], training: request.training)
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
    let (found, layout) = try site.slopePrimitive(
      FOVEA_PRELU_BACKWARD, x: 1, slope: 2, request.inputLayouts[1], training: true)
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

  /// The first order, of the one X has and the plain one, that the library has generated code for.
  fileprivate func slopePrimitive(
    _ kind: fovea_kind, x: Int, slope: Int, _ layout: Layout?, training: Bool
  ) throws(ExecutionError) -> (PrimitiveDescription, Layout) {
    let shape = inputShape(x)
    let count = inputShape(slope).count
    // One number, or one per channel, as a tensor that repeats over X.
    let dims = shape.dims.indices.map { $0 == 1 ? count : 1 }
    for layout in [layout ?? .plain, .plain] {
      var wish = Request(kind)
      wish.training = training
      wish.src = layout.descriptor(shape.dims)
      wish.dst = wish.src
      // The library wants the slopes in the order of X, whose bytes are the plain ones unless blocks are filled up.
      let alike = layout.order == .any ? nil : MemoryDescriptor(dims, layout.order)
      wish.weights = alike?.byteCount == count * 4 ? alike : MemoryDescriptor(dims, .plain)
      if wish.src != nil, let found = wish.describe(), !found.name.hasPrefix("ref") { return (found, layout) }
    }
    throw OneDNN.failure("generated code for \(node.op)")
  }
}
