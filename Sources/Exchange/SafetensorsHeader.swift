import FoveaTensors

/// The checked header of a safetensors file: after this, every range lies inside the data.
struct SafetensorsHeader {
  struct Entry {
    let name: String
    let dtype: DType
    let shape: Shape
    /// Bytes of the data section.
    let range: Range<Int>
  }

  /// In the header's order.
  private(set) var entries: [Entry] = []
  private(set) var metadata: [String: String] = [:]
  /// Where the data section begins in the file.
  let dataStart: Int

  init(parsing file: UnsafeRawBufferPointer) throws(SafetensorsProblem) {
    guard file.count >= 8 else { throw .tooShort(length: file.count) }
    let stated = UInt64(littleEndian: file.loadUnaligned(as: UInt64.self))
    guard stated <= UInt64(file.count - 8) else { throw .headerPastEnd(stated: stated, available: file.count - 8) }
    let length = Int(stated)
    guard length <= Safetensors.headerLimit else {
      throw .headerTooLong(stated: stated, limit: Safetensors.headerLimit)
    }
    dataStart = 8 + length
    guard length > 0, file[8] == UInt8(ascii: "{") else { throw .headerNotObject }
    let json: JSONValue
    do throws(JSONError) {
      json = try JSONValue(parsing: UnsafeRawBufferPointer(rebasing: file[8..<dataStart]))
    } catch { throw .headerNotJSON(reason: error.description) }
    guard let object = json.object else { throw .headerNotObject }
    entries.reserveCapacity(object.members.count)
    for member in object.members {
      if member.key == Safetensors.metadataKey {
        try read(metadata: member.value)
      } else {
        entries.append(try SafetensorsHeader.entry(member.key, member.value, available: file.count - dataStart))
      }
    }
    try checkCover(of: file.count - dataStart)
  }

  private mutating func read(metadata value: JSONValue) throws(SafetensorsProblem) {
    guard let object = value.object else { throw .badMetadata(key: nil) }
    for member in object.members {
      guard let text = member.value.string else { throw .badMetadata(key: member.key) }
      metadata[member.key] = text
    }
  }

  private static func entry(
    _ name: String, _ value: JSONValue, available: Int
  ) throws(SafetensorsProblem) -> Entry {
    func text(_ field: String) throws(SafetensorsProblem) -> String {
      guard let text = value.object?[field]?.string else {
        throw .badEntry(tensor: name, field: field, expected: "a string")
      }
      return text
    }
    func sizes(_ field: String, _ expected: String) throws(SafetensorsProblem) -> [Int] {
      guard let elements = value.object?[field]?.array else {
        throw .badEntry(tensor: name, field: field, expected: expected)
      }
      var sizes: [Int] = []
      for element in elements {
        guard let size = element.integer, size >= 0 else {
          throw .badEntry(tensor: name, field: field, expected: expected)
        }
        sizes.append(size)
      }
      return sizes
    }

    let dtypeName = try text("dtype")
    guard let dtype = Safetensors.dtype(named: dtypeName) else { throw .unknownDType(tensor: name, dtype: dtypeName) }
    let shape = Shape(try sizes("shape", "a list of sizes"))
    let offsets = try sizes("data_offsets", "two byte numbers, the second not smaller")
    guard offsets.count == 2, offsets[0] <= offsets[1] else {
      throw .badEntry(tensor: name, field: "data_offsets", expected: "two byte numbers, the second not smaller")
    }
    guard let needed = byteCount(of: shape, dtype) else { throw .badShape(tensor: name, dims: shape.dims) }
    guard offsets[1] <= available else {
      throw .pastEnd(tensor: name, begin: offsets[0], end: offsets[1], available: available)
    }
    let range = offsets[0]..<offsets[1]
    guard needed == range.count else {
      throw .sizeMismatch(tensor: name, shape: shape, dtype: dtype, needed: needed, stated: range.count)
    }
    return Entry(name: name, dtype: dtype, shape: shape, range: range)
  }

  /// Bytes of a shape, or nil where its size or one of its strides overflows: [0, 2^40, 2^40] has
  /// no elements, yet nobody could compute its strides.
  private static func byteCount(of shape: Shape, _ dtype: DType) -> Int? {
    guard Shape(shape.dims.map { max($0, 1) }).checkedCount != nil, let count = shape.checkedCount else { return nil }
    let (bytes, overflow) = count.multipliedReportingOverflow(by: dtype.size)
    return overflow ? nil : bytes
  }

  /// The format wants every byte of the data to belong to exactly one tensor.
  private func checkCover(of available: Int) throws(SafetensorsProblem) {
    let order = entries.sorted {
      ($0.range.lowerBound, $0.range.upperBound) < ($1.range.lowerBound, $1.range.upperBound)
    }
    var end = 0
    var previous = ""
    for entry in order {
      let begin = entry.range.lowerBound
      if begin < end { throw .overlap(first: previous, second: entry.name, at: begin) }
      if begin > end { throw .gap(before: entry.name, from: end, to: begin) }
      end = entry.range.upperBound
      previous = entry.name
    }
    if end < available { throw .unusedBytes(from: end, to: available) }
  }
}
