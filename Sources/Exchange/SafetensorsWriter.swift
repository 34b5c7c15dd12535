import FoveaTensors

extension Safetensors {
  /// Writes tensors and string metadata to a file that any safetensors reader opens.
  ///
  /// The file is written beside, flushed and renamed: at `path` there is always either the old
  /// file or the complete new one. Names keep their order; the data begin at a multiple of 64 bytes
  /// and every tensor at a multiple of its element's size.
  /// - Parameter lasting: waits until the file would survive a power cut; without it, it is complete for every process.
  /// - Throws: `SafetensorsError.unwritable`, `.duplicateName`, `.reservedName`, `.headerTooLong`.
  public static func write(
    _ tensors: [(name: String, tensor: Tensor)], metadata: [String: String] = [:], to path: String,
    lasting: Bool = true
  ) throws(SafetensorsError) {
    try checkNames(tensors, path)
    // Wide elements first: sizes are powers of two, so that nothing needs padding (the format
    // allows none) and everything is aligned.
    let order = tensors.indices.sorted {
      let (a, b) = (tensors[$0].tensor.dtype.size, tensors[$1].tensor.dtype.size)
      return a == b ? $0 < $1 : a > b
    }
    var offsets = [Int](repeating: 0, count: tensors.count)
    var end = 0
    for index in order {
      offsets[index] = end
      end += tensors[index].tensor.byteCount
    }
    let header = header(tensors, offsets, metadata)
    guard header.count <= headerLimit else {
      throw .headerTooLong(path: path, length: header.count, limit: headerLimit)
    }
    do throws(FileError) {
      try AtomicFile.write(to: path, lasting: lasting) { (sink) throws(FileError) in
        try sink.write(withUnsafeBytes(of: UInt64(header.count).littleEndian) { Array($0) })
        try sink.write(header)
        for index in order {
          try tensors[index].tensor.withUnsafeBytes { (bytes) throws(FileError) in try sink.write(bytes) }
        }
      }
    } catch { throw .unwritable(error) }
  }

  private static func checkNames(
    _ tensors: [(name: String, tensor: Tensor)], _ path: String
  ) throws(SafetensorsError) {
    var seen = Set<String>()
    for (name, _) in tensors {
      if name == metadataKey { throw .reservedName(path: path, name: name) }
      if !seen.insert(name).inserted { throw .duplicateName(path: path, name: name) }
    }
  }

  /// The header's bytes, padded with spaces so that with the 8 bytes of its length it fills whole
  /// blocks of 64.
  private static func header(
    _ tensors: [(name: String, tensor: Tensor)], _ offsets: [Int], _ metadata: [String: String]
  ) -> [UInt8] {
    var parts: [String] = []
    if !metadata.isEmpty { parts.append("\"\(metadataKey)\":\(JSONText.line(metadata))") }
    for (index, (name, tensor)) in tensors.enumerated() {
      let shape = tensor.shape.dims.map(String.init).joined(separator: ",")
      let range = "\(offsets[index]),\(offsets[index] + tensor.byteCount)"
      parts.append(
        "\(JSONText.quoted(name)):{\"dtype\":\"\(Safetensors.name(of: tensor.dtype))\","
          + "\"shape\":[\(shape)],\"data_offsets\":[\(range)]}")
    }
    var bytes = Array("{\(parts.joined(separator: ","))}".utf8)
    bytes.append(contentsOf: repeatElement(UInt8(ascii: " "), count: (64 - (bytes.count + 8) % 64) % 64))
    return bytes
  }
}
