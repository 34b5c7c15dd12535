/// TensorFlow's record file: length (8 bytes), its masked checksum (4), the data, their masked
/// checksum (4); all little-endian.
enum RecordFraming {
  /// One record with its frame.
  static func framed(_ data: [UInt8]) -> [UInt8] {
    var record: [UInt8] = []
    record.reserveCapacity(data.count + 16)
    let length = withUnsafeBytes(of: UInt64(data.count).littleEndian) { Array($0) }
    append(length, to: &record)
    append(data, to: &record)
    return record
  }

  private static func append(_ part: [UInt8], to record: inout [UInt8]) {
    record.append(contentsOf: part)
    let crc = part.withUnsafeBytes { CRC32C.masked($0) }
    withUnsafeBytes(of: crc.littleEndian) { record.append(contentsOf: $0) }
  }

  /// The frame of the record at `start`: its range with the frame and its data, or nil where no
  /// sound record begins, so that reading ends there as every reader's does.
  static func record(
    in file: UnsafeRawBufferPointer, at start: Int
  ) -> (range: Range<Int>, data: UnsafeRawBufferPointer)? {
    guard file.count - start >= 16 else { return nil }
    let length = UInt64(littleEndian: file.loadUnaligned(fromByteOffset: start, as: UInt64.self))
    guard length <= UInt64(file.count - start - 16), isSound(file, start..<start + 8) else { return nil }
    let data = start + 12..<start + 12 + Int(length)
    guard isSound(file, data) else { return nil }
    return (start..<data.upperBound + 4, UnsafeRawBufferPointer(rebasing: file[data]))
  }

  /// True when the masked checksum of a part follows it.
  private static func isSound(_ file: UnsafeRawBufferPointer, _ part: Range<Int>) -> Bool {
    let stored = UInt32(littleEndian: file.loadUnaligned(fromByteOffset: part.upperBound, as: UInt32.self))
    return CRC32C.masked(UnsafeRawBufferPointer(rebasing: file[part])) == stored
  }
}
