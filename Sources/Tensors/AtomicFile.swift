import Synchronization

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// Writes a file so that others see the old one or the whole new one, never a part.
///
/// The bytes go to a file beside it, are flushed to the disk, and the name is moved over; on any
/// failure the file beside it is removed. A device (`/dev/stdout`) is written to directly.
package enum AtomicFile {
  /// Writes what `body` gives to the file at `path`.
  /// - Throws: `TensorError.file` when the disk is full or the directory is missing or not writable;
  ///   and what `body` throws.
  package static func write(
    to path: String, _ body: (_ file: Writer) throws(TensorError) -> Void
  ) throws(TensorError) {
    let target = finalTarget(of: path)
    if target.isDevice {
      try write(named: path, at: target.path, flags: O_WRONLY, mode: 0, body)
      return
    }
    let beside = temporaryName(beside: target.path)
    var done = false
    defer { if !done { unlink(beside) } }
    try write(named: path, at: beside, flags: O_WRONLY | O_CREAT | O_EXCL, mode: target.mode, body)
    guard rename(beside, target.path) == 0 else { throw lastError(path, "write") }
    done = true
    flushDirectory(of: target.path)
  }

  /// Writes `bytes` to the file at `path`.
  /// - Throws: `TensorError.file`.
  package static func write(_ bytes: UnsafeRawBufferPointer, to path: String) throws(TensorError) {
    try write(to: path) { (file) throws(TensorError) in try file.write(bytes) }
  }

  /// Writes `text` as UTF-8 to the file at `path`.
  /// - Throws: `TensorError.file`.
  package static func write(_ text: String, to path: String) throws(TensorError) {
    try write(to: path) { (file) throws(TensorError) in try file.write(text) }
  }

  /// The open file that `body` fills, front to back.
  package struct Writer {
    fileprivate let descriptor: Int32
    fileprivate let path: String

    /// Appends `bytes`.
    /// - Throws: `TensorError.file`.
    package func write(_ bytes: UnsafeRawBufferPointer) throws(TensorError) {
      guard var at = bytes.baseAddress else { return }
      var left = bytes.count
      while left > 0 {
        let written = systemWrite(descriptor, at, left)
        if written < 0 {
          if errno == EINTR { continue }
          throw lastError(path, "write")
        }
        at += written
        left -= written
      }
    }

    /// Appends `bytes`.
    /// - Throws: `TensorError.file`.
    package func write(_ bytes: [UInt8]) throws(TensorError) {
      try bytes.withUnsafeBufferPointer { (all) throws(TensorError) in try write(UnsafeRawBufferPointer(all)) }
    }

    /// Appends `text` as UTF-8.
    /// - Throws: `TensorError.file`.
    package func write(_ text: String) throws(TensorError) { try write(Array(text.utf8)) }
  }

  private static func write(
    named path: String, at actual: String, flags: Int32, mode: mode_t,
    _ body: (_ file: Writer) throws(TensorError) -> Void
  ) throws(TensorError) {
    let descriptor = open(actual, flags | O_CLOEXEC, 0o666)
    guard descriptor >= 0 else { throw lastError(path, "write") }
    var isOpen = true
    defer { if isOpen { close(descriptor) } }
    if mode != 0 { fchmod(descriptor, mode) }
    try body(Writer(descriptor: descriptor, path: path))
    // Pipes and terminals cannot be flushed to a disk, and need not be.
    if fsync(descriptor) != 0, errno != EINVAL, errno != ENOTSUP, errno != EROFS {
      throw lastError(path, "write")
    }
    isOpen = false
    // Network file systems report a full disk here.
    if close(descriptor) != 0, errno != EINTR { throw lastError(path, "write") }
  }

  /// Where the bytes end up: through links, with the permissions of a file that is there already.
  private static func finalTarget(of path: String) -> (path: String, isDevice: Bool, mode: mode_t) {
    var status = stat()
    guard stat(path, &status) == 0 else { return (path, false, 0) }
    let kind = status.st_mode & S_IFMT
    if kind != S_IFREG && kind != S_IFDIR { return (path, true, 0) }
    var resolved = path
    if let real = realpath(path, nil) {
      resolved = String(cString: real)
      free(real)
    }
    return (resolved, false, kind == S_IFREG ? status.st_mode & 0o777 : 0)
  }

  private static let serial = Atomic<Int>(0)

  /// A short name in the same directory (a name that is nearly too long must not become too long).
  private static func temporaryName(beside path: String) -> String {
    let number = serial.wrappingAdd(1, ordering: .relaxed).newValue
    let name = ".fovea-\(getpid())-\(number).part"
    guard let slash = path.utf8.lastIndex(of: UInt8(ascii: "/")) else { return name }
    return path[...slash] + name
  }

  /// Makes the new name itself last through a power cut; some file systems refuse, which is no error.
  private static func flushDirectory(of path: String) {
    let slash = path.utf8.lastIndex(of: UInt8(ascii: "/"))
    let descriptor = open(slash.map { String(path[...$0]) } ?? ".", O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return }
    _ = fsync(descriptor)
    close(descriptor)
  }

  private static func lastError(_ path: String, _ action: String) -> TensorError {
    .file(path: path, action: action, reason: String(cString: strerror(errno)))
  }

  private static func systemWrite(_ descriptor: Int32, _ from: UnsafeRawPointer, _ count: Int) -> Int {
    #if canImport(Glibc)
      Glibc.write(descriptor, from, count)
    #else
      Darwin.write(descriptor, from, count)
    #endif
  }
}
