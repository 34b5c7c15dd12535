import FoveaTensors

/// What can be said of a PNG or JPEG file without decoding it: its size, and whether it is all there.
///
/// A walk over the file's own structure (PNG's chunks, JPEG's markers), so that files that were cut off are found
/// before training begins. Pixels that are damaged inside a whole file show only when it is decoded.
package struct PictureHeader: Equatable {
  package let height: Int
  package let width: Int
  /// 1 for gray.
  package let channels: Int

  /// - Throws: `DataError` for a file that cannot be read, is no PNG or JPEG picture, or is cut off.
  package init(path: String) throws(DataError) {
    let file: MappedFile
    do { file = try MappedFile(path: path) } catch { throw .tensors(error) }
    defer { withExtendedLifetime(file) {} }
    try self.init(file.bytes, name: path)
  }

  package init(_ bytes: UnsafeRawBufferPointer, name: String) throws(DataError) {
    let reader = Reader(bytes: bytes, name: name)
    switch PictureKind(of: bytes) {
    case .png: self = try reader.png()
    case .jpeg: self = try reader.jpeg()
    case .other(let found): throw .notAPicture(path: name, found: found)
    }
    guard height > 0, width > 0 else { throw .badPicture(path: name, reason: "it has \(height)×\(width) pixels") }
  }

  private init(_ height: Int, _ width: Int, _ channels: Int) {
    self.height = height
    self.width = width
    self.channels = channels
  }

  private struct Reader {
    let bytes: UnsafeRawBufferPointer
    let name: String

    func cutOff() -> DataError {
      .badPicture(
        path: name, reason: "the file is cut off: it ends after \(bytes.count) bytes in the middle of the picture")
    }

    func big(_ at: Int, _ count: Int) throws(DataError) -> Int {
      guard at >= 0, at + count <= bytes.count else { throw cutOff() }
      var value = 0
      for index in at..<at + count { value = value << 8 | Int(bytes[index]) }
      return value
    }

    /// Chunks of length, name, content and checksum, from IHDR to IEND.
    func png() throws(DataError) -> PictureHeader {
      guard try big(12, 4) == 0x4948_4452 else {
        throw .badPicture(path: name, reason: "its first chunk is not IHDR")
      }
      let header = PictureHeader(try big(20, 4), try big(16, 4), try big(25, 1) & 3 == 0 ? 1 : 3)
      var at = 8
      while true {
        let length = try big(at, 4)
        let kind = try big(at + 4, 4)
        at += 12 + length
        guard at <= bytes.count else { throw cutOff() }
        if kind == 0x4945_4e44 { return header }
      }
    }

    /// Segments of marker, length and content; behind a start of scan, data in which FF stands before 00 or a
    /// restart marker.
    func jpeg() throws(DataError) -> PictureHeader {
      var header: PictureHeader?
      var at = 2
      while true {
        guard try big(at, 1) == 0xff else {
          throw .badPicture(path: name, reason: "byte \(at) is \(bytes[at]), where a marker must be")
        }
        while try big(at, 1) == 0xff { at += 1 }
        let marker = bytes[at]
        at += 1
        switch marker {
        case 0xd9:
          guard let header else { throw .badPicture(path: name, reason: "it ends before its size is told") }
          return header
        case 0x01, 0xd0...0xd7: continue
        default: break
        }
        if marker >= 0xc0, marker <= 0xcf, ![0xc4, 0xc8, 0xcc].contains(marker), header == nil {
          header = PictureHeader(try big(at + 3, 2), try big(at + 5, 2), try big(at + 7, 1) == 1 ? 1 : 3)
        }
        let length = try big(at, 2)
        guard length >= 2 else { throw .badPicture(path: name, reason: "a segment of \(length) bytes is impossible") }
        at += length
        if marker == 0xda { at = try endOfScan(at) }
      }
    }

    /// Where the next marker begins that is neither a stuffed byte nor a restart.
    private func endOfScan(_ start: Int) throws(DataError) -> Int {
      var at = start
      while at + 1 < bytes.count {
        if bytes[at] != 0xff {
          at += 1
          continue
        }
        switch bytes[at + 1] {
        case 0x00, 0xd0...0xd7: at += 2
        case 0xff: at += 1
        default: return at
        }
      }
      throw cutOff()
    }
  }
}
