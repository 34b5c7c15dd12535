import FoveaTensors

/// Which old places along one axis make each new one, and with which weights.
///
/// Sendable arrays, worked out once when a plan is made. Places outside are those at the ends.
struct Taps: Sendable {
  /// ONNX's names.
  static let modes = ["nearest", "linear", "cubic"]
  static let rules = [
    "half_pixel", "half_pixel_symmetric", "pytorch_half_pixel", "tf_half_pixel_for_nn", "align_corners", "asymmetric",
    "tf_crop_and_resize",
  ]
  static let roundings = ["round_prefer_floor", "round_prefer_ceil", "floor", "ceil"]

  /// Where the taps of each new place begin, and behind all where they end.
  private(set) var starts = [0]
  private(set) var places: [Int] = []
  private(set) var weights: [Double] = []
  /// Whether a new place lies outside of the old tensor and is filled instead; empty where none does.
  private(set) var isOutside: [Bool] = []

  /// True where every new place is one old one.
  var isCopy: Bool { places.count == starts.count - 1 && weights.allSatisfy { $0 == 1 } && isOutside.isEmpty }
  var count: Int { starts.count - 1 }

  /// The first and the last tap of each place where none has more than two, as a loop without branches reads them; nil
  /// elsewhere.
  var pairs: (left: [Int], right: [Int], first: [Double], last: [Double])? {
    guard isOutside.isEmpty, (0..<count).allSatisfy({ (1...2).contains(starts[$0 + 1] - starts[$0]) }) else {
      return nil
    }
    let (begins, ends) = (starts.dropLast(), starts.dropFirst())
    // One tap is two halves, so that infinity stays itself.
    let share = zip(begins, ends).map { $1 - $0 == 2 ? 1 : 0.5 }
    return (
      begins.map { places[$0] }, ends.map { places[$0 - 1] }, zip(begins, share).map { weights[$0] * $1 },
      zip(ends, share).map { weights[$0 - 1] * $1 }
    )
  }

  /// - Parameters:
  ///   - scale: new per old; nil takes the ratio of the extents.
  ///   - part: the part of the axis to look at (`tf_crop_and_resize`), 0 to 1 being all of it.
  init(_ attributes: Attributes, from old: Int, to new: Int, scale: Double?, part: (Double, Double) = (0, 1)) {
    let rule = attributes.string("coordinate_transformation_mode", default: "half_pixel")
    let kernel = TapKernel(attributes, scale: scale ?? Double(new) / Double(old))
    let last = Double(old - 1)
    for place in 0..<new {
      let x = Taps.position(rule, Double(place), Double(old), Double(new), scale, part)
      if rule == "tf_crop_and_resize", !(0...last).contains(x) {
        if isOutside.isEmpty { isOutside = [Bool](repeating: false, count: new) }
        isOutside[place] = true
      } else {
        append(kernel.taps(at: x, of: old), of: old)
      }
      starts.append(places.count)
    }
  }

  /// Joins taps that fall on one place at an end.
  private mutating func append(_ taps: [(place: Int, weight: Double)], of old: Int) {
    let first = places.count
    for (place, weight) in taps {
      let kept = min(max(place, 0), old - 1)
      if places.count > first, places[places.count - 1] == kept {
        weights[weights.count - 1] += weight
      } else if weight != 0 || (places.count == first && taps.count == 1) {
        places.append(kept)
        weights.append(weight)
      }
    }
  }

  /// Where a new place lies among the old ones.
  private static func position(
    _ rule: String, _ place: Double, _ old: Double, _ new: Double, _ scale: Double?, _ part: (Double, Double)
  ) -> Double {
    // Multiplied first: with the ratio of the extents whole places come out whole.
    func scaled(_ x: Double) -> Double { scale.map { x / $0 } ?? x * old / new }
    switch rule {
    case "align_corners": return new > 1 ? place * (old - 1) / (new - 1) : 0
    case "asymmetric": return scaled(place)
    case "pytorch_half_pixel": return new > 1 ? scaled(place + 0.5) - 0.5 : 0
    case "tf_half_pixel_for_nn": return scaled(place + 0.5)
    case "half_pixel_symmetric":
      let adjustment = scale.map { new / ($0 * old) } ?? 1
      return old / 2 * (1 - adjustment) + scaled(place + 0.5) - 0.5
    case "tf_crop_and_resize":
      let (start, end) = part
      if new <= 1 { return (start + end) / 2 * (old - 1) }
      return start * (old - 1) + place * (end - start) * (old - 1) / (new - 1)
    default: return scaled(place + 0.5) - 0.5
    }
  }
}

/// How one mode of resizing weighs the places around a position.
private struct TapKernel {
  let mode: String
  let rounding: String
  /// Of Keys' cubic kernel (1981).
  let a: Double
  let excludesOutside: Bool
  /// How much wider the kernel is where a picture becomes smaller and every old place is to count.
  let width: Double

  init(_ attributes: Attributes, scale: Double) {
    mode = attributes.string("mode", default: "nearest")
    rounding = attributes.string("nearest_mode", default: "round_prefer_floor")
    a = attributes.float("cubic_coeff_a", default: -0.75)
    excludesOutside = attributes.flag("exclude_outside")
    width = attributes.flag("antialias") && mode != "nearest" ? max(1 / scale, 1) : 1
  }

  func taps(at x: Double, of old: Int) -> [(place: Int, weight: Double)] {
    let last = Double(old - 1)
    guard mode != "nearest" else { return [(rounded(min(max(x, 0), last)), 1)] }
    // Far outside all places are the end's; so far that a place is no number, too.
    let x = min(max(x, -last - 4 * width - 4), 2 * last + 4 * width + 4)
    let reach = (mode == "cubic" ? 2 : 1) * width
    let (first, end) = (Int((x - reach).rounded(.up)), Int((x + reach).rounded(.down)))
    var result: [(place: Int, weight: Double)] = []
    for place in first...max(first, end) {
      if excludesOutside, !(0..<old).contains(place) { continue }
      result.append((place, weight((Double(place) - x) / width)))
    }
    let sum = result.reduce(0) { $0 + $1.weight }
    guard width > 1 || excludesOutside, sum != 0 else { return result }
    return result.map { ($0.place, $0.weight / sum) }
  }

  private func rounded(_ x: Double) -> Int {
    switch rounding {
    case "floor": Int(x.rounded(.down))
    case "ceil": Int(x.rounded(.up))
    case "round_prefer_ceil": Int((x + 0.5).rounded(.down))
    default: Int((x - 0.5).rounded(.up))
    }
  }

  private func weight(_ distance: Double) -> Double {
    let t = abs(distance)
    guard mode == "cubic" else { return max(1 - t, 0) }
    if t <= 1 { return ((a + 2) * t - (a + 3)) * t * t + 1 }
    return t < 2 ? ((a * t - 5 * a) * t + 8 * a) * t - 4 * a : 0
  }
}
