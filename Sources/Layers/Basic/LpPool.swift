import FoveaGraphs

/// The norm (Σ|x|ᵖ)^(1/p) of what lies under a sliding window, channel by channel; L2 pooling unless `p` says
/// otherwise (Sermanet et al. 2012).
///
/// [N, C, H, W] → [N, C, H′, W′]. The stride is the window's size unless given.
///
/// ```swift
/// LpPool2D(2)
/// LpPool2D(3, stride: 2, padding: 1, p: 4)
/// ```
public struct LpPool2D: Layer, CustomStringConvertible {
  let pooling: NormPooling

  /// - Parameters:
  ///   - size: extents of the window.
  ///   - padding: fewer on each side than the window is wide.
  ///   - ceilMode: a last window that hangs over the edge counts too.
  ///   - p: the power, at least 1.
  public init(
    _ size: any PerAxis, stride: (any PerAxis)? = nil, padding: Padding = .valid, ceilMode: Bool = false, p: Double = 2
  ) {
    pooling = NormPooling(2, size, stride, padding, ceilMode, p)
  }

  public func declare(_ x: Symbol) -> Symbol { pooling.declare(x) }
  public var description: String { pooling.pooling.description }
}

/// The norm of what lies under a window that slides along a signal: [N, C, L] → [N, C, L′].
///
/// ```swift
/// LpPool1D(4)
/// ```
public struct LpPool1D: Layer, CustomStringConvertible {
  let pooling: NormPooling

  /// Takes what `LpPool2D` takes, for one axis.
  public init(
    _ size: any PerAxis, stride: (any PerAxis)? = nil, padding: Padding = .valid, ceilMode: Bool = false, p: Double = 2
  ) {
    pooling = NormPooling(1, size, stride, padding, ceilMode, p)
  }

  public func declare(_ x: Symbol) -> Symbol { pooling.declare(x) }
  public var description: String { pooling.pooling.description }
}

/// The norm of what lies under a window that slides through a volume: [N, C, D, H, W] → [N, C, D′, H′, W′].
///
/// ```swift
/// LpPool3D([1, 2, 2])
/// ```
public struct LpPool3D: Layer, CustomStringConvertible {
  let pooling: NormPooling

  /// Takes what `LpPool2D` takes, for three axes.
  public init(
    _ size: any PerAxis, stride: (any PerAxis)? = nil, padding: Padding = .valid, ceilMode: Bool = false, p: Double = 2
  ) {
    pooling = NormPooling(3, size, stride, padding, ceilMode, p)
  }

  public func declare(_ x: Symbol) -> Symbol { pooling.declare(x) }
  public var description: String { pooling.pooling.description }
}

/// A pooling by norms along any number of axes.
struct NormPooling: Sendable {
  let pooling: Pooling
  let p: Double

  init(
    _ axes: Int, _ size: any PerAxis, _ stride: (any PerAxis)?, _ padding: Padding, _ ceilMode: Bool, _ p: Double
  ) {
    pooling = Pooling(
      family: "LpPool", axes: axes, size: size, stride: stride, padding: padding, ceilMode: ceilMode,
      more: [argument("p", p, default: 2)])
    self.p = p
  }

  func declare(_ x: Symbol) -> Symbol { pooling.declare(x, Op.LpPool.self, p == 2 ? [:] : ["p": .float(p)]) }
}
