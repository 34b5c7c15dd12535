import FoveaGraphs

/// The smallest element under a sliding window, channel by channel.
///
/// [N, C, H, W] → [N, C, H′, W′]. The stride is the window's size unless given; padding never wins. It is max
/// pooling of the negative, which is exact.
///
/// ```swift
/// MinPool2D(2)
/// ```
public struct MinPool2D: Layer, CustomStringConvertible {
  let pooling: Pooling

  /// Takes what `MaxPool2D` takes.
  public init(
    _ size: any PerAxis, stride: (any PerAxis)? = nil, padding: Padding = .valid, ceilMode: Bool = false
  ) {
    pooling = Pooling(
      family: "MinPool", axes: 2, size: size, stride: stride, padding: padding, ceilMode: ceilMode)
  }

  public func declare(_ x: Symbol) -> Symbol { pooling.declareSmallest(x) }
  public var description: String { pooling.description }
}

/// The smallest element under a window that slides along a signal: [N, C, L] → [N, C, L′].
///
/// ```swift
/// MinPool1D(2)
/// ```
public struct MinPool1D: Layer, CustomStringConvertible {
  let pooling: Pooling

  /// Takes what `MaxPool2D` takes, for one axis.
  public init(
    _ size: any PerAxis, stride: (any PerAxis)? = nil, padding: Padding = .valid, ceilMode: Bool = false
  ) {
    pooling = Pooling(
      family: "MinPool", axes: 1, size: size, stride: stride, padding: padding, ceilMode: ceilMode)
  }

  public func declare(_ x: Symbol) -> Symbol { pooling.declareSmallest(x) }
  public var description: String { pooling.description }
}

/// The smallest element under a window that slides through a volume: [N, C, D, H, W] → [N, C, D′, H′, W′].
///
/// ```swift
/// MinPool3D([1, 2, 2])
/// ```
public struct MinPool3D: Layer, CustomStringConvertible {
  let pooling: Pooling

  /// Takes what `MaxPool2D` takes, for three axes.
  public init(
    _ size: any PerAxis, stride: (any PerAxis)? = nil, padding: Padding = .valid, ceilMode: Bool = false
  ) {
    pooling = Pooling(
      family: "MinPool", axes: 3, size: size, stride: stride, padding: padding, ceilMode: ceilMode)
  }

  public func declare(_ x: Symbol) -> Symbol { pooling.declareSmallest(x) }
  public var description: String { pooling.description }
}

extension Pooling {
  /// The smallest is the negative of the largest negative.
  fileprivate func declareSmallest(_ x: Symbol) -> Symbol {
    declare(x.applying(Op.Neg.self), Op.MaxPool.self).applying(Op.Neg.self)
  }
}
