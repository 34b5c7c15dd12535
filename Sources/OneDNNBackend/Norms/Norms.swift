import CFoveaOneDNN
import FoveaExecution
import FoveaGraphs
import FoveaTensors

/// Batch normalization; in training the running statistics are moved after the primitive, since oneDNN
/// only reports the batch's own.
struct NormForward: Implementation {
  var name: String { "oneDNN" }

  func refusal(of site: NodeSite) -> String? {
    site.inputShape(0).rank < 3 ? "a norm without spatial axes" : site.commonRefusal(of: "batch normalization")
  }

  func propose(_ site: NodeSite, _ request: ProposalRequest) throws(ExecutionError) -> Proposal {
    let layout = request.inputLayouts[0] ?? .plain
    let training = site.outputs.count > 1
    let epsilon = Float(site.attributes.float("epsilon", default: 1e-5))
    let update = RunningStatistics(site.inputShape(0), site.attributes)
    if training, let own = BlockedNorm(layout, site.inputShape(0), epsilon: epsilon, threads: request.threads) {
      return Proposal(
        inputs: [layout, .plain, .plain, .plain, .plain], outputs: [layout, .plain, .plain, .plain, .plain],
        inPlace: [(0, 0), (1, 3), (2, 4)], scratchBytes: own.scratchBytes, detail: own.detail
      ) { () throws(ExecutionError) in
        NormKernel(primitive: own.forward(added: nil, isRectified: false), update: update)
      }
    }
    var wish = Request(FOVEA_NORM_FORWARD)
    wish.training = training
    wish.epsilon = epsilon
    wish.src = layout.descriptor(site.inputShape(0).dims)
    guard wish.src != nil, let found = wish.describe() else { throw OneDNN.failure("batch normalization") }
    let inputs: [Layout] = [layout, .plain, .plain, .plain, .plain]
    var operands: [(argument: fovea_arg, operand: Operand)] = [
      (FOVEA_SRC, .input(0)), (FOVEA_SCALE, .input(1)), (FOVEA_SHIFT, .input(2)), (FOVEA_DST, .output(0)),
    ]
    guard training else {
      operands += [(FOVEA_MEAN, .input(3)), (FOVEA_VARIANCE, .input(4))]
      return Proposal(found, inputs: inputs, outputs: [layout], operands)
    }
    operands += [(FOVEA_MEAN, .output(3)), (FOVEA_VARIANCE, .output(4))]
    let bound = operands
    return Proposal(
      inputs: inputs, outputs: [layout, .plain, .plain, .plain, .plain],
      inPlace: [(1, 3), (2, 4)], scratchBytes: found.scratchBytes, detail: found.name
    ) { () throws(ExecutionError) in NormKernel(primitive: try PrimitiveKernel(found, bound), update: update) }
  }
}

/// Moves running statistics toward the batch's; the variance by its unbiased estimate, as PyTorch does.
struct RunningStatistics: Sendable {
  let channels: Int
  let samples: Int
  let momentum: Float

  /// - Parameters:
  ///   - shape: of the norm's input.
  ///   - attributes: of the norm.
  init(_ shape: Shape, _ attributes: Attributes) {
    channels = shape[1]
    samples = shape.count / shape[1]
    momentum = Float(attributes.float("momentum", default: 0.9))
  }
}

struct NormKernel: Kernel {
  let primitive: any Kernel
  let update: RunningStatistics

  func bind(
    inputs: [UnsafeRawPointer?], outputs: [UnsafeMutableRawPointer?], scratch: UnsafeMutableRawPointer?
  ) throws(ExecutionError) -> any BoundKernel {
    BoundNorm(
      try primitive.bind(inputs: inputs, outputs: outputs, scratch: scratch), update,
      inputs.map { $0?.assumingMemoryBound(to: Float.self) }, outputs.map { $0?.assumingMemoryBound(to: Float.self) })
  }
}

final class BoundNorm: BoundKernel {
  private let call: any BoundKernel
  private let update: RunningStatistics
  private let old: (mean: UnsafePointer<Float>, variance: UnsafePointer<Float>)
  private let new: (mean: UnsafeMutablePointer<Float>, variance: UnsafeMutablePointer<Float>)
  private let batch: (mean: UnsafeMutablePointer<Float>, variance: UnsafeMutablePointer<Float>)

  init(
    _ call: any BoundKernel, _ update: RunningStatistics, _ inputs: [UnsafePointer<Float>?],
    _ outputs: [UnsafeMutablePointer<Float>?]
  ) {
    self.call = call
    self.update = update
    old = (inputs[3]!, inputs[4]!)
    new = (outputs[1]!, outputs[2]!)
    batch = (outputs[3]!, outputs[4]!)
  }

  func run() throws(ExecutionError) {
    try call.run()
    let keep = update.momentum
    let unbiased = update.samples > 1 ? Float(update.samples) / Float(update.samples - 1) : 0
    for channel in 0..<update.channels {
      new.mean[channel] = keep * old.mean[channel] + (1 - keep) * batch.mean[channel]
      new.variance[channel] = keep * old.variance[channel] + (1 - keep) * unbiased * batch.variance[channel]
    }
  }
}

struct NormBackward: Implementation {
  var name: String { "oneDNN" }

  func refusal(of site: NodeSite) -> String? {
    if site.attributes.flag("frozen") { return "the gradient of a frozen norm" }
    return site.inputShape(0).rank < 3 ? "a norm without spatial axes" : site.commonRefusal(of: "batch normalization")
  }

  func propose(_ site: NodeSite, _ request: ProposalRequest) throws(ExecutionError) -> Proposal {
    let layout = request.inputLayouts[1] ?? .plain
    let epsilon = Float(site.attributes.float("epsilon", default: 1e-5))
    if let own = BlockedNorm(layout, site.inputShape(1), epsilon: epsilon, threads: request.threads) {
      return Proposal(
        inputs: [layout, layout, .plain, .plain, .plain], outputs: [layout, .plain, .plain],
        inPlace: [(0, 1), (0, 0)], scratchBytes: own.scratchBytes, detail: own.detail
      ) { () throws(ExecutionError) in own.backward(BlockedNorm.Places(x: 1), keepsPassed: false) }
    }
    var wish = Request(FOVEA_NORM_BACKWARD)
    wish.epsilon = epsilon
    wish.src = layout.descriptor(site.inputShape(1).dims)
    wish.dst = wish.src
    guard wish.src != nil, let found = wish.describe() else { throw OneDNN.failure("batch normalization's gradient") }
    var operands: [(argument: fovea_arg, operand: Operand)] = [
      (FOVEA_DIFF_DST, .input(0)), (FOVEA_SRC, .input(1)), (FOVEA_SCALE, .input(2)), (FOVEA_MEAN, .input(3)),
      (FOVEA_VARIANCE, .input(4)), (FOVEA_DIFF_SRC, .output(0)), (FOVEA_DIFF_SCALE, .output(1)),
      (FOVEA_DIFF_SHIFT, .output(2)),
    ]
    // 2.x asks for the shift, which no gradient depends on; any vector of that length will do.
    if found.functions.major < 3 { operands.append((FOVEA_SHIFT, .input(2))) }
    return Proposal(
      found, inputs: [layout, layout, .plain, .plain, .plain], outputs: [layout, .plain, .plain], operands)
  }
}
