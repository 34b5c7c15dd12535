/// What is done to 8-bit pixels before a network sees them: `(x / 255 − mean[c]) / std[c]`; values that are
/// floats already are not divided by 255.
///
/// ```swift
/// let norm = try Normalization(mean: [0.2860], std: [0.3530])   // Fashion-MNIST
/// ```
public struct Normalization: Sendable, Hashable {
  /// One number per channel (or one for all), on the scale where 255 is 1.
  public let mean: [Float]
  /// One number per channel (or one for all), on the scale where 255 is 1.
  public let std: [Float]
  // x·scale + offset is the same in one multiply-add.
  let scale: [Float]
  let offset: [Float]

  /// Makes the normalization by `mean` and `std`, one of each per channel or one for all channels.
  /// - Throws: `DataError.badNormalization` for different counts, numbers that are not finite, or a
  ///   deviation that is not above 0.
  public init(mean: [Float], std: [Float]) throws(DataError) {
    guard !mean.isEmpty, mean.count == std.count, mean.allSatisfy(\.isFinite),
      std.allSatisfy({ $0.isFinite && $0 > 0 })
    else { throw .badNormalization(mean: mean, std: std) }
    self.mean = mean
    self.std = std
    scale = std.map { Float(1 / (255 * Double($0))) }
    offset = zip(mean, std).map { Float(-Double($0) / Double($1)) }
  }

  private init(scale: Float, std: Float) {
    mean = [0]
    self.std = [std]
    self.scale = [scale]
    offset = [0]
  }

  /// Pixels between 0 and 1: `x / 255`; floats as they are.
  public static let unit = Normalization(scale: 1 / 255, std: 1)

  /// The pixels as they are, 0 to 255.
  package static let levels = Normalization(scale: 1, std: 1 / 255)

  /// - Throws: `DataError.channelMismatch` when it is made for another number of channels.
  func check(channels: Int, dataset: String) throws(DataError) {
    guard mean.count == 1 || mean.count == channels else {
      throw .channelMismatch(dataset: dataset, channels: channels, normalization: mean.count)
    }
  }

  /// What a channel's levels are multiplied by and what is added then.
  @inline(__always)
  func factors(channel: Int) -> (scale: Float, offset: Float) {
    (scale[scale.count == 1 ? 0 : channel], offset[offset.count == 1 ? 0 : channel])
  }

  /// Writes `count` normalized pixels of one channel.
  @inline(__always)
  func apply(channel: Int, _ from: UnsafePointer<UInt8>, _ to: UnsafeMutablePointer<Float>, count: Int) {
    let (scale, offset) = factors(channel: channel)
    for index in 0..<count { to[index] = Float(from[index]) * scale + offset }
  }
}
