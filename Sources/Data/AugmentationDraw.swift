import FoveaTensors

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// What is drawn for one example in one epoch.
struct AugmentationDraw: Equatable {
  /// The part of the picture that is cut out, in its pixels; it may reach over the rim.
  var top: Int
  var left: Int
  var height: Int
  var width: Int
  var isFlipped = false
  /// Factors; 1 changes nothing.
  var brightness: Float = 1
  var contrast: Float = 1
  var saturation: Float = 1
}

extension Augmentation {
  /// Words of an example: block 0 has the crop's place and the flip, block 1 the colours, the rest the tries of a
  /// resized crop.
  private static let blocks: UInt64 = 16

  /// Draws for the example `index` in `epoch`, of a picture of `source` height and width, for a network that takes
  /// `target` height and width.
  func draw(
    _ stream: RandomStream, epoch: UInt64, index: Int, source: (height: Int, width: Int),
    target: (height: Int, width: Int)
  ) -> AugmentationDraw {
    let first = UInt64(index) &* Augmentation.blocks
    let place = stream.words(step: epoch, block: first)
    var draw = AugmentationDraw(top: 0, left: 0, height: target.height, width: target.width)
    if let area = resizedCrop {
      draw = resizedCrop(leastArea: area, source) { stream.words(step: epoch, block: first + 2 + $0) }
    } else if let crop {
      draw.top = pick(place[0], source.height - target.height + 2 * crop + 1) - crop
      draw.left = pick(place[1], source.width - target.width + 2 * crop + 1) - crop
    } else {
      draw.top = (source.height - target.height) / 2
      draw.left = (source.width - target.width) / 2
    }
    draw.isFlipped = fraction(place[2]) < flip
    guard hasJitter else { return draw }
    let colours = stream.words(step: epoch, block: first + 1)
    func factor(_ word: UInt32, _ strength: Double) -> Float { Float(1 + strength * (2 * fraction(word) - 1)) }
    draw.brightness = factor(colours[0], brightness)
    draw.contrast = factor(colours[1], contrast)
    draw.saturation = factor(colours[2], saturation)
    return draw
  }

  /// Area uniform, ratio of the sides uniform in its logarithm; ten tries to fit into the picture, then the middle.
  private func resizedCrop(
    leastArea: Double, _ source: (height: Int, width: Int), _ words: (UInt64) -> SIMD4<UInt32>
  ) -> AugmentationDraw {
    let area = Double(source.height * source.width)
    for attempt in 0..<10 {
      let word = words(UInt64(attempt))
      let part = area * (leastArea + (1 - leastArea) * fraction(word[0]))
      let ratio = exp(log(4.0 / 3) * (2 * fraction(word[1]) - 1))
      let width = Int((part * ratio).squareRoot().rounded())
      let height = Int((part / ratio).squareRoot().rounded())
      guard (1...source.width).contains(width), (1...source.height).contains(height) else { continue }
      return AugmentationDraw(
        top: pick(word[2], source.height - height + 1), left: pick(word[3], source.width - width + 1), height: height,
        width: width)
    }
    let height = min(source.height, max(1, Int((Double(source.width) * 4 / 3).rounded())))
    let width = min(source.width, max(1, Int((Double(source.height) * 4 / 3).rounded())))
    return AugmentationDraw(
      top: (source.height - height) / 2, left: (source.width - width) / 2, height: height, width: width)
  }

  /// A whole number in 0 ..< `count`.
  private func pick(_ word: UInt32, _ count: Int) -> Int { Int((UInt64(word) &* UInt64(max(1, count))) >> 32) }

  /// A number in [0, 1).
  private func fraction(_ word: UInt32) -> Double { Double(word) * 0x1p-32 }
}
