import FoveaTensors

/// A file of weights that PyTorch saved, `.pth` or `.pt`: a zip archive of storages and a pickle that says which tensors
/// they hold, or before version 1.6 pickles with the storages behind them. Nothing in it is run.
///
/// ```swift
/// let file = try PyTorchFile(path: "resnet20.pth")
/// try file.tensor("conv1.weight").shape          // [16, 3, 3, 3]
/// ```
///
/// The file is mapped, and a tensor is a view that shares its pages; one that PyTorch saved transposed is put in order
/// when it is asked for. A checkpoint such as `{"state_dict": …, "epoch": …}` counts as the state dict in it; `remarks`
/// says so.
public struct PyTorchFile: Sendable {
  /// The file's path, as it was given.
  public let path: String
  /// The names of the tensors, in the order in which they were saved.
  public let names: [String]
  /// What was taken off and left out, in sentences.
  public let remarks: [String]

  private let storage: TensorStorage
  private let entries: [String: Entry]

  /// A tensor and where its storage begins in the file.
  private struct Entry {
    let tensor: PickleTensor
    let start: Int
  }

  /// Opens the file and checks its table, its pickle and where every tensor lies.
  /// - Throws: `PyTorchFileError.unreadable` or `.malformed`.
  public init(path: String) throws(PyTorchFileError) {
    let file: MappedFile
    do throws(TensorError) { file = try MappedFile(path: path) } catch { throw .unreadable(error) }
    guard let base = file.bytes.baseAddress else { throw .malformed(path: path, .notPyTorch) }
    try self.init(
      path: path,
      storage: TensorStorage(
        borrowing: UnsafeMutableRawPointer(mutating: base), byteCount: file.bytes.count, keeper: file))
  }

  /// Reads a file whose bytes are in memory already; `path` is what errors call it.
  package init(path: String, storage: TensorStorage) throws(PyTorchFileError) {
    let bytes = UnsafeRawBufferPointer(start: storage.base, count: storage.byteCount)
    let contents: (dict: StateDict, places: [String: Range<Int>])
    do throws(PyTorchProblem) { contents = try PyTorchFile.contents(bytes) } catch {
      throw .malformed(path: path, error)
    }
    var entries: [String: Entry] = [:]
    for (name, tensor) in contents.dict.tensors {
      let stored = tensor.storage
      guard let place = contents.places[stored.key] else {
        throw .malformed(path: path, .noStorage(tensor: name, key: stored.key))
      }
      let (needed, overflow) = stored.whole.multipliedReportingOverflow(by: stored.dtype.size)
      guard !overflow, needed == place.count else {
        throw .malformed(
          path: path,
          .storageSize(tensor: name, key: stored.key, elements: stored.whole, dtype: stored.dtype, found: place.count))
      }
      // A step of 0 repeats elements: a few bytes must not become a whole memory.
      let (whole, tooMany) = tensor.shape.count.multipliedReportingOverflow(by: stored.dtype.size)
      guard !tooMany, whole <= bytes.count else {
        throw .malformed(path: path, .repeats(tensor: name, shape: tensor.shape, elements: stored.count))
      }
      entries[name] = Entry(tensor: tensor, start: place.lowerBound + stored.first * stored.dtype.size)
    }
    self.path = path
    self.storage = storage
    self.entries = entries
    names = contents.dict.tensors.map(\.name)
    remarks = contents.dict.remarks
  }

