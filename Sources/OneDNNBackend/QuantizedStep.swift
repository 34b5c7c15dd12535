import CFoveaOneDNN
import FoveaExecution
import FoveaGraphs
import FoveaTensors

/// Rounding to whole numbers, and back: a reorder with one scale, which changes the order on the way.
struct QuantizedStep: Implementation {
  var name: String { "oneDNN" }

  func refusal(of site: NodeSite) -> String? {
    guard
      ["8 bits: QuantizeLinear", "8 bits: DequantizeLinear"].contains(
        site.attributes.string("pattern", default: "")), site.node.body != nil
    else { return "not a step between floats and whole numbers" }
    guard let major = OneDNN.functions?.major, major < 3 else { return "8 bits with oneDNN 3" }
    let body = QuantizedBody(site)
    guard let node = body.graph.nodes.first, body.scale(of: node)?.count == 1 else { return "several scales" }
    return site.outputShape().rank > 5 ? "more than 5 axes" : site.commonRefusal(of: "8 bits", whole: true)
  }

  func propose(_ site: NodeSite, _ request: ProposalRequest) throws(ExecutionError) -> Proposal {
    let body = QuantizedBody(site)
    guard let node = body.graph.nodes.first, let scale = body.scale(of: node)?.first else {
      throw OneDNN.failure("8 bits")
    }
    let dims = site.outputShape().dims
    let types = (from: site.inputs[0]?.dtype ?? .f32, to: site.outputs[0].dtype)
    let given = request.inputLayouts[0] ?? .plain
    // Whole numbers lie channels last, as the kernels read them.
    let isPicture = dims.count >= 3
    let order: Order = node.op == Op.QuantizeLinear.name && isPicture ? .channelsLast : given.order
    var wish = Request(FOVEA_REORDER)
    wish.src = given.descriptor(dims, of: types.from)
    wish.dst = MemoryDescriptor(dims, order == .any ? .plain : order, types.to)
    wish.scales = [node.op == Op.QuantizeLinear.name ? 1 / scale : scale]
    guard wish.src != nil, let target = wish.dst, let found = wish.describe() else { throw OneDNN.failure("8 bits") }
    var proposal = Proposal(
      found, inputs: [given], outputs: [Layout(target, dims: dims, of: types.to)],
      [(FOVEA_SRC, .input(0)), (FOVEA_DST, .output(0))])
    // The library makes another whole number of NaN than the operator.
    proposal.losesNaN = node.op == Op.QuantizeLinear.name
    return proposal
  }
}

/// Max pooling of whole numbers whose unit stays: the largest number is the largest whole one.
struct QuantizedPool: Implementation {
  var name: String { "oneDNN" }

  func refusal(of site: NodeSite) -> String? {
    guard site.attributes.string("pattern", default: "") == "8 bits: MaxPool+QuantizeLinear", site.node.body != nil
    else { return "not a pooling in 8 bits" }
    let body = QuantizedBody(site)
    guard let end = body.graph.nodes.last, let scale = body.scale(of: end), scale.count == 1,
      let pool = body.graph.nodes.first(where: { $0.op == Op.MaxPool.name }),
      body.whole(pool.inputs[0])?.scale == scale, site.inputs[0]?.dtype == site.outputs[0].dtype
    else { return "a pooling between two units" }
    return site.commonRefusal(of: "8 bits", whole: true)
  }

  func propose(_ site: NodeSite, _ request: ProposalRequest) throws(ExecutionError) -> Proposal {
    let body = QuantizedBody(site)
    guard let node = body.graph.nodes.first(where: { $0.op == Op.MaxPool.name }) else { throw OneDNN.failure("8 bits") }
    let (x, y, type) = (site.inputShape(0).dims, site.outputShape().dims, site.outputs[0].dtype)
    let layout = request.inputLayouts[0] ?? .plain
    var wish = Request(FOVEA_POOL_FORWARD)
    wish.geometry = ConvGeometry(node.attributes, kernel: node.attributes.ints("kernel_shape", default: []))
    wish.inputExtents = Array(x.dropFirst(2))
    wish.outputExtents = Array(y.dropFirst(2))
    wish.src = layout.descriptor(x, of: type)
    wish.dst = MemoryDescriptor(y, layout.order, type)
    guard wish.src != nil, let found = wish.describe() else { throw OneDNN.failure("max pooling in 8 bits") }
    return Proposal(
      found, inputs: [layout], outputs: [found.layout(FOVEA_DST, y, of: type)],
      [(FOVEA_SRC, .input(0)), (FOVEA_DST, .output(0))])
  }
}
