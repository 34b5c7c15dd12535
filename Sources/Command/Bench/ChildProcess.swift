import Fovea

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// The program started by itself: a case in a process of its own, so that neither memory nor threads of another are in it.
struct ChildProcess {
  /// What a run left behind.
  struct Outcome {
    /// As shells show it: 128 more than the signal that ended it.
    let status: Int32
    let output: String
    /// What it said on standard error.
    let errors: String
    /// From before it was started until after its end.
    let seconds: Double
    /// The largest part of memory that it held, 10⁶ bytes.
    let peakMegabytes: Double
  }

  /// This program's file.
  static var executable: String {
    #if os(Linux)
      var bytes = [CChar](repeating: 0, count: Int(PATH_MAX) + 1)
      let count = readlink("/proc/self/exe", &bytes, Int(PATH_MAX))
      if count > 0 { return String(decoding: bytes[..<count].map(UInt8.init(bitPattern:)), as: UTF8.self) }
    #endif
    return CommandLine.arguments[0]
  }

  /// Runs this program with `words` and waits for its end.
  /// - Parameter directory: for files that hold what it says.
  /// - Throws: `Failure` when it cannot be started.
  static func run(_ words: [String], in directory: TemporaryDirectory) throws(Failure) -> Outcome {
    // Files and not pipes: nobody need read while it runs.
    let (out, err) = (directory.file("out"), directory.file("err"))
    #if canImport(Glibc)
      var actions = posix_spawn_file_actions_t()
    #else
      var actions: posix_spawn_file_actions_t?
    #endif
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    let flags = O_WRONLY | O_CREAT | O_TRUNC
    posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0)
    posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, out, flags, 0o600)
    posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, err, flags, 0o600)
    let path = executable
    var arguments: [UnsafeMutablePointer<CChar>?] = ([path] + words).map { strdup($0) }
    arguments.append(nil)
    defer { for word in arguments { free(word) } }
    var process = pid_t()
    let begin = Clock.seconds()
    let code = posix_spawn(&process, path, &actions, nil, arguments, environ)
    guard code == 0 else { throw Failure("cannot start \(path): \(String(cString: strerror(code)))") }
    var status: Int32 = 0
    var usage = rusage()
    while wait4(process, &status, 0, &usage) < 0 {
      guard errno == EINTR else { throw Failure("lost \(path): \(String(cString: strerror(errno)))") }
    }
    let seconds = Clock.seconds() - begin
    #if os(Linux)
      let peak = Double(usage.ru_maxrss) * 1024 / 1e6
    #else
      let peak = Double(usage.ru_maxrss) / 1e6
    #endif
    let signal = status & 0x7f
    return Outcome(
      status: signal == 0 ? (status >> 8) & 0xff : 128 + signal,
      output: SystemFile.lines(out).joined(separator: "\n"), errors: SystemFile.lines(err).joined(separator: "\n"),
      seconds: seconds, peakMegabytes: peak)
  }
}

/// A directory that is removed with all that is in it.
final class TemporaryDirectory {
  let path: String

  /// - Throws: `Failure` when there is no room for one.
  init() throws(Failure) {
    let root = getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp"
    var name = Array("\(root)/fovea-XXXXXX".utf8CString)
    guard mkdtemp(&name) != nil else {
      throw Failure("cannot make a directory in \(root): \(String(cString: strerror(errno))); set TMPDIR to another")
    }
    path = String(decoding: name.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
  }

  deinit { TemporaryDirectory.clear(path) }

  /// Removes a directory that this program made, with all that is in it.
  private static func clear(_ path: String) {
    if let directory = opendir(path) {
      var names: [String] = []
      while let entry = readdir(directory) {
        let name = withUnsafePointer(to: &entry.pointee.d_name) {
          $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
        }
        if name != ".", name != ".." { names.append(name) }
      }
      closedir(directory)
      for name in names where unlink("\(path)/\(name)") != 0 { clear("\(path)/\(name)") }
    }
    rmdir(path)
  }

  /// The path of a file in it.
  func file(_ name: String) -> String { path + "/" + name }

  /// Writes a file and returns its path.
  /// - Throws: `Failure` when the disk refuses.
  @discardableResult
  func write(_ name: String, _ bytes: [UInt8]) throws(Failure) -> String {
    try OutputFile.write(file(name), bytes)
    return file(name)
  }
}

/// Files that commands write whole.
enum OutputFile {
  /// - Throws: `Failure` when the disk refuses.
  static func write(_ path: String, _ bytes: [UInt8], appending: Bool = false) throws(Failure) {
    let file = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | (appending ? O_APPEND : O_TRUNC), 0o666)
    guard file >= 0 else { throw Failure("cannot write \(path): \(String(cString: strerror(errno)))") }
    defer { close(file) }
    var done = 0
    while done < bytes.count {
      let count = bytes[done...].withUnsafeBytes { piece in
        #if canImport(Glibc)
          Glibc.write(file, piece.baseAddress, piece.count)
        #else
          Darwin.write(file, piece.baseAddress, piece.count)
        #endif
      }
      guard count > 0 || errno == EINTR else {
        throw Failure("cannot write \(path): \(String(cString: strerror(errno)))")
      }
      done += max(count, 0)
    }
  }
}
