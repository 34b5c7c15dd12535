import CFoveaOneDNN
import FoveaExecution
import FoveaGraphs
import FoveaTensors

/// The sizes of a convolution as oneDNN wants them: grouped weights have an axis of their own for the group.
struct ConvSizes {
  let geometry: ConvGeometry
  let x: [Int]
  let w: [Int]
  let y: [Int]

  init(_ geometry: ConvGeometry, x: Shape, w: Shape, y: Shape) {
    self.geometry = geometry
    self.x = x.dims
    self.y = y.dims
    let g = geometry.groups
    self.w = g == 1 ? w.dims : [g, w[0] / g] + w.dims.dropFirst()
  }

  func request(_ kind: fovea_kind) -> Request {
    var request = Request(kind)
    request.geometry = geometry
    request.inputExtents = Array(x.dropFirst(2))
    request.outputExtents = Array(y.dropFirst(2))
    return request
  }

  /// Asks for several pairs of orders and takes the best answer: first one with generated code rather than
  /// the library's plain loops, then one that needs fewer reorders, then the preferred order.
  ///
  /// - Parameters:
  ///   - x: the order the picture side has now; nil when the primitive makes it.
  ///   - y: the same for the output side.
  func describe(
    _ order: Order, x: Layout?, y: Layout?, _ request: (MemoryDescriptor?, MemoryDescriptor?) -> Request
  ) -> PrimitiveDescription? {
    func wish(_ order: Order, _ dims: [Int]) -> MemoryDescriptor? { MemoryDescriptor(dims, order) }
    let mine = (x.flatMap { $0.descriptor(self.x) }, y.flatMap { $0.descriptor(self.y) })
    let candidates: [(MemoryDescriptor?, MemoryDescriptor?)] = [
      (mine.0 ?? wish(order, self.x), mine.1 ?? wish(order, self.y)),
      (mine.0 ?? wish(.any, self.x), wish(order, self.y)),
      (wish(order, self.x), wish(order, self.y)),
      (wish(.any, self.x), wish(order, self.y)),
      (wish(.any, self.x), wish(.any, self.y)),
      (wish(.channelsLast, self.x), wish(.channelsLast, self.y)),
      (wish(.plain, self.x), wish(.plain, self.y)),
    ]
    var best: (PrimitiveDescription, Int)?
    for (src, dst) in candidates {
      guard let found = request(src, dst).describe() else { continue }
      let penalty = found.penalty(x: mine.0, y: mine.1)
      if penalty == 0 { return found }
      if penalty < best?.1 ?? Int.max { best = (found, penalty) }
    }
    return best?.0
  }
}

extension PrimitiveDescription {
  /// How much speaks against a convolution: the kind of kernel, and operands that would have to be reordered.
  fileprivate func penalty(x: MemoryDescriptor?, y: MemoryDescriptor?) -> Int {
    var result = name.hasPrefix("ref") ? 1000 : name.contains("gemm") ? 20 : 0
    for (have, arguments) in [(x, [FOVEA_SRC, FOVEA_DIFF_SRC]), (y, [FOVEA_DIFF_DST])] {
      guard let have, let want = arguments.lazy.compactMap({ self.descriptor($0) }).first else { continue }
      if !have.isEqual(to: want) { result += 1 }
    }
    return result
  }
}

struct ConvForward: Implementation {
  let order: Order
  var name: String { "oneDNN" }

  func refusal(of site: NodeSite) -> String? { site.commonRefusal(of: "convolution") }

  func propose(_ site: NodeSite, _ request: ProposalRequest) throws(ExecutionError) -> Proposal {
    let (found, sizes) = try describe(site, request)
    var operands = ConvForward.operands(site)
    operands.append((FOVEA_DST, .output(0)))
    return Proposal(
      found, inputs: ConvForward.inputs(site, found, sizes), outputs: [found.layout(FOVEA_DST, sizes.y)], operands)
  }

  /// The primitive of a convolution by itself.
  func describe(
    _ site: NodeSite, _ request: ProposalRequest
  ) throws(ExecutionError) -> (PrimitiveDescription, ConvSizes) {
    let sizes = ConvSizes(
      Op.Conv.geometry(site, weights: 1), x: site.inputShape(0), w: site.inputShape(1), y: site.outputShape())
    let found = sizes.describe(order, x: request.inputLayouts[0], y: nil) { src, dst in
      ConvForward.wish(site, request, sizes, src, dst)
    }
    guard let found else { throw OneDNN.failure("a convolution") }
    return (found, sizes)
  }

