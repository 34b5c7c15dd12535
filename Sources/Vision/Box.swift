/// An upright rectangle in a picture: x to the right, y down, in pixels or in units of the picture.
///
/// A box whose right side is not right of its left one, or whose bottom is not below its top (NaN among them),
/// is *empty*: it has no area and overlaps nothing, not even itself. Nothing here traps on one.
///
/// ```swift
/// let box = Box(centerX: 0.5, centerY: 0.5, width: 0.2, height: 0.4)
/// box.intersectionOverUnion(Box(left: 0.4, top: 0.3, right: 0.6, bottom: 0.5))  // 0.5
/// ```
public struct Box: Sendable, Hashable {
  /// The x of the left side.
  public var left: Double
  /// The y of the upper side.
  public var top: Double
  /// The x of the right side.
  public var right: Double
  /// The y of the lower side.
  public var bottom: Double

  /// A box by its corners.
  public init(left: Double, top: Double, right: Double, bottom: Double) {
    self.left = left
    self.top = top
    self.right = right
    self.bottom = bottom
  }

  /// A box by its centre and its sides.
  public init(centerX: Double, centerY: Double, width: Double, height: Double) {
    self.init(
      left: centerX - width / 2, top: centerY - height / 2, right: centerX + width / 2, bottom: centerY + height / 2)
  }

  /// Right less left; negative when they are the wrong way around.
  public var width: Double { right - left }
  /// Bottom less top; negative when they are the wrong way around.
  public var height: Double { bottom - top }
  /// The x of the centre.
  public var centerX: Double { left + width / 2 }
  /// The y of the centre.
  public var centerY: Double { top + height / 2 }
  /// True when there is no area.
  public var isEmpty: Bool { corners.isEmpty }
  /// Width times height; 0 when the box is empty.
  public var area: Double { corners.area }

  /// The part of the box inside `bounds`, which is empty when there is none.
  public func clipped(to bounds: Box) -> Box {
    Box(
      left: min(max(left, bounds.left), bounds.right), top: min(max(top, bounds.top), bounds.bottom),
      right: min(max(right, bounds.left), bounds.right), bottom: min(max(bottom, bounds.top), bounds.bottom))
  }

  /// The box with x and y in other units, such as pixels instead of fractions of the picture.
  public func scaled(x: Double, y: Double) -> Box {
    Box(left: left * x, top: top * y, right: right * x, bottom: bottom * y)
  }

  /// The shared area divided by the area of both together (Jaccard 1901): 1 for equal boxes, 0 for boxes that do
  /// not touch, for empty ones, and where the areas are too large for the quotient to be a number.
  public func intersectionOverUnion(_ other: Box) -> Double { corners.overlap(other.corners) }

  package var corners: Corners<Double> { Corners(left: left, top: top, right: right, bottom: bottom) }
}

/// A box in the element type of a buffer: the arithmetic of `Box`, for kernels.
@frozen
@usableFromInline
package struct Corners<T: BinaryFloatingPoint> {
  @usableFromInline package var left: T
  @usableFromInline package var top: T
  @usableFromInline package var right: T
  @usableFromInline package var bottom: T

  @inlinable
  package init(left: T, top: T, right: T, bottom: T) {
    self.left = left
    self.top = top
    self.right = right
    self.bottom = bottom
  }

  @inlinable
  package init(centerX: T, centerY: T, width: T, height: T) {
    self.init(
      left: centerX - width / 2, top: centerY - height / 2, right: centerX + width / 2, bottom: centerY + height / 2)
  }

  /// Written so that a NaN makes the box empty.
  @inlinable package var isEmpty: Bool { !(right > left && bottom > top) }

  @inlinable package var area: T { isEmpty ? 0 : (right - left) * (bottom - top) }

  /// Intersection over union.
  @inlinable
  package func overlap(_ other: Corners) -> T {
    guard !isEmpty, !other.isEmpty else { return 0 }
    let width = min(right, other.right) - max(left, other.left)
    let height = min(bottom, other.bottom) - max(top, other.top)
    guard width > 0, height > 0 else { return 0 }
    let shared = width * height
    let quotient = shared / (area + other.area - shared)
    return quotient.isNaN ? 0 : quotient
  }
}

/// How four numbers say where a box is.
package enum BoxForm: Sendable {
  /// Left, top, right, bottom.
  case corners
  /// Any two opposite corners, x and y in either order, as ONNX has them.
  case opposite
  /// The centre's two coordinates, then the two sides.
  case center
}

extension Corners {
  /// The box that four numbers say.
  @inline(__always)
  init(_ numbers: UnsafePointer<T>, _ form: BoxForm) {
    let (a, b, c, d) = (numbers[0], numbers[1], numbers[2], numbers[3])
    switch form {
    case .corners: self.init(left: a, top: b, right: c, bottom: d)
    case .opposite: self.init(left: min(a, c), top: min(b, d), right: max(a, c), bottom: max(b, d))
    case .center: self.init(centerX: a, centerY: b, width: c, height: d)
    }
  }
}
