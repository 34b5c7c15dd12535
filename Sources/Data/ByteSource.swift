import FoveaTensors

/// A file read front to back, inflated on the way when its content is gzip.
final class ByteSource {
  let path: String
  private let file: MappedFile
  private let gzip: GzipReader?
  private var position = 0

  /// - Throws: `DataError.tensors` when the file cannot be read, or is gzip and there is no zlib.
  init(path: String) throws(DataError) {
    do {
      self.path = path
      file = try MappedFile(path: path)
      gzip = GzipReader.isGzip(file.bytes) ? try GzipReader(file.bytes, name: path) : nil
    } catch {
      throw .tensors(error)
    }
  }

  /// Size of the file as it lies on the disk.
  var fileBytes: Int { file.bytes.count }

  /// More bytes than this the file cannot give, however well it is compressed. A plain file that is
  /// cut off is let through here, so that the error can say by how much.
  var mostBytes: Int {
    let (most, overflow) = file.bytes.count.multipliedReportingOverflow(by: GzipReader.largestRatio)
    return overflow ? Int.max : most
  }

  /// The next `count` bytes, fewer at the end. Memory is taken as the bytes come.
  /// - Throws: `DataError.tensors` when compressed data is damaged.
  func read(_ count: Int) throws(DataError) -> [UInt8] {
    guard gzip != nil else {
      let end = position + min(count, file.bytes.count - position)
      defer { position = end }
      return Array(file.bytes[position..<end])
    }
    var result: [UInt8] = []
    while result.count < count {
      let start = result.count
      let room = min(count - start, max(start, 64 << 20))
      result.append(contentsOf: repeatElement(0, count: room))
      let got = try result.withUnsafeMutableBufferPointer { (all) throws(DataError) -> Int in
        try inflate(into: UnsafeMutableRawBufferPointer(rebasing: UnsafeMutableRawBufferPointer(all)[start...]))
      }
      if got < room {
        result.removeLast(room - got)
        break
      }
    }
    return result
  }

  /// True when nothing follows; checks the checksum of compressed data.
  /// - Throws: `DataError.tensors` when compressed data is damaged there.
  func isAtEnd() throws(DataError) -> Bool {
    guard gzip != nil else { return position == file.bytes.count }
    var extra: UInt8 = 0
    return try withUnsafeMutableBytes(of: &extra) { (one) throws(DataError) -> Bool in try inflate(into: one) == 0 }
  }

  private func inflate(into target: UnsafeMutableRawBufferPointer) throws(DataError) -> Int {
    do {
      return try gzip?.read(into: target) ?? 0
    } catch {
      throw .tensors(error)
    }
  }
}
