/// Resizes a part of a picture to planes of floats: bilinear and antialiased as `Image8.resized`, without rounding to
/// bytes. Its memory is used again.
final class PlaneResampler {
  private var rows = Taps()
  private var columns = Taps()
  /// The part at its new width and old height, [C, h, width].
  private var middle: [Float] = []

  /// Writes the part that `draw` cuts out as [C, height, width] levels, mirrored when it says so.
  func resample<Pixel: PixelLevel>(
    _ view: PixelView<Pixel>, _ draw: AugmentationDraw, height: Int, width: Int, to target: UnsafeMutablePointer<Float>
  ) {
    columns.set(from: draw.width, to: width)
    rows.set(from: draw.height, to: height)
    let plane = draw.height * width
    if middle.count < view.channels * plane { middle = [Float](repeating: 0, count: view.channels * plane) }
    middle.withUnsafeMutableBufferPointer { room in
      guard let middle = room.baseAddress else { return }
      for channel in 0..<view.channels {
        let from =
          view.base + channel * view.channelStride + draw.top * view.rowStride + draw.left * view.pixelStride
        across(from, view.rowStride, view.pixelStride, draw, width, middle + channel * plane)
        down(middle + channel * plane, height, width, target + channel * height * width)
      }
    }
  }

  private func across<Pixel: PixelLevel>(
    _ from: UnsafePointer<Pixel>, _ rowStride: Int, _ pixelStride: Int, _ draw: AugmentationDraw, _ width: Int,
    _ to: UnsafeMutablePointer<Float>
  ) {
    for row in 0..<draw.height {
      let (line, own) = (from + row * rowStride, to + row * width)
      columns.each { first, weights, column in
        var sum: Float = 0
        let start = line + first * pixelStride
        for index in 0..<weights.count { sum += start[index * pixelStride].level * weights[index] }
        own[draw.isFlipped ? width - 1 - column : column] = sum
      }
    }
  }

  private func down(
    _ from: UnsafeMutablePointer<Float>, _ height: Int, _ width: Int, _ to: UnsafeMutablePointer<Float>
  ) {
    rows.each { first, weights, row in
      let own = to + row * width
      for at in 0..<width { own[at] = 0 }
      for index in 0..<weights.count {
        let line = from + (first + index) * width
        let weight = weights[index]
        for at in 0..<width { own[at] += line[at] * weight }
      }
    }
  }

  /// For each new pixel, which old ones it mixes and how much of each.
  private struct Taps {
    private var first: [Int] = []
    private var offsets: [Int] = []
    private var weights: [Float] = []

    mutating func set(from old: Int, to new: Int) {
      first.removeAll(keepingCapacity: true)
      offsets.removeAll(keepingCapacity: true)
      weights.removeAll(keepingCapacity: true)
      offsets.append(0)
      let scale = Double(old) / Double(new)
      let reach = max(scale, 1)
      for place in 0..<new {
        let center = (Double(place) + 0.5) * scale
        let low = max(0, Int((center - reach + 0.5).rounded(.down)))
        let high = max(low + 1, min(old, Int((center + reach + 0.5).rounded(.down))))
        var total = 0.0
        for index in low..<high { total += share(index, center, reach) }
        for index in low..<high { weights.append(Float(share(index, center, reach) / total)) }
        first.append(low)
        offsets.append(weights.count)
      }
    }

    private func share(_ index: Int, _ center: Double, _ reach: Double) -> Double {
      max(0, 1 - abs((Double(index) + 0.5 - center) / reach))
    }

    func each(_ body: (_ first: Int, _ weights: UnsafeBufferPointer<Float>, _ place: Int) -> Void) {
      weights.withUnsafeBufferPointer { all in
        for place in first.indices {
          body(first[place], UnsafeBufferPointer(rebasing: all[offsets[place]..<offsets[place + 1]]), place)
        }
      }
    }
  }
}
