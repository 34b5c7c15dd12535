import FoveaTensors

/// How training pictures are varied, so that a network does not learn them by heart.
///
/// Every draw is a function of seed, epoch and the example's index: the order of examples, threads and a resumed run
/// change nothing. In order: crop or resized crop, flip, brightness, contrast, saturation; then the normalization.
///
/// ```swift
/// try Augmentation.parse("crop:4,flip")                                // what CIFAR is trained with
/// Augmentation(resizedCrop: 0.08, flip: 0.5, brightness: 0.4, contrast: 0.4, saturation: 0.4)
/// ```
public struct Augmentation: Codable, Sendable, Hashable {
  /// Cuts a random part of the network's size out of the picture with this many black pixels around it; nil cuts the
  /// middle out. Pictures in files are cut after `resize`, so a resize to 256 and a size of 224 have 33² places.
  public var crop: Int?
  /// Cuts a random part out that covers at least this fraction of the picture, with sides between 3:4 and 4:3, and
  /// resizes it (Szegedy et al. 2014); nil does not.
  public var resizedCrop: Double?
  /// The probability of a mirror image, left and right exchanged; 0 for none.
  public var flip: Double
  /// All levels times 1 ± up to this; 0 for none.
  public var brightness: Double
  /// Levels' distances from the picture's mean gray times 1 ± up to this; 0 for none.
  public var contrast: Double
  /// Colours' distances from their gray times 1 ± up to this; 0 for none, and none for gray pictures.
  public var saturation: Double

  /// What is left out is not varied.
  public init(
    crop: Int? = nil, resizedCrop: Double? = nil, flip: Double = 0, brightness: Double = 0, contrast: Double = 0,
    saturation: Double = 0
  ) {
    self.crop = crop
    self.resizedCrop = resizedCrop
    self.flip = flip
    self.brightness = brightness
    self.contrast = contrast
    self.saturation = saturation
  }

  /// Pictures as they are.
  public static let none = Augmentation()

  /// True when nothing is varied.
  public var isNone: Bool { self == .none }

  var hasJitter: Bool { brightness > 0 || contrast > 0 || saturation > 0 }

  /// Refuses numbers that make no picture.
  /// - Throws: `DataError.badAugmentation`.
  public func check() throws(DataError) {
    func require(_ isGood: Bool, _ term: String, _ reason: String) throws(DataError) {
      if !isGood { throw .badAugmentation(term: term, reason: reason) }
    }
    if let crop {
      try require((0...4096).contains(crop), "crop:\(crop)", "give the pixels around the picture, from 0 to 4096")
      try require(resizedCrop == nil, "crop:\(crop)", "it does not go with resized-crop; choose one of them")
    }
    if let area = resizedCrop {
      try require(
        area > 0 && area <= 1, "resized-crop:\(area)", "give the least part of the picture, above 0 and at most 1")
    }
    try require((0...1).contains(flip), "flip:\(flip)", "give a probability from 0 to 1")
    for (name, value) in [("brightness", brightness), ("contrast", contrast), ("saturation", saturation)] {
      try require((0...1).contains(value), "\(name):\(value)", "give a strength from 0 to 1")
    }
  }

  // Written out: a synthesized decoder fails on a missing key even where there is a default.
  public init(from decoder: any Decoder) throws {
    let box = try decoder.container(keyedBy: CodingKeys.self)
    crop = try box.decodeIfPresent(Int.self, forKey: .crop)
    resizedCrop = try box.decodeIfPresent(Double.self, forKey: .resizedCrop)
    flip = try box.decodeIfPresent(Double.self, forKey: .flip) ?? 0
    brightness = try box.decodeIfPresent(Double.self, forKey: .brightness) ?? 0
    contrast = try box.decodeIfPresent(Double.self, forKey: .contrast) ?? 0
    saturation = try box.decodeIfPresent(Double.self, forKey: .saturation) ?? 0
    try check()
  }
}
