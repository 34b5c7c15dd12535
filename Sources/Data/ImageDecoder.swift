import CFoveaPNG
import CFoveaTurboJPEG
import FoveaTensors

/// Reads PNG and JPEG pictures; which of the two is seen in the content, not in the name.
public enum ImageDecoder {
  /// Pixels that a picture may have; the header is asked before any memory is taken.
  public static let pixelLimit = 100_000_000

  /// The picture in the file at `path`: gray files as 1 channel, all others as RGB. 16 bits become 8,
  /// palettes their colours, transparency is laid over white, printing inks (CMYK) become RGB.
  /// - Throws: `DataError` when the file cannot be read, is no such picture (it says what it looks
  ///   like), is cut off or damaged, or is larger than `limit` pixels; when the library is missing.
  public static func decode(path: String, limit: Int = pixelLimit) throws(DataError) -> Image8 {
    let file: MappedFile
    do {
      file = try MappedFile(path: path)
    } catch {
      throw .tensors(error)
    }
    defer { withExtendedLifetime(file) {} }
    return try decode(file.bytes, name: path, limit: limit)
  }

  /// A picture that may have been decoded at a half, a quarter or an eighth of its size.
  package struct Reduced {
    package let image: Image8
    /// The file's own size.
    package let height: Int
    package let width: Int
    /// 1, 2, 4 or 8: how many of the file's pixels stand side by side in one of the image's.
    package let reduction: Int
  }

  /// As `decode(path:)`, at the fraction of its size that `reduction` asks for when it is told height and width. JPEG
  /// files can be decoded so for less; other files are decoded whole.
  package static func decode(
    path: String, limit: Int = pixelLimit, reduction: (_ height: Int, _ width: Int) -> Int
  ) throws(DataError) -> Reduced {
    let file: MappedFile
    do {
      file = try MappedFile(path: path)
    } catch {
      throw .tensors(error)
    }
    defer { withExtendedLifetime(file) {} }
    guard PictureKind(of: file.bytes) == .jpeg else {
      let image = try decode(file.bytes, name: path, limit: limit)
      return Reduced(image: image, height: image.height, width: image.width, reduction: 1)
    }
    return try jpeg(file.bytes, path, limit, reduction)
  }

  /// The picture in `bytes`, e.g. what a server received; `name` is what errors call it.
  /// - Throws: as `decode(path:)`.
  public static func decode(
    _ bytes: UnsafeRawBufferPointer, name: String, limit: Int = pixelLimit
  ) throws(DataError) -> Image8 {
    switch PictureKind(of: bytes) {
    case .png: return try png(bytes, name, limit)
    case .jpeg: return try jpeg(bytes, name, limit) { _, _ in 1 }.image
    case .other(let found): throw .notAPicture(path: name, found: found)
    }
  }

  private static func check(_ name: String, _ height: Int, _ width: Int, _ limit: Int) throws(DataError) {
    guard height > 0, width > 0 else { throw .badPicture(path: name, reason: "it has \(height)×\(width) pixels") }
    let (count, overflow) = height.multipliedReportingOverflow(by: width)
    guard !overflow, count <= limit else {
      throw .pictureTooLarge(path: name, height: height, width: width, limit: limit)
    }
  }

  // MARK: PNG

  private static func png(_ bytes: UnsafeRawBufferPointer, _ name: String, _ limit: Int) throws(DataError) -> Image8 {
    let library = try pngLibrary(for: "reading PNG pictures")
    guard let base = bytes.baseAddress else { throw .notAPicture(path: name, found: "an empty file") }
    var message = Message(count: Int(FOVEA_PNG_MESSAGE))
    var info = fovea_png_info()
    var status = message.fill { library.pointee.info(base, bytes.count, &info, $0) }
    guard status == 0 else { throw .badPicture(path: name, reason: message.text) }
    let (height, width) = (Int(info.height), Int(info.width))
    try check(name, height, width, limit)
    let channels = info.has_colour != 0 ? 3 : 1
    let stored = channels + (info.has_alpha != 0 ? 1 : 0)
    var pixels = [UInt8](repeating: 0, count: height * width * stored)
    status = pixels.withUnsafeMutableBufferPointer { room in
      message.fill { text in
        room.baseAddress.map { library.pointee.decode(base, bytes.count, Int32(stored), $0, room.count, text) } ?? 1
      }
    }
    guard status == 0 else { throw .badPicture(path: name, reason: message.text) }
    if stored > channels { pixels = overWhite(pixels, colours: channels) }
    return Image8(checked: height, width, channels, pixels)
  }

