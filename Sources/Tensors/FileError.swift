#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// What can go wrong between a program and its files.
public enum FileError: Error, Equatable {
  /// The operating system refused `action` with an `errno` code.
  case system(path: String, action: String, code: Int32)
  /// We refuse `action` ourselves, for a reason that names the mend.
  case refused(path: String, action: String, reason: String)

  /// The failure that `errno` tells of now.
  package static func last(_ action: String, _ path: String) -> FileError {
    .system(path: path, action: action, code: errno)
  }
}

extension FileError: CustomStringConvertible {
  public var description: String {
    switch self {
    case .system(let path, let action, _), .refused(let path, let action, _): "cannot \(action) \(path): \(reason)"
    }
  }

  /// Why, and what to do about it.
  var reason: String {
    switch self {
    case .system(_, _, let code): "\(String(cString: strerror(code))); \(FileError.mend(for: code))"
    case .refused(_, _, let reason): reason
    }
  }

  private static func mend(for code: Int32) -> String {
    switch code {
    case ENOENT: "create the directory first, or correct the path"
    case ENOTDIR: "a part of the path is a file, not a directory: correct the path"
    case EISDIR: "name a file, not a directory"
    case EACCES, EPERM, EROFS: "check the permissions, or choose another place"
    case ENOSPC, EDQUOT, EFBIG: "free some space, or choose another disk"
    case EMFILE, ENFILE: "close some files, or raise the limit (ulimit -n)"
    case ENAMETOOLONG: "choose a shorter name"
    default: "check the disk and the path"
    }
  }
}

extension TensorError {
  /// The same failure, where a tensor's own file is concerned.
  package init(_ error: FileError) {
    switch error {
    case .system(let path, let action, _), .refused(let path, let action, _):
      self = .file(path: path, action: action, reason: error.reason)
    }
  }
}
