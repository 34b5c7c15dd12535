import FoveaTensors

/// What keeps a network from becoming an ONNX file.
public enum ONNXExportError: Error, Sendable {
  /// The file cannot be written; an older one of that name is untouched.
  case file(FileError)
  /// Nodes that cannot be said in ONNX, all of them.
  case refused([Refusal])

  /// A node that cannot be said in ONNX.
  public struct Refusal: Sendable, Equatable {
    /// The node's name.
    public let node: String
    /// Its operator.
    public let op: String
    /// Why, and what to do instead.
    public let reason: String
  }
}

extension ONNXExportError: CustomStringConvertible {
  public var description: String {
    switch self {
    case .file(let error): return error.description
    case .refused(let refusals):
      // A network of one strange operator must not fill screens.
      let limit = 20
      let lines = refusals.prefix(limit).map { "  \(Named.short($0.node)) (\($0.op)): \($0.reason)" }
      let more = refusals.count > limit ? ["  … and \(refusals.count - limit) more"] : []
      let count = refusals.count == 1 ? "1 node" : "\(refusals.count) nodes"
      return (["ONNX cannot say \(count) of the network:"] + lines + more).joined(separator: "\n")
    }
  }
}
