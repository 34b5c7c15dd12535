/// What pictures in files are made into.
///
/// As a model's preprocessing: the shorter side resized to `resize` and `size` cut out of the middle, or, without
/// `resize`, the whole picture resized to `size`.
public struct PictureOptions: Sendable, Hashable {
  /// Height and width in pixels; nil takes the pictures' own where all are of one size.
  public var size: [Int]?
  /// Length of the shorter side before the crop, in pixels.
  public var resize: Int?
  /// 1 for gray, 3 for colour; nil is 3 unless all pictures are gray.
  public var channels: Int?
  /// True for blue, green, red instead of red, green, blue.
  public var isBGR: Bool
  /// False takes the two nearest pixels along each axis however much a picture shrinks.
  public var antialias: Bool
  /// The classes, when they are known: a model's, in its order. Other files are left out, and named. Nil takes
  /// those that the set has, by name.
  public var classNames: [String]?
  /// How many files may be left out because they are broken or have no class; nil is one in a hundred, and
  /// always 10.
  public var skipLimit: Int?
  /// Threads that look at files; nil is one for each processor, at most 16. It changes no result.
  public var threads: Int?

  public init(
    size: [Int]? = nil, resize: Int? = nil, channels: Int? = nil, isBGR: Bool = false, antialias: Bool = true,
    classNames: [String]? = nil, skipLimit: Int? = nil, threads: Int? = nil
  ) {
    self.size = size
    self.resize = resize
    self.channels = channels
    self.isBGR = isBGR
    self.antialias = antialias
    self.classNames = classNames
    self.skipLimit = skipLimit
    self.threads = threads
  }

  /// - Throws: `DataError.badSize`, `.badChannels`, `.cropTooLarge`, `.badOption`.
  func check() throws(DataError) {
    if let channels, channels != 1, channels != 3 { throw .badChannels(channels) }
    if isBGR, channels == 1 { throw .badChannels(1) }
    if let size {
      guard size.count == 2, size[0] > 0, size[1] > 0, size[0] <= 65_536, size[1] <= 65_536 else {
        throw .badSize(height: size.first ?? 0, width: size.last ?? 0)
      }
    }
    if let resize {
      guard (1...65_536).contains(resize) else { throw .badSize(height: resize, width: resize) }
      if let size, size[0] > resize || size[1] > resize {
        throw .cropTooLarge(height: size[0], width: size[1], imageHeight: resize, imageWidth: resize)
      }
    }
    if let skipLimit, skipLimit < 0 {
      throw .badOption(name: "the number of files that may be left out", value: "\(skipLimit)", expected: "at least 0")
    }
  }

  /// How many of `count` files may be left out.
  func skipLimit(of count: Int) -> Int { skipLimit ?? max(10, count / 100) }
}
