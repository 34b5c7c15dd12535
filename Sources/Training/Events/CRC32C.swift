/// The Castagnoli checksum (RFC 3720), which guards the records of a TensorBoard file.
package enum CRC32C {
  /// Four bytes a turn ("slicing by 4"): table k advances a byte past k further bytes.
  private static let tables: [[UInt32]] = {
    var first = [UInt32](repeating: 0, count: 256)
    for byte in 0..<256 {
      var crc = UInt32(byte)
      for _ in 0..<8 { crc = crc & 1 == 0 ? crc >> 1 : crc >> 1 ^ 0x82f6_3b78 }
      first[byte] = crc
    }
    var all = [first]
    for _ in 1..<4 { all.append(all[all.count - 1].map { $0 >> 8 ^ first[Int($0 & 0xff)] }) }
    return all
  }()

  /// The checksum of some bytes.
  package static func checksum(_ bytes: UnsafeRawBufferPointer) -> UInt32 {
    let (t0, t1, t2, t3) = (tables[0], tables[1], tables[2], tables[3])
    var crc: UInt32 = .max
    var at = 0
    while at + 4 <= bytes.count {
      crc ^= UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: at, as: UInt32.self))
      crc =
        t3[Int(crc & 0xff)] ^ t2[Int(crc >> 8 & 0xff)] ^ t1[Int(crc >> 16 & 0xff)] ^ t0[Int(crc >> 24)]
      at += 4
    }
    while at < bytes.count {
      crc = crc >> 8 ^ t0[Int((crc ^ UInt32(bytes[at])) & 0xff)]
      at += 1
    }
    return ~crc
  }

  /// The checksum of some bytes.
  package static func checksum(_ bytes: [UInt8]) -> UInt32 { bytes.withUnsafeBytes { checksum($0) } }

  /// The checksum as TFRecord stores it: rotated and shifted, so that a record of records does not
  /// contain its own checksum.
  package static func masked(_ bytes: UnsafeRawBufferPointer) -> UInt32 {
    let crc = checksum(bytes)
    return (crc >> 15 | crc << 17) &+ 0xa282_ead8
  }
}
