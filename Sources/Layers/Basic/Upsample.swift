import FoveaGraphs

/// How numbers are found between places.
public enum Interpolation: String, Sendable, Hashable, CaseIterable, CustomStringConvertible {
  /// The nearest place's number, repeated.
  case nearest
  /// A straight line between neighbours, along one axis.
  case linear
  /// Straight lines along height and width.
  case bilinear
  /// Straight lines along depth, height and width.
  case trilinear

  public var description: String { ".\(rawValue)" }

  /// The attributes of `Op.Resize`, as PyTorch means the words.
  func attributes(alignCorners: Bool) -> Attributes {
    guard self != .nearest else {
      return [
        "mode": .string("nearest"), "coordinate_transformation_mode": .string("asymmetric"),
        "nearest_mode": .string("floor"),
      ]
    }
    return [
      "mode": .string("linear"),
      "coordinate_transformation_mode": .string(alignCorners ? "align_corners" : "half_pixel"),
    ]
  }

  /// Reports a word that belongs to another number of axes, and corners where nothing is interpolated.
  func isFit(_ x: Symbol, axes: Int, alignCorners: Bool) -> Bool {
    let own = [Interpolation.linear, .bilinear, .trilinear][axes - 1]
    if self != .nearest, self != own {
      x.reject("mode \(self) along \(axes == 1 ? "one axis" : "\(axes) axes")", mend: "use .nearest or \(own)")
      return false
    }
    if self == .nearest, alignCorners {
      x.reject("alignCorners with mode .nearest", mend: "leave it out, or use \(own)")
      return false
    }
    return true
  }
}

/// More (or fewer) places by repeating or interpolating: [N, C, H, W] → [N, C, ⌊H·scale⌋, ⌊W·scale⌋].
///
/// ```swift
/// Upsample2D(scale: 2)                                       // each pixel four times
/// Upsample2D(scale: 8, mode: .bilinear)                      // Long et al. 2015
/// Upsample2D(scale: [2, 3], mode: .bilinear, alignCorners: true)
/// ```
public struct Upsample2D: Layer, CustomStringConvertible {
  let upsampling: Upsampling

  /// - Parameters:
  ///   - scale: whole factors, one for both axes or one each.
  ///   - mode: `.nearest` or `.bilinear`.
  ///   - alignCorners: the corners' pixels keep their numbers; else pixels are squares whose rims stay in place.
  public init(scale: any PerAxis, mode: Interpolation = .nearest, alignCorners: Bool = false) {
    upsampling = Upsampling(axes: 2, scale: scale, mode: mode, alignCorners: alignCorners)
  }

  public func declare(_ x: Symbol) -> Symbol { upsampling.declare(x) }
  public var description: String { upsampling.description }
}

/// More places along a signal: [N, C, L] → [N, C, L·scale].
///
/// ```swift
/// Upsample1D(scale: 2, mode: .linear)
/// ```
public struct Upsample1D: Layer, CustomStringConvertible {
  let upsampling: Upsampling

  /// Takes what `Upsample2D` takes, for one axis; `mode` is `.nearest` or `.linear`.
  public init(scale: any PerAxis, mode: Interpolation = .nearest, alignCorners: Bool = false) {
    upsampling = Upsampling(axes: 1, scale: scale, mode: mode, alignCorners: alignCorners)
  }

  public func declare(_ x: Symbol) -> Symbol { upsampling.declare(x) }
  public var description: String { upsampling.description }
}

/// More places in a volume: [N, C, D, H, W] → [N, C, D·scale, H·scale, W·scale].
///
/// ```swift
/// Upsample3D(scale: [1, 2, 2])
/// ```
public struct Upsample3D: Layer, CustomStringConvertible {
  let upsampling: Upsampling

  /// Takes what `Upsample2D` takes, for three axes; `mode` is `.nearest` or `.trilinear`.
  public init(scale: any PerAxis, mode: Interpolation = .nearest, alignCorners: Bool = false) {
    upsampling = Upsampling(axes: 3, scale: scale, mode: mode, alignCorners: alignCorners)
  }

  public func declare(_ x: Symbol) -> Symbol { upsampling.declare(x) }
  public var description: String { upsampling.description }
}

/// An upsampling along any number of axes.
struct Upsampling: Sendable, CustomStringConvertible {
  let axes: Int
  let scale: any PerAxis
  let mode: Interpolation
  let alignCorners: Bool

  var description: String {
    typed(
      "Upsample\(axes)D", "scale: \(scale.typed)", argument("mode", mode, default: .nearest),
      argument("alignCorners", alignCorners, default: false))
  }

  func declare(_ x: Symbol) -> Symbol {
    let fits = x.checkedRank(
      axes + 2, layout: layoutName(axes: axes),
      mend: x.mend(forAxes: "Upsample", or: "place it before Flatten(), or reshape the input"))
    let scales = x.checked("scale", scale, axes: axes, atLeast: 1)
    let isFit = mode.isFit(x, axes: axes, alignCorners: alignCorners)
    guard fits, let scales, isFit else {
      return x.poisoned([fits ? x.shape[0] : nil, fits ? x.channels : nil] + [Int?](repeating: nil, count: axes))
    }
    var attributes = mode.attributes(alignCorners: alignCorners)
    attributes["scales"] = .floats(scales.map(Double.init))
    return x.applying(Op.Resize.self, attributes)
  }
}
