import CFoveaOneDNN
import FoveaExecution
import FoveaGraphs

/// A function of single numbers, in oneDNN's terms.
struct Activation: Sendable {
  let code: fovea_eltwise
  var alpha: Float = 0
  var beta: Float = 0

  /// Whether the library's kernel may make a number of NaN: those that take the larger or smaller of two numbers, and
  /// those that bring exponents between bounds first.
  var losesNaN: Bool { code != FOVEA_ABS && code != FOVEA_LINEAR && (code != FOVEA_LEAKY || alpha == 0) }

  /// The operators that are activations here, forward.
  static let names = [
    Op.Relu.name, Op.LeakyRelu.name, Op.Sigmoid.name, Op.Tanh.name, Op.Elu.name, Op.Selu.name, Op.Clip.name,
    Op.HardSigmoid.name, Op.HardSwish.name, Op.Swish.name, Op.Gelu.name, Op.Mish.name, Op.Softplus.name, Op.Abs.name,
  ]

  /// Those whose gradient is an operator of its own that can be done here.
  static let backwardNames = [
    Op.ReluBackward.name, Op.LeakyReluBackward.name, Op.SigmoidBackward.name, Op.TanhBackward.name,
    Op.EluBackward.name, Op.SeluBackward.name, Op.ClipBackward.name, Op.HardSigmoidBackward.name,
    Op.HardSwishBackward.name, Op.SwishBackward.name, Op.GeluBackward.name, Op.MishBackward.name,
  ]

  /// What a node does, one function after the other, forward or backward; empty when it is no activation.
  static func steps(_ name: String, _ attributes: Attributes) -> [Activation] {
    switch name {
    case Op.Relu.name, Op.ReluBackward.name: return [Activation(code: FOVEA_RELU)]
    case Op.Sigmoid.name, Op.SigmoidBackward.name: return [Activation(code: FOVEA_SIGMOID)]
    case Op.Tanh.name, Op.TanhBackward.name: return [Activation(code: FOVEA_TANH)]
    case Op.LeakyRelu.name, Op.LeakyReluBackward.name:
      return [Activation(code: FOVEA_LEAKY, alpha: Float(Op.LeakyRelu.slope(attributes)))]
    case Op.Elu.name, Op.EluBackward.name:
      return [Activation(code: FOVEA_ELU, alpha: Float(Op.Elu.alpha(attributes)))]
    case Op.Selu.name, Op.SeluBackward.name:
      let (alpha, gamma) = Op.Selu.constants(attributes)
      return [
        Activation(code: FOVEA_ELU, alpha: Float(alpha)), Activation(code: FOVEA_LINEAR, alpha: Float(gamma)),
      ]
    case Op.Clip.name, Op.ClipBackward.name:
      let (min, max) = Op.Clip.bounds(attributes)
      return [Activation(code: FOVEA_CLIP, alpha: Float(min), beta: Float(max))]
    case Op.HardSigmoid.name, Op.HardSigmoidBackward.name:
      // 2.6 has no hard sigmoid: a line, then its bounds.
      let (alpha, beta) = Op.HardSigmoid.line(attributes)
      return [
        Activation(code: FOVEA_LINEAR, alpha: Float(alpha), beta: Float(beta)),
        Activation(code: FOVEA_CLIP, alpha: 0, beta: 1),
      ]
    case Op.HardSwish.name, Op.HardSwishBackward.name:
      return [Activation(code: FOVEA_HARD_SWISH, alpha: 1 / 6, beta: 0.5)]
    case Op.Swish.name, Op.SwishBackward.name:
      return [Activation(code: FOVEA_SWISH, alpha: Float(Op.Swish.alpha(attributes)))]
    case Op.Gelu.name, Op.GeluBackward.name:
      return [Activation(code: Op.Gelu.isApproximate(attributes) ? FOVEA_GELU_TANH : FOVEA_GELU_ERF)]
    case Op.Mish.name, Op.MishBackward.name: return [Activation(code: FOVEA_MISH)]
    case Op.Softplus.name: return [Activation(code: FOVEA_SOFT_RELU, alpha: 1)]
    case Op.Abs.name: return [Activation(code: FOVEA_ABS)]
    default: return []
    }
  }
}

extension Activation {
  /// The primitive of this function by itself.
  func describe(
    on descriptor: MemoryDescriptor?, training: Bool, as op: String
  ) throws(ExecutionError) -> PrimitiveDescription {
    var wish = Request(FOVEA_ELTWISE_FORWARD)
    wish.training = training
    wish.activations = [self]
    wish.src = descriptor
    guard descriptor != nil, let found = wish.describe() else { throw OneDNN.failure(op) }
    return found
  }
}
