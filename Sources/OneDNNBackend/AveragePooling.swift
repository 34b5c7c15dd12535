import CFoveaOneDNN
import FoveaExecution
import FoveaGraphs
import FoveaTensors

/// An average pooling, or the one over everything, in oneDNN's terms.
private struct MeanSizes {
  let geometry: ConvGeometry
  let x: [Int]
  let y: [Int]
  let isGlobal: Bool
  let countsPadding: Bool

  init(_ site: NodeSite, x: Shape, y: Shape) {
    self.x = x.dims
    self.y = y.dims
    isGlobal = site.node.op == Op.GlobalAveragePool.name || site.node.op == Op.GlobalAveragePoolBackward.name
    let kernel = isGlobal ? Array(x.dims.dropFirst(2)) : site.attributes.ints("kernel_shape", default: [])
    geometry = ConvGeometry(isGlobal ? [:] : site.attributes, kernel: kernel)
    countsPadding = !isGlobal && site.attributes.flag("count_include_pad")
  }

  var refusal: String? {
    guard (1...3).contains(geometry.axes) else { return "average pooling over \(geometry.axes) axes" }
    if geometry.dilations.contains(where: { $0 > 1 }) { return "average pooling with dilation" }
    guard countsPadding else { return nil }
    for axis in 0..<geometry.axes {
      let (before, after) = geometry.padding(axis, extent: x[axis + 2])
      let reach = (y[axis + 2] - 1) * geometry.strides[axis] + geometry.span(axis)
      // The library divides by the whole window; what lies behind the padding must not count.
      if reach > x[axis + 2] + before + after { return "average pooling that reaches behind its padding" }
    }
    return nil
  }

  func request(_ kind: fovea_kind, src: MemoryDescriptor?, dst: MemoryDescriptor?) -> Request {
    var request = Request(kind)
    request.pool = countsPadding ? FOVEA_POOL_MEAN_ALL : FOVEA_POOL_MEAN
    request.geometry = geometry
    request.inputExtents = Array(x.dropFirst(2))
    request.outputExtents = Array(y.dropFirst(2))
    request.src = src
    request.dst = dst
    return request
  }
}

struct AveragePoolForward: Implementation {
  var name: String { "oneDNN" }

  func refusal(of site: NodeSite) -> String? {
    MeanSizes(site, x: site.inputShape(0), y: site.outputShape()).refusal ?? site.commonRefusal(of: "average pooling")
  }

  func propose(_ site: NodeSite, _ request: ProposalRequest) throws(ExecutionError) -> Proposal {
    let sizes = MeanSizes(site, x: site.inputShape(0), y: site.outputShape())
    let layout = request.inputLayouts[0] ?? .plain
    guard let src = layout.descriptor(sizes.x) else { throw OneDNN.failure("average pooling") }
    var wish = sizes.request(
      FOVEA_POOL_FORWARD, src: src, dst: MemoryDescriptor(sizes.y, .any, layout.elements))
    wish.training = request.training
    guard let found = wish.describe() else { throw OneDNN.failure("average pooling") }
    return Proposal(
      found, inputs: [layout], outputs: [found.layout(FOVEA_DST, sizes.y)],
      [(FOVEA_SRC, .input(0)), (FOVEA_DST, .output(0))])
  }
}

struct AveragePoolBackward: Implementation {
  let order: Order
  /// The type that convolutions read gradients in.
  let dtype: DType
  var name: String { "oneDNN" }

  func refusal(of site: NodeSite) -> String? {
    MeanSizes(site, x: site.outputShape(), y: site.inputShape(0)).refusal ?? site.commonRefusal(of: "average pooling")
  }

  func propose(_ site: NodeSite, _ request: ProposalRequest) throws(ExecutionError) -> Proposal {
    let sizes = MeanSizes(site, x: site.outputShape(), y: site.inputShape(0))
    // A gradient of one number per channel says nothing of the order the maps had: the preferred one then.
    let own = request.inputLayouts[0]?.order ?? .any
    let preferred: Order = order == .any ? .blocked : order
    for order in [sizes.isGlobal ? preferred : own, preferred, .channelsLast, .plain] where order != .any {
      let wish = sizes.request(
        FOVEA_POOL_BACKWARD, src: MemoryDescriptor(sizes.x, order, dtype),
        dst: MemoryDescriptor(sizes.y, order, dtype))
      guard let found = wish.describe() else { continue }
      return Proposal(
        found, inputs: [found.layout(FOVEA_DIFF_DST, sizes.y), .plain],
        outputs: [found.layout(FOVEA_DIFF_SRC, sizes.x)],
        [(FOVEA_DIFF_DST, .input(0)), (FOVEA_DIFF_SRC, .output(0))])
    }
    throw OneDNN.failure("average pooling's gradient")
  }
}
