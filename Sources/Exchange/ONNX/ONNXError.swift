import FoveaGraphs
import FoveaTensors

/// What can go wrong with an ONNX file.
public enum ONNXError: Error, Sendable {
  /// The file cannot be opened.
  case file(TensorError)
  /// The bytes are no ONNX model.
  case damaged(path: String, problem: String)
  /// A version of the format or of the standard that is not read.
  case version(path: String, problem: String)
  /// Operators, or forms of them, that are not read: all at once.
  case unsupported(path: String, [ONNXUnsupported])
  /// The shape rules found mistakes.
  case mistakes(path: String, [Mistake])
  /// A tensor's numbers are missing or of another number than its shape says.
  case tensor(path: String, name: String, problem: String)
}

/// A node that is not read, and why.
public struct ONNXUnsupported: Sendable, Equatable {
  /// The node's name; that of its first result where it has none.
  public let node: String
  /// The operator, with its domain where that is not the standard's.
  public let op: String
  public let reason: String
  /// True where no other sizes of the inputs would help.
  let isAlways: Bool

  init(node: String, op: String, reason: String, isAlways: Bool = false) {
    self.node = node
    self.op = op
    self.reason = reason
    self.isAlways = isAlways
  }
}

extension ONNXError: CustomStringConvertible {
  public var description: String {
    switch self {
    case .file(let error): return error.description
    case .damaged(let path, let problem): return "\(path) is no sound ONNX file: \(problem)"
    case .version(let path, let problem): return "\(path): \(problem)"
    case .unsupported(let path, let nodes):
      let limit = 20
      var lines = nodes.prefix(limit).map { "  \($0.op) \(Named.short($0.node)): \($0.reason)" }
      if nodes.count > limit { lines.append("  … and \(nodes.count - limit) more") }
      return "\(path): \(nodes.count == 1 ? "a node is" : "\(nodes.count) nodes are") not supported:\n"
        + lines.joined(separator: "\n")
        + "\n  fovea summary \(path) shows the whole network; docs/onnx.md lists what is read"
    case .mistakes(let path, let mistakes): return "\(path): \(GraphError.mistakes(mistakes))"
    case .tensor(let path, let name, let problem): return "\(path): the tensor \(Named.short(name)) \(problem)"
    }
  }
}
