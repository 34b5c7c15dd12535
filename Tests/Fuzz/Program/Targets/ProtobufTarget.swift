import FoveaExchange

/// Protocol buffers' wire format: every field in every way in which it can be read, and messages in messages.
enum ProtobufTarget: FuzzTarget {
  static let name = "protobuf"

  static func run(_ bytes: UnsafeRawBufferPointer) throws { try walk(ProtobufReader(bytes), depth: 0) }

  private static func walk(_ start: ProtobufReader, depth: Int) throws {
    var reader = start
    while let field = try reader.next() {
      var (integers, floats, doubles): ([Int64], [Float], [Double]) = ([], [], [])
      try? field.append(to: &integers)
      try? field.append(to: &floats)
      try? field.append(to: &doubles)
      _ = try? field.string
      _ = try? field.int64
      if depth < 20, let message = try? field.message { try? walk(message, depth: depth + 1) }
    }
  }
}
