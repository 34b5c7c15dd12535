import FoveaTensors

/// Which old places along one axis make each new one: left·(1 − share) + right·share.
///
/// Sendable arrays, worked out once when a plan is made.
struct Coordinates: Sendable {
  /// ONNX's names.
  static let rules = ["half_pixel", "half_pixel_symmetric", "pytorch_half_pixel", "align_corners", "asymmetric"]
  static let roundings = ["round_prefer_floor", "round_prefer_ceil", "floor", "ceil"]

  let left: [Int]
  /// Empty when every new place is like one old one.
  let right: [Int]
  let share: [Double]

  /// - Parameter scale: new per old; nil takes the ratio of the extents.
  init(_ attributes: Attributes, from old: Int, to new: Int, scale: Double?) {
    let rule = attributes.string("coordinate_transformation_mode", default: "half_pixel")
    let linear = attributes.string("mode", default: "nearest") == "linear"
    let rounding = attributes.string("nearest_mode", default: "round_prefer_floor")
    let last = Double(old - 1)
    var (left, right, share): ([Int], [Int], [Double]) = ([], [], [])
    for place in 0..<new {
      let x = min(max(Coordinates.position(rule, Double(place), Double(old), Double(new), scale), 0), last)
      if linear {
        let below = x.rounded(.down)
        left.append(Int(below))
        right.append(Int(min(below + 1, last)))
        share.append(x - below)
      } else {
        let rounded =
          switch rounding {
          case "floor": x.rounded(.down)
          case "ceil": x.rounded(.up)
          case "round_prefer_ceil": (x + 0.5).rounded(.down)
          default: (x - 0.5).rounded(.up)
          }
        left.append(Int(min(max(rounded, 0), last)))
      }
    }
    self.left = left
    let isCopy = share.allSatisfy { $0 == 0 }
    self.right = isCopy ? [] : right
    self.share = isCopy ? [] : share
  }

  /// Where a new place lies among the old ones.
  private static func position(_ rule: String, _ place: Double, _ old: Double, _ new: Double, _ scale: Double?)
    -> Double
  {
    // Multiplied first: with the ratio of the extents whole places come out whole.
    func scaled(_ x: Double) -> Double { scale.map { x / $0 } ?? x * old / new }
    switch rule {
    case "align_corners": return new > 1 ? place * (old - 1) / (new - 1) : 0
    case "asymmetric": return scaled(place)
    case "pytorch_half_pixel": return new > 1 ? scaled(place + 0.5) - 0.5 : 0
    case "half_pixel_symmetric":
      let adjustment = scale.map { new / ($0 * old) } ?? 1
      return old / 2 * (1 - adjustment) + scaled(place + 0.5) - 0.5
    default: return scaled(place + 0.5) - 0.5
    }
  }
}

