import CFoveaOneDNN
import FoveaExecution
import FoveaGraphs
import FoveaTensors

/// A local response norm in oneDNN's terms.
private struct ResponseNorm {
  let attributes: Attributes
  let dims: [Int]

  func request(_ kind: fovea_kind, training: Bool, src: MemoryDescriptor?) -> Request {
    var request = Request(kind)
    request.training = training
    request.response = (
      attributes.int("size", default: 1), Float(attributes.float("alpha", default: 1e-4)),
      Float(attributes.float("beta", default: 0.75)), Float(attributes.float("bias", default: 1))
    )
    request.src = src
    return request
  }

  /// The order at hand. In bf16, channels last, 2.6's gradient is wrong.
  func layout(_ given: Layout?) -> Layout {
    let given = given ?? .plain
    return given.order == .channelsLast ? given.widened(dims) : given
  }

  var refusal: String? {
    // The library takes as many channels before as behind.
    if attributes.int("size", default: 1) % 2 == 0 { return "a response norm over an even number of channels" }
    // 2.6's gradient, channels last, of channels that do not fill blocks of 16: wrong for wide windows, and a crash
    // while it is made for windows of one.
    let size = attributes.int("size", default: 1)
    if !(2...5).contains(size), dims.count > 1, dims[1] % 16 != 0 {
      return "a response norm over \(size) of \(dims[1]) channels"
    }
    // Forward and backward run here together or not at all, so both are asked now.
    let plain = MemoryDescriptor(dims, .plain)
    let kinds = [FOVEA_LRN_FORWARD, FOVEA_LRN_BACKWARD]
    let runs = kinds.allSatisfy { request($0, training: true, src: plain).describe() != nil }
    return runs ? nil : "a response norm over \(dims.count) axes"
  }
}

struct ResponseNormForward: Implementation {
  var name: String { "oneDNN" }

  func refusal(of site: NodeSite) -> String? {
    site.commonRefusal(of: "a response norm")
      ?? ResponseNorm(attributes: site.attributes, dims: site.inputShape(0).dims).refusal
  }

  func propose(_ site: NodeSite, _ request: ProposalRequest) throws(ExecutionError) -> Proposal {
    let norm = ResponseNorm(attributes: site.attributes, dims: site.inputShape(0).dims)
    let layout = norm.layout(request.inputLayouts[0])
    guard let src = layout.descriptor(norm.dims),
      let found = norm.request(FOVEA_LRN_FORWARD, training: request.training, src: src).describe()
    else { throw OneDNN.failure("a response norm") }
    var operands: [(argument: fovea_arg, operand: Operand)] = [(FOVEA_SRC, .input(0)), (FOVEA_DST, .output(0))]
    var memory = NoLayout.layout
    if let workspace = found.descriptor(FOVEA_WORKSPACE) {
      memory = .foreign(OneDNNLayout(workspace, dims: norm.dims, opaque: true))
      operands.append((FOVEA_WORKSPACE, .output(1)))
    }
    return Proposal(found, inputs: [layout], outputs: [layout, memory], operands)
  }
}

struct ResponseNormBackward: Implementation {
  var name: String { "oneDNN" }

  func refusal(of site: NodeSite) -> String? {
    site.commonRefusal(of: "a response norm")
      ?? ResponseNorm(attributes: site.attributes, dims: site.outputShape().dims).refusal
  }

  func propose(_ site: NodeSite, _ request: ProposalRequest) throws(ExecutionError) -> Proposal {
    let norm = ResponseNorm(attributes: site.attributes, dims: site.outputShape().dims)
    // The order of the forward pass, whose workspace this is.
    let layout = norm.layout(request.inputLayouts[1])
    guard let src = layout.descriptor(norm.dims), case .foreign(let memory)? = request.inputLayouts[2],
      let found = norm.request(FOVEA_LRN_BACKWARD, training: true, src: src).describe()
    else { throw OneDNN.failure("a response norm's gradient") }
    var operands: [(argument: fovea_arg, operand: Operand)] = [
      (FOVEA_DIFF_DST, .input(0)), (FOVEA_SRC, .input(1)), (FOVEA_DIFF_SRC, .output(0)),
    ]
    if let workspace = found.descriptor(FOVEA_WORKSPACE) {
      guard OneDNNLayout(workspace, dims: norm.dims, opaque: true).isSame(as: memory) else {
        throw OneDNN.failure("a response norm's gradient")
      }
      operands.append((FOVEA_WORKSPACE, .input(2)))
    }
    return Proposal(found, inputs: [layout, layout, .foreign(memory)], outputs: [layout], operands)
  }
}
