import FoveaExchange

/// The messages of TensorFlow's `event.proto` and `summary.proto` that we write, by field number.
enum Event {
  /// The first record of every file.
  static func version(wallTime: Double) -> [UInt8] {
    var event = ProtobufWriter()
    event.double(1, wallTime)
    event.string(3, "brain.Event:2")
    return event.bytes
  }

  /// An event that holds one summary value; `fill` writes the value's own fields.
  static func summary(
    _ tag: String, wallTime: Double, step: Int, _ fill: (inout ProtobufWriter) -> Void
  ) -> [UInt8] {
    var event = ProtobufWriter()
    event.double(1, wallTime)
    event.int(2, Int64(step))
    event.message(5) { summary in
      summary.message(1) { value in
        value.string(1, tag)
        fill(&value)
      }
    }
    return event.bytes
  }

  static func scalar(_ value: Double, in writer: inout ProtobufWriter) { writer.float(2, Float(value)) }

  /// A string tensor of one element under the text plugin's name.
  static func text(_ text: String, in writer: inout ProtobufWriter) {
    writer.message(8) { tensor in
      tensor.int(1, 7)  // DT_STRING
      tensor.message(2) { shape in shape.message(2) { $0.int(1, 1) } }
      tensor.string(8, text)
    }
    writer.message(9) { metadata in metadata.message(1) { $0.string(1, "text") } }
  }

  static func image(_ header: PNGHeader, _ png: [UInt8], in writer: inout ProtobufWriter) {
    writer.message(4) { image in
      image.int(1, Int64(header.height))
      image.int(2, Int64(header.width))
      image.int(3, Int64(header.channels))
      image.bytes(4, png)
    }
  }

  static func histogram(_ histogram: Histogram, in writer: inout ProtobufWriter) {
    writer.message(5) { message in
      message.double(1, histogram.minimum)
      message.double(2, histogram.maximum)
      message.double(3, Double(histogram.count))
      message.double(4, histogram.sum)
      message.double(5, histogram.sumOfSquares)
      message.packed(6, histogram.limits)
      message.packed(7, histogram.counts.map(Double.init))
    }
  }

  /// The step of an event; 0 where it states none, nil where the bytes are no event.
  static func step(of data: UnsafeRawBufferPointer) -> Int? {
    var reader = ProtobufReader(data)
    var step = 0
    do {
      while let field = try reader.next() {
        if field.number == 2 { step = Int(try field.int64) }
      }
    } catch { return nil }
    return step
  }
}

/// What a PNG file says of itself in its first chunk.
struct PNGHeader {
  let width: UInt32
  let height: UInt32
  let channels: Int

  /// Nil where the bytes are no PNG file.
  init?(_ png: [UInt8]) {
    let signature: [UInt8] = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]
    guard png.count >= 33, png.starts(with: signature), png[12..<16].elementsEqual("IHDR".utf8) else { return nil }
    func word(_ at: Int) -> UInt32 { png[at..<at + 4].reduce(0) { $0 << 8 | UInt32($1) } }
    width = word(16)
    height = word(20)
    switch png[25] {
    case 0: channels = 1
    case 4: channels = 2
    case 2, 3: channels = 3
    case 6: channels = 4
    default: return nil
    }
  }
}
