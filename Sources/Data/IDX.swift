import FoveaTensors

/// The format of MNIST's files (LeCun, Cortes): big-endian header, then bytes; plain or gzip,
/// whatever the name says.
package enum IDX {
  static let labelsMagic: UInt32 = 0x0801
  static let imagesMagic: UInt32 = 0x0803

  /// Gray pictures, N×H×W bytes.
  package struct Images {
    package let height: Int
    package let width: Int
    package let count: Int
    package let pixels: [UInt8]
  }

  /// Reads a file of pictures.
  /// - Throws: `DataError` for another kind of file, one that is cut off or damaged.
  package static func images(path: String) throws(DataError) -> Images {
    let source = try ByteSource(path: path)
    let dims = try header(source, magic: imagesMagic, axes: 3)
    guard dims[0] == 0 || (dims[1] > 0 && dims[2] > 0) else {
      throw .emptyImages(path: path, height: dims[1], width: dims[2])
    }
    let pixels = try body(source, dims)
    return Images(height: dims[1], width: dims[2], count: dims[0], pixels: pixels)
  }

  /// Reads a file of labels, one byte each.
  /// - Throws: `DataError` for another kind of file, one that is cut off or damaged.
  package static func labels(path: String) throws(DataError) -> [UInt8] {
    let source = try ByteSource(path: path)
    let dims = try header(source, magic: labelsMagic, axes: 1)
    return try body(source, dims)
  }

  /// The number of labels that a file claims; reads the header only.
  /// - Throws: `DataError` for another kind of file.
  package static func labelCount(path: String) throws(DataError) -> Int {
    let source = try ByteSource(path: path)
    return try header(source, magic: labelsMagic, axes: 1)[0]
  }

  /// Reads pictures and their labels.
  /// - Throws: `DataError` also when the two do not fit each other or a label has no class.
  package static func dataset(
    name: String, images imagesPath: String, labels labelsPath: String, classNames: [String]
  ) throws(DataError) -> InMemoryDataset {
    let labels = try labels(path: labelsPath)
    let images = try images(path: imagesPath)
    guard images.count == labels.count else {
      throw .countMismatch(
        images: imagesPath, imageCount: images.count, labels: labelsPath, labelCount: labels.count)
    }
    guard images.count > 0 else { throw .emptyDataset(name: name) }
    if let index = labels.firstIndex(where: { Int($0) >= classNames.count }) {
      throw .labelOutOfRange(path: labelsPath, index: index, label: Int(labels[index]), classes: classNames.count)
    }
    return try InMemoryDataset(
      name: name, pixels: images.pixels, labels: labels.map { Int32($0) },
      sampleShape: [1, images.height, images.width], classNames: classNames)
  }

  /// Reads the magic number and `axes` extents.
  private static func header(_ source: ByteSource, magic: UInt32, axes: Int) throws(DataError) -> [Int] {
    let bytes = try source.read(4 + 4 * axes)
    var words: [UInt32] = []
    for start in stride(from: 0, to: bytes.count & ~3, by: 4) {
      words.append(bytes[start..<start + 4].reduce(0) { $0 << 8 | UInt32($1) })
    }
    if let found = words.first, found != magic {
      throw .wrongMagic(path: source.path, expected: magic, found: found)
    }
    guard words.count == 1 + axes else {
      throw .truncated(path: source.path, expected: 4 + 4 * axes, found: bytes.count)
    }
    return words.dropFirst().map { Int($0) }
  }

  /// Reads exactly the bytes that the header claims.
  private static func body(_ source: ByteSource, _ dims: [Int]) throws(DataError) -> [UInt8] {
    let header = 4 + 4 * dims.count
    guard let size = Shape(dims).checkedCount, size <= source.mostBytes else {
      throw .impossibleClaim(path: source.path, dims: dims, fileBytes: source.fileBytes)
    }
    let bytes = try source.read(size)
    guard bytes.count == size else {
      throw .truncated(path: source.path, expected: header + size, found: header + bytes.count)
    }
    guard try source.isAtEnd() else { throw .surplus(path: source.path, expected: header + size) }
    return bytes
  }
}
