import FoveaExecution

/// Weights with the channels they make side by side: [taps][channels, filled up with zeros to whole vectors].
///
/// A copy to compute with: parameters are never kept so.
final class PackedWeights: ForeignLayout {
  let channels: Int
  let taps: Int
  /// Whether the plain weights are [taps][channels] already.
  let isTurned: Bool

  /// - Parameter isTurned: the plain weights are [taps][channels], else [channels][taps].
  init(channels: Int, taps: Int, isTurned: Bool = false) {
    self.channels = channels
    self.taps = taps
    self.isTurned = isTurned
  }

  /// Floats from tap to tap.
  var stride: Int { (channels + 15) / 16 * 16 }
  var text: String { "packed" }
  var byteCount: Int { taps * stride * MemoryLayout<Float>.size }
  var isOneWay: Bool { true }

  func isSame(as other: any ForeignLayout) -> Bool {
    guard let other = other as? PackedWeights else { return false }
    return (channels, taps, isTurned) == (other.channels, other.taps, other.isTurned)
  }

  /// Whether two orders are one; nil is the plain one.
  static func areSame(_ a: PackedWeights?, _ b: PackedWeights?) -> Bool {
    guard let a, let b else { return a == nil && b == nil }
    return a.isSame(as: b)
  }

  func encode(plain: UnsafeRawPointer, into target: UnsafeMutableRawPointer) throws(ExecutionError) {
    let (from, to) = (plain.assumingMemoryBound(to: Float.self), target.assumingMemoryBound(to: Float.self))
    for tap in 0..<taps {
      for channel in 0..<stride {
        to[tap * stride + channel] =
          channel < channels ? from[isTurned ? tap * channels + channel : channel * taps + tap] : 0
      }
    }
  }

  func decode(_ source: UnsafeRawPointer, intoPlain target: UnsafeMutableRawPointer) throws(ExecutionError) {
    let (from, to) = (source.assumingMemoryBound(to: Float.self), target.assumingMemoryBound(to: Float.self))
    for tap in 0..<taps {
      for channel in 0..<channels {
        to[isTurned ? tap * channels + channel : channel * taps + tap] = from[tap * stride + channel]
      }
    }
  }
}
