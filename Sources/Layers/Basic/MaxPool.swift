import FoveaGraphs

/// The largest element under a sliding window, channel by channel.
///
/// [N, C, H, W] → [N, C, H′, W′]. The stride is the window's size unless given; padding never wins.
///
/// ```swift
/// MaxPool2D(2)
/// MaxPool2D(3, stride: 2)                  // overlapping: Krizhevsky et al. 2012
/// MaxPool2D(3, stride: 2, padding: 1)      // He et al. 2015
/// ```
public struct MaxPool2D: Layer, CustomStringConvertible {
  let pooling: Pooling

  /// - Parameters:
  ///   - size: extents of the window.
  ///   - padding: fewer on each side than the window is wide.
  ///   - ceilMode: a last window that hangs over the edge counts too.
  public init(
    _ size: any PerAxis, stride: (any PerAxis)? = nil, padding: Padding = .valid, ceilMode: Bool = false
  ) {
    pooling = Pooling(
      family: "MaxPool", axes: 2, size: size, stride: stride, padding: padding, ceilMode: ceilMode)
  }

  public func declare(_ x: Symbol) -> Symbol { pooling.declare(x, Op.MaxPool.self) }
  public var description: String { pooling.description }
}

/// The largest element under a window that slides along a signal: [N, C, L] → [N, C, L′].
///
/// ```swift
/// MaxPool1D(2)
/// ```
public struct MaxPool1D: Layer, CustomStringConvertible {
  let pooling: Pooling

  /// Takes what `MaxPool2D` takes, for one axis.
  public init(
    _ size: any PerAxis, stride: (any PerAxis)? = nil, padding: Padding = .valid, ceilMode: Bool = false
  ) {
    pooling = Pooling(
      family: "MaxPool", axes: 1, size: size, stride: stride, padding: padding, ceilMode: ceilMode)
  }

  public func declare(_ x: Symbol) -> Symbol { pooling.declare(x, Op.MaxPool.self) }
  public var description: String { pooling.description }
}

/// The largest element under a window that slides through a volume: [N, C, D, H, W] → [N, C, D′, H′, W′].
///
/// ```swift
/// MaxPool3D([1, 2, 2])      // keeps time, halves the picture: Tran et al. 2015
/// ```
public struct MaxPool3D: Layer, CustomStringConvertible {
  let pooling: Pooling

  /// Takes what `MaxPool2D` takes, for three axes.
  public init(
    _ size: any PerAxis, stride: (any PerAxis)? = nil, padding: Padding = .valid, ceilMode: Bool = false
  ) {
    pooling = Pooling(
      family: "MaxPool", axes: 3, size: size, stride: stride, padding: padding, ceilMode: ceilMode)
  }

  public func declare(_ x: Symbol) -> Symbol { pooling.declare(x, Op.MaxPool.self) }
  public var description: String { pooling.description }
}
