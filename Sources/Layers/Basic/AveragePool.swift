import FoveaGraphs

/// The mean under a sliding window, channel by channel: the subsampling of LeCun et al. 1998.
///
/// [N, C, H, W] → [N, C, H′, W′]. The stride is the window's size unless given.
///
/// ```swift
/// AveragePool2D(2)
/// AveragePool2D(3, stride: 2, padding: 1)
/// ```
public struct AveragePool2D: Layer, CustomStringConvertible {
  let pooling: AveragePooling

  /// - Parameters:
  ///   - size: extents of the window.
  ///   - padding: fewer on each side than the window is wide.
  ///   - ceilMode: a last window that hangs over the edge counts too.
  ///   - countsPadding: divides by the size of the window, padding included, as PyTorch does unless told;
  ///     false divides by the number of inputs under it.
  public init(
    _ size: any PerAxis, stride: (any PerAxis)? = nil, padding: Padding = .valid, ceilMode: Bool = false,
    countsPadding: Bool = true
  ) {
    pooling = AveragePooling(2, size, stride, padding, ceilMode, countsPadding)
  }

  public func declare(_ x: Symbol) -> Symbol { pooling.declare(x) }
  public var description: String { pooling.pooling.description }
}

/// The mean under a window that slides along a signal: [N, C, L] → [N, C, L′].
///
/// ```swift
/// AveragePool1D(4)
/// ```
public struct AveragePool1D: Layer, CustomStringConvertible {
  let pooling: AveragePooling

  /// Takes what `AveragePool2D` takes, for one axis.
  public init(
    _ size: any PerAxis, stride: (any PerAxis)? = nil, padding: Padding = .valid, ceilMode: Bool = false,
    countsPadding: Bool = true
  ) {
    pooling = AveragePooling(1, size, stride, padding, ceilMode, countsPadding)
  }

  public func declare(_ x: Symbol) -> Symbol { pooling.declare(x) }
  public var description: String { pooling.pooling.description }
}

/// The mean under a window that slides through a volume: [N, C, D, H, W] → [N, C, D′, H′, W′].
///
/// ```swift
/// AveragePool3D([1, 2, 2])
/// ```
public struct AveragePool3D: Layer, CustomStringConvertible {
  let pooling: AveragePooling

  /// Takes what `AveragePool2D` takes, for three axes.
  public init(
    _ size: any PerAxis, stride: (any PerAxis)? = nil, padding: Padding = .valid, ceilMode: Bool = false,
    countsPadding: Bool = true
  ) {
    pooling = AveragePooling(3, size, stride, padding, ceilMode, countsPadding)
  }

  public func declare(_ x: Symbol) -> Symbol { pooling.declare(x) }
  public var description: String { pooling.pooling.description }
}

/// An average pooling along any number of axes.
struct AveragePooling: Sendable {
  let pooling: Pooling
  let countsPadding: Bool

  init(
    _ axes: Int, _ size: any PerAxis, _ stride: (any PerAxis)?, _ padding: Padding, _ ceilMode: Bool,
    _ countsPadding: Bool
  ) {
    pooling = Pooling(
      family: "AveragePool", axes: axes, size: size, stride: stride, padding: padding, ceilMode: ceilMode,
      more: [argument("countsPadding", countsPadding, default: true)])
    self.countsPadding = countsPadding
  }

  func declare(_ x: Symbol) -> Symbol {
    // ONNX leaves the padding out unless told.
    pooling.declare(x, Op.AveragePool.self, countsPadding ? ["count_include_pad": .int(1)] : [:])
  }
}

/// The mean of every channel over all its positions (Lin et al. 2013): [N, C, H, W] → [N, C, 1, 1], of
/// pictures of any size, and of signals and volumes likewise.
///
/// ```swift
/// GlobalAveragePool()
/// Flatten()
/// Dense(10)
/// ```
public struct GlobalAveragePool: Layer, CustomStringConvertible {
  public init() {}

  public var description: String { "GlobalAveragePool()" }

  public func declare(_ x: Symbol) -> Symbol {
    if let rank = x.rank, rank < 3 {
      x.reject("the input \(x.shape) has no positions to pool over", mend: "place it before Flatten()")
      return x
    }
    return x.applying(Op.GlobalAveragePool.self)
  }
}
