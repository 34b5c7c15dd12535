import CFoveaBlocks
import FoveaGraphs

/// Operators in terms of the loops' operations.
extension ArithmeticProgram {
  /// Operators that are done number by number, of which most are asked for alone too.
  static let names: Set<String> = {
    var names: Set<String> = [
      Op.Max.name, Op.Min.name, Op.Where.name, Op.PowBackward.name, Op.Greater.name, Op.GreaterOrEqual.name,
      Op.BroadcastToShape.name, Op.Expand.name, Op.ReduceMeanBackward.name, Op.ReduceSumBackward.name,
      Op.SumToShape.name, Op.ReduceMean.name,
    ]
    names.formUnion(pairs.keys)
    names.formUnion(plain.keys)
    names.formUnion(Activation.names)
    names.formUnion(Activation.backwardNames)
    return names
  }()

  /// Operators of two operands.
  static let pairs: [String: fovea_arithmetic_op] = [
    Op.Add.name: FOVEA_PLUS, Op.Sub.name: FOVEA_MINUS, Op.Mul.name: FOVEA_TIMES, Op.Div.name: FOVEA_OVER,
    Op.Pow.name: FOVEA_POWER, Op.Equal.name: FOVEA_IS_EQUAL, Op.Less.name: FOVEA_IS_LESS,
    Op.LessOrEqual.name: FOVEA_IS_AT_MOST, Op.And.name: FOVEA_BOTH_TRUE, Op.Or.name: FOVEA_ONE_TRUE,
    Op.Xor.name: FOVEA_EITHER_TRUE,
  ]

  /// Functions without numbers of their own.
  private static let plain: [String: fovea_arithmetic_op] = [
    Op.Neg.name: FOVEA_NEGATE, Op.Abs.name: FOVEA_MAGNITUDE, Op.Sign.name: FOVEA_SIGN, Op.Sqrt.name: FOVEA_ROOT,
    Op.Exp.name: FOVEA_EXPONENTIAL, Op.Log.name: FOVEA_LOGARITHM, Op.Relu.name: FOVEA_RECTIFY,
    Op.Sigmoid.name: FOVEA_LOGISTIC, Op.Tanh.name: FOVEA_HYPERBOLIC_TANGENT, Op.HardSwish.name: FOVEA_HARD_GATE,
    Op.Mish.name: FOVEA_SOFT_GATE, Op.Softplus.name: FOVEA_SOFT_RECTIFY, Op.Erf.name: FOVEA_ERROR_FUNCTION,
    Op.Round.name: FOVEA_ROUND, Op.Floor.name: FOVEA_ROUND_DOWN, Op.Ceil.name: FOVEA_ROUND_UP,
    Op.Not.name: FOVEA_NOT_TRUE, Op.ReluBackward.name: FOVEA_RECTIFY_BACK,
    Op.SigmoidBackward.name: FOVEA_LOGISTIC_BACK, Op.TanhBackward.name: FOVEA_HYPERBOLIC_TANGENT_BACK,
    Op.HardSwishBackward.name: FOVEA_HARD_GATE_BACK, Op.MishBackward.name: FOVEA_SOFT_GATE_BACK,
  ]

  /// A function of one number, or its gradient, with its constants.
  func function(_ node: Node) -> (op: fovea_arithmetic_op, alpha: Double, beta: Double)? {
    if let op = ArithmeticProgram.plain[node.op] { return (op, 0, 0) }
    let own = node.attributes
    switch node.op {
    case Op.LeakyRelu.name: return (FOVEA_SLOPED, Op.LeakyRelu.slope(own), 0)
    case Op.LeakyReluBackward.name: return (FOVEA_SLOPED_BACK, Op.LeakyRelu.slope(own), 0)
    case Op.Clip.name: return (FOVEA_BETWEEN, Op.Clip.bounds(own).min, Op.Clip.bounds(own).max)
    case Op.ClipBackward.name: return (FOVEA_BETWEEN_BACK, Op.Clip.bounds(own).min, Op.Clip.bounds(own).max)
    case Op.HardSigmoid.name: return (FOVEA_LINE_BETWEEN, Op.HardSigmoid.line(own).alpha, Op.HardSigmoid.line(own).beta)
    case Op.HardSigmoidBackward.name: return (FOVEA_LINE_BETWEEN_BACK, Op.HardSigmoid.line(own).alpha, 0)
    case Op.Swish.name: return (FOVEA_LOGISTIC_GATE, Op.Swish.alpha(own), 0)
    case Op.SwishBackward.name: return (FOVEA_LOGISTIC_GATE_BACK, Op.Swish.alpha(own), 0)
    case Op.Gelu.name: return (Op.Gelu.isApproximate(own) ? FOVEA_NORMAL_GATE_TANH : FOVEA_NORMAL_GATE, 0, 0)
    case Op.GeluBackward.name:
      return (Op.Gelu.isApproximate(own) ? FOVEA_NORMAL_GATE_TANH_BACK : FOVEA_NORMAL_GATE_BACK, 0, 0)
    case Op.Elu.name: return (FOVEA_EXPONENTIAL_UNIT, Op.Elu.alpha(own), 1)
    case Op.EluBackward.name: return (FOVEA_EXPONENTIAL_UNIT_BACK, Op.Elu.alpha(own), 1)
    case Op.Selu.name, Op.SeluBackward.name:
      let (alpha, gamma) = Op.Selu.constants(own)
      return (
        node.op == Op.Selu.name ? FOVEA_EXPONENTIAL_UNIT : FOVEA_EXPONENTIAL_UNIT_BACK, alpha * gamma, gamma
      )
    default: return nil
    }
  }
}
