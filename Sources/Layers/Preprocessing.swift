import FoveaTensors

/// How a picture becomes a network's input: a plain value that a model file carries along.
///
/// In order: resize the shorter side, cut `size` out of the middle, order the channels, divide by 255,
/// subtract `mean` and divide by `std` per channel. A model of signals leaves everything at its default.
///
/// ```swift
/// Preprocessing(resize: 256, size: [224, 224], mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225])
/// ```
public struct Preprocessing: Codable, Sendable, Equatable {
  /// The order of colours along the channel axis.
  public enum Channels: String, Codable, Sendable, CaseIterable { case rgb, bgr, gray }

  public var channels: Channels
  /// The length that the shorter side is resized to before the crop, in pixels; nil resizes straight to `size`.
  public var resize: Int?
  /// Height and width of the crop in the middle, in pixels; nil keeps the picture's.
  public var size: [Int]?
  /// Subtracted per channel, after division by 255; empty for nothing.
  public var mean: [Double]
  /// Divided by per channel, after the mean is subtracted; empty for nothing.
  public var std: [Double]
  /// How a picture shrinks: true averages over all pixels that fall together, as Pillow and torchvision do; false takes
  /// the two nearest along each axis, as OpenCV and darknet do.
  public var antialias: Bool

  public init(
    channels: Channels = .rgb, resize: Int? = nil, size: [Int]? = nil, mean: [Double] = [], std: [Double] = [],
    antialias: Bool = true
  ) {
    self.channels = channels
    self.resize = resize
    self.size = size
    self.mean = mean
    self.std = std
    self.antialias = antialias
  }

  /// What an input [C, H, W] suggests, or [H, W, C]: pictures of that size, grey for one channel.
  public init(for shape: Shape) {
    self.init()
    guard shape.rank == 3 else { return }
    let isLast = shape.isChannelsLast
    channels = shape[isLast ? 2 : 0] == 1 ? .gray : .rgb
    size = isLast ? [shape[0], shape[1]] : [shape[1], shape[2]]
  }

  /// What an example of a partly open shape suggests: sizes where both are known.
  package init(forOpen dims: [Int?]) {
    // An extent that is open is that of a picture, and neither 1 nor 3.
    self.init(for: Shape(dims.map { $0 ?? 2 }))
    if dims.contains(nil) { size = nil }
  }

  /// Mean and deviation of ImageNet's colours, which most published weights expect; sizes as they are.
  public static let imageNetStatistics = Preprocessing(mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225])

  /// What networks that were trained on ImageNet expect: the shorter side resized, a square cut out of the middle,
  /// and the statistics of its colours.
  public static func imageNet(resize: Int = 256, size: Int = 224) -> Preprocessing {
    var preprocessing = imageNetStatistics
    preprocessing.resize = resize
    preprocessing.size = [size, size]
    return preprocessing
  }

  // Written out: a synthesized decoder fails on a missing key even where there is a default.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    channels = try container.decodeIfPresent(Channels.self, forKey: .channels) ?? .rgb
    resize = try container.decodeIfPresent(Int.self, forKey: .resize)
    size = try container.decodeIfPresent([Int].self, forKey: .size)
    mean = try container.decodeIfPresent([Double].self, forKey: .mean) ?? []
    std = try container.decodeIfPresent([Double].self, forKey: .std) ?? []
    antialias = try container.decodeIfPresent(Bool.self, forKey: .antialias) ?? true
  }

  // Written out: what is usual is not written, so that files stay as they were before there was a choice.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(channels, forKey: .channels)
    try container.encodeIfPresent(resize, forKey: .resize)
    try container.encodeIfPresent(size, forKey: .size)
    try container.encode(mean, forKey: .mean)
    try container.encode(std, forKey: .std)
    if !antialias { try container.encode(antialias, forKey: .antialias) }
  }

  private enum CodingKeys: String, CodingKey { case channels, resize, size, mean, std, antialias }
}

extension Shape {
  /// True for the shape of a picture that only makes sense as [H, W, C], as TensorFlow's networks take them.
  package var isChannelsLast: Bool { rank == 3 && [1, 3].contains(dims[2]) && ![1, 3].contains(dims[0]) }
}
