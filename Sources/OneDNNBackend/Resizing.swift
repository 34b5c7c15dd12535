import CFoveaOneDNN
import FoveaExecution
import FoveaGraphs
import FoveaTensors

/// Resizing, where the library's rule for coordinates (centres of pixels, the ratio of the extents) gives the same
/// places as the node's; everything else is left to the plain loop.
private enum Resizing {
  static func refusal(_ site: NodeSite, backward: Bool) -> String? {
    if let refusal = site.commonRefusal(of: "resizing") { return refusal }
    if !Resampling.hasLibraryCoordinates(site, backward: backward) { return "resizing by other coordinates" }
    return nil
  }

  static func request(_ kind: fovea_kind, _ site: NodeSite, src: MemoryDescriptor?, dst: MemoryDescriptor?) -> Request {
    var request = Request(kind)
    request.linear = site.attributes.string("mode", default: "nearest") == "linear"
    request.src = src
    request.dst = dst
    return request
  }
}

struct ResizeForward: Implementation {
  var name: String { "oneDNN" }

  func refusal(of site: NodeSite) -> String? { Resizing.refusal(site, backward: false) }

  func propose(_ site: NodeSite, _ request: ProposalRequest) throws(ExecutionError) -> Proposal {
    let (x, y) = (site.inputShape(0).dims, site.outputShape().dims)
    let layout = request.inputLayouts[0] ?? .plain
    guard let src = layout.descriptor(x) else { throw OneDNN.failure("resizing") }
    var wish = Resizing.request(FOVEA_RESIZE_FORWARD, site, src: src, dst: MemoryDescriptor(y, .any, layout.elements))
    wish.training = request.training
    guard let found = wish.describe() else { throw OneDNN.failure("resizing") }
    return Proposal(
      found, inputs: [layout] + site.inputs.dropFirst().map { _ in .plain }, outputs: [found.layout(FOVEA_DST, y)],
      [(FOVEA_SRC, .input(0)), (FOVEA_DST, .output(0))])
  }
}

struct ResizeBackward: Implementation {
  var name: String { "oneDNN" }

  func refusal(of site: NodeSite) -> String? { Resizing.refusal(site, backward: true) }

  func propose(_ site: NodeSite, _ request: ProposalRequest) throws(ExecutionError) -> Proposal {
    let (x, y) = (site.outputShape().dims, site.inputShape(0).dims)
    let dtype = request.inputLayouts[0]?.elements ?? .f32
    for order in [request.inputLayouts[0]?.order ?? .any, .plain] where order != .any {
      let wish = Resizing.request(
        FOVEA_RESIZE_BACKWARD, site, src: MemoryDescriptor(x, order, dtype), dst: MemoryDescriptor(y, order, dtype))
      guard let found = wish.describe() else { continue }
      return Proposal(
        found, inputs: [found.layout(FOVEA_DIFF_DST, y), .plain], outputs: [found.layout(FOVEA_DIFF_SRC, x)],
        [(FOVEA_DIFF_DST, .input(0)), (FOVEA_DIFF_SRC, .output(0))])
    }
    throw OneDNN.failure("resizing's gradient")
  }
}
