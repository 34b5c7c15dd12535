import FoveaTensors

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// The bytes of an ONNX file and the files beside it that hold its large tensors.
final class ONNXFiles {
  /// Keeps the bytes of the file itself.
  let own: TensorStorage
  /// Nil for bytes that are in no file: nothing lies beside those.
  private let directory: String?
  /// The file that the model's path leads to, where that is a link.
  private let target: String?
  private var others: [String: MappedFile] = [:]

  /// - Parameter path: of the file that the bytes are of; nil where they are in memory alone.
  init(_ own: TensorStorage, path: String?) {
    self.own = own
    directory = path.map { ONNXFiles.directory($0) ?? "." }
    target = path.flatMap { ONNXFiles.isLink($0) ? ONNXFiles.resolved($0) : nil }
  }

  /// A file that a tensor names, which must lie in the model's directory or below it. A link may lead to where the model
  /// itself is a link to, or to the store of the model hub's cache that both are in.
  func beside(_ location: String) throws(ONNXProblem) -> MappedFile {
    if let known = others[location] { return known }
    guard let directory else { throw ONNXProblem("lies in another file, and these bytes are in none") }
    let parts = location.split(separator: "/", omittingEmptySubsequences: false)
    guard !location.isEmpty, !location.utf8.contains(0), !parts.contains(".."), parts.first != "" else {
      throw ONNXProblem("lies in \(Named.short(location)), outside the model's directory, which is not read")
    }
    let path = "\(directory)/\(location)"
    // A link may lead out of the directory all the same.
    guard let real = Self.resolved(path), let home = Self.resolved(directory),
      real.hasPrefix(home == "/" ? home : home + "/") || isBesideTarget(real) || Self.isInStore(real, of: home)
    else {
      guard access(path, F_OK) == 0 else {
        throw ONNXProblem("lies in \(path), which is not there; put the file beside the model")
      }
      throw ONNXProblem("lies in \(Named.short(location)), which leads out of the model's directory")
    }
    do throws(TensorError) {
      let file = try MappedFile(path: path, isWritable: true)
      others[location] = file
      return file
    } catch { throw ONNXProblem("cannot be read: \(error)") }
  }

  /// True for a file in the very directory that holds the model's own bytes.
  private func isBesideTarget(_ real: String) -> Bool {
    guard let target, let place = ONNXFiles.directory(target) else { return false }
    return ONNXFiles.directory(real) == place
  }

  /// True for a file of `ROOT/blobs` where `home` is `ROOT/snapshots/REVISION` or below: so a hub's cache keeps each
  /// content once, and names it by links.
  private static func isInStore(_ real: String, of home: String) -> Bool {
    let parts = home.split(separator: "/")
    guard let place = parts.lastIndex(of: "snapshots"), place > 0, place + 1 < parts.count else { return false }
    let store = "/" + parts[..<place].joined(separator: "/") + "/blobs/"
    return real.hasPrefix(store) && !real.dropFirst(store.utf8.count).contains("/")
  }

  private static func directory(_ path: String) -> String? {
    path.lastIndex(of: "/").map { String(path[..<$0]) }
  }

  private static func isLink(_ path: String) -> Bool {
    var information = stat()
    return lstat(path, &information) == 0 && information.st_mode & S_IFMT == S_IFLNK
  }

  private static func resolved(_ path: String) -> String? {
    guard let real = realpath(path, nil) else { return nil }
    defer { free(real) }
    return String(cString: real)
  }
}
