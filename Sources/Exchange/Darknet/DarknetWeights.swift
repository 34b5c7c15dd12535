import FoveaGraphs
import FoveaTensors

/// A darknet `.weights` file: a header of three or four numbers, then nothing but floats, whose meaning is told by the
/// configuration alone. So the number of them must be right to the last.
struct DarknetWeights {
  let path: String
  private let storage: TensorStorage
  /// Bytes before the first float.
  private let start: Int
  /// Floats in the file.
  let count: Int

  /// - Throws: `DarknetError.unreadable`, `.header`.
  init(path: String) throws(DarknetError) {
    let file: MappedFile
    do throws(TensorError) { file = try MappedFile(path: path) } catch { throw .unreadable(error) }
    guard let base = file.bytes.baseAddress else { throw .header(path: path, "it is empty") }
    try self.init(
      path: path,
      storage: TensorStorage(
        borrowing: UnsafeMutableRawPointer(mutating: base), byteCount: file.bytes.count, keeper: file))
  }

  /// Reads a file whose bytes are in memory already; `path` is what errors call it.
  init(path: String, storage: TensorStorage) throws(DarknetError) {
    func word(_ index: Int) -> Int {
      Int(Int32(littleEndian: storage.base.loadUnaligned(fromByteOffset: 4 * index, as: Int32.self)))
    }
    guard storage.byteCount >= 16 else {
      throw .header(path: path, "it has \(storage.byteCount) bytes, and its header alone takes 16 or 20")
    }
    let (major, minor) = (word(0), word(1))
    guard (0...1000).contains(major), (0...1000).contains(minor) else {
      throw .header(path: path, "its header says version \(major).\(minor), and darknet's versions are 0.1 and 0.2")
    }
    // Since version 0.2 the number of pictures seen has 64 bits.
    start = major * 10 + minor >= 2 ? 20 : 16
    guard storage.byteCount >= start, (storage.byteCount - start) % 4 == 0 else {
      throw .header(
        path: path,
        "behind its header of \(start) bytes it has \(storage.byteCount - start), which is no whole number of floats")
    }
    count = (storage.byteCount - start) / 4
    self.path = path
    self.storage = storage
  }

  /// The tensor of each path: views of the file, one behind the other.
  /// - Throws: `DarknetError.count` when the file holds more or fewer floats than all of them take.
  func tensors(_ paths: [String], of graph: Graph, config: String) throws(DarknetError) -> [(String, Tensor)] {
    let leaves = (graph.parameters + graph.states).map { ($0.parameter.path, graph.shape($0.value)) }
    let shapes = Dictionary(leaves, uniquingKeysWith: { first, _ in first })
    var ends: [(path: String, shape: Shape, end: Int)] = []
    var total = 0
    for path in paths {
      guard let shape = shapes[path] else { continue }
      // Layers are bounded to 2⁴⁰ elements each, and there are few thousand of them.
      total += shape.count
      ends.append((path, shape, total))
    }
    guard total == count else {
      let broken = ends.first { $0.end > count }?.path.split(separator: ".").first.map(String.init)
      throw .count(path: path, found: count, config: config, needed: total, layer: broken)
    }
    return ends.map { path, shape, end in
      (path, Tensor(storage: storage, byteOffset: start + 4 * (end - shape.count), shape: shape, dtype: .f32))
    }
  }
}
