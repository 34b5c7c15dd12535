import FoveaGraphs

/// The largest number of every channel over all its positions: [N, C, H, W] → [N, C, 1, 1], of pictures of any size,
/// and of signals and volumes likewise.
///
/// ```swift
/// GlobalMaxPool()
/// ```
public struct GlobalMaxPool: Layer, CustomStringConvertible {
  public init() {}
  public var description: String { "GlobalMaxPool()" }
  public func declare(_ x: Symbol) -> Symbol { x.hasPositions ? x.applying(Op.GlobalMaxPool.self) : x }
}

/// The smallest number of every channel over all its positions: [N, C, H, W] → [N, C, 1, 1].
///
/// ```swift
/// GlobalMinPool()
/// ```
public struct GlobalMinPool: Layer, CustomStringConvertible {
  public init() {}
  public var description: String { "GlobalMinPool()" }
  public func declare(_ x: Symbol) -> Symbol {
    guard x.hasPositions else { return x }
    return x.applying(Op.Neg.self).applying(Op.GlobalMaxPool.self).applying(Op.Neg.self)
  }
}

/// The norm (Σ|x|ᵖ)^(1/p) of every channel over all its positions: [N, C, H, W] → [N, C, 1, 1].
///
/// ```swift
/// GlobalLpPool()
/// ```
public struct GlobalLpPool: Layer, CustomStringConvertible {
  let p: Double

  /// - Parameter p: the power, at least 1.
  public init(p: Double = 2) { self.p = p }

  public var description: String { typed("GlobalLpPool", argument("p", p, default: 2)) }
  public func declare(_ x: Symbol) -> Symbol {
    x.hasPositions ? x.applying(Op.GlobalLpPool.self, p == 2 ? [:] : ["p": .float(p)]) : x
  }
}

/// The means of as many windows as are wanted, whatever the picture's size: [N, C, H, W] → [N, C, size…], by
/// PyTorch's rule. Where the size is right already it changes nothing and costs nothing.
///
/// ```swift
/// AdaptiveAveragePool2D(7)         // before the dense layers of torchvision's VGG
/// AdaptiveAveragePool2D([1, 4])
/// ```
public struct AdaptiveAveragePool2D: Layer, CustomStringConvertible {
  let size: any PerAxis

  /// - Parameter size: number of windows along each axis.
  public init(_ size: any PerAxis) { self.size = size }

  public var description: String { typed("AdaptiveAveragePool2D", size.typed) }
  public func declare(_ x: Symbol) -> Symbol { x.adaptivelyPooled(2, size) }
}

/// The means of as many windows of a signal as are wanted: [N, C, L] → [N, C, size].
///
/// ```swift
/// AdaptiveAveragePool1D(16)
/// ```
public struct AdaptiveAveragePool1D: Layer, CustomStringConvertible {
  let size: any PerAxis

  /// - Parameter size: number of windows.
  public init(_ size: any PerAxis) { self.size = size }

  public var description: String { typed("AdaptiveAveragePool1D", size.typed) }
  public func declare(_ x: Symbol) -> Symbol { x.adaptivelyPooled(1, size) }
}

/// The means of as many windows of a volume as are wanted: [N, C, D, H, W] → [N, C, size…].
///
/// ```swift
/// AdaptiveAveragePool3D([1, 7, 7])
/// ```
public struct AdaptiveAveragePool3D: Layer, CustomStringConvertible {
  let size: any PerAxis

  /// - Parameter size: number of windows along each axis.
  public init(_ size: any PerAxis) { self.size = size }

  public var description: String { typed("AdaptiveAveragePool3D", size.typed) }
  public func declare(_ x: Symbol) -> Symbol { x.adaptivelyPooled(3, size) }
}

extension Symbol {
  /// Reports an input without spatial axes.
  fileprivate var hasPositions: Bool {
    guard let rank, rank < 3 else { return true }
    reject("the input \(shape) has no positions to pool over", mend: "place it before Flatten()")
    return false
  }

  fileprivate func adaptivelyPooled(_ axes: Int, _ size: any PerAxis) -> Symbol {
    let fits = checkedRank(
      axes + 2, layout: layoutName(axes: axes),
      mend: mend(forAxes: "AdaptiveAveragePool", or: "pool before Flatten(), or reshape the input"))
    let sizes = checked("size", size, axes: axes, atLeast: 1)
    guard fits, let sizes else {
      let extents = sizes.map { $0.map(Optional.some) } ?? [Int?](repeating: nil, count: axes)
      return poisoned([fits ? shape[0] : nil, fits ? channels : nil] + extents)
    }
    return applying(Op.AdaptiveAveragePool.self, ["output_size": .ints(sizes)])
  }
}
