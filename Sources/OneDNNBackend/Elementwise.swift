import CFoveaOneDNN
import FoveaExecution
import FoveaGraphs
import FoveaTensors

struct ReluForward: Implementation {
  var name: String { "oneDNN" }

  func refusal(of site: NodeSite) -> String? {
    site.outputShape().rank == 0 ? "ReLU of a single number" : site.commonRefusal(of: "ReLU")
  }

  func propose(_ site: NodeSite, _ request: ProposalRequest) throws(ExecutionError) -> Proposal {
    let layout = request.inputLayouts[0] ?? .plain
    var wish = Request(FOVEA_RELU_FORWARD)
    wish.training = request.training
    wish.src = layout.descriptor(site.inputShape(0).dims)
    guard wish.src != nil, let found = wish.describe() else { throw OneDNN.failure("ReLU") }
    return Proposal(
      found, inputs: [layout], outputs: [layout], inPlace: [(0, 0)],
      [(FOVEA_SRC, .input(0)), (FOVEA_DST, .output(0))])
  }
}

struct ReluBackward: Implementation {
  var name: String { "oneDNN" }

  func refusal(of site: NodeSite) -> String? {
    site.outputShape().rank == 0 ? "ReLU of a single number" : site.commonRefusal(of: "ReLU")
  }

  func propose(_ site: NodeSite, _ request: ProposalRequest) throws(ExecutionError) -> Proposal {
    // The forward pass decided the order; the gradient follows.
    let layout = request.inputLayouts[1] ?? .plain
    var wish = Request(FOVEA_RELU_BACKWARD)
    wish.src = layout.descriptor(site.inputShape(0).dims)
    wish.dst = wish.src
    guard wish.src != nil, let found = wish.describe() else { throw OneDNN.failure("ReLU's gradient") }
    return Proposal(
      found, inputs: [layout, layout], outputs: [layout], inPlace: [(0, 0)],
      [(FOVEA_DIFF_DST, .input(0)), (FOVEA_DST, .input(1)), (FOVEA_DIFF_SRC, .output(0))])
  }
}

struct Sum: Implementation {
  var name: String { "oneDNN" }

  func refusal(of site: NodeSite) -> String? {
    let shape = site.outputShape()
    guard shape.rank > 0, site.inputShape(0) == shape, site.inputShape(1) == shape else { return "broadcasting" }
    return site.commonRefusal(of: "addition")
  }

  func propose(_ site: NodeSite, _ request: ProposalRequest) throws(ExecutionError) -> Proposal {
    let layout = request.inputLayouts[0] ?? request.inputLayouts[1] ?? .plain
    var wish = Request(FOVEA_ADD)
    wish.src = layout.descriptor(site.outputShape().dims)
    wish.src1 = wish.src
    wish.dst = wish.src
    guard wish.src != nil, let found = wish.describe() else { throw OneDNN.failure("addition") }
    return Proposal(
      found, inputs: [layout, layout], outputs: [layout], inPlace: [(0, 0)],
      [(FOVEA_SRC, .input(0)), (FOVEA_SRC_1, .input(1)), (FOVEA_DST, .output(0))])
  }
}
