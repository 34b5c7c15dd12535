import FoveaExchange
import FoveaTensors

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// What resuming a run took out of a log.
public struct LogRepair: Equatable, Sendable {
  /// Records that stayed.
  public var kept = 0
  /// Records of later steps, which the resumed run writes anew.
  public var dropped = 0
  /// Bytes of a last record that was never finished.
  public var tornBytes = 0
  /// Complete records that nobody can read.
  public var unreadable = 0

  package init() {}

  mutating func add(_ other: LogRepair) {
    kept += other.kept
    dropped += other.dropped
    tornBytes += other.tornBytes
    unreadable += other.unreadable
  }
}

/// A file that only grows: each `append` adds all its bytes or none.
final class AppendFile {
  let path: String
  private let descriptor: Int32

  /// Opens a file to append to; it is made where it is missing.
  convenience init(path: String) throws(FileError) { try self.init(path: path, flags: 0) }

  /// Makes a file that is not there yet; where one is, a number is added to the name.
  static func new(_ path: String) throws(FileError) -> AppendFile {
    for number in 0..<1000 {
      do throws(FileError) {
        return try AppendFile(path: number == 0 ? path : "\(path).\(number)", flags: O_EXCL)
      } catch {
        guard case .system(_, _, EEXIST) = error else { throw error }
      }
    }
    throw .system(path: path, action: "make", code: EEXIST)
  }

  private init(path: String, flags: Int32) throws(FileError) {
    self.path = path
    descriptor = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | flags, 0o666)
    guard descriptor >= 0 else { throw .last("open", path) }
  }

  deinit { if descriptor >= 0 { close(descriptor) } }

  func append(_ bytes: [UInt8]) throws(FileError) {
    let before = lseek(descriptor, 0, SEEK_END)
    do throws(FileError) {
      try FileSink(descriptor: descriptor, path: path).write(bytes)
    } catch {
      // Half a record on a full disk would hide all that come after it.
      if before >= 0 { _ = ftruncate(descriptor, before) }
      throw error
    }
  }

  /// Makes what was appended last through a power cut.
  func sync() throws(FileError) {
    if fsync(descriptor) != 0, errno != EINVAL, errno != ENOTSUP, errno != EROFS { throw .last("flush", path) }
  }

  /// Keeps the parts of a file that `choose` names, in order: by cutting the end off where that is
  /// all, else by writing it anew beside and renaming.
  static func rewrite(
    _ path: String, _ choose: (UnsafeRawBufferPointer) -> ([Range<Int>], LogRepair)
  ) throws(FileError) -> LogRepair {
    let file: MappedFile
    do throws(TensorError) { file = try MappedFile(path: path) } catch {
      guard case .file(let path, let action, let reason) = error else { throw .last("open", path) }
      throw .refused(path: path, action: action, reason: reason)
    }
    let (ranges, repair) = choose(file.bytes)
    var end = 0
    for range in ranges {
      guard range.lowerBound == end else {
        try AtomicFile.write(to: path) { (sink) throws(FileError) in
          for range in ranges { try sink.write(UnsafeRawBufferPointer(rebasing: file.bytes[range])) }
        }
        return repair
      }
      end = range.upperBound
    }
    if end < file.bytes.count && truncate(path, off_t(end)) != 0 { throw .last("cut", path) }
    return repair
  }
}
