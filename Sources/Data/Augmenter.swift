import FoveaTensors

/// Pixels of one picture in memory, in any order of channels, rows and columns.
struct PixelView<Pixel: PixelLevel> {
  let base: UnsafePointer<Pixel>
  let channels: Int
  let height: Int
  let width: Int
  let channelStride: Int
  let rowStride: Int
  let pixelStride: Int
  /// True when the first channel is blue.
  let isBGR: Bool
  /// Height and width of the picture that this one was reduced from when it was decoded, and by how much.
  var full: (height: Int, width: Int)
  var reduction = 1

  /// [C, H, W].
  init(planes base: UnsafePointer<Pixel>, channels: Int, height: Int, width: Int) {
    self.base = base
    self.channels = channels
    self.height = height
    self.width = width
    (channelStride, rowStride, pixelStride) = (height * width, width, 1)
    isBGR = false
    full = (height, width)
  }

  /// [H, W, C] of red, green, blue; with `isBGR` the channels are read from the last to the first.
  init(interleaved base: UnsafePointer<Pixel>, channels: Int, height: Int, width: Int, isBGR: Bool) {
    self.base = isBGR ? base + (channels - 1) : base
    self.channels = channels
    self.height = height
    self.width = width
    (channelStride, rowStride, pixelStride) = (isBGR ? -1 : 1, width * channels, channels)
    self.isBGR = isBGR
    full = (height, width)
  }
}

/// A number that stands for a level of 0 to 255.
protocol PixelLevel {
  var level: Float { get }
}

extension UInt8: PixelLevel {
  @inline(__always) var level: Float { Float(self) }
}

extension Float: PixelLevel {
  @inline(__always) var level: Float { self }
}

/// Varies examples as an `Augmentation` says. Has memory of its own, so each thread has one.
package final class Augmenter {
  let augmentation: Augmentation
  private let stream: RandomStream
  /// The epoch that is drawn for.
  var epoch = 0
  private let resampler = PlaneResampler()
  private var scratch: [Float] = []

  package init(_ augmentation: Augmentation, seed: UInt64) {
    self.augmentation = augmentation
    stream = RandomStream(seed: seed, purpose: "augment")
  }

  /// Fills from any set: those that cannot augment give their pixels, which are varied here.
  func fill(
    from set: any Dataset, indices: UnsafeBufferPointer<Int>, pixels: UnsafeMutablePointer<Float>,
    labels: UnsafeMutablePointer<Int32>, using normalization: Normalization
  ) throws {
    if let set = set as? any AugmentingDataset {
      return try set.fill(indices: indices, pixels: pixels, labels: labels, using: normalization, augmenter: self)
    }
    try set.fill(indices: indices, pixels: pixels, labels: labels, using: .levels)
    let shape = set.sampleShape
    let size = shape.count
    if scratch.count < size { scratch = [Float](repeating: 0, count: size) }
    try normalization.check(channels: shape[0], dataset: set.name)
    for (place, index) in indices.enumerated() {
      let target = pixels + place * size
      scratch.withUnsafeMutableBufferPointer { room in
        guard let base = room.baseAddress else { return }
        base.update(from: target, count: size)
        let view = PixelView(
          planes: UnsafePointer(base), channels: shape[0], height: shape[1], width: shape[2])
        write(view, index: index, height: shape[1], width: shape[2], to: target, normalization)
      }
    }
  }

  /// What is drawn for the example `index` in this epoch.
  private func draw(
    index: Int, source: (height: Int, width: Int), target: (height: Int, width: Int)
  ) -> AugmentationDraw {
    augmentation.draw(stream, epoch: UInt64(epoch), index: index, source: source, target: target)
  }

  /// By how much a picture of `source` height and width may be reduced when it is decoded, so that what is cut out of it
  /// still has as many pixels as are wanted: 1, 2, 4 or 8. Pictures that are not varied are never reduced: what is
  /// evaluated is the same to the last bit whoever prepares it.
  /// - Parameter resize: the shorter side that the picture is brought to before it is cut; nil where it is brought to
  ///   `target` itself.
  package func reduction(
    index: Int, source: (height: Int, width: Int), target: (height: Int, width: Int), resize: Int?
  ) -> Int {
    guard !augmentation.isNone else { return 1 }
    var (from, to) = (source, target)
    if augmentation.resizedCrop != nil {
      let draw = draw(index: index, source: source, target: target)
      from = (draw.height, draw.width)
    } else if let resize {
      from = (min(source.height, source.width), min(source.height, source.width))
      to = (resize, resize)
    }
    return [8, 4, 2].first { from.height >= $0 * to.height && from.width >= $0 * to.width } ?? 1
  }

  /// Writes the example `index` as [C, height, width], varied and normalized.
  func write<Pixel>(
    _ view: PixelView<Pixel>, index: Int, height: Int, width: Int, to target: UnsafeMutablePointer<Float>,
    _ normalization: Normalization
  ) {
    let draw = self.draw(index: index, source: view.full, target: (height, width))
    let plane = height * width
    let isResized = augmentation.resizedCrop != nil
    // Colours are varied as levels; else the normalization is done on the way.
    let isLevels = augmentation.hasJitter || isResized
    if isResized {
      let factor = 1 / Double(view.reduction)
      let region = PixelRegion(
        top: Double(draw.top) * factor, left: Double(draw.left) * factor, height: Double(draw.height) * factor,
        width: Double(draw.width) * factor)
      resampler.resample(view, region, isFlipped: draw.isFlipped, height: height, width: width, to: target)
    } else {
      for channel in 0..<view.channels {
        let (scale, offset) = isLevels ? (1, 0) : normalization.factors(channel: channel)
        cut(view, channel, draw, height, width, target + channel * plane, scale, offset)
      }
    }
    guard isLevels else { return }
    if augmentation.hasJitter {
      ColourJitter.apply(draw, to: target, channels: view.channels, plane: plane, isBGR: view.isBGR)
    }
    for channel in 0..<view.channels {
      let (scale, offset) = normalization.factors(channel: channel)
      let own = target + channel * plane
      for at in 0..<plane { own[at] = own[at] * scale + offset }
    }
  }

  /// One channel of the part that is cut out; what lies outside the picture is black.
  private func cut<Pixel: PixelLevel>(
    _ view: PixelView<Pixel>, _ channel: Int, _ draw: AugmentationDraw, _ height: Int, _ width: Int,
    _ target: UnsafeMutablePointer<Float>, _ scale: Float, _ offset: Float
  ) {
    // The columns of the part that lie inside the picture.
    let first = min(width, max(0, -draw.left))
    let end = max(first, min(width, view.width - draw.left))
    for row in 0..<height {
      let to = target + row * width
      guard (0..<view.height).contains(draw.top + row), first < end else {
        for at in 0..<width { to[at] = offset }
        continue
      }
      let from =
        view.base + channel * view.channelStride + (draw.top + row) * view.rowStride
        + (draw.left + first) * view.pixelStride
      let count = end - first
      let (before, after) = draw.isFlipped ? (width - end, first) : (first, width - end)
      for at in 0..<before { to[at] = offset }
      for at in width - after..<width { to[at] = offset }
      let own = to + before
      if draw.isFlipped {
        for at in 0..<count { own[count - 1 - at] = from[at * view.pixelStride].level * scale + offset }
      } else if view.pixelStride == 1 {
        for at in 0..<count { own[at] = from[at].level * scale + offset }
      } else {
        for at in 0..<count { own[at] = from[at * view.pixelStride].level * scale + offset }
      }
    }
  }
}