  /// Lays pixels with alpha over white, in the file's own scale (as browsers do, not in linear light).
  private static func overWhite(_ pixels: [UInt8], colours: Int) -> [UInt8] {
    var result = [UInt8](repeating: 0, count: pixels.count / (colours + 1) * colours)
    for index in 0..<pixels.count / (colours + 1) {
      let from = index * (colours + 1)
      let alpha = Int(pixels[from + colours])
      for channel in 0..<colours {
        let mixed = Int(pixels[from + channel]) * alpha + 255 * (255 - alpha)
        result[index * colours + channel] = UInt8((mixed + 127) / 255)
      }
    }
    return result
  }

  // MARK: JPEG

  private static func jpeg(
    _ bytes: UnsafeRawBufferPointer, _ name: String, _ limit: Int, _ reduction: (_ height: Int, _ width: Int) -> Int
  ) throws(DataError) -> Reduced {
    var why: UnsafePointer<CChar>?
    guard let library = fovea_turbojpeg_open(&why) else {
      throw .libraryMissing(
        library: "TurboJPEG", needed: "reading JPEG pictures", reason: why.map { String(cString: $0) } ?? "",
        package: "libturbojpeg0")
    }
    guard let base = bytes.baseAddress else { throw .notAPicture(path: name, found: "an empty file") }
    var message = Message(count: Int(FOVEA_TURBOJPEG_MESSAGE))
    var info = fovea_turbojpeg_info()
    var status = message.fill { library.pointee.info(base, bytes.count, &info, $0) }
    guard status == 0 else { throw .badPicture(path: name, reason: message.text) }
    let (full, stored) = ((height: Int(info.height), width: Int(info.width)), Int(info.channels))
    try check(name, full.height, full.width, limit)
    let reduction = reduction(full.height, full.width)
    let (height, width) = ((full.height - 1) / reduction + 1, (full.width - 1) / reduction + 1)
    let count = height * width * stored
    var pixels = [UInt8](unsafeUninitializedCapacity: count) { room, filled in
      status = message.fill { text in
        room.baseAddress.map {
          library.pointee.decode(base, bytes.count, info.channels, Int32(width), Int32(height), $0, text)
        } ?? 1
      }
      // Nothing is read of what was not written.
      filled = status == 0 ? count : 0
    }
    guard status == 0 else { throw .badPicture(path: name, reason: message.text) }
    if stored == 4 { pixels = withoutInk(pixels) }
    let image = Image8(checked: height, width, stored == 1 ? 1 : 3, pixels)
    return Reduced(image: image, height: full.height, width: full.width, reduction: reduction)
  }

  /// Inks to light. Every program writes CMYK JPEG as Adobe's do: 255 means no ink.
  private static func withoutInk(_ pixels: [UInt8]) -> [UInt8] {
    var result = [UInt8](repeating: 0, count: pixels.count / 4 * 3)
    for index in 0..<pixels.count / 4 {
      let black = Int(pixels[4 * index + 3])
      for channel in 0..<3 {
        result[3 * index + channel] = UInt8((Int(pixels[4 * index + channel]) * black + 127) / 255)
      }
    }
    return result
  }
}

/// Room for a library's own words.
struct Message {
  private var bytes: [CChar]

  init(count: Int) { bytes = [CChar](repeating: 0, count: count) }

  mutating func fill(_ body: (UnsafeMutablePointer<CChar>) -> Int32) -> Int32 {
    bytes.withUnsafeMutableBufferPointer { room in room.baseAddress.map(body) ?? 1 }
  }

  var text: String { String(decoding: bytes.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self) }
}

/// libpng, or the error that says how to get it.
func pngLibrary(for purpose: String) throws(DataError) -> UnsafePointer<fovea_png> {
  var why: UnsafePointer<CChar>?
  guard let library = fovea_png_open(&why) else {
    throw .libraryMissing(
      library: "libpng", needed: purpose, reason: why.map { String(cString: $0) } ?? "", package: "libpng16-16")
  }
  return library
}
