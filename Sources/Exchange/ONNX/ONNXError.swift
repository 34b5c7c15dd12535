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
  /// Sizes that the file leaves open and the network cannot be made without.
  case openSizes(path: String, [ONNXOpenInput], reason: String?)
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
  /// True where the sizes of the inputs are to blame.
  let isAboutShapes: Bool

  init(node: String, op: String, reason: String, isAlways: Bool = false, isAboutShapes: Bool = false) {
    self.node = node
    self.op = op
    self.reason = reason
    self.isAlways = isAlways
    self.isAboutShapes = isAboutShapes
  }
}

/// An input whose sizes a file leaves open.
public struct ONNXOpenInput: Sendable, Equatable {
  /// The input's name.
  public let name: String
  /// An extent for each axis, nil where it is open; nil where the file does not even say how many axes there are.
  public let dims: [Int?]?
  /// What the file calls each axis; empty where it has no name for it.
  public let axes: [String]

  init(_ input: ONNXValueInfo) {
    name = input.name
    dims = input.dims?.map { extent in if case .known(let size) = extent { size } else { nil } }
    axes = (input.dims ?? []).map { extent in if case .open(let name) = extent { name } else { "" } }
  }

  /// The same of an input as a file declares it.
  public init(_ end: ONNXEnd) {
    name = end.name
    dims = end.dims
    axes = end.axes
  }

  /// The axes that are open, and whose.
  fileprivate var text: String {
    guard let dims else { return "the shape of its input \(Named.short(name))" }
    let open = dims.indices.filter { dims[$0] == nil && ($0 > 0 || dims.count == 1) }
    let list = open.map { axis in "\(axis)" + (axes[axis].isEmpty ? "" : " (\(Named.short(axes[axis])))") }
    return "\(list.count == 1 ? "axis" : "axes") \(list.joined(separator: ", ")) of its input \(Named.short(name))"
  }

  /// How the option is written, with letters for what the user must say.
  fileprivate var example: String {
    guard let dims else { return "\(name)=NxCxHxW" }
    let letters = ["N", "C", "D", "H", "W"]
    let own = dims.count <= 4 ? ["N", "C", "H", "W"] : letters
    return "\(name)="
      + dims.enumerated().map { axis, extent in
        extent.map(String.init) ?? (dims.count <= 5 ? own[axis] : "N\(axis)")
      }.joined(separator: "x")
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
      if nodes.count > limit {
        var counts: [String: Int] = [:]
        for node in nodes.dropFirst(limit) { counts[node.op, default: 0] += 1 }
        let kinds = counts.sorted { ($1.value, $0.key) < ($0.value, $1.key) }
        lines.append(
          "  … and \(nodes.count - limit) more: "
            + kinds.prefix(limit).map { "\($0.value) \(Named.short($0.key))" }.joined(separator: ", ")
            + (kinds.count > limit ? ", …" : ""))
      }
      return "\(path): \(nodes.count == 1 ? "a node is" : "\(nodes.count) nodes are") not supported:\n"
        + lines.joined(separator: "\n")
        + "\n  fovea summary \(path) shows the whole network; docs/onnx.md lists what is read"
    case .mistakes(let path, let mistakes): return "\(path): \(GraphError.mistakes(mistakes))"
    case .openSizes(let path, let inputs, let reason):
      return "\(path) leaves sizes open that must be known here: \(inputs.map(\.text).joined(separator: "; "))"
        + (reason.map { " (\($0))" } ?? "") + "; say them, "
        + inputs.map { "--input \($0.example)" }.joined(separator: " ")
    case .tensor(let path, let name, let problem): return "\(path): the tensor \(Named.short(name)) \(problem)"
    }
  }
}
