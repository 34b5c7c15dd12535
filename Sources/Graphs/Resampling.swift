import FoveaTensors

/// A resizing of 1 to 3 spatial axes, worked out: always three axes, outer ones of extent 1.
package struct Resampling: Sendable {
  private let planes: Int
  private let old: (Int, Int, Int)
  private let new: (Int, Int, Int)
  private let deep: Taps
  private let high: Taps
  let wide: Taps
  private let mode: String
  private let extents: (old: [Int], new: [Int])

  /// - Parameter from: 0 for the forward node; nil for the gradient, whose output is the small side.
  init(_ site: NodeSite, from: Int?) {
    let x = from == nil ? site.outputShape() : site.inputShape(0)
    let y = from == nil ? site.inputShape(0) : site.outputShape()
    let axes = x.rank - 2
    let factors = Op.Resize.numbers(site.attributes, "scales")
    let parts = Op.Resize.numbers(site.attributes, "roi")
    func three(_ list: [Int]) -> (Int, Int, Int) {
      let padded = [Int](repeating: 1, count: 3 - axes) + list
      return (padded[0], padded[1], padded[2])
    }
    let attributes = site.attributes
    func taps(_ axis: Int) -> Taps {
      guard axis >= 0 else { return Taps([:], from: 1, to: 1, scale: nil) }
      return Taps(
        attributes, from: x[axis + 2], to: y[axis + 2], scale: axis < factors.count ? factors[axis] : nil,
        part: parts.count == 2 * axes ? (parts[axis], parts[axes + axis]) : (0, 1))
    }
    planes = x[0] * x[1]
    old = three(Array(x.dims.dropFirst(2)))
    new = three(Array(y.dims.dropFirst(2)))
    deep = taps(axes - 3)
    high = taps(axes - 2)
    wide = taps(axes - 1)
    extents = (Array(x.dims.dropFirst(2)), Array(y.dims.dropFirst(2)))
    mode = attributes.string("mode", default: "nearest")
  }

  /// Calls `body` for each new row and each old row that it is made of: where both begin, the old row's weight,
  /// and whether it is the new row's first. A row outside is called once, without an old one.
  @inline(__always)
  func forEachRow(_ body: (_ from: Int?, _ to: Int, _ weight: Double, _ isFirst: Bool) -> Void) {
    for plane in 0..<planes {
      for d in 0..<new.0 {
        for h in 0..<new.1 {
          let to = ((plane * new.0 + d) * new.1 + h) * new.2
          var isFirst = true
          for back in deep.starts[d]..<deep.starts[d + 1] {
            for low in high.starts[h]..<high.starts[h + 1] {
              let from = ((plane * old.0 + deep.places[back]) * old.1 + high.places[low]) * old.2
              body(from, to, deep.weights[back] * high.weights[low], isFirst)
              isFirst = false
            }
          }
          if isFirst { body(nil, to, 0, true) }
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
    let taps = ["linear": 2, "cubic": 4][site.attributes.string("mode", default: "nearest")] ?? 1
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
    let attributes = site.attributes
    guard ["nearest", "linear"].contains(attributes.string("mode", default: "nearest")),
      !attributes.flag("antialias"),
      attributes.string("coordinate_transformation_mode", default: "half_pixel") != "tf_crop_and_resize"
    else { return false }
    let work = Resampling(site, from: backward ? nil : 0)
    let own = [work.deep, work.high, work.wide].suffix(work.extents.old.count)
    for (taps, extents) in zip(own, zip(work.extents.old, work.extents.new)) {
      let (old, new) = extents
      if work.mode == "linear" {
        let theirs = Taps(["mode": .string("linear")], from: old, to: new, scale: nil)
        if taps.places != theirs.places || taps.starts != theirs.starts { return false }
        if zip(taps.weights, theirs.weights).contains(where: { abs($0 - $1) > 1e-6 }) { return false }
      } else {
        for place in 0..<new {
          let x = (Float(place) + 0.5) * Float(old) / Float(new) - 0.5
          if taps.places[place] != Int(max(x.rounded(.toNearestOrAwayFromZero), 0)) { return false }
        }
      }
    }
    return true
  }
}
