import FoveaTensors

/// What a file of a model or of weights is: told by what stands in it; only one in which nothing is recognized goes by
/// its name, so that the reader it was meant for says what is wrong.
///
/// The one place where formats are told apart.
public enum FileFormat: String, Sendable, CaseIterable {
  case safetensors, pytorch, onnx
  /// The text that describes a network, `.cfg`.
  case darknet
  /// Its numbers, `.weights`, which nothing but their name tells.
  case darknetWeights

  /// What the file at `path` is; nil where neither its contents nor its name say.
  /// - Throws: `TensorError` when it cannot be opened.
  public init?(of path: String) throws(TensorError) {
    let file = try MappedFile(path: path)
    self.init(bytes: file.bytes, path: path)
  }

  /// - Parameter path: decides where the bytes do not.
  init?(bytes: UnsafeRawBufferPointer, path: String) {
    guard let format = FileFormat(contents: bytes) ?? FileFormat(name: path) else { return nil }
    self = format
  }

  private init?(contents bytes: UnsafeRawBufferPointer) {
    if PyTorchFile.isPyTorch(bytes) {
      self = .pytorch
    } else if FileFormat.isSafetensors(bytes) {
      self = .safetensors
    } else if FileFormat.isONNX(bytes) {
      self = .onnx
    } else if FileFormat.isDarknet(bytes) {
      self = .darknet
    } else {
      return nil
    }
  }

  private static let endings: [(ending: String, format: FileFormat)] = [
    (".safetensors", .safetensors), (".pth", .pytorch), (".pt", .pytorch), (".th", .pytorch), (".ckpt", .pytorch),
    (".onnx", .onnx), (".cfg", .darknet), (".weights", .darknetWeights),
  ]

  /// What a name promises; nil where its ending is none of ours.
  public init?(name: String) {
    guard let found = FileFormat.endings.first(where: { name.hasSuffix($0.ending) }) else { return nil }
    self = found.format
  }

  /// The length of a JSON object, and its beginning.
  private static func isSafetensors(_ bytes: UnsafeRawBufferPointer) -> Bool {
    guard bytes.count >= 9, bytes[8] == UInt8(ascii: "{") else { return false }
    return UInt64(littleEndian: bytes.loadUnaligned(as: UInt64.self)) <= UInt64(Safetensors.headerLimit)
  }

  /// A message with the fields of ONNX's `ModelProto` and of their kinds, a graph among them. A file that is cut off is
  /// one as well.
  private static func isONNX(_ bytes: UnsafeRawBufferPointer) -> Bool {
    // ir_version, producer, its version, domain, model_version, doc_string, graph, opsets, metadata, training, functions,
    // configurations.
    let kinds = [1: 0, 2: 2, 3: 2, 4: 2, 5: 0, 6: 2, 7: 2, 8: 2, 14: 2, 20: 2, 25: 2, 26: 2]
    var at = 0
    func varint() -> UInt64? {
      var result: UInt64 = 0
      for shift in stride(from: 0, to: 64, by: 7) {
        guard at < bytes.count else { return nil }
        let byte = bytes[at]
        at += 1
        result |= UInt64(byte & 0x7f) << UInt64(shift)
        if byte < 0x80 { return result }
      }
      return nil
    }
    var fields = 0
    while at < bytes.count, fields < 10_000 {
      guard let key = varint(), let number = Int(exactly: key >> 3), kinds[number] == Int(key & 7) else { return false }
      fields += 1
      if number == 7 { return true }
      guard let value = varint() else { return false }
      if key & 7 == 2 {
        guard value <= UInt64(bytes.count - at) else { return false }
        at += Int(value)
      }
    }
    return false
  }

  /// A text whose first line that says something is `[net]` or `[network]`.
  private static func isDarknet(_ bytes: UnsafeRawBufferPointer) -> Bool {
    for line in bytes.prefix(4096).split(separator: UInt8(ascii: "\n")) {
      let text = line.filter { ![0x20, 0x09, 0x0d].contains($0) }
      guard let first = text.first, ![UInt8(ascii: "#"), UInt8(ascii: ";")].contains(first) else { continue }
      return text.elementsEqual("[net]".utf8) || text.elementsEqual("[network]".utf8)
    }
    return false
  }
}
