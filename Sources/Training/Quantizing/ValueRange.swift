/// How large the numbers of a value are: the largest, and how often each size comes.
package struct ValueRange: Sendable {
  package static let bins = 2048

  /// The largest magnitude.
  package private(set) var largest: Float = 0
  /// True when a number below 0 was seen.
  package private(set) var isSigned = false
  /// How many magnitudes lie in each of `bins` equal parts of 0 … `largest`; zeros, which any scale hits, left out.
  private var counts = [Double](repeating: 0, count: ValueRange.bins)

  package init() {}

  /// The first look.
  package mutating func measure(_ numbers: UnsafeBufferPointer<Float>) {
    var (low, high): (Float, Float) = (0, 0)
    for number in numbers {
      if number < low { low = number }
      if number > high { high = number }
    }
    largest = max(largest, max(high, -low))
    if low < 0 { isSigned = true }
  }

  /// The second look, when `largest` is known.
  package mutating func count(_ numbers: UnsafeBufferPointer<Float>) {
    guard largest > 0, largest.isFinite else { return }
    let factor = Float(ValueRange.bins) / largest
    counts.withUnsafeMutableBufferPointer { counts in
      for number in numbers where number != 0 {
        counts[min(Int(abs(number) * factor), ValueRange.bins - 1)] += 1
      }
    }
  }

  /// The unit of whole numbers of 8 bits with which the numbers that were seen are off by the least mean square.
  ///
  /// A smaller unit rounds more finely and cuts off more. The largest number alone would be a bad guide: in deep
  /// networks it often lies far from all others.
  package var unit: Float {
    guard largest > 0, largest.isFinite else { return 1 }
    let levels: Double = isSigned ? 127 : 255
    let width = Double(largest) / Double(ValueRange.bins)
    var best = (error: Double.infinity, unit: Double(largest) / levels)
    for part in stride(from: ValueRange.bins, to: ValueRange.bins / 16, by: -8) {
      let limit = Double(part) * width
      let unit = limit / levels
      var error = 0.0
      for bin in 0..<part { error += counts[bin] }
      error *= unit * unit / 12
      for bin in part..<ValueRange.bins {
        let over = (Double(bin) + 0.5) * width - limit
        error += counts[bin] * over * over
      }
      if error < best.error { best = (error, unit) }
    }
    return Float(best.unit)
  }
}
