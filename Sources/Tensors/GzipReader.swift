import CFoveaZlib

/// Inflates gzip (or zlib) data piece by piece into memory that the caller has measured.
///
/// The caller decides how much it takes, so a small file that inflates to terabytes costs nothing.
package final class GzipReader {
  /// Deflate's best case is 1032 bytes for one: more than that a file cannot hold.
  package static let largestRatio = 1032

  private let library: UnsafePointer<fovea_zlib>
  private let inflater: UnsafeMutableRawPointer
  private let name: String
  private var io = fovea_zlib_io()
  private var ended = false
  private var bytesOut = 0

  /// True when the bytes begin as a gzip file does.
  package static func isGzip(_ bytes: UnsafeRawBufferPointer) -> Bool {
    bytes.count >= 2 && bytes[0] == 0x1f && bytes[1] == 0x8b
  }

  /// Starts reading `bytes`, which must outlive the reader; `name` is what errors call them.
  /// - Throws: `TensorError` when zlib cannot be opened.
  package init(_ bytes: UnsafeRawBufferPointer, name: String) throws(TensorError) {
    var why: UnsafePointer<CChar>?
    guard let library = fovea_zlib_open(&why) else {
      throw GzipProblem.noLibrary(reason: why.map { String(cString: $0) } ?? "").error(name)
    }
    guard let inflater = library.pointee.inflater(47) else { throw GzipProblem.noMemory.error(name) }
    self.library = library
    self.inflater = inflater
    self.name = name
    io.in = bytes.baseAddress?.assumingMemoryBound(to: UInt8.self)
    io.in_size = bytes.count
  }

  deinit { library.pointee.release(inflater) }

  /// Fills `target` and returns how many bytes came; fewer than asked for only at the end.
  /// - Throws: `TensorError.format` when the data is cut off or damaged.
  package func read(into target: UnsafeMutableRawBufferPointer) throws(TensorError) -> Int {
    io.out = target.baseAddress?.assumingMemoryBound(to: UInt8.self)
    io.out_size = target.count
    while io.out_size > 0, !ended {
      let before = (io.in_size, io.out_size)
      let status = library.pointee.inflate(inflater, &io)
      switch Int(status) {
      case FOVEA_ZLIB_MORE:
        if before == (io.in_size, io.out_size) {
          throw GzipProblem.truncated(after: bytesOut + target.count - io.out_size).error(name)
        }
      case FOVEA_ZLIB_END:
        startNextMember()
      case FOVEA_ZLIB_MEMORY:
        throw GzipProblem.noMemory.error(name)
      default:
        let reason = String(cString: library.pointee.message(inflater))
        throw GzipProblem.corrupt(reason: reason, after: bytesOut + target.count - io.out_size).error(name)
      }
    }
    let filled = target.count - io.out_size
    bytesOut += filled
    return filled
  }

  /// A gzip file may be several, one after the other (`cat a.gz b.gz`); what follows that is not
  /// gzip is padding, as gzip itself treats it.
  private func startNextMember() {
    if GzipReader.isGzip(UnsafeRawBufferPointer(start: io.in, count: io.in_size)) {
      library.pointee.reset(inflater)
    } else {
      ended = true
    }
  }

  /// Inflates all of `bytes`.
  /// - Throws: `TensorError.format` when the data is cut off, damaged or inflates to more than `limit` bytes.
  package static func gunzip(
    _ bytes: UnsafeRawBufferPointer, name: String, limit: Int
  ) throws(TensorError) -> [UInt8] {
    let reader = try GzipReader(bytes, name: name)
    var result: [UInt8] = []
    var room = min(limit, max(4 * bytes.count, 4096))
    while true {
      // Grown as data arrives, not by what the limit would allow.
      let start = result.count
      result.append(contentsOf: repeatElement(0, count: room))
      let end = try result.withUnsafeMutableBufferPointer { (all) throws(TensorError) -> Int in
        let free = UnsafeMutableRawBufferPointer(rebasing: UnsafeMutableRawBufferPointer(all)[start...])
        return start + (try reader.read(into: free))
      }
      if end < result.count {
        result.removeLast(result.count - end)
        return result
      }
      if end == limit {
        if try reader.isAtEnd() { return result }
        throw GzipProblem.overLimit(limit: limit).error(name)
      }
      room = min(limit - end, end)
    }
  }

  /// True when no byte is left; checks the checksum behind the last one.
  /// - Throws: `TensorError.format` when the data is cut off or damaged there.
  package func isAtEnd() throws(TensorError) -> Bool {
    var extra: UInt8 = 0
    return try withUnsafeMutableBytes(of: &extra) { (one) throws(TensorError) -> Bool in try read(into: one) == 0 }
  }
}

/// What can be wrong with compressed data.
enum GzipProblem {
  case noLibrary(reason: String)
  case noMemory
  case truncated(after: Int)
  case corrupt(reason: String, after: Int)
  case overLimit(limit: Int)

  func error(_ name: String) -> TensorError { .format(path: name, problem: problem, mend: mend) }

  private var problem: String {
    switch self {
    case .noLibrary(let reason): "is compressed and zlib cannot be opened (\(reason))"
    case .noMemory: "there is no memory for zlib to inflate it"
    case .truncated(let after): "the compressed data is cut off: it ends after \(after) bytes have come out"
    case .corrupt(let reason, let after): "the compressed data is damaged after \(after) bytes: \(reason)"
    case .overLimit(let limit): "inflates to more than the \(limit) bytes that are allowed"
    }
  }

  private var mend: String {
    switch self {
    case .noLibrary: "install zlib (Debian: apt-get install zlib1g) or decompress it with gunzip"
    case .noMemory: "close other programs or decompress it with gunzip"
    case .truncated, .corrupt: "fetch the file again"
    case .overLimit: "check that it is the file you mean"
    }
  }
}
