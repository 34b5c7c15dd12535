import FoveaTensors

/// The walk that `GridSample` and its gradients share.
struct GridSampler: Sendable {
  /// One pixel that a new one is made of.
  struct Tap<T: ReferenceScalar> {
    let share: T
    /// How the share changes with the grid's x and y.
    let slopeX: T
    let slopeY: T
  }

  private enum Outside: Sendable { case zeros, border, reflection }

  private let batch: Int
  private let channels: Int
  private let height: Int
  private let width: Int
  private let places: Int
  private let isLinear: Bool
  private let outside: Outside
  private let alignsCorners: Bool

  var outputCount: Int { batch * channels * places }

  init(_ site: NodeSite, x: Shape, grid: Shape) {
    (batch, channels, height, width) = (x[0], x[1], x[2], x[3])
    places = grid[1] * grid[2]
    isLinear = site.attributes.string("mode", default: "linear") != "nearest"
    outside =
      switch site.attributes.string("padding_mode", default: "zeros") {
      case "border": .border
      case "reflection": .reflection
      default: .zeros
      }
    alignsCorners = site.attributes.flag("align_corners")
  }

  /// Calls `body` for each pixel that each new one is made of: where both stand, its share, and the number of the place.
  @inline(__always)
  func forEachTap<T: ReferenceScalar>(
    _ grid: UnsafePointer<T>, _ body: (_ to: Int, _ from: Int, _ tap: Tap<T>, _ place: Int) -> Void
  ) {
    for n in 0..<batch {
      for index in 0..<places {
        let place = n * places + index
        let x = coordinate(grid[2 * place], width)
        let y = coordinate(grid[2 * place + 1], height)
        guard let (left, shareX) = split(x.at, width), let (top, shareY) = split(y.at, height) else { continue }
        for (row, partY, signY) in [(top, 1 - shareY, T(-1)), (top + 1, shareY, T(1))] {
          // Nearest takes one pixel whole.
          if row < 0 || row >= height || (!isLinear && row != top) { continue }
          for (column, partX, signX) in [(left, 1 - shareX, T(-1)), (left + 1, shareX, T(1))] {
            if column < 0 || column >= width || (!isLinear && column != left) { continue }
            let tap =
              isLinear
              ? Tap(share: partX * partY, slopeX: signX * partY * x.slope, slopeY: signY * partX * y.slope)
              : Tap(share: 1, slopeX: 0, slopeY: 0)
            for channel in 0..<channels {
              let plane = n * channels + channel
              body(plane * places + index, (plane * height + row) * width + column, tap, place)
            }
          }
        }
      }
    }
  }

  /// The pixel before a coordinate and what part of the way to the next one it lies; nil far outside.
  @inline(__always)
  private func split<T: ReferenceScalar>(_ x: T, _ extent: Int) -> (Int, T)? {
    // Also false for what is no number.
    guard x > -2, x < T(extent + 1) else { return nil }
    let below = isLinear ? x.rounded(.down) : x.rounded(.toNearestOrEven)
    return (Int(below), isLinear ? x - below : 0)
  }

  /// Where −1 … 1 lies among the pixels, and how fast that changes.
  @inline(__always)
  private func coordinate<T: ReferenceScalar>(_ place: T, _ extent: Int) -> (at: T, slope: T) {
    let scale = alignsCorners ? T(extent - 1) / 2 : T(extent) / 2
    let at = alignsCorners ? (place + 1) * scale : (place + 1) * scale - T(0.5)
    let last = T(extent - 1)
    switch outside {
    case .zeros: return (at, scale)
    case .border: return at > 0 && at < last ? (at, scale) : (at.isNaN ? at : Swift.max(0, Swift.min(last, at)), 0)
    case .reflection:
      let (low, span) = alignsCorners ? (T(0), last) : (T(-0.5), T(extent))
      guard span > 0, at.isFinite else { return (at.isFinite ? 0 : at, 0) }
      let distance = abs(at - low)
      let rest = distance.truncatingRemainder(dividingBy: span)
      let isTurned = (distance / span).rounded(.down).truncatingRemainder(dividingBy: 2) != 0
      let mirrored = isTurned ? span - rest + low : rest + low
      let sign: T = (at < low) != isTurned ? -1 : 1
      // The outer half of an outer pixel has nothing to go over to.
      return mirrored > 0 && mirrored < last
        ? (mirrored, sign * scale) : (Swift.max(0, Swift.min(last, mirrored)), 0)
    }
  }
}
