import CFoveaOneDNN
import FoveaExecution
import FoveaGraphs
import FoveaTensors

/// The sizes of a pooling and its request.
private struct PoolSizes {
  let geometry: ConvGeometry
  let x: [Int]
  let y: [Int]

  init(_ site: NodeSite, x: Shape, y: Shape) {
    geometry = ConvGeometry(
      site.attributes, kernel: site.attributes.ints("kernel_shape", default: []))
    self.x = x.dims
    self.y = y.dims
  }

  func request(_ kind: fovea_kind, training: Bool, src: MemoryDescriptor?, dst: MemoryDescriptor?) -> Request {
    var request = Request(kind)
    request.training = training
    request.geometry = geometry
    request.inputExtents = Array(x.dropFirst(2))
    request.outputExtents = Array(y.dropFirst(2))
    request.src = src
    request.dst = dst
    return request
  }
}

struct MaxPoolForward: Implementation {
  var name: String { "oneDNN" }

  func refusal(of site: NodeSite) -> String? { site.commonRefusal(of: "max pooling") }

  func propose(_ site: NodeSite, _ request: ProposalRequest) throws(ExecutionError) -> Proposal {
    let sizes = PoolSizes(site, x: site.inputShape(0), y: site.outputShape())
    let layout = request.inputLayouts[0] ?? .plain
    if let own = OwnMaxPool(layout, sizes.geometry, x: sizes.x, y: sizes.y, threads: request.threads),
      let result = MemoryDescriptor(sizes.y, layout.order).map({ Layout($0, dims: sizes.y) })
    {
      let winners = WinnersLayout(x: layout, y: result, site.outputs[0])
      return Proposal(
        inputs: [layout], outputs: [result, request.training ? .foreign(winners) : NoLayout.layout], detail: own.detail
      ) { () throws(ExecutionError) in own.forward(keepsWinners: request.training) }
    }
    guard let src = layout.descriptor(sizes.x),
      let found = sizes.request(
        FOVEA_POOL_FORWARD, training: request.training, src: src, dst: MemoryDescriptor(sizes.y, .any, layout.elements)
      ).describe()
    else { throw OneDNN.failure("max pooling") }
    var operands: [(argument: fovea_arg, operand: Operand)] = [(FOVEA_SRC, .input(0)), (FOVEA_DST, .output(0))]
    var memory = NoLayout.layout
    if let workspace = found.descriptor(FOVEA_WORKSPACE), let dst = found.descriptor(FOVEA_DST) {
      memory = .foreign(OneDNNLayout(workspace, dims: sizes.y, opaque: true, pooled: (src, dst)))
      operands.append((FOVEA_WORKSPACE, .output(1)))
    }
    var proposal = Proposal(found, inputs: [layout], outputs: [found.layout(FOVEA_DST, sizes.y), memory], operands)
    proposal.losesNaN = true
    return proposal
  }
}

struct MaxPoolBackward: Implementation {
  var name: String { "oneDNN" }

  func refusal(of site: NodeSite) -> String? { site.commonRefusal(of: "max pooling") }

  func propose(_ site: NodeSite, _ request: ProposalRequest) throws(ExecutionError) -> Proposal {
    let sizes = PoolSizes(site, x: site.outputShape(), y: site.inputShape(0))
    if case .foreign(let winners as WinnersLayout)? = request.inputLayouts[1] {
      // The gradient comes back in the order in which the forward pass pooled.
      let (x, y) = winners.pooled
      guard let own = OwnMaxPool(x, sizes.geometry, x: sizes.x, y: sizes.y, threads: request.threads) else {
        throw OneDNN.failure("max pooling's gradient")
      }
      return Proposal(
        inputs: [y, .foreign(winners), .plain], outputs: [x], detail: own.detail
      ) { () throws(ExecutionError) in own.backward() }
    }
    guard case .foreign(let memory)? = request.inputLayouts[1], let pooled = (memory as? OneDNNLayout)?.pooled else {
      throw OneDNN.failure("undoing a pooling that it did not do")
    }
    guard
      let found = sizes.request(FOVEA_POOL_BACKWARD, training: true, src: pooled.src, dst: pooled.dst).describe(),
      let workspace = found.descriptor(FOVEA_WORKSPACE),
      OneDNNLayout(workspace, dims: sizes.y, opaque: true).isSame(as: memory)
    else { throw OneDNN.failure("max pooling's gradient") }
    return Proposal(
      found, inputs: [found.layout(FOVEA_DIFF_DST, sizes.y), .foreign(memory), .plain],
      outputs: [found.layout(FOVEA_DIFF_SRC, sizes.x)],
      [(FOVEA_DIFF_DST, .input(0)), (FOVEA_WORKSPACE, .input(1)), (FOVEA_DIFF_SRC, .output(0))])
  }
}
