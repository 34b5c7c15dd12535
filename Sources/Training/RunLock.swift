import FoveaTensors

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// Keeps a second process out of a run's directory for as long as it lives; the system lets go of it when the
/// process ends, however it ends.
final class RunLock {
  private let descriptor: Int32

  /// - Throws: `TrainingError.directoryInUse`.
  init(_ directory: String) throws(TrainingError) {
    descriptor = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    // A file system without locks, or a directory that cannot be read, is no reason not to train.
    guard descriptor >= 0 else { return }
    guard flock(descriptor, LOCK_EX | LOCK_NB) != 0, errno == EWOULDBLOCK else { return }
    close(descriptor)
    throw .directoryInUse(directory)
  }

  deinit { if descriptor >= 0 { close(descriptor) } }
}

extension AtomicFile {
  /// Removes what killed processes left half written in a directory. Whoever calls this holds the directory's lock.
  static func removePartialFiles(in directory: String) {
    guard let handle = opendir(directory) else { return }
    defer { closedir(handle) }
    while let entry = readdir(handle) {
      let name = withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
        String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
      }
      if name.hasPrefix(".fovea-"), name.hasSuffix(".partial") { unlink("\(directory)/\(name)") }
    }
  }
}
