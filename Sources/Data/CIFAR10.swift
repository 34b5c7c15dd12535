import FoveaTensors

extension DatasetKind {
  /// Small photographs (Krizhevsky 2009), the binary version.
  static let cifar10 = DatasetKind(
    name: "cifar10", summary: "photographs of things and animals, 32×32 RGB, 10 classes (binary version)",
    place: .directory,
    load: { (directory, part, _) throws(DataError) in try CIFAR10.load(directory, part) },
    count: { (directory, part) throws(DataError) in
      try CIFAR10.sizes(of: CIFAR10.files(directory, part)).reduce(0, +)
    })
}

/// CIFAR-10's binary files: records of a label and 1024 bytes each of red, green and blue.
enum CIFAR10 {
  static let recordSize = 1 + 3 * 32 * 32
  private static let usualNames = [
    "airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck",
  ]

  /// The files of a part, by name.
  /// - Throws: `DataError.datasetMissing`.
  static func files(_ directory: String, _ part: DatasetPart) throws(DataError) -> [String] {
    let names = (try? Folder.names(in: directory)) ?? []
    let found = names.filter { name in
      guard name.hasSuffix(".bin") else { return false }
      return part == .train ? name.contains("train") || name.hasPrefix("data_batch") : name.contains("test")
    }
    guard !found.isEmpty else {
      throw .datasetMissing(
        name: "cifar10", directory: directory, file: part == .train ? "data_batch*.bin or *train*.bin" : "*test*.bin",
        mend: "get it with fovea datasets fetch cifar10, or unpack cifar-10-binary.tar.gz there")
    }
    return found.map { directory + "/" + $0 }
  }

  /// Number of records of each file.
  /// - Throws: `DataError.badRecords` for a file that is no whole number of them.
  static func sizes(of paths: [String]) throws(DataError) -> [Int] {
    var counts: [Int] = []
    for path in paths {
      let size = try map(path).bytes.count
      guard size > 0, size % recordSize == 0 else {
        throw .badRecords(path: path, fileBytes: size, recordBytes: recordSize)
      }
      counts.append(size / recordSize)
    }
    return counts
  }

  static func load(_ directory: String, _ part: DatasetPart) throws(DataError) -> InMemoryDataset {
    let paths = try files(directory, part)
    let counts = try sizes(of: paths)
    let total = counts.reduce(0, +)
    let names = try classNames(directory)
    var pixels: [UInt8] = []
    var labels: [Int32] = []
    pixels.reserveCapacity(total * (recordSize - 1))
    labels.reserveCapacity(total)
    for (path, count) in zip(paths, counts) {
      let file = try map(path)
      guard file.bytes.count == count * recordSize else {
        throw .badRecords(path: path, fileBytes: file.bytes.count, recordBytes: recordSize)
      }
      for record in 0..<count {
        let start = record * recordSize
        let label = Int(file.bytes[start])
        guard label < names.count else {
          throw .labelOutOfRange(path: path, index: record, label: label, classes: names.count)
        }
        labels.append(Int32(label))
        pixels.append(contentsOf: file.bytes[start + 1..<start + recordSize])
      }
    }
    return try InMemoryDataset(
      name: "cifar10", pixels: pixels, labels: labels, sampleShape: [3, 32, 32], classNames: names)
  }

  /// The names of `batches.meta.txt`, a line each; the usual ten where it is absent.
  /// - Throws: `DataError.badClassNames` when there are not ten different ones.
  private static func classNames(_ directory: String) throws(DataError) -> [String] {
    let path = directory + "/batches.meta.txt"
    guard Folder.exists(path) else { return usualNames }
    let names = try TextLines(path: path).lines.filter { !$0.isEmpty }
    guard names.count == 10, Set(names).count == 10 else {
      throw .badClassNames(path: path, expected: 10, found: names.count)
    }
    return names
  }

  private static func map(_ path: String) throws(DataError) -> MappedFile {
    do { return try MappedFile(path: path) } catch { throw .tensors(error) }
  }
}
