import Fovea

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// The program's two ways to speak: results on standard output, everything else on standard error.
final class Console: Sendable {
  /// True when standard error is a terminal that can rewrite a line.
  let isLive: Bool

  init() {
    let kind = getenv("TERM").map { String(cString: $0) } ?? ""
    isLive = isatty(STDERR_FILENO) == 1 && kind != "dumb" && !kind.isEmpty
  }

  /// Writes a line of the result.
  ///
  /// A reader that has gone (`fovea models | head -1`) is no mistake of the command: the rest is dropped.
  /// - Throws: `Failure` when the line cannot be written for another reason, such as a full disk.
  func out(_ line: String) throws {
    try Console.write(line + "\n", to: STDOUT_FILENO, name: "standard output")
  }

  /// Writes one JSON object.
  func json(_ object: [String: Any]) throws { try out(JSONText.line(object)) }

  /// Writes a line for people beside the result.
  func note(_ line: String) {
    // Nobody could be told that this failed.
    try? Console.write(line + "\n", to: STDERR_FILENO, name: "standard error")
  }

  /// Rewrites the line at the bottom of the terminal; nothing where there is none.
  /// - Parameter lines: the same in more and fewer words; the first that the window has room for is shown.
  func progress(_ lines: String...) {
    guard isLive else { return }
    let width = max(0, columns - 1)
    let line = lines.first { $0.count <= width } ?? String((lines.last ?? "").prefix(width))
    try? Console.write("\r" + line + "\u{1B}[K", to: STDERR_FILENO, name: "standard error")
  }

  /// Removes the progress line.
  func endProgress() {
    guard isLive else { return }
    try? Console.write("\r\u{1B}[K", to: STDERR_FILENO, name: "standard error")
  }

  /// Columns of the terminal, now: a window may be resized while a network trains.
  private var columns: Int {
    var size = winsize()
    guard ioctl(STDERR_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return 80 }
    return Int(size.ws_col)
  }

  private static func write(_ text: String, to descriptor: Int32, name: String) throws(Failure) {
    var bytes = Array(text.utf8)[...]
    while !bytes.isEmpty {
      let count = bytes.withUnsafeBytes { systemWrite(descriptor, $0.baseAddress, $0.count) }
      if count > 0 {
        bytes = bytes.dropFirst(count)
      } else if errno == EPIPE {
        return
      } else if errno != EINTR && errno != EAGAIN {
        throw Failure("cannot write to \(name): \(String(cString: strerror(errno)))")
      }
    }
  }
}

private func systemWrite(_ descriptor: Int32, _ from: UnsafeRawPointer?, _ count: Int) -> Int {
  #if canImport(Glibc)
    Glibc.write(descriptor, from, count)
  #else
    Darwin.write(descriptor, from, count)
  #endif
}
