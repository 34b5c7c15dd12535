/// A part of a picture in its pixels; sides need not be whole.
struct PixelRegion {
  var top: Double
  var left: Double
  var height: Double
  var width: Double
}

/// Resizes a part of a picture to planes of floats: bilinear and antialiased as `Image8.resized`, without rounding to
/// bytes. Its memory is used again.
final class PlaneResampler {
  private var rows = Taps()
  private var columns = Taps()
  /// One new row at the part's old width, its channels as they lie in the picture.
  private var line: [Float] = []

  /// Writes `region` as [C, height, width] levels, mirrored when `isFlipped` says so.
  func resample<Pixel: PixelLevel>(
    _ view: PixelView<Pixel>, _ region: PixelRegion, isFlipped: Bool, height: Int, width: Int,
    to target: UnsafeMutablePointer<Float>
  ) {
    rows.set(from: region.top, region.height, of: view.height, to: height)
    columns.set(from: region.left, region.width, of: view.width, to: width)
    // Rows first: whole lines are mixed at once, and few new ones are left for the columns.
    let isInterleaved = view.pixelStride != 1
    let count = columns.extent * (isInterleaved ? view.channels : 1)
    if line.count < count { line = [Float](repeating: 0, count: count) }
    line.withUnsafeMutableBufferPointer { room in
      guard let line = room.baseAddress else { return }
      for channel in 0..<(isInterleaved ? 1 : view.channels) {
        let from =
          view.base + channel * view.channelStride + rows.start * view.rowStride + columns.start * view.pixelStride
          // The first channel in memory is the last one of a picture that is read from blue to red.
          - (view.isBGR ? view.channels - 1 : 0)
        rows.each { first, weights, row in
          mix(from + first * view.rowStride, view.rowStride, weights, count, line)
          for own in isInterleaved ? 0..<view.channels : channel..<channel + 1 {
            let place = isInterleaved ? (view.isBGR ? view.channels - 1 - own : own) : 0
            across(
              line + place, view.pixelStride, isFlipped: isFlipped, width: width,
              target + (own * height + row) * width)
          }
        }
      }
    }
  }

  /// One line out of as many as there are weights.
  private func mix<Pixel: PixelLevel>(
    _ from: UnsafePointer<Pixel>, _ rowStride: Int, _ weights: UnsafeBufferPointer<Float>, _ count: Int,
    _ line: UnsafeMutablePointer<Float>
  ) {
    let first = weights[0]
    for at in 0..<count { line[at] = from[at].level * first }
    for index in 1..<max(1, weights.count) {
      let (own, weight) = (from + index * rowStride, weights[index])
      for at in 0..<count { line[at] += own[at].level * weight }
    }
  }

  private func across(
    _ line: UnsafePointer<Float>, _ stride: Int, isFlipped: Bool, width: Int, _ to: UnsafeMutablePointer<Float>
  ) {
    columns.each { first, weights, column in
      var sum: Float = 0
      let start = line + first * stride
      for index in 0..<weights.count { sum += start[index * stride] * weights[index] }
      to[isFlipped ? width - 1 - column : column] = sum
    }
  }

  /// For each new pixel, which old ones it mixes and how much of each.
  private struct Taps {
    /// The first old pixel that is read at all, and how many there are.
    private(set) var start = 0
    private(set) var extent = 0
    /// Counted from `start`.
    private var first: [Int] = []
    private var offsets: [Int] = []
    private var weights: [Float] = []

    /// - Parameters:
    ///   - from, length: the part that is read, in old pixels.
    ///   - count: the old pixels that there are.
    mutating func set(from: Double, _ length: Double, of count: Int, to new: Int) {
      first.removeAll(keepingCapacity: true)
      offsets.removeAll(keepingCapacity: true)
      weights.removeAll(keepingCapacity: true)
      offsets.append(0)
      // A pixel that the part only touches belongs to it.
      start = min(max(0, Int(from.rounded(.down))), count - 1)
      extent = max(1, min(count, Int((from + length - 1e-9).rounded(.up))) - start)
      let before = from - Double(start)
      let scale = length / Double(new)
      let reach = max(scale, 1)
      for place in 0..<new {
        let center = (Double(place) + 0.5) * scale + before
        let low = min(max(0, Int((center - reach + 0.5).rounded(.down))), extent - 1)
        let high = max(low + 1, min(extent, Int((center + reach + 0.5).rounded(.down))))
        var total = 0.0
        for index in low..<high { total += share(index, center, reach) }
        // Beyond the rim there is nothing to mix: the pixel there counts alone.
        for index in low..<high { weights.append(total > 0 ? Float(share(index, center, reach) / total) : 1) }
        if total <= 0 { weights.removeLast(high - low - 1) }
        first.append(low)
        offsets.append(weights.count)
      }
    }

    private func share(_ index: Int, _ center: Double, _ reach: Double) -> Double {
      max(0, 1 - abs((Double(index) + 0.5 - center) / reach))
    }

    @inline(__always)
    func each(_ body: (_ first: Int, _ weights: UnsafeBufferPointer<Float>, _ place: Int) -> Void) {
      weights.withUnsafeBufferPointer { all in
        for place in first.indices {
          body(first[place], UnsafeBufferPointer(rebasing: all[offsets[place]..<offsets[place + 1]]), place)
        }
      }
    }
  }
}
