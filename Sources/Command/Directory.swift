#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// Directories that commands write to.
enum Directory {
  /// Makes a directory and those above it.
  /// - Throws: `Failure` when that cannot be, or nothing can be written there.
  static func make(_ path: String) throws(Failure) {
    var made = path.hasPrefix("/") ? "" : "."
    for part in path.split(separator: "/") {
      made += "/\(part)"
      if mkdir(made, 0o777) != 0 && errno != EEXIST && errno != EISDIR {
        throw Failure("cannot make the directory \(path): \(String(cString: strerror(errno)))")
      }
    }
    var information = stat()
    guard stat(path, &information) == 0, information.st_mode & S_IFMT == S_IFDIR else {
      throw Failure("\(path) is a file, not a directory; name another")
    }
    guard access(path, W_OK | X_OK) == 0 else {
      throw Failure("cannot write to the directory \(path): \(String(cString: strerror(errno)))")
    }
  }

  /// True when there is something of this name.
  static func exists(_ path: String) -> Bool { access(path, F_OK) == 0 }
}
