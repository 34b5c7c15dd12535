/// The operators a graph may use, by name. A value: adding to a copy leaves the original as it was.
///
/// A user's operator may be called like a built-in one. A node then says which it means: `Relu` is the built-in,
/// `Relu (own)` the user's, so that no pass, backend or file takes one for the other.
public struct Registry: Sendable {
  /// By what nodes call them.
  private var operators: [String: any Operator.Type] = [:]
  /// Names of built-in operators that `adding` has given to a user's.
  private var replaced: Set<String> = []

  /// - Parameter operators: of two with one name the last counts.
  public init(_ operators: [any Operator.Type] = []) {
    for op in operators { replace(op) }
  }

  private init(builtIns: [any Operator.Type]) {
    operators = Dictionary(builtIns.map { ($0.name, $0) }, uniquingKeysWith: { _, last in last })
  }

  /// The operator that is meant by a name: a user's before a built-in one.
  public subscript(name: String) -> (any Operator.Type)? { operators[Registry.ownKey(name)] ?? operators[name] }

  /// All names, sorted.
  public var names: [String] { operators.keys.sorted() }

  /// This registry and one operator more. It takes the place of another of its name, a built-in one too: whatever
  /// asks for that one in a graph of this registry gets yours.
  public func adding(_ op: any Operator.Type) -> Registry {
    var copy = self
    copy.replace(op)
    return copy
  }

  private mutating func replace(_ op: any Operator.Type) {
    let key = Registry.key(op)
    operators[key] = op
    if key != op.name {
      replaced.insert(op.name)
    } else if replaced.remove(op.name) != nil {
      operators[Registry.ownKey(op.name)] = nil
    }
  }

  /// The operator that a node's `op` names, exactly.
  subscript(key key: String) -> (any Operator.Type)? { operators[key] }

  /// What a node is called that uses `op`.
  static func key(_ op: any Operator.Type) -> String {
    guard let builtIn = standard.operators[op.name], builtIn != op else { return op.name }
    return ownKey(op.name)
  }

  private static func ownKey(_ name: String) -> String { "\(name) (own)" }

  /// True for an operator of the folder `Operators`.
  package static func isBuiltIn(_ op: any Operator.Type) -> Bool {
    standard.operators[op.name].map { $0 == op } ?? false
  }

  /// What happens when a node of `op` is added to a graph.
  enum Admission {
    /// The node uses this operator: the one asked for, or what replaces it.
    case use(any Operator.Type)
    /// Another operator has the name.
    case conflict(with: any Operator.Type)
  }

  /// Makes an operator known that a node uses.
  /// - Parameter isUsed: whether a node of the graph has this `op`.
  mutating func admit(_ op: any Operator.Type, isUsed: (String) -> Bool) -> Admission {
    let key = Registry.key(op)
    if let known = operators[key] {
      guard known == op else { return .conflict(with: known) }
      guard key == op.name, let own = operators[Registry.ownKey(key)] else { return .use(op) }
      return replaced.contains(key) ? .use(own) : .conflict(with: own)
    }
    if key != op.name, let builtIn = operators[op.name], isUsed(op.name) { return .conflict(with: builtIn) }
    operators[key] = op
    return .use(op)
  }

