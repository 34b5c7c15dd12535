import FoveaTensors

/// A picture of 8-bit pixels: rows from the top, channels interleaved, [H, W, C] with C 1 (gray) or 3 (RGB).
public struct Image8: Sendable, Hashable {
  /// Rows, H.
  public let height: Int
  /// Columns, W.
  public let width: Int
  /// 1 for gray, 3 for red, green, blue.
  public let channels: Int
  /// H·W·C bytes.
  public let pixels: [UInt8]

  /// A picture of the given pixels.
  /// - Throws: `DataError` when a side is not positive, `channels` is neither 1 nor 3, or the number
  ///   of pixels is another.
  public init(height: Int, width: Int, channels: Int, pixels: [UInt8]) throws(DataError) {
    let size = try Image8.checkedSize(height, width, channels)
    guard pixels.count == size else {
      throw .sizeMismatch(pixels: pixels.count, labels: 1, shape: [height, width, channels])
    }
    self.init(checked: height, width, channels, pixels)
  }

  init(checked height: Int, _ width: Int, _ channels: Int, _ pixels: [UInt8]) {
    self.height = height
    self.width = width
    self.channels = channels
    self.pixels = pixels
  }

  /// Bytes of a picture.
  static func checkedSize(_ height: Int, _ width: Int, _ channels: Int) throws(DataError) -> Int {
    guard channels == 1 || channels == 3 else { throw .badChannels(channels) }
    guard height > 0, width > 0, let size = Shape([height, width, channels]).checkedCount else {
      throw .badSize(height: height, width: width)
    }
    return size
  }

  /// The picture in gray: luma of ITU-R BT.601, 0.299 R + 0.587 G + 0.114 B, rounded.
  public func gray() -> Image8 {
    if channels == 1 { return self }
    var result = [UInt8](repeating: 0, count: height * width)
    for index in result.indices {
      let red = UInt32(pixels[3 * index])
      let green = UInt32(pixels[3 * index + 1])
      let blue = UInt32(pixels[3 * index + 2])
      // The weights in 16 binary places; they sum to 65536, so white stays white.
      result[index] = UInt8((red * 19595 + green * 38470 + blue * 7471 + 0x8000) >> 16)
    }
    return Image8(checked: height, width, 1, result)
  }

  /// The picture with three channels, equal ones where it was gray.
  public func rgb() -> Image8 {
    if channels == 3 { return self }
    var result = [UInt8](repeating: 0, count: height * width * 3)
    for index in pixels.indices {
      for channel in 0..<3 { result[3 * index + channel] = pixels[index] }
    }
    return Image8(checked: height, width, 3, result)
  }

  /// The picture with 1 or 3 channels.
  /// - Throws: `DataError.badChannels` for any other number.
  public func converted(channels: Int) throws(DataError) -> Image8 {
    switch channels {
    case 1: return gray()
    case 3: return rgb()
    default: throw .badChannels(channels)
    }
  }

  /// The part of `height`×`width` pixels around the centre (the odd pixel left over is at the bottom
  /// and the right).
  /// - Throws: `DataError.badSize`, `.cropTooLarge`.
  public func centerCropped(height: Int, width: Int) throws(DataError) -> Image8 {
    let size = try Image8.checkedSize(height, width, channels)
    guard height <= self.height, width <= self.width else {
      throw .cropTooLarge(height: height, width: width, imageHeight: self.height, imageWidth: self.width)
    }
    let top = (self.height - height) / 2
    let left = (self.width - width) / 2
    var result: [UInt8] = []
    result.reserveCapacity(size)
    for row in top..<top + height {
      let start = (row * self.width + left) * channels
      result += pixels[start..<start + width * channels]
    }
    return Image8(checked: height, width, channels, result)
  }

  /// The picture as a network takes it: resized to `height`×`width` (antialiased, sides
  /// independent), gray or RGB, `(x / 255 − mean[c]) / std[c]`, as f32 of shape [C, H, W].
  ///
  /// ```swift
  /// let x = try ImageDecoder.decode(path: "cat.jpg").tensor(
  ///   channels: 3, height: 224, width: 224, mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225])
  /// ```
  /// - Throws: `DataError` for impossible sizes or channels, or when `mean` and `std` have neither
  ///   one number nor one per channel.
  public func tensor(
    channels: Int, height: Int, width: Int, mean: [Float], std: [Float]
  ) throws(DataError) -> Tensor {
    let normalization = try Normalization(mean: mean, std: std)
    try normalization.check(channels: channels, dataset: "the picture")
    return try converted(channels: channels).resized(height: height, width: width).tensor(using: normalization)
  }

  /// The picture in f32, [C, H, W], at its own size.
  /// - Throws: `DataError.channelMismatch`.
  public func tensor(using normalization: Normalization) throws(DataError) -> Tensor {
    try normalization.check(channels: channels, dataset: "the picture")
    let plane = height * width
    var result = Tensor(zeros: [channels, height, width])
    result.withMutableElements(of: Float.self) { target in
      for channel in 0..<channels {
        let at = normalization.scale.count == 1 ? 0 : channel
        let scale = normalization.scale[at]
        let offset = normalization.offset[at]
        for index in 0..<plane {
          target[channel * plane + index] = Float(pixels[index * channels + channel]) * scale + offset
        }
      }
    }
    return result
  }
}
