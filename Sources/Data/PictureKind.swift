/// What kind of file some bytes begin.
enum PictureKind: Equatable {
  case png
  case jpeg
  /// Something else, in words.
  case other(String)

  init(of bytes: UnsafeRawBufferPointer) {
    func has(_ signature: [UInt8], at offset: Int = 0) -> Bool {
      bytes.count >= offset + signature.count && bytes[offset..<offset + signature.count].elementsEqual(signature)
    }
    func says(_ text: String, at offset: Int = 0) -> Bool { has(Array(text.utf8), at: offset) }
    if has([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]) {
      self = .png
    } else if has([0xff, 0xd8, 0xff]) {
      self = .jpeg
    } else if bytes.isEmpty {
      self = .other("an empty file")
    } else if says("GIF8") {
      self = .other("a GIF picture")
    } else if says("RIFF"), says("WEBP", at: 8) {
      self = .other("a WebP picture")
    } else if says("RIFF"), says("WAVE", at: 8) {
      self = .other("a WAV recording")
    } else if says("ftyp", at: 4) {
      self = .other("an AVIF or HEIC picture or a video")
    } else if has([0x49, 0x49, 0x2a, 0x00]) || has([0x4d, 0x4d, 0x00, 0x2a]) {
      self = .other("a TIFF picture")
    } else if has([0x1f, 0x8b]) {
      self = .other("a gzip archive")
    } else if says("PK\u{3}\u{4}") {
      self = .other("a zip archive")
    } else if says("%PDF") {
      self = .other("a PDF document")
    } else if has([0x93]), says("NUMPY", at: 1) {
      self = .other("a NumPy array")
    } else if says("BM") {
      self = .other("a BMP picture")
    } else if bytes.prefix(256).allSatisfy({ ($0 >= 0x20 && $0 != 0x7f) || (0x09...0x0d).contains($0) }) {
      self = .other(says("<svg") || says("<?xml") ? "an SVG or XML text" : "a text")
    } else {
      self = .other("an unknown kind of file")
    }
  }
}
