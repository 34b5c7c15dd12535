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
    Op.Add.self,
    Op.BatchNormFold.self,
    Op.BatchNormalization.self,
    Op.BatchNormalizationBackward.self,
    Op.BroadcastToShape.self,
    Op.Conv.self,
    Op.ConvBackwardData.self,
    Op.ConvBackwardWeights.self,
    Op.Dropout.self,
    Op.Flatten.self,
    Op.Fused.self,
    Op.Gemm.self,
    Op.MaxPool.self,
    Op.MaxPoolBackward.self,
    Op.Mul.self,
    Op.ReduceMax.self,
    Op.ReduceMaxBackward.self,
    Op.ReduceMean.self,
    Op.ReduceMeanBackward.self,
    Op.ReduceSum.self,
    Op.ReduceSumBackward.self,
    Op.Relu.self,
    Op.ReluBackward.self,
    Op.ReshapeLike.self,
    Op.SGDUpdate.self,
    Op.Softmax.self,
    Op.SoftmaxBackward.self,
    Op.SoftmaxCrossEntropyLoss.self,
    Op.SoftmaxCrossEntropyLossBackward.self,
    Op.SumToShape.self,
    Op.TopKCorrect.self,
  ])
}