/// Varies colours of [C, plane] levels; each step stays within 0 and 255.
enum ColourJitter {
  static func apply(
    _ draw: AugmentationDraw, to pixels: UnsafeMutablePointer<Float>, channels: Int, plane: Int, isBGR: Bool
  ) {
    let count = channels * plane
    if draw.brightness != 1 {
      for at in 0..<count { pixels[at] = bounded(pixels[at] * draw.brightness) }
    }
    let red = pixels + (isBGR ? 2 * plane : 0)
    let green = pixels + plane
    let blue = pixels + (isBGR ? 0 : 2 * plane)
    if draw.contrast != 1 {
      let mean = channels == 3 ? meanGray(red, green, blue, plane) : sum(pixels, count) / Float(count)
      let shift = (1 - draw.contrast) * mean
      for at in 0..<count { pixels[at] = bounded(pixels[at] * draw.contrast + shift) }
    }
    if draw.saturation != 1, channels == 3 {
      let own = draw.saturation
      for at in 0..<plane {
        let gray = (1 - own) * luma(red[at], green[at], blue[at])
        red[at] = bounded(red[at] * own + gray)
        green[at] = bounded(green[at] * own + gray)
        blue[at] = bounded(blue[at] * own + gray)
      }
    }
  }

  @inline(__always) private static func bounded(_ level: Float) -> Float { max(0, min(255, level)) }

  /// Of ITU-R BT.601, as `Image8.gray`.
  @inline(__always) private static func luma(_ red: Float, _ green: Float, _ blue: Float) -> Float {
    0.299 * red + 0.587 * green + 0.114 * blue
  }

  private static func meanGray(
    _ red: UnsafeMutablePointer<Float>, _ green: UnsafeMutablePointer<Float>, _ blue: UnsafeMutablePointer<Float>,
    _ plane: Int
  ) -> Float {
    // The mean of the grays is the gray of the means.
    let size = Float(plane)
    return luma(sum(red, plane) / size, sum(green, plane) / size, sum(blue, plane) / size)
  }

  /// In eight lanes, so that it is fast and large planes lose no digits.
  private static func sum(_ values: UnsafeMutablePointer<Float>, _ count: Int) -> Float {
    var lanes = SIMD8<Float>.zero
    let whole = count & ~7
    for start in stride(from: 0, to: whole, by: 8) {
      lanes += UnsafeRawPointer(values + start).loadUnaligned(as: SIMD8<Float>.self)
    }
    var total = lanes.sum()
    for at in whole..<count { total += values[at] }
    return total
  }
}
