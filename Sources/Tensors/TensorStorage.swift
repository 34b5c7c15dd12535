#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// The bytes behind a tensor: 64-byte aligned when owned, else part of a mapped file or of memory
/// that somebody else keeps alive.
public final class TensorStorage: @unchecked Sendable {
  // @unchecked: mutation happens only through a uniquely referenced owner (`Tensor`'s copy on write)
  // or before the storage is shared.
  public let base: UnsafeMutableRawPointer
  public let byteCount: Int
  private let owner: AnyObject?
  /// False for mapped and borrowed memory, which a tensor copies before it writes.
  public let isOwned: Bool

  private static let hugePage = 2 << 20
  /// From here on whole huge pages are worth their rounding.
  private static let large = 8 << 20

  /// Allocates `byteCount` bytes, 64-byte aligned and set to zero.
  public init(byteCount: Int) {
    self.byteCount = byteCount
    let isLarge = byteCount >= TensorStorage.large
    base = .allocate(byteCount: max(byteCount, 64), alignment: isLarge ? TensorStorage.hugePage : 64)
    #if os(Linux)
      // Fewer, larger pages: convolutions walk through many at once. Advice alone, so a refusal is no mistake.
      if isLarge { madvise(base, byteCount, Int32(MADV_HUGEPAGE)) }
    #endif
    base.initializeMemory(as: UInt8.self, repeating: 0, count: max(byteCount, 64))
    owner = nil
    isOwned = true
  }

  /// Refers to memory that `keeper` keeps alive; never written to.
  public init(borrowing base: UnsafeMutableRawPointer, byteCount: Int, keeper: AnyObject) {
    self.base = base
    self.byteCount = byteCount
    owner = keeper
    isOwned = false
  }

  deinit { if isOwned { base.deallocate() } }
}

/// A file mapped into memory; unmapped when the last reference goes. The file itself is never written to.
public final class MappedFile: @unchecked Sendable {
  // @unchecked: the mapping's address never changes, and whoever writes to pages of his own is alone with them.
  public let path: String
  public let bytes: UnsafeRawBufferPointer

  /// Maps the file at `path`.
  /// - Parameter isWritable: true lets the memory be written to; pages that are written become copies.
  /// - Throws: `TensorError.file` when it cannot be opened or mapped.
  public init(path: String, isWritable: Bool = false) throws(TensorError) {
    self.path = path
    func failure(_ action: String) -> TensorError {
      .file(path: path, action: action, reason: String(cString: strerror(errno)))
    }
    let descriptor = open(path, O_RDONLY)
    guard descriptor >= 0 else { throw failure("open") }
    defer { close(descriptor) }
    var status = stat()
    guard fstat(descriptor, &status) == 0 else { throw failure("read the size of") }
    guard status.st_mode & S_IFMT == S_IFREG else {
      throw .file(path: path, action: "open", reason: "it is not a regular file")
    }
    let size = Int(status.st_size)
    guard size > 0 else {
      bytes = UnsafeRawBufferPointer(start: nil, count: 0)
      return
    }
    let protection = isWritable ? PROT_READ | PROT_WRITE : PROT_READ
    guard let address = mmap(nil, size, protection, MAP_PRIVATE, descriptor, 0), address != MAP_FAILED else {
      throw failure("map")
    }
    bytes = UnsafeRawBufferPointer(start: address, count: size)
  }

  deinit {
    if let start = bytes.baseAddress { munmap(UnsafeMutableRawPointer(mutating: start), bytes.count) }
  }
}