/// A resizing of 1 to 3 spatial axes, worked out: always three axes, outer ones of extent 1.
package struct Resampling: Sendable {
  private let planes: Int
  private let old: (Int, Int, Int)
  private let new: (Int, Int, Int)
  private let deep: Coordinates
  private let high: Coordinates
  let wide: Coordinates
  private let linear: Bool
  private let attributes: Attributes
  private let extents: (old: [Int], new: [Int])

  /// - Parameter from: 0 for the forward node; nil for the gradient, whose output is the small side.
  init(_ site: NodeSite, from: Int?) {
    let x = from == nil ? site.outputShape() : site.inputShape(0)
    let y = from == nil ? site.inputShape(0) : site.outputShape()
    let axes = x.rank - 2
    let factors = Op.Resize.numbers(site.attributes, "scales")
    func three(_ list: [Int]) -> (Int, Int, Int) {
      let padded = [Int](repeating: 1, count: 3 - axes) + list
      return (padded[0], padded[1], padded[2])
    }
    let attributes = site.attributes
    func coordinates(_ axis: Int) -> Coordinates {
      guard axis >= 0 else { return Coordinates([:], from: 1, to: 1, scale: nil) }
      return Coordinates(
        attributes, from: x[axis + 2], to: y[axis + 2], scale: axis < factors.count ? factors[axis] : nil)
    }
    planes = x[0] * x[1]
    old = three(Array(x.dims.dropFirst(2)))
    new = three(Array(y.dims.dropFirst(2)))
    deep = coordinates(axes - 3)
    high = coordinates(axes - 2)
    wide = coordinates(axes - 1)
    extents = (Array(x.dims.dropFirst(2)), Array(y.dims.dropFirst(2)))
    linear = attributes.string("mode", default: "nearest") == "linear"
    self.attributes = attributes
  }

  /// Calls `body` for each new row and each old row that it is made of: where both begin, the old row's weight,
  /// and whether it is the new row's first.
  @inline(__always)
  func forEachRow(_ body: (_ from: Int, _ to: Int, _ weight: Double, _ isFirst: Bool) -> Void) {
    for plane in 0..<planes {
      for d in 0..<new.0 {
        for h in 0..<new.1 {
          let to = ((plane * new.0 + d) * new.1 + h) * new.2
          var isFirst = true
          for back in 0..<(deep.right.isEmpty ? 1 : 2) {
            let xd = back == 0 ? deep.left[d] : deep.right[d]
            let deepWeight = deep.right.isEmpty ? 1 : back == 0 ? 1 - deep.share[d] : deep.share[d]
            for low in 0..<(high.right.isEmpty ? 1 : 2) {
              let xh = low == 0 ? high.left[h] : high.right[h]
              let weight = high.right.isEmpty ? 1 : low == 0 ? 1 - high.share[h] : high.share[h]
              // A row of no weight adds nothing, but a row must be begun.
              if weight * deepWeight == 0, !isFirst { continue }
              body(((plane * old.0 + xd) * old.1 + xh) * old.2, to, weight * deepWeight, isFirst)
              isFirst = false
            }
          }
        }
      }
    }
  }

  /// What a place sees: upwards a transposed window, downwards a window. By extents and scales alone: a summary of a
  /// file's graph must not cost what its largest extents would.
  static func field(_ site: NodeSite) -> FieldRule {
    let (old, new) = (site.inputShape(0).dims.dropFirst(2), site.outputShape().dims.dropFirst(2))
    if old == new { return .pointwise }
    let factors = Op.Resize.numbers(site.attributes, "scales")
    let scales = zip(old, new).enumerated().map { axis, pair in
      axis < factors.count ? factors[axis] : Double(pair.1) / Double(pair.0)
    }
    let taps = site.attributes.string("mode", default: "nearest") == "linear" ? 2 : 1
    if scales.allSatisfy({ $0 >= 1 }) {
      let strides = scales.map { Int(min($0.rounded(), Double(ConvGeometry.largest))) }
      return .transposed(span: strides.map { $0 == 1 ? 1 : $0 * taps }, stride: strides)
    }
    let strides = scales.map { Int(min(max((1 / $0).rounded(), 1), Double(ConvGeometry.largest))) }
    return .window(span: strides.map { $0 == 1 ? 1 : taps }, stride: strides, padding: strides.map { _ in 0 })
  }

  /// Whether a node's coordinates are those of oneDNN: by the centres of pixels and the ratio of the extents, the
  /// nearest one by rounding halves up, computed in single precision.
  package static func hasLibraryCoordinates(_ site: NodeSite, backward: Bool) -> Bool {
    let work = Resampling(site, from: backward ? nil : 0)
    let axes = work.extents.old.count
    let own = [work.deep, work.high, work.wide].suffix(axes)
    for (coordinates, extents) in zip(own, zip(work.extents.old, work.extents.new)) {
      let (old, new) = extents
      if work.linear {
        let theirs = Coordinates(["mode": .string("linear")], from: old, to: new, scale: nil)
        if coordinates.left != theirs.left || coordinates.right != theirs.right { return false }
        if zip(coordinates.share, theirs.share).contains(where: { abs($0 - $1) > 1e-6 }) { return false }
      } else {
        for place in 0..<new {
          let x = (Float(place) + 0.5) * Float(old) / Float(new) - 0.5
          if coordinates.left[place] != Int(max(x.rounded(.toNearestOrAwayFromZero), 0)) { return false }
        }
      }
    }
    return true
  }
}
