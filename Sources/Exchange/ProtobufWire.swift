/// One field of a message in protobuf's wire format.
package struct ProtobufField {
  package enum Value {
    case varint(UInt64)
    case fixed64(UInt64)
    case fixed32(UInt32)
    /// A string, a nested message, raw bytes or packed numbers: a part of the reader's own buffer.
    case bytes(UnsafeRawBufferPointer)
  }

  package let number: Int
  package let value: Value
  /// Where the value begins in the outermost buffer.
  package let offset: Int
}

/// Reads a message field by field, in place: what it hands out is valid as long as its buffer.
///
/// ```swift
/// var reader = ProtobufReader(file.bytes)
/// while let field = try reader.next() {
///   switch field.number {
///   case 1: version = try field.int64
///   case 7: try readGraph(field.message)
///   default: break                       // unknown fields are skipped
///   }
/// }
/// ```
package struct ProtobufReader {
  private let bytes: UnsafeRawBufferPointer
  private let origin: Int
  private var at = 0

  /// - Parameter origin: where `bytes` begin in the outermost buffer, for errors.
  package init(_ bytes: UnsafeRawBufferPointer, origin: Int = 0) {
    self.bytes = bytes
    self.origin = origin
  }

  /// Where the next field begins in the outermost buffer.
  package var offset: Int { origin + at }

  /// The next field, or nil at the end.
  package mutating func next() throws(ProtobufError) -> ProtobufField? {
    guard at < bytes.count else { return nil }
    let start = offset
    let key = try varint()
    guard let number = Int(exactly: key >> 3), number >= 1, number < 1 << 29 else {
      throw .badFieldNumber(key >> 3, offset: start)
    }
    switch key & 7 {
    case 0:
      let place = offset
      return ProtobufField(number: number, value: .varint(try varint()), offset: place)
    case 1: return ProtobufField(number: number, value: .fixed64(try fixed(UInt64.self)), offset: offset - 8)
    case 2:
      let length = try varint()
      guard length <= UInt64(bytes.count - at) else {
        throw .truncated(offset: offset, needed: length, available: bytes.count - at)
      }
      let range = at..<at + Int(length)
      at = range.upperBound
      return ProtobufField(
        number: number, value: .bytes(UnsafeRawBufferPointer(rebasing: bytes[range])), offset: origin + range.lowerBound
      )
    case 5: return ProtobufField(number: number, value: .fixed32(try fixed(UInt32.self)), offset: offset - 4)
    // 3 and 4 are groups, which no format of ours has used since protobuf 2.
    default: throw .badWireType(Int(key & 7), field: number, offset: start)
    }
  }

  /// One bare varint, as packed fields hold them; nil at the end.
  package mutating func nextVarint() throws(ProtobufError) -> UInt64? { at < bytes.count ? try varint() : nil }

  private mutating func varint() throws(ProtobufError) -> UInt64 {
    var result: UInt64 = 0
    for index in 0..<10 {
      guard at < bytes.count else { throw .truncated(offset: offset, needed: 1, available: 0) }
      let byte = bytes[at]
      at += 1
      // The tenth byte holds bit 63 alone.
      if index == 9 && byte > 1 { throw .overlongVarint(offset: offset - 10) }
      result |= UInt64(byte & 0x7f) << (7 * UInt64(index))
      if byte < 0x80 { return result }
    }
    throw .overlongVarint(offset: offset - 10)
  }

  private mutating func fixed<T: FixedWidthInteger>(_ type: T.Type) throws(ProtobufError) -> T {
    let size = MemoryLayout<T>.size
    guard bytes.count - at >= size else {
      throw .truncated(offset: offset, needed: UInt64(size), available: bytes.count - at)
    }
    defer { at += size }
    return T(littleEndian: bytes.loadUnaligned(fromByteOffset: at, as: T.self))
  }
}
