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

/// Files that are either complete or absent: written beside, flushed to the disk, then renamed.
package enum AtomicFile {
  private static let counter = Atomic<Int>(0)

  /// Makes or replaces the file at `path` by what `body` writes; on any error the old file stays
  /// as it was and nothing is left beside it.
  package static func write(
    to path: String, _ body: (FileSink) throws(FileError) -> Void
  ) throws(FileError) {
    let target = try destination(of: path)
    let directory = parent(of: target)
    let (temporary, descriptor) = try openBeside(directory, for: path)
    do throws(FileError) {
      do throws(FileError) {
        try body(FileSink(descriptor: descriptor, path: path))
        // Before the rename: else a power cut may leave the new name on an empty file.
        guard fsync(descriptor) == 0 else { throw .last("flush", path) }
      } catch {
        close(descriptor)
        throw error
      }
      guard close(descriptor) == 0 else { throw .last("close", path) }
      guard rename(temporary, target) == 0 else { throw .last("write", path) }
    } catch {
      unlink(temporary)
      throw error
    }
    try flushDirectory(directory, of: path)
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

  /// Makes or replaces the file at `path` by `text`.
  package static func write(_ text: String, to path: String) throws(FileError) {
    try write(to: path) { (sink) throws(FileError) in try sink.write(Array(text.utf8)) }
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

  /// Where to write for `path`: behind a symbolic link, its target. Devices and directories are
  /// refused, since a rename would put a file in their place.
  private static func destination(of path: String) throws(FileError) -> String {
    if path.utf8.last == UInt8(ascii: "/") { throw .system(path: path, action: "write", code: EISDIR) }
    var status = stat()
    guard stat(path, &status) == 0 else { return path }
    switch status.st_mode & S_IFMT {
    case S_IFREG: break
    case S_IFDIR: throw .system(path: path, action: "write", code: EISDIR)
    default: throw .refused(path: path, action: "write", reason: "it is a device or a pipe; name an ordinary file")
    }
    guard let resolved = realpath(path, nil) else { return path }
    defer { free(resolved) }
    return String(cString: resolved)
  }

  private static func flushDirectory(_ directory: String, of path: String) throws(FileError) {
    let descriptor = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    // A directory that one may write to but not read, or a file system that cannot flush one: the
    // file itself is complete, so this is no failure.
    guard descriptor >= 0 else { return }
    defer { close(descriptor) }
    if fsync(descriptor) != 0 && errno == EIO { throw .last("flush the directory of", path) }
  }
}
