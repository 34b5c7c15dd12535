import FoveaTensors

/// A file of `torch.save` before PyTorch 1.6: four pickles (a magic number, a version, the machine, what was saved), a
/// fifth with the storages' keys, and the storages one after the other, each behind its number of elements.
struct LegacyArchive {
  /// What was saved.
  let root: PickleValue
  /// The reader that holds its containers and tensors.
  let pickle: PickleReader
  /// Where each storage's bytes are, by key.
  let places: [String: Range<Int>]

  /// 0x1950a86a20f9469cfc6c as a pickle writes it, behind its version.
  private static let magic: [UInt8] = [0x8a, 0x0a, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19, 0x2e]
  private static let version = 1001

  static func isLegacy(_ bytes: UnsafeRawBufferPointer) -> Bool {
    // A frame may stand before it in protocol 4.
    for start in [2, 11] where bytes.count >= start + magic.count {
      if bytes[0] == 0x80, bytes[1] <= 5, bytes[start..<(start + magic.count)].elementsEqual(magic) { return true }
    }
    return false
  }

  /// True for the format before PyTorch 0.1.10.
  static func isTar(_ bytes: UnsafeRawBufferPointer) -> Bool {
    bytes.count >= 262 && bytes[257..<262].elementsEqual("ustar".utf8)
  }

  init(parsing bytes: UnsafeRawBufferPointer) throws(PyTorchProblem) {
    var at = 0
    _ = try LegacyArchive.next(bytes, &at)
    let (version, _) = try LegacyArchive.next(bytes, &at)
    guard case .int(LegacyArchive.version) = version else { throw .legacyVersion }
    let (machine, described) = try LegacyArchive.next(bytes, &at)
    if case .dict(let number) = machine,
      described.dicts[number].contains(where: { entry in
        if case .string("little_endian") = entry.key, case .bool(false) = entry.value { return true }
        return false
      })
    {
      throw .bigEndian
    }
    (root, pickle) = try LegacyArchive.next(bytes, &at)
    let (keys, lists) = try LegacyArchive.next(bytes, &at)
    guard case .list(let number) = keys else { throw .storageKeys }
    // A key that no tensor names tells nothing of its size.
    let sizes = Dictionary(pickle.storages.map { ($0.key, $0.dtype.size) }, uniquingKeysWith: { first, _ in first })
    var places: [String: Range<Int>] = [:]
    for item in lists.lists[number] {
      guard case .string(let key) = item, places[key] == nil, let size = sizes[key] else { throw .storageKeys }
      guard let raw = ZipBytes(bytes).u64(at), let count = Int(exactly: raw), count <= (bytes.count - at - 8) / size
      else {
        throw .storageCutOff(key: key, offset: at)
      }
      let start = at + 8
      at = start + count * size
      places[key] = start..<at
    }
    self.places = places
  }

  /// The next pickle; `at` is behind it then.
  private static func next(
    _ bytes: UnsafeRawBufferPointer, _ at: inout Int
  ) throws(PyTorchProblem) -> (PickleValue, PickleReader) {
    do throws(PickleProblem) {
      let end = min(bytes.count, at + PickleReader.limit)
      var reader = try PickleReader(UnsafeRawBufferPointer(rebasing: bytes[at..<end]))
      let value = try reader.read()
      at += reader.at
      return (value, reader)
    } catch { throw .pickle(error) }
  }
}
