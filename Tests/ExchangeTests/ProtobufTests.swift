import FoveaExchange
import FoveaTensors
import Testing

@Suite struct ProtobufTests {
  /// What the reader sees in some bytes.
  func numbers(_ bytes: [UInt8]) throws -> [Int] {
    try bytes.withUnsafeBytes { buffer in
      var reader = ProtobufReader(buffer)
      var numbers: [Int] = []
      while let field = try reader.next() { numbers.append(field.number) }
      return numbers
    }
  }

  @Test func theBytesOfTheSpecification() {
    // protobuf.dev/programming-guides/encoding: field 1 = 150; field 2 = "testing"; packed 3, 270, 86942.
    var writer = ProtobufWriter()
    writer.int(1, 150)
    writer.string(2, "testing")
    writer.packed(6, [3, 270, 86942] as [Int64])
    #expect(
      writer.bytes == [0x08, 0x96, 0x01, 0x12, 0x07, 0x74, 0x65, 0x73, 0x74, 0x69, 0x6e, 0x67]
        + [0x32, 0x06, 0x03, 0x8e, 0x02, 0x9e, 0xa7, 0x05])
    var negative = ProtobufWriter()
    negative.int(1, -1)
    #expect(negative.bytes == [0x08] + [UInt8](repeating: 0xff, count: 9) + [0x01])
  }

  @Test func everythingIsReadBack() throws {
    var writer = ProtobufWriter()
    writer.int(1, .min)
    writer.float(2, 1.5)
    writer.double(3, -2.25)
    writer.message(4) { $0.string(1, "inner ∇") }
    writer.packed(5, [1, -1, .max] as [Int64])
    writer.packed(6, [0.5, .infinity] as [Float])
    writer.packed(7, [0.1] as [Double])
    writer.int(5, 9)
    writer.float(6, 3)
    writer.double(7, 4)
    writer.bytes(536_870_911, [1, 2, 3] as [UInt8])
    var integers: [Int64] = []
    var floats: [Float] = []
    var doubles: [Double] = []
    try writer.bytes.withUnsafeBytes { buffer in
      var reader = ProtobufReader(buffer)
      while let field = try reader.next() {
        switch field.number {
        case 1: #expect(try field.int64 == .min)
        case 2: #expect(try field.float == 1.5)
        case 3: #expect(try field.double == -2.25)
        case 4:
          var inner = try field.message
          let text = try #require(try inner.next())
          #expect(try text.string == "inner ∇")
          // Offsets of nested fields count from the outermost buffer, and nothing is copied.
          #expect(try text.bytes.baseAddress == buffer.baseAddress.map { $0 + text.offset })
        case 5: try field.append(to: &integers)
        case 6: try field.append(to: &floats)
        case 7: try field.append(to: &doubles)
        default: #expect(try field.number == 536_870_911 && Array(field.bytes) == [1, 2, 3])
        }
      }
    }
    #expect(integers == [1, -1, .max, 9])
    #expect(floats == [0.5, .infinity, 3])
    #expect(doubles == [0.1, 4])
  }

  @Test(arguments: [
    ([0x08], ProtobufError.truncated(offset: 1, needed: 1, available: 0)),
    ([0x08, 0x80], .truncated(offset: 2, needed: 1, available: 0)),
    ([0x0d, 1, 2, 3], .truncated(offset: 1, needed: 4, available: 3)),
    ([0x09, 1, 2, 3, 4, 5, 6, 7], .truncated(offset: 1, needed: 8, available: 7)),
    ([0x12, 5, 1, 2], .truncated(offset: 2, needed: 5, available: 2)),
    ([0x12] + [UInt8](repeating: 0xff, count: 9) + [1], .truncated(offset: 11, needed: .max, available: 0)),
    ([0x08] + [UInt8](repeating: 0xff, count: 9) + [2], .overlongVarint(offset: 1)),
    ([0x08] + [UInt8](repeating: 0x80, count: 12), .overlongVarint(offset: 1)),
    ([0x0b], .badWireType(3, field: 1, offset: 0)),
    ([0x0f], .badWireType(7, field: 1, offset: 0)),
    ([0x00, 1], .badFieldNumber(0, offset: 0)),
    ([0x80, 0x80, 0x80, 0x80, 0x10, 0], .badFieldNumber(1 << 29, offset: 0)),
  ]) func damage(_ bytes: [UInt8], _ expected: ProtobufError) {
    #expect(throws: expected) { try numbers(bytes) }
    #expect(!expected.description.isEmpty)
  }

  @Test func wrongTypesAreNamed() throws {
    let bytes: [UInt8] = [0x08, 1, 0x12, 2, 0xc3, 0x28, 0x1a, 3, 0, 0, 0]
    try bytes.withUnsafeBytes { buffer in
      var reader = ProtobufReader(buffer)
      let first = try #require(try reader.next())
      #expect(throws: ProtobufError.wrongType(field: 1, expected: "bytes", found: "a varint", offset: 1)) {
        try first.bytes
      }
      let second = try #require(try reader.next())
      #expect(throws: ProtobufError.notText(field: 2, offset: 4)) { try second.string }
      #expect(throws: ProtobufError.wrongType(field: 2, expected: "32 bits", found: "bytes", offset: 4)) {
        try second.float
      }
      let third = try #require(try reader.next())
      var floats: [Float] = []
      #expect(throws: ProtobufError.truncated(offset: 11, needed: 4, available: 3)) { try third.append(to: &floats) }
    }
  }

  @Test func randomBytesNeverTrap() {
    let random = RandomStream(seed: 1, purpose: "fuzz")
    for round in 0..<3000 {
      let bytes = (0..<Int(random.word(step: UInt64(round), index: 0) % 40)).map {
        UInt8(truncatingIfNeeded: random.word(step: UInt64(round), index: $0 + 1))
      }
      bytes.withUnsafeBytes { buffer in
        var reader = ProtobufReader(buffer)
        while let field = try? reader.next() {
          var integers: [Int64] = []
          var doubles: [Double] = []
          try? field.append(to: &integers)
          try? field.append(to: &doubles)
          var inner = try? field.message
          while (try? inner?.next()) != nil {}
        }
      }
    }
  }
}
