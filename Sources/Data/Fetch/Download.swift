import CFoveaCurl
import FoveaTensors

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// One file of a data set, as it is published.
struct PublishedFile: Sendable {
  let name: String
  let size: Int
  /// SHA-256 in hexadecimal digits.
  let checksum: String
}

/// Gets a file over HTTP into `NAME.partial` beside its place, goes on where an earlier attempt stopped, and gives it
/// its name only when size and checksum are right.
struct Download {
  let url: String
  let file: PublishedFile
  /// Where it is to lie.
  let path: String
  /// Called with the bytes that are here, now and then.
  let progress: (Int) -> Void

  private var partial: String { path + ".partial" }
  /// Tries in all; each goes on where the one before stopped.
  private static let attempts = 3

  func run(_ library: UnsafePointer<fovea_curl>) throws(FetchError) {
    let descriptor = open(partial, O_RDWR | O_CREAT | O_CLOEXEC, 0o666)
    guard descriptor >= 0 else { throw failure(.last("write", partial)) }
    defer { close(descriptor) }
    guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else { throw .busy(path: path) }
    var sink = Sink(descriptor: descriptor, file: file, progress: progress)
    try sink.readBack(partial)
    do {
      try fetch(library, &sink)
    } catch {
      // Nothing came: nothing is left.
      if sink.count == 0 { unlink(partial) }
      throw error
    }
    let found = sink.sum.hexadecimal()
    guard found == file.checksum else {
      unlink(partial)
      throw .wrongChecksum(url: url, expected: file.checksum, found: found)
    }
    guard fsync(descriptor) == 0 || errno == EINVAL else { throw failure(.last("flush", partial)) }
    guard rename(partial, path) == 0 else { throw failure(.last("write", path)) }
  }

  private func fetch(_ library: UnsafePointer<fovea_curl>, _ sink: inout Sink) throws(FetchError) {
    for attempt in 1...Self.attempts where sink.count < file.size {
      let before = sink.count
      let (code, status, message) = transfer(library, &sink)
      if let refusal = sink.refusal {
        switch refusal {
        case .file(let error): throw failure(error)
        case .tooLong:
          unlink(partial)
          throw .tooLong(url: url, expected: file.size)
        case .status(416) where before > 0:
          // What is here does not belong to the file there.
          sink.refusal = nil
          sink.restart()
          continue
        case .status(let status): throw .refused(url: url, status: status, file: path)
        }
      }
      if code == 0, status != 0, status != 200, status != 206 { throw .refused(url: url, status: status, file: path) }
      if sink.count == file.size { return }
      // As long as something comes, it is worth going on.
      if attempt == Self.attempts || (code != 0 && sink.count == before && attempt > 1) {
        if code == 0 { throw .tooShort(url: url, expected: file.size, found: sink.count) }
        throw .unreachable(url: url, reason: message, file: path, attempts: attempt)
      }
      if sink.count == before { usleep(300_000) }
    }
  }

  private func transfer(
    _ library: UnsafePointer<fovea_curl>, _ sink: inout Sink
  ) -> (code: Int32, status: Int, message: String) {
    var status = 0
    var message = Message(count: Int(FOVEA_CURL_MESSAGE))
    sink.isNew = true
    let offset = Int64(sink.count)
    let code = withUnsafeMutablePointer(to: &sink) { sink in
      url.withCString { url in
        "fovea".withCString { agent in
          var request = fovea_curl_request(
            url: url, agent: agent, offset: offset, connect_seconds: 30, stall_seconds: 60,
            take: { context, status, _, bytes, count in
              guard let sink = context?.assumingMemoryBound(to: Sink.self) else { return 1 }
              return sink.pointee.take(UnsafeRawBufferPointer(start: bytes, count: count), status) ? 0 : 1
            }, context: sink)
          return message.fill { library.pointee.get(&request, &status, $0) }
        }
      }
    }
    return (code, status, message.text)
  }

  private func failure(_ error: FileError) -> FetchError { .file(error) }

  /// Takes bytes to the partial file and sums them up.
  private struct Sink {
    enum Refusal {
      case file(FileError)
      case tooLong
      case status(Int)
    }

    let descriptor: Int32
    let file: PublishedFile
    let progress: (Int) -> Void
    var count = 0
    var sum = SHA256()
    /// True before the first bytes of an answer.
    var isNew = true
    var refusal: Refusal?

    init(descriptor: Int32, file: PublishedFile, progress: @escaping (Int) -> Void) {
      self.descriptor = descriptor
      self.file = file
      self.progress = progress
    }

    /// Sums up what an earlier attempt left; too much is none of ours.
    mutating func readBack(_ path: String) throws(FetchError) {
      var status = stat()
      guard fstat(descriptor, &status) == 0, Int(status.st_size) <= file.size else { return restart() }
      var room = [UInt8](repeating: 0, count: 1 << 20)
      while true {
        let got = read(descriptor, &room, room.count)
        if got < 0, errno == EINTR { continue }
        guard got >= 0 else { throw .file(FileError.last("read", path)) }
        if got == 0 { break }
        room.withUnsafeBytes { sum.update(UnsafeRawBufferPointer(rebasing: $0[..<got])) }
        count += got
      }
    }

    /// From the first byte.
    mutating func restart() {
      ftruncate(descriptor, 0)
      lseek(descriptor, 0, SEEK_SET)
      (count, sum) = (0, SHA256())
    }

    mutating func take(_ bytes: UnsafeRawBufferPointer, _ status: Int) -> Bool {
      guard status == 200 || status == 206 else {
        refusal = .status(status)
        return false
      }
      // A server that knows no ranges sends all of it again.
      if isNew, status == 200, count > 0 { restart() }
      isNew = false
      guard bytes.count <= file.size - count else {
        refusal = .tooLong
        return false
      }
      do throws(FileError) {
        try FileSink(descriptor: descriptor, path: file.name).write(bytes)
      } catch {
        refusal = .file(error)
        return false
      }
      count += bytes.count
      sum.update(bytes)
      progress(count)
      return true
    }
  }
}
