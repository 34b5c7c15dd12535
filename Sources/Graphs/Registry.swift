/// The operators a graph may use, by name. A value: adding to a copy leaves the original as it was.
public struct Registry: Sendable {
  private var operators: [String: any Operator.Type]

  public init(_ operators: [any Operator.Type] = []) {
    self.operators = Dictionary(operators.map { ($0.name, $0) }, uniquingKeysWith: { _, last in last })
  }

  /// The operator called `name`.
  public subscript(name: String) -> (any Operator.Type)? { operators[name] }

  /// All names, sorted.
  public var names: [String] { operators.keys.sorted() }

  /// This registry and one operator more.
  public func adding(_ op: any Operator.Type) -> Registry {
    var copy = self
    copy.add(op)
    return copy
  }

  mutating func add(_ op: any Operator.Type) { if operators[op.name] == nil { operators[op.name] = op } }

  /// Everything in the folder `Operators`, a line each.
  public static let standard = Registry([
    Op.AdamUpdate.self,
    Op.AdamWUpdate.self,
    Op.AdaptiveAveragePool.self,
    Op.AdaptiveAveragePoolBackward.self,
    Op.Add.self,
    Op.ArgMax.self,
    Op.AveragePool.self,
    Op.AveragePoolBackward.self,
    Op.BatchNormFold.self,
    Op.BatchNormalization.self,
    Op.BatchNormalizationBackward.self,
    Op.BinaryCrossEntropyWithLogits.self,
    Op.BinaryCrossEntropyWithLogitsBackward.self,
    Op.BroadcastToShape.self,
    Op.Cast.self,
    Op.ClipScale.self,
    Op.Col2Im.self,
    Op.Concat.self,
    Op.ConcatBackward.self,
    Op.Conv.self,
    Op.ConvBackwardData.self,
    Op.ConvBackwardWeights.self,
    Op.ConvTranspose.self,
    Op.Crop.self,
    Op.CropBackward.self,
    Op.Div.self,
    Op.Dropout.self,
    Op.Exp.self,
    Op.Expand.self,
    Op.Flatten.self,
    Op.Fused.self,
    Op.Gemm.self,
    Op.GlobalAveragePool.self,
    Op.GlobalAveragePoolBackward.self,
    Op.GlobalLpPool.self,
    Op.GlobalLpPoolBackward.self,
    Op.GlobalMaxPool.self,
    Op.GroupNormalization.self,
    Op.GroupNormalizationBackward.self,
    Op.Im2Col.self,
    Op.InstanceNormalization.self,
    Op.LRN.self,
    Op.LRNBackward.self,
    Op.LayerNormalization.self,
    Op.LayerNormalizationBackward.self,
    Op.LeakyRelu.self,
    Op.LeakyReluBackward.self,
    Op.LocallyConnected.self,
    Op.LocallyConnectedBackwardData.self,
    Op.LocallyConnectedBackwardWeights.self,
    Op.Log.self,
    Op.LogSoftmax.self,
    Op.LogSoftmaxBackward.self,
    Op.LpPool.self,
    Op.LpPoolBackward.self,
    Op.MaxPool.self,
    Op.MaxPoolBackward.self,
    Op.MaxPoolWithIndices.self,
    Op.MaxUnpool.self,
    Op.MaxUnpoolBackward.self,
    Op.MeanSquaredError.self,
    Op.MeanSquaredErrorBackward.self,
    Op.Mul.self,
    Op.Neg.self,
    Op.OneHot.self,
    Op.Pad.self,
    Op.Pow.self,
    Op.PowBackward.self,
    Op.RMSpropUpdate.self,
    Op.ReduceMax.self,
    Op.ReduceMaxBackward.self,
    Op.ReduceMean.self,
    Op.ReduceMeanBackward.self,
    Op.ReduceSum.self,
    Op.ReduceSumBackward.self,
    Op.Relu.self,
    Op.ReluBackward.self,
    Op.Reshape.self,
    Op.ReshapeLike.self,
    Op.Resize.self,
    Op.ResizeBackward.self,
    Op.SGDUpdate.self,
    Op.Sigmoid.self,
    Op.SigmoidBackward.self,
    Op.Slice.self,
    Op.SliceBackward.self,
    Op.Softmax.self,
    Op.SoftmaxBackward.self,
    Op.SoftmaxCrossEntropyLoss.self,
    Op.SoftmaxCrossEntropyLossBackward.self,
    Op.Split.self,
    Op.Sqrt.self,
    Op.SquaredNorm.self,
    Op.Sub.self,
    Op.SumToShape.self,
    Op.Tanh.self,
    Op.TanhBackward.self,
    Op.TopK.self,
    Op.TopKBackward.self,
    Op.TopKCorrect.self,
    Op.Transpose.self,
  ])
}
