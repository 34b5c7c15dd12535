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
  private var others: [String: MappedFile] = [:]

  /// - Parameter path: of the file that the bytes are of; nil where they are in memory alone.
  init(_ own: TensorStorage, path: String?) {
    self.own = own
    directory = path.map { path in path.lastIndex(of: "/").map { String(path[..<$0]) } ?? "." }
  }

  /// A file that a tensor names, which must lie in the model's directory or below it.
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
      real.hasPrefix(home == "/" ? home : home + "/")
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

  private static func resolved(_ path: String) -> String? {
    guard let real = realpath(path, nil) else { return nil }
    defer { free(real) }
    return String(cString: real)
  }
}
