import FoveaTensors

extension Image8 {
  /// The picture at another size: bilinear, and antialiased when it shrinks (a triangle filter as
  /// wide as the step, pixels' centres at halves), as Pillow's `BILINEAR`.
  /// - Parameter antialias: false takes the two nearest pixels along each axis however much the picture shrinks, as
  ///   OpenCV's `INTER_LINEAR`.
  /// - Throws: `DataError.badSize`; `.pictureTooLarge` above `ImageDecoder.pixelLimit`.
  /// - Complexity: O(H·w·(W/w) + h·w·(H/h)) for H×W to h×w.
  public func resized(height: Int, width: Int, antialias: Bool = true) throws(DataError) -> Image8 {
    // Between the two passes the picture has the old height and the new width.
    for height in [height, self.height] {
      let size = try Image8.checkedSize(height, width, channels)
      guard size / channels <= max(ImageDecoder.pixelLimit, pixels.count) else {
        throw .pictureTooLarge(
          path: "the resized picture", height: height, width: width, limit: ImageDecoder.pixelLimit)
      }
    }
    return resizedAcross(to: width, from: Double(self.width), antialias)
      .resizedDown(to: height, from: Double(self.height), antialias)
  }

  /// The part of `part` height and width from the upper left corner, sides of which need not be whole, at another size:
  /// a picture that was reduced when it was decoded ends inside its last pixels. The sizes are known to be small.
  func resized(
    height: Int, width: Int, part: (height: Double, width: Double)
  ) -> Image8 {
    resizedAcross(to: width, from: part.width, true).resizedDown(to: height, from: part.height, true)
  }

  /// The picture with its shorter side at `side`, the other in proportion (rounded down, as
  /// torchvision's `Resize` does).
  /// - Throws: `DataError.badSize`.
  public func resized(shortSide side: Int, antialias: Bool = true) throws(DataError) -> Image8 {
    let size = try Image8.size(of: (height, width), shortSide: side)
    return try resized(height: size.height, width: size.width, antialias: antialias)
  }

  /// The size that `resized(shortSide:)` brings a picture to.
  static func size(
    of picture: (height: Int, width: Int), shortSide side: Int
  ) throws(DataError) -> (height: Int, width: Int) {
    let short = min(picture.height, picture.width)
    let (product, overflow) = max(picture.height, picture.width).multipliedReportingOverflow(by: side)
    guard side > 0, !overflow else { throw .badSize(height: side, width: side) }
    let long = product / short
    return picture.height <= picture.width ? (side, long) : (long, side)
  }

  private func resizedAcross(to newWidth: Int, from part: Double, _ antialias: Bool) -> Image8 {
    if newWidth == width, part == Double(width) { return self }
    let taps = FilterTaps(from: part, of: width, to: newWidth, antialias)
    let count = height * newWidth * channels
    // Through pointers: this is where the time of a picture goes, and checks at each pixel double it.
    let result = [UInt8](unsafeUninitializedCapacity: count) { result, filled in
      pixels.withUnsafeBufferPointer { source in
        taps.weights.withUnsafeBufferPointer { weights in
          for row in 0..<height {
            for column in 0..<newWidth {
              let (first, last) = (taps.offsets[column], taps.offsets[column + 1])
              let start = (row * width + taps.first[column]) * channels
              let place = (row * newWidth + column) * channels
              if channels == 3 {
                var sums = SIMD4<Int32>(repeating: FilterTaps.half)
                var at = start
                for index in first..<last {
                  let pixel = SIMD4<Int32>(Int32(source[at]), Int32(source[at + 1]), Int32(source[at + 2]), 0)
                  sums &+= pixel &* SIMD4(repeating: weights[index])
                  at += 3
                }
                for channel in 0..<3 { result[place + channel] = FilterTaps.level(sums[channel]) }
              } else {
                for channel in 0..<channels {
                  var sum = FilterTaps.half
                  for index in first..<last {
                    sum += Int32(source[start + (index - first) * channels + channel]) * weights[index]
                  }
                  result[place + channel] = FilterTaps.level(sum)
                }
              }
            }
          }
        }
      }
      filled = count
    }
    return Image8(checked: height, newWidth, channels, result)
  }

  private func resizedDown(to newHeight: Int, from part: Double, _ antialias: Bool) -> Image8 {
    if newHeight == height, part == Double(height) { return self }
    let taps = FilterTaps(from: part, of: height, to: newHeight, antialias)
    let line = width * channels
    var sums = [Int32](repeating: 0, count: line)
    let result = [UInt8](unsafeUninitializedCapacity: newHeight * line) { result, filled in
      pixels.withUnsafeBufferPointer { source in
        sums.withUnsafeMutableBufferPointer { sums in
          for row in 0..<newHeight {
            for index in 0..<line { sums[index] = FilterTaps.half }
            for (step, at) in (taps.offsets[row]..<taps.offsets[row + 1]).enumerated() {
              let weight = taps.weights[at]
              let start = (taps.first[row] + step) * line
              for index in 0..<line { sums[index] &+= Int32(source[start + index]) &* weight }
            }
            for index in 0..<line { result[row * line + index] = FilterTaps.level(sums[index]) }
          }
        }
      }
      filled = newHeight * line
    }
    return Image8(checked: newHeight, width, channels, result)
  }
}

/// For each pixel of the new line, which old ones it mixes and how much of each.
private struct FilterTaps {
  /// First old pixel of each new one.
  var first: [Int] = []
  /// The weights of new pixel i are at `offsets[i] ..< offsets[i + 1]`.
  var offsets: [Int] = [0]
  /// In 22 binary places: 8 bits of pixel and the sign fill a word.
  var weights: [Int32] = []

  static let places: Int32 = 22
  static let half: Int32 = 1 << (places - 1)

  static func level(_ sum: Int32) -> UInt8 { UInt8(clamping: sum >> places) }

  /// - Parameter part: how many of the `old` pixels, from the first, become the `new` ones.
  init(from part: Double, of old: Int, to new: Int, _ antialias: Bool) {
    let scale = part / Double(new)
    let reach = antialias ? max(scale, 1) : 1
    for place in 0..<new {
      let center = (Double(place) + 0.5) * scale
      let low = max(0, Int((center - reach + 0.5).rounded(.down)))
      let high = max(low + 1, min(old, Int((center + reach + 0.5).rounded(.down))))
      var shares = (low..<high).map { max(0, 1 - abs((Double($0) + 0.5 - center) / reach)) }
      let total = shares.reduce(0, +)
      // At the rim a part of the triangle is cut off: what is left counts as the whole.
      for index in shares.indices { shares[index] /= total }
      first.append(low)
      weights += shares.map { Int32(($0 * Double(1 << FilterTaps.places)).rounded()) }
      offsets.append(weights.count)
    }
  }
}