  static func wish(
    _ site: NodeSite, _ request: ProposalRequest, _ sizes: ConvSizes, _ src: MemoryDescriptor?, _ dst: MemoryDescriptor?
  ) -> Request {
    var wish = sizes.request(FOVEA_CONV_FORWARD)
    wish.training = request.training
    wish.src = src
    wish.weights = MemoryDescriptor(sizes.w, .any)
    wish.bias = site.has(2) ? MemoryDescriptor([sizes.y[1]], .plain) : nil
    wish.dst = dst
    return wish
  }

  static func operands(_ site: NodeSite) -> [(argument: fovea_arg, operand: Operand)] {
    [(FOVEA_SRC, .input(0)), (FOVEA_WEIGHTS, .input(1))] + (site.has(2) ? [(FOVEA_BIAS, .input(2))] : [])
  }

  static func inputs(_ site: NodeSite, _ found: PrimitiveDescription, _ sizes: ConvSizes) -> [Layout] {
    let both = [found.layout(FOVEA_SRC, sizes.x), found.layout(FOVEA_WEIGHTS, sizes.w)]
    return site.inputs.count > 2 ? both + [.plain] : both
  }
}

struct ConvBackwardData: Implementation {
  let order: Order
  var name: String { "oneDNN" }

  func refusal(of site: NodeSite) -> String? { site.commonRefusal(of: "convolution") }

  func propose(_ site: NodeSite, _ request: ProposalRequest) throws(ExecutionError) -> Proposal {
    let sizes = ConvSizes(
      Op.Conv.geometry(site, weights: 1), x: site.outputShape(), w: site.inputShape(1), y: site.inputShape(0))
    let found = sizes.describe(order, x: nil, y: request.inputLayouts[0]) { src, dst in
      var wish = sizes.request(FOVEA_CONV_BACKWARD_DATA)
      wish.src = src
      wish.weights = MemoryDescriptor(sizes.w, .any)
      wish.dst = dst
      return wish
    }
    guard let found else { throw OneDNN.failure("a convolution's input gradient") }
    return Proposal(
      found,
      inputs: [found.layout(FOVEA_DIFF_DST, sizes.y), found.layout(FOVEA_WEIGHTS, sizes.w), .plain],
      outputs: [found.layout(FOVEA_DIFF_SRC, sizes.x)],
      [(FOVEA_DIFF_DST, .input(0)), (FOVEA_WEIGHTS, .input(1)), (FOVEA_DIFF_SRC, .output(0))])
  }
}

struct ConvBackwardWeights: Implementation {
  let order: Order
  var name: String { "oneDNN" }

  func refusal(of site: NodeSite) -> String? { site.commonRefusal(of: "convolution") }

  func propose(_ site: NodeSite, _ request: ProposalRequest) throws(ExecutionError) -> Proposal {
    let sizes = ConvSizes(
      Op.Conv.geometry(site, weights: 2), x: site.inputShape(0), w: site.inputShape(2), y: site.inputShape(1))
    let withBias = site.outputs.count > 1
    let found = sizes.describe(order, x: request.inputLayouts[0], y: request.inputLayouts[1]) { src, dst in
      var wish = sizes.request(FOVEA_CONV_BACKWARD_WEIGHTS)
      wish.src = src
      wish.weights = MemoryDescriptor(sizes.w, .any)
      wish.bias = withBias ? MemoryDescriptor([sizes.y[1]], .plain) : nil
      wish.dst = dst
      return wish
    }
    guard let found else { throw OneDNN.failure("a convolution's weight gradient") }
    var outputs = [found.layout(FOVEA_DIFF_WEIGHTS, sizes.w)]
    var operands: [(argument: fovea_arg, operand: Operand)] = [
      (FOVEA_SRC, .input(0)), (FOVEA_DIFF_DST, .input(1)), (FOVEA_DIFF_WEIGHTS, .output(0)),
    ]
    if withBias {
      outputs.append(.plain)
      operands.append((FOVEA_DIFF_BIAS, .output(1)))
    }
    return Proposal(
      found, inputs: [found.layout(FOVEA_SRC, sizes.x), found.layout(FOVEA_DIFF_DST, sizes.y), .plain],
      outputs: outputs, operands)
  }
}
