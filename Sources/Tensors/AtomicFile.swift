import Synchronization

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// Writes bytes to an open descriptor, all of them or an error.
package struct FileSink {
  package let descriptor: Int32
  /// The path that errors name: the one the user gave, not that of a temporary file.
  package let path: String

  package init(descriptor: Int32, path: String) {
    self.descriptor = descriptor
    self.path = path
  }

  /// Writes all of `bytes`.
  package func write(_ bytes: UnsafeRawBufferPointer) throws(FileError) {
    var done = 0
    while done < bytes.count {
      // Linux moves at most 2 GiB in one call; a smaller piece keeps macOS content too.
      let piece = UnsafeRawBufferPointer(rebasing: bytes[done..<min(bytes.count, done + 1 << 30)])
      #if canImport(Glibc)
        let written = Glibc.write(descriptor, piece.baseAddress, piece.count)
      #else
        let written = Darwin.write(descriptor, piece.baseAddress, piece.count)
      #endif
      if written < 0 {
        if errno == EINTR { continue }
        throw .last("write", path)
      }
      done += written
    }
  }

  /// Writes all of `bytes`.
  package func write(_ bytes: [UInt8]) throws(FileError) {
    // Through a copy of the pointer: a typed throw does not pass through the array's rethrowing call.
    let result: Result<Void, FileError> = bytes.withUnsafeBytes { buffer in
      do throws(FileError) { return .success(try write(buffer)) } catch { return .failure(error) }
    }
    try result.get()
  }
}

/// Files that are either complete or absent: written beside, flushed to the disk unless told otherwise, then renamed.
///
/// A device (`/dev/stdout`) or a pipe is written to directly: a rename would put a file in its place.
package enum AtomicFile {
  private static let counter = Atomic<Int>(0)

  /// Makes or replaces the file at `path` by what `body` writes; on any error the old file stays
  /// as it was and nothing is left beside it.
  /// - Parameter lasting: waits until the file would survive a power cut, which takes some hundredths of a second.
  ///   Without it the file is complete for every process at once, and `makeLasting` waits later.
  package static func write(
    to path: String, lasting: Bool = true, _ body: (FileSink) throws(FileError) -> Void
  ) throws(FileError) {
    let target = try destination(of: path)
    guard !target.isDevice else {
      let descriptor = open(target.path, O_WRONLY | O_CLOEXEC)
      guard descriptor >= 0 else { throw .last("write", path) }
      return try fill(descriptor, path, lasting, body)
    }
    let directory = parent(of: target.path)
    let (temporary, descriptor) = try openBeside(directory, for: path)
    do throws(FileError) {
      if let mode = target.mode { fchmod(descriptor, mode) }
      try fill(descriptor, path, lasting, body)
      guard rename(temporary, target.path) == 0 else { throw .last("write", path) }
    } catch {
      unlink(temporary)
      throw error
    }
    if lasting { try flushDirectory(directory, of: path) }
  }

  /// Waits until the bytes of a file would survive a power cut. That it is gone is told by whoever writes beside it.
  package static func makeLasting(_ path: String) throws(FileError) {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else {
      if errno == ENOENT { return }
      throw .last("flush", path)
    }
    defer { close(descriptor) }
    if fsync(descriptor) != 0, errno != EINVAL, errno != ENOTSUP, errno != EROFS { throw .last("flush", path) }
  }

  /// Makes or replaces the file at `path` by `bytes`.
  package static func write(_ bytes: [UInt8], to path: String, lasting: Bool = true) throws(FileError) {
    try write(to: path, lasting: lasting) { (sink) throws(FileError) in try sink.write(bytes) }
  }

  /// Makes or replaces the file at `path` by `text` as UTF-8.
  package static func write(_ text: String, to path: String, lasting: Bool = true) throws(FileError) {
    try write(Array(text.utf8), to: path, lasting: lasting)
  }

  /// Fills, flushes and closes an open file.
  private static func fill(
    _ descriptor: Int32, _ path: String, _ lasting: Bool, _ body: (FileSink) throws(FileError) -> Void
  ) throws(FileError) {
    do throws(FileError) {
      try body(FileSink(descriptor: descriptor, path: path))
      // Before the rename: else a power cut may leave the new name on an empty file. Pipes and
      // terminals cannot be flushed to a disk, and need not be.
      if lasting, fsync(descriptor) != 0, errno != EINVAL, errno != ENOTSUP, errno != EROFS {
        throw .last("flush", path)
      }
    } catch {
      close(descriptor)
      throw error
    }
    // Network file systems report a full disk here.
    if close(descriptor) != 0, errno != EINTR { throw .last("close", path) }
  }

  /// A new file of a name that nobody has.
  private static func openBeside(
    _ directory: String, for path: String
  ) throws(FileError) -> (path: String, descriptor: Int32) {
    // A killed process may have left its file, and in a container the next one has the same number.
    for _ in 0..<1000 {
      let number = counter.wrappingAdd(1, ordering: .relaxed).newValue
      let temporary = "\(directory)/.fovea-\(getpid())-\(number).partial"
      let descriptor = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o666)
      if descriptor >= 0 { return (temporary, descriptor) }
      guard errno == EEXIST else { break }
    }
    throw .last("write", path)
  }

  /// Makes a directory and those above it; one that exists is fine.
  package static func makeDirectory(_ path: String) throws(FileError) {
    var status = stat()
    if stat(path, &status) == 0 {
      if status.st_mode & S_IFMT == S_IFDIR { return }
      throw .system(path: path, action: "make the directory", code: EEXIST)
    }
    let above = parent(of: path)
    if above != path && above != "." { try makeDirectory(above) }
    // Another process may have made it meanwhile.
    guard mkdir(path, 0o777) == 0 || errno == EEXIST else { throw .last("make the directory", path) }
  }

  /// The directory part of a path; "." where there is none.
  package static func parent(of path: String) -> String {
    var bytes = Array(path.utf8)
    while bytes.count > 1 && bytes.last == UInt8(ascii: "/") { bytes.removeLast() }
    guard let slash = bytes.lastIndex(of: UInt8(ascii: "/")) else { return "." }
    return slash == 0 ? "/" : String(decoding: bytes[..<slash], as: UTF8.self)
  }

  /// Where to write for `path`: behind a symbolic link, its target, with the permissions of a file
  /// that is there already.
  private static func destination(
    of path: String
  ) throws(FileError) -> (path: String, isDevice: Bool, mode: mode_t?) {
    if path.utf8.last == UInt8(ascii: "/") { throw .system(path: path, action: "write", code: EISDIR) }
    var status = stat()
    guard stat(path, &status) == 0 else { return (path, false, nil) }
    switch status.st_mode & S_IFMT {
    case S_IFREG: break
    case S_IFDIR: throw .system(path: path, action: "write", code: EISDIR)
    default: return (path, true, nil)
    }
    guard let resolved = realpath(path, nil) else { return (path, false, status.st_mode & 0o777) }
    defer { free(resolved) }
    return (String(cString: resolved), false, status.st_mode & 0o777)
  }

  /// Makes the new name itself last through a power cut.
  private static func flushDirectory(_ directory: String, of path: String) throws(FileError) {
    let descriptor = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    // A directory that one may write to but not read, or a file system that cannot flush one: the
    // file itself is complete, so this is no failure.
    guard descriptor >= 0 else { return }
    defer { close(descriptor) }
    if fsync(descriptor) != 0 && errno == EIO { throw .last("flush the directory of", path) }
  }
}
