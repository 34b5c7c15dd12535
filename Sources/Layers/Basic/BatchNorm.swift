import FoveaGraphs

/// Batch normalization: brings every channel to mean 0 and variance 1, then scales and shifts it by
/// learned numbers (Ioffe and Szegedy 2015).
///
/// [N, C, …] → the same; weight and bias [C] are learned, running_mean and running_var [C] are states. In
/// training the statistics are those of the batch; evaluating uses the running ones. C is inferred.
///
/// ```swift
/// Conv2D(64, kernel: 3, padding: .same, bias: false)
/// BatchNorm()
/// ```
public struct BatchNorm: Layer, CustomStringConvertible {
  let epsilon: Double
  let momentum: Double
  let frozen: Bool

  /// - Parameters:
  ///   - epsilon: added to the variance.
  ///   - momentum: the share of a new batch in the running statistics, as PyTorch counts it.
  ///   - frozen: always uses the running statistics, and keeps all four vectors as they are.
  public init(epsilon: Double = 1e-5, momentum: Double = 0.1, frozen: Bool = false) {
    self.epsilon = epsilon
    self.momentum = momentum
    self.frozen = frozen
  }

  public var description: String {
    typed(
      "BatchNorm", argument("epsilon", epsilon, default: 1e-5), argument("momentum", momentum, default: 0.1),
      argument("frozen", frozen, default: false))
  }

  public func declare(_ x: Symbol) -> Symbol {
    var fits = true
    if !(epsilon > 0 && epsilon.isFinite) {
      x.reject("epsilon \(epsilon) is not a positive number", mend: "use a small one such as 1e-5")
      fits = false
    }
    if !(momentum >= 0 && momentum <= 1) {
      x.reject("momentum \(momentum) is not between 0 and 1", mend: "it is the share of a new batch, such as 0.1")
      fits = false
    }
    if let rank = x.rank, rank < 2 {
      x.reject("the input \(x.shape) has no channels", mend: "give an input N×C×…")
      fits = false
    }
    let dims = [x.channels]
    let scale = x.parameter("weight", dims, role: .scale, initializer: .constant(1), trainable: !frozen)
    let shift = x.parameter("bias", dims, role: .shift, initializer: .constant(0), trainable: !frozen)
    let mean = x.state("running_mean", dims, role: .mean, initializer: .constant(0))
    let variance = x.state("running_var", dims, role: .variance, initializer: .constant(1))
    guard fits else { return x }
    // ONNX's momentum is the share of the past.
    var attributes: Attributes = ["epsilon": .float(epsilon), "momentum": .float(1 - momentum)]
    if frozen { attributes["frozen"] = .int(1) }
    return x.applying(Op.BatchNormalization.self, to: [scale, shift, mean, variance], attributes)
  }
}