  /// Everything in the folder `Operators`, a line each.
  public static let standard = Registry(builtIns: [
    Op.Abs.self,
    Op.Acos.self,
    Op.Acosh.self,
    Op.AdamUpdate.self,
    Op.AdamWUpdate.self,
    Op.AdaptiveAveragePool.self,
    Op.AdaptiveAveragePoolBackward.self,
    Op.Add.self,
    Op.And.self,
    Op.ArgMax.self,
    Op.ArgMin.self,
    Op.Asin.self,
    Op.Asinh.self,
    Op.Atan.self,
    Op.Atanh.self,
    Op.AveragePool.self,
    Op.AveragePoolBackward.self,
    Op.BatchNormFold.self,
    Op.BatchNormalization.self,
    Op.BatchNormalizationBackward.self,
    Op.BinaryCrossEntropyWithLogits.self,
    Op.BinaryCrossEntropyWithLogitsBackward.self,
    Op.BroadcastToShape.self,
    Op.Cast.self,
    Op.Ceil.self,
    Op.Clip.self,
    Op.ClipBackward.self,
    Op.ClipScale.self,
    Op.Col2Im.self,
    Op.Concat.self,
    Op.ConcatBackward.self,
    Op.Conv.self,
    Op.ConvBackwardData.self,
    Op.ConvBackwardWeights.self,
    Op.ConvTranspose.self,
    Op.Cos.self,
    Op.Cosh.self,
    Op.Crop.self,
    Op.CropBackward.self,
    Op.CumSum.self,
    Op.DepthToSpace.self,
    Op.DequantizeLinear.self,
    Op.Div.self,
    Op.Dropout.self,
    Op.Elu.self,
    Op.EluBackward.self,
    Op.Equal.self,
    Op.Erf.self,
    Op.Exp.self,
    Op.Expand.self,
    Op.ExtremumBackward.self,
    Op.Flatten.self,
    Op.Floor.self,
    Op.Fused.self,
    Op.GRU.self,
    Op.Gather.self,
    Op.GatherBackward.self,
    Op.GatherElements.self,
    Op.GatherElementsBackward.self,
    Op.GatherND.self,
    Op.GatherNDBackward.self,
    Op.Gelu.self,
    Op.GeluBackward.self,
    Op.Gemm.self,
    Op.GlobalAveragePool.self,
    Op.GlobalAveragePoolBackward.self,
    Op.GlobalLpPool.self,
    Op.GlobalLpPoolBackward.self,
    Op.GlobalMaxPool.self,
    Op.Greater.self,
    Op.GreaterOrEqual.self,
    Op.GridSample.self,
    Op.GridSampleBackwardData.self,
    Op.GridSampleBackwardGrid.self,
    Op.GroupNormalization.self,
    Op.GroupNormalizationBackward.self,
    Op.HardSigmoid.self,
    Op.HardSigmoidBackward.self,
    Op.HardSwish.self,
    Op.HardSwishBackward.self,
    Op.Hardmax.self,
    Op.Im2Col.self,
    Op.InstanceNormalization.self,
    Op.LRN.self,
    Op.LRNBackward.self,
    Op.LSTM.self,
    Op.LayerNormalization.self,
    Op.LayerNormalizationBackward.self,
    Op.LeakyRelu.self,
    Op.LeakyReluBackward.self,
    Op.Less.self,
    Op.LessOrEqual.self,
    Op.LocallyConnected.self,
    Op.LocallyConnectedBackwardData.self,
    Op.LocallyConnectedBackwardWeights.self,
    Op.Log.self,
    Op.LogSoftmax.self,
    Op.LogSoftmaxBackward.self,
    Op.LpPool.self,
    Op.LpPoolBackward.self,
    Op.MatMul.self,
    Op.Max.self,
    Op.MaxPool.self,
    Op.MaxPoolBackward.self,
    Op.MaxPoolWithIndices.self,
    Op.MaxUnpool.self,
    Op.MaxUnpoolBackward.self,
    Op.MeanSquaredError.self,
    Op.MeanSquaredErrorBackward.self,
    Op.Min.self,
    Op.Mish.self,
    Op.MishBackward.self,
    Op.Mod.self,
    Op.Mul.self,
    Op.Neg.self,
    Op.NonMaxSuppression.self,
    Op.Not.self,
    Op.OneHot.self,
    Op.Or.self,
    Op.PRelu.self,
    Op.PReluBackward.self,
    Op.Pad.self,
    Op.PadBackward.self,
    Op.Pow.self,
    Op.PowBackward.self,
    Op.QuantizeLinear.self,
    Op.RMSpropUpdate.self,
    Op.RNN.self,
    Op.ReduceMax.self,
    Op.ReduceMaxBackward.self,
    Op.ReduceMean.self,
    Op.ReduceMeanBackward.self,
    Op.ReduceMin.self,
    Op.ReduceProd.self,
    Op.ReduceProdBackward.self,
    Op.ReduceSum.self,
    Op.ReduceSumBackward.self,
    Op.Relu.self,
    Op.ReluBackward.self,
    Op.Reshape.self,
    Op.ReshapeLike.self,
    Op.Resize.self,
    Op.ResizeBackward.self,
    Op.RoiAlign.self,
    Op.RoiAlignBackward.self,
    Op.Round.self,
    Op.SGDUpdate.self,
    Op.ScatterElements.self,
    Op.ScatterND.self,
    Op.Selu.self,
    Op.SeluBackward.self,
    Op.Sigmoid.self,
    Op.SigmoidBackward.self,
    Op.Sign.self,
    Op.Sin.self,
    Op.Sinh.self,
    Op.Slice.self,
    Op.SliceBackward.self,
    Op.Softmax.self,
    Op.SoftmaxBackward.self,
    Op.SoftmaxCrossEntropyLoss.self,
    Op.SoftmaxCrossEntropyLossBackward.self,
    Op.Softplus.self,
    Op.SpaceToDepth.self,
    Op.Split.self,
    Op.Sqrt.self,
    Op.SquaredNorm.self,
    Op.Squeeze.self,
    Op.Sub.self,
    Op.SumToShape.self,
    Op.Swish.self,
    Op.SwishBackward.self,
    Op.Tan.self,
    Op.Tanh.self,
    Op.TanhBackward.self,
    Op.Tile.self,
    Op.TileBackward.self,
    Op.TopK.self,
    Op.TopKBackward.self,
    Op.TopKCorrect.self,
    Op.Transpose.self,
    Op.Trilu.self,
    Op.Unsqueeze.self,
    Op.Where.self,
    Op.Xor.self,
    Op.YOLOGridDecode.self,
    Op.YOLOGridLoss.self,
    Op.YOLOGridLossBackward.self,
  ])
}