  /// The tensors of the archive's pickle, and where its storages are.
  private static func contents(
    _ bytes: UnsafeRawBufferPointer
  ) throws(PyTorchProblem) -> (dict: StateDict, places: [String: Range<Int>]) {
    if LegacyArchive.isTar(bytes) { throw .oldFormat }
    if LegacyArchive.isLegacy(bytes) {
      let archive = try LegacyArchive(parsing: bytes)
      return (try StateDict(archive.root, archive.pickle), archive.places)
    }
    guard ZipDirectory.isZip(bytes) else { throw .notPyTorch }
    let directory: ZipDirectory
    do throws(ZipProblem) { directory = try ZipDirectory(parsing: bytes) } catch { throw .archive(error) }
    guard let pickle = directory.entries.first(where: { $0.name.hasSuffix("/data.pkl") }) else { throw .noPickle }
    let folder = pickle.name.dropLast("data.pkl".count)
    var places: [String: Range<Int>] = [:]
    for entry in directory.entries where entry.name.hasPrefix(folder) {
      let name = entry.name.dropFirst(folder.count)
      if name == "constants.pkl" { throw .script }
      if name == "byteorder", bytes[entry.range].elementsEqual("big".utf8) { throw .bigEndian }
      if name.hasPrefix("data/") { places[String(name.dropFirst("data/".count))] = entry.range }
    }
    var reader: PickleReader
    let value: PickleValue
    do throws(PickleProblem) {
      reader = try PickleReader(UnsafeRawBufferPointer(rebasing: bytes[pickle.range]))
      value = try reader.read()
    } catch { throw .pickle(error) }
    return (try StateDict(value, reader), places)
  }

  /// True when a file begins as one that PyTorch has saved, whatever its version.
  static func isPyTorch(_ bytes: UnsafeRawBufferPointer) -> Bool {
    ZipDirectory.isZip(bytes) || LegacyArchive.isLegacy(bytes) || LegacyArchive.isTar(bytes)
  }

  /// True when the file holds a tensor of that name.
  public func contains(_ name: String) -> Bool { entries[name] != nil }

  /// Nothing: PyTorch keeps no texts beside its tensors.
  public var metadata: [String: String] { [:] }

  /// The shape of a tensor, or nil where there is none of that name.
  public func shape(of name: String) -> Shape? { entries[name]?.tensor.shape }

  /// The element type of a tensor, or nil where there is none of that name.
  public func dtype(of name: String) -> DType? { entries[name]?.tensor.storage.dtype }

  /// The tensor of that name: a view without a copy where its elements lie in order and at an address that suits them.
  /// - Throws: `PyTorchFileError.noSuchTensor`; `.malformed` for a truth value that is neither 0 nor 1.
  public func tensor(_ name: String) throws(PyTorchFileError) -> Tensor {
    guard let entry = entries[name] else {
      let nearest = nearestName(to: name, among: names)
      throw .noSuchTensor(path: path, name: name, nearest: nearest, count: names.count)
    }
    let dtype = entry.tensor.storage.dtype
    let offset = entry.start + (entry.tensor.shape.count == 0 ? 0 : entry.tensor.offset * dtype.size)
    let tensor: Tensor
    if entry.tensor.shape.count == 0 || entry.tensor.isContiguous {
      let view = Tensor(storage: storage, byteOffset: offset, shape: entry.tensor.shape, dtype: dtype)
      tensor = UInt(bitPattern: storage.base + offset) % UInt(dtype.size) == 0 ? view : view.copied()
    } else {
      tensor = ordered(entry.tensor, from: storage.base + offset)
    }
    // Swift's Bool is undefined for any other byte.
    if dtype == .bool, let index = tensor.withUnsafeBytes({ bytes in bytes.firstIndex { $0 > 1 } }) {
      let byte = tensor.withUnsafeBytes { $0[index] }
      throw .malformed(path: path, .badBool(tensor: name, index: index, byte: byte))
    }
    return tensor
  }

  /// The elements of a view row by row.
  private func ordered(_ view: PickleTensor, from base: UnsafeMutableRawPointer) -> Tensor {
    var result = Tensor(zeros: view.shape, dtype: view.storage.dtype)
    let size = view.storage.dtype.size
    let dims = view.shape.dims
    result.withUnsafeMutableBytes { target in
      var place = [Int](repeating: 0, count: dims.count)
      var from = 0
      for to in stride(from: 0, to: target.count, by: size) {
        target.baseAddress?.advanced(by: to).copyMemory(from: base + from * size, byteCount: size)
        var axis = dims.count - 1
        while axis >= 0 {
          place[axis] += 1
          from += view.strides[axis]
          if place[axis] < dims[axis] { break }
          from -= place[axis] * view.strides[axis]
          place[axis] = 0
          axis -= 1
        }
      }
    }
    withExtendedLifetime(storage) {}
    return result
  }
}
