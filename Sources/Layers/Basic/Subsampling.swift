import FoveaGraphs
import FoveaTensors

/// Pooling with two learned numbers for each map: the mean, or the sum, of each window times a coefficient, plus a
/// bias (LeCun et al. 1989; 1998, section II.B).
///
/// [N, C, H, W] → [N, C, H/size, W/size]; weight and bias [C, 1, 1]. It starts as the plain mean.
///
/// ```swift
/// Subsampling2D(2)
/// Subsampling2D(2, of: .sum)
/// ```
public struct Subsampling2D: Layer, CustomStringConvertible {
  /// What the coefficient scales.
  public enum Statistic: String, Sendable {
    case mean, sum
  }

  let size: Int
  let statistic: Statistic

  public init(_ size: Int, of statistic: Statistic = .mean) {
    self.size = size
    self.statistic = statistic
  }

  public var description: String {
    typed("Subsampling2D", "\(size)", statistic == .mean ? nil : "of: .\(statistic)")
  }

  public func declare(_ x: Symbol) -> Symbol {
    let channels = x.rank == 4 ? x.channels : nil
    let size = x.checked("size", size, atLeast: 1)
    let area = statistic == .sum ? Double(size ?? 1) * Double(size ?? 1) : 1
    var factor = x.parameter("weight", [channels, 1, 1], role: .scale, initializer: .constant(1 / area))
    let shift = x.parameter("bias", [channels, 1, 1], role: .shift, initializer: .constant(0))
    guard let size else { return x.poisoned([x.shape[0], channels, nil, nil]) }
    let pooled = Pooling(
      family: "Subsampling", axes: 2, size: size, stride: nil, padding: .valid, ceilMode: false
    ).declare(x, Op.AveragePool.self)
    // A sum is the mean times the window: a product of few numbers, where one of all positions would be many.
    if statistic == .sum { factor = factor.applying(Op.Mul.self, to: [x.constant(Tensor([Float(area)]))]) }
    return pooled.applying(Op.Mul.self, to: [factor]).applying(Op.Add.self, to: [shift])
  }
}
