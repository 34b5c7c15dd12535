/// Builds a message in protobuf's wire format; fields come out in the order of the calls.
///
/// ```swift
/// var event = ProtobufWriter()
/// event.double(1, wallTime)
/// event.message(5) { $0.string(1, tag) }
/// event.bytes
/// ```
package struct ProtobufWriter {
  package private(set) var bytes: [UInt8] = []

  package init() {}

  /// An `int32`, `int64`, `bool` or enum (negative numbers take ten bytes, as the format says).
  package mutating func int(_ field: Int, _ value: Int64) {
    key(field, 0)
    varint(UInt64(bitPattern: value))
  }

  /// A `float`.
  package mutating func float(_ field: Int, _ value: Float) {
    key(field, 5)
    append(value.bitPattern)
  }

  /// A `double`.
  package mutating func double(_ field: Int, _ value: Double) {
    key(field, 1)
    append(value.bitPattern)
  }

  /// A `string`.
  package mutating func string(_ field: Int, _ value: String) {
    prefix(field, count: value.utf8.count)
    bytes.append(contentsOf: value.utf8)
  }

  /// Raw bytes.
  package mutating func bytes(_ field: Int, _ value: some Collection<UInt8>) {
    prefix(field, count: value.count)
    bytes.append(contentsOf: value)
  }

  /// A nested message.
  package mutating func message(_ field: Int, _ body: (inout ProtobufWriter) -> Void) {
    var inner = ProtobufWriter()
    body(&inner)
    bytes(field, inner.bytes)
  }

  /// A packed repeated integer field.
  package mutating func packed(_ field: Int, _ values: [Int64]) {
    var inner = ProtobufWriter()
    for value in values { inner.varint(UInt64(bitPattern: value)) }
    bytes(field, inner.bytes)
  }

  /// A packed repeated float field.
  package mutating func packed(_ field: Int, _ values: [Float]) {
    prefix(field, count: values.count * 4)
    for value in values { append(value.bitPattern) }
  }

  /// A packed repeated double field.
  package mutating func packed(_ field: Int, _ values: [Double]) {
    prefix(field, count: values.count * 8)
    for value in values { append(value.bitPattern) }
  }

  /// The key and length of `count` bytes that the caller writes elsewhere, such as weights that go
  /// to the file without passing through this buffer.
  package mutating func prefix(_ field: Int, count: Int) {
    key(field, 2)
    varint(UInt64(count))
  }

  private mutating func key(_ field: Int, _ type: UInt64) {
    precondition(field >= 1 && field < 1 << 29, "protobuf has no field \(field)")
    varint(UInt64(field) << 3 | type)
  }

  private mutating func varint(_ value: UInt64) {
    var rest = value
    while rest >= 0x80 {
      bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
      rest >>= 7
    }
    bytes.append(UInt8(truncatingIfNeeded: rest))
  }

  private mutating func append<T: FixedWidthInteger>(_ value: T) {
    withUnsafeBytes(of: value.littleEndian) { bytes.append(contentsOf: $0) }
  }
}
