import FoveaTensors

/// The safetensors format: a JSON header, then the bytes of the tensors.
///
/// ```swift
/// try Safetensors.write([(name: "weight", tensor: Tensor([1, 2, 3] as [Float]))], to: "a.safetensors")
/// let file = try SafetensorsFile(path: "a.safetensors")
/// try file.tensor("weight").array(of: Float.self)   // [1, 2, 3]
/// ```
public enum Safetensors {
  /// Readers refuse longer headers, so that a damaged length cannot ask for the whole memory.
  static let headerLimit = 100_000_000
  /// The name that the format keeps for its string metadata.
  static let metadataKey = "__metadata__"

  /// The format's name of an element type.
  package static func name(of dtype: DType) -> String { dtype.rawValue.uppercased() }

  static func dtype(named name: String) -> DType? { DType.allCases.first { Safetensors.name(of: $0) == name } }

  static var dtypeNames: String { DType.allCases.map(name(of:)).joined(separator: ", ") }
}

/// An open safetensors file: mapped, so that opening costs no more than reading the header, and
/// the tensors are views that share its pages.
///
/// A file on disk must not be cut short while it is open; replacing it by a rename is fine.
public struct SafetensorsFile: Sendable {
  /// The file's path, as it was given.
  public let path: String
  /// The names of the tensors, in the order of the header.
  public let names: [String]
  /// The format's string metadata; empty where the file has none.
  public let metadata: [String: String]

  private let storage: TensorStorage
  private let dataStart: Int
  private let entries: [String: SafetensorsHeader.Entry]

  /// Opens the file and checks its whole header.
  /// - Throws: `SafetensorsError.unreadable` or `.malformed`.
  public init(path: String) throws(SafetensorsError) {
    let file: MappedFile
    do throws(TensorError) { file = try MappedFile(path: path) } catch { throw .unreadable(error) }
    guard let base = file.bytes.baseAddress else { throw .malformed(path: path, .tooShort(length: 0)) }
    let storage = TensorStorage(
      borrowing: UnsafeMutableRawPointer(mutating: base), byteCount: file.bytes.count, keeper: file)
    try self.init(path: path, storage: storage)
  }

  /// Reads a file whose bytes are in memory already; `path` is what errors call it.
  package init(path: String, storage: TensorStorage) throws(SafetensorsError) {
    let header: SafetensorsHeader
    do throws(SafetensorsProblem) {
      header = try SafetensorsHeader(parsing: UnsafeRawBufferPointer(start: storage.base, count: storage.byteCount))
    } catch { throw .malformed(path: path, error) }
    self.path = path
    self.storage = storage
    dataStart = header.dataStart
    metadata = header.metadata
    names = header.entries.map(\.name)
    // The header's reader has refused names that come twice.
    entries = Dictionary(header.entries.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
  }

  /// True when the file holds a tensor of that name.
  public func contains(_ name: String) -> Bool { entries[name] != nil }

  /// The shape of a tensor, or nil where there is none of that name.
  public func shape(of name: String) -> Shape? { entries[name]?.shape }

  /// The element type of a tensor, or nil where there is none of that name.
  public func dtype(of name: String) -> DType? { entries[name]?.dtype }

  /// The tensor of that name: a view without a copy, except where another writer left its bytes
  /// unaligned for their type.
  /// - Throws: `SafetensorsError.noSuchTensor`; `.malformed` for a BOOL that is neither 0 nor 1.
  public func tensor(_ name: String) throws(SafetensorsError) -> Tensor {
    guard let entry = entries[name] else {
      let nearest = nearestName(to: name, among: names)
      throw .noSuchTensor(path: path, name: name, nearest: nearest, count: names.count)
    }
    let offset = dataStart + entry.range.lowerBound
    let view = Tensor(storage: storage, byteOffset: offset, shape: entry.shape, dtype: entry.dtype)
    // Swift's Bool is undefined for any other byte.
    if entry.dtype == .bool, let index = view.withUnsafeBytes({ bytes in bytes.firstIndex { $0 > 1 } }) {
      let byte = view.withUnsafeBytes { $0[index] }
      throw .malformed(path: path, .badBool(tensor: name, index: index, byte: byte))
    }
    return UInt(bitPattern: storage.base + offset) % UInt(entry.dtype.size) == 0 ? view : view.copied()
  }
}
