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
}

struct ConvForward: Implementation {
  let chooser: ConvChooser
  var name: String { "oneDNN" }

  func refusal(of site: NodeSite) -> String? { site.commonRefusal(of: "convolution") }

  func propose(_ site: NodeSite, _ request: ProposalRequest) throws(ExecutionError) -> Proposal {
    let role = WinogradRole.forward(bias: site.has(2) ? 2 : nil, added: nil, slope: nil)
    return try chooser.choose(ConvForward.problem(site, site, request, role: role), as: "a convolution")
  }

  /// - Parameters:
  ///   - conv: the convolution by itself.
  ///   - site: the node around it, the same where nothing follows.
  ///   - after: what follows, for people.
  ///   - answer: the step around the primitive; the primitive alone when nil.
  static func problem(
    _ conv: NodeSite, _ site: NodeSite, _ request: ProposalRequest, after: String = "", role: WinogradRole? = nil,
    answer: ((PrimitiveDescription, ConvSizes) throws(ExecutionError) -> Proposal)? = nil
  ) -> ConvProblem {
    let sizes = ConvSizes(
      Op.Conv.geometry(conv, weights: 1), x: conv.inputShape(0), w: conv.inputShape(1), y: conv.outputShape())
    return ConvProblem(
      direction: "forward", site: site, request: request, sizes: sizes, x: request.inputLayouts[0], y: nil,
      reads: site.inputs.count, weights: 1, after: after, role: role,
      ask: { src, dst in wish(conv, request, sizes, src, dst) },
      answer: { (found: PrimitiveDescription) throws(ExecutionError) in
        if let answer { return try answer(found, sizes) }
        return Proposal(
          found, inputs: inputs(conv, found, sizes), outputs: [found.layout(FOVEA_DST, sizes.y)],
          operands(conv) + [(FOVEA_DST, .output(0))])
      })
  }

  static func wish(
    _ site: NodeSite, _ request: ProposalRequest, _ sizes: ConvSizes, _ src: MemoryDescriptor?, _ dst: MemoryDescriptor?
  ) -> Request {
    var wish = sizes.request(FOVEA_CONV_FORWARD)
    wish.training = request.training
    wish.src = src
    wish.weights = MemoryDescriptor(sizes.w, .any, src?.dtype ?? .f32)
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
  let chooser: ConvChooser
  var name: String { "oneDNN" }

  func refusal(of site: NodeSite) -> String? { site.commonRefusal(of: "convolution") }

  func propose(_ site: NodeSite, _ request: ProposalRequest) throws(ExecutionError) -> Proposal {
    let sizes = ConvSizes(
      Op.Conv.geometry(site, weights: 1), x: site.outputShape(), w: site.inputShape(1), y: site.inputShape(0))
    var problem = ConvBackwardData.problem(site, request, sizes) { (found: PrimitiveDescription) in
      Proposal(
        found,
        inputs: [found.layout(FOVEA_DIFF_DST, sizes.y), found.layout(FOVEA_WEIGHTS, sizes.w), .plain],
        outputs: [found.layout(FOVEA_DIFF_SRC, sizes.x)],
        [(FOVEA_DIFF_DST, .input(0)), (FOVEA_WEIGHTS, .input(1)), (FOVEA_DIFF_SRC, .output(0))])
    }
    problem.role = .backwardData
    return try chooser.choose(problem, as: "a convolution's input gradient")
  }

  /// Also that of a transposed convolution, whose step `answer` makes.
  static func problem(
    _ site: NodeSite, _ request: ProposalRequest, _ sizes: ConvSizes, reads: Int = 2, after: String = "",
    answer: @escaping (PrimitiveDescription) throws(ExecutionError) -> Proposal
  ) -> ConvProblem {
    ConvProblem(
      direction: "backward data", site: site, request: request, sizes: sizes, x: nil, y: request.inputLayouts[0],
      reads: reads, weights: 1, after: after,
      ask: { src, dst in
        var wish = sizes.request(FOVEA_CONV_BACKWARD_DATA)
        wish.src = src
        wish.weights = MemoryDescriptor(sizes.w, .any, src?.dtype ?? .f32)
        wish.dst = dst
        return wish
      }, answer: answer)
  }
}

struct ConvBackwardWeights: Implementation {
  let chooser: ConvChooser
  var name: String { "oneDNN" }

  func refusal(of site: NodeSite) -> String? { site.commonRefusal(of: "convolution") }

  func propose(_ site: NodeSite, _ request: ProposalRequest) throws(ExecutionError) -> Proposal {
    let sizes = ConvSizes(
      Op.Conv.geometry(site, weights: 2), x: site.inputShape(0), w: site.inputShape(2), y: site.inputShape(1))
    let withBias = site.outputs.count > 1
    let problem = ConvProblem(
      direction: "backward weights", site: site, request: request, sizes: sizes, x: request.inputLayouts[0],
      y: request.inputLayouts[1], reads: 2, weights: nil, role: .backwardWeights(withBias: withBias),
      ask: { src, dst in
        var wish = sizes.request(FOVEA_CONV_BACKWARD_WEIGHTS)
        wish.src = src
        wish.weights = MemoryDescriptor(sizes.w, .any)
        wish.forwardWeights = MemoryDescriptor(sizes.w, .any, src?.dtype ?? .f32)
        wish.bias = withBias ? MemoryDescriptor([sizes.y[1]], .plain) : nil
        wish.dst = dst
        return wish
      },
      answer: { (found: PrimitiveDescription) in
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
      })
    return try chooser.choose(problem, as: "a convolution's weight gradient")
  }
}
