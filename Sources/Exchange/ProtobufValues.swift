/// The typed readings of a field; each throws `ProtobufError.wrongType` on another wire type.
extension ProtobufField {
  /// An `int32`, `int64`, `uint64`, `bool` or enum as 64 bits with sign.
  package var int64: Int64 {
    get throws(ProtobufError) {
      guard case .varint(let value) = value else { throw mismatch("a varint") }
      return Int64(bitPattern: value)
    }
  }

  /// A `float`.
  package var float: Float {
    get throws(ProtobufError) {
      guard case .fixed32(let value) = value else { throw mismatch("32 bits") }
      return Float(bitPattern: value)
    }
  }

  /// A `double`.
  package var double: Double {
    get throws(ProtobufError) {
      guard case .fixed64(let value) = value else { throw mismatch("64 bits") }
      return Double(bitPattern: value)
    }
  }

  /// Bytes in place.
  package var bytes: UnsafeRawBufferPointer {
    get throws(ProtobufError) {
      guard case .bytes(let value) = value else { throw mismatch("bytes") }
      return value
    }
  }

  /// A `string`; refused when it is not UTF-8.
  package var string: String {
    get throws(ProtobufError) {
      guard let text = String(validating: try bytes, as: UTF8.self) else {
        throw .notText(field: number, offset: offset)
      }
      return text
    }
  }

  /// A reader of the nested message.
  package var message: ProtobufReader {
    get throws(ProtobufError) { ProtobufReader(try bytes, origin: offset) }
  }

  /// Appends a repeated integer field, packed or single: readers must take both.
  package func append(to values: inout [Int64]) throws(ProtobufError) {
    guard case .bytes(let packed) = value else { return values.append(try int64) }
    var reader = ProtobufReader(packed, origin: offset)
    while let value = try reader.nextVarint() { values.append(Int64(bitPattern: value)) }
  }

  /// Appends a repeated float field, packed or single.
  package func append(to values: inout [Float]) throws(ProtobufError) {
    guard case .bytes(let packed) = value else { return values.append(try float) }
    try forEach(UInt32.self, packed) { values.append(Float(bitPattern: $0)) }
  }

  /// Appends a repeated double field, packed or single.
  package func append(to values: inout [Double]) throws(ProtobufError) {
    guard case .bytes(let packed) = value else { return values.append(try double) }
    try forEach(UInt64.self, packed) { values.append(Double(bitPattern: $0)) }
  }

  private func forEach<T: FixedWidthInteger>(
    _ type: T.Type, _ packed: UnsafeRawBufferPointer, _ body: (T) -> Void
  ) throws(ProtobufError) {
    let size = MemoryLayout<T>.size
    guard packed.count % size == 0 else {
      throw .truncated(offset: offset + packed.count, needed: UInt64(size), available: packed.count % size)
    }
    for place in stride(from: 0, to: packed.count, by: size) {
      body(T(littleEndian: packed.loadUnaligned(fromByteOffset: place, as: T.self)))
    }
  }

  private func mismatch(_ expected: String) -> ProtobufError {
    let found =
      switch value {
      case .varint: "a varint"
      case .fixed64: "64 bits"
      case .fixed32: "32 bits"
      case .bytes: "bytes"
      }
    return .wrongType(field: number, expected: expected, found: found, offset: offset)
  }
}

/// Why bytes are not a protobuf message; offsets count from the outermost buffer.
package enum ProtobufError: Error, Equatable {
  case truncated(offset: Int, needed: UInt64, available: Int)
  case overlongVarint(offset: Int)
  case badWireType(Int, field: Int, offset: Int)
  case badFieldNumber(UInt64, offset: Int)
  case wrongType(field: Int, expected: String, found: String, offset: Int)
  case notText(field: Int, offset: Int)
  case tooMany(field: Int, limit: Int)
}

extension ProtobufError: CustomStringConvertible {
  package var description: String {
    switch self {
    case .truncated(let offset, let needed, let available):
      "at byte \(offset) \(needed) bytes are announced, \(available) follow; the file is cut off or damaged"
    case .overlongVarint(let offset):
      "the number at byte \(offset) has more than 64 bits; the file is damaged"
    case .badWireType(let type, let field, let offset):
      "field \(field) at byte \(offset) has wire type \(type), known are 0, 1, 2 and 5; the file is damaged"
    case .badFieldNumber(let number, let offset):
      "the field at byte \(offset) has the impossible number \(number); the file is damaged or of another format"
    case .wrongType(let field, let expected, let found, let offset):
      "field \(field) at byte \(offset) should be \(expected), it is \(found); the file is of another format"
    case .notText(let field, let offset):
      "the text in field \(field) at byte \(offset) is not UTF-8; the file is damaged"
    case .tooMany(let field, let limit):
      "field \(field) comes more than \(limit) times; no network has as many"
    }
  }
}
