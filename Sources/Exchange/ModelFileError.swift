import FoveaGraphs
import FoveaTensors

/// What can go wrong with a model file.
public enum ModelFileError: Error, Sendable {
  /// The file cannot be opened, or is no safetensors file.
  case file(SafetensorsError)
  /// The file of PyTorch's cannot be opened, or is none of tensors.
  case pytorch(PyTorchFileError)
  /// The model cannot be put into a file.
  case unwritable(path: String, reason: String)
  /// A file with tensors only.
  case noGraph(path: String, tensors: Int)
  /// The file is a network or numbers of a format that other readers take.
  case otherFormat(path: String)
  /// The graph inside cannot be understood.
  case badGraph(path: String, GraphCodingError)
  /// Preprocessing or class names inside are not what they should be.
  case badMetadata(path: String, key: String, expected: String)
  /// The tensors are not the network's.
  case tensors(path: String, TensorProblems)
}

/// Everything that keeps the tensors of a file from being a network's parameters.
public struct TensorProblems: Sendable, Equatable {
  /// Paths of the network for which there is no tensor, and the unused name that resembles each most.
  public var missing: [(path: String, nearest: String?)] = []
  /// Tensors that the network has no place for.
  public var unused: [String] = []
  /// Tensors of another shape or kind of element.
  public var misshaped: [(path: String, expected: TensorType, found: TensorType)] = []

  var isEmpty: Bool { missing.isEmpty && unused.isEmpty && misshaped.isEmpty }

  public static func == (a: TensorProblems, b: TensorProblems) -> Bool {
    a.missing.elementsEqual(b.missing, by: ==) && a.unused == b.unused && a.misshaped.elementsEqual(b.misshaped, by: ==)
  }
}

/// Why a graph cannot be read from or written to a file.
public enum GraphCodingError: Error, Sendable {
  /// A version that only a newer program knows.
  case newerFormat(found: Int, known: Int)
  /// The text is not JSON.
  case notJSON(reason: String)
  /// A part is missing, of another kind, or refers to what is not there.
  case broken(at: String, problem: String)
  /// Operators that this program does not have, each with the name that resembles it most.
  case unknownOperators([(name: String, nearest: String?)])
  /// The shape rules found mistakes.
  case mistakes([Mistake])
  /// A graph that passes have changed, not one as it was declared.
  case notDeclared(value: String)
}

extension ModelFileError: CustomStringConvertible {
  public var description: String {
    switch self {
    case .file(let error): error.description
    case .pytorch(let error): error.description
    case .unwritable(let path, let reason): "cannot write \(path): \(reason)"
    case .otherFormat(let path):
      "\(path) is in the format of ONNX or darknet; weights are taken from safetensors and PyTorch's files, and a network "
        + "of those formats is named in place of MODEL"
    case .noGraph(let path, let tensors):
      "\(path) holds \(tensors) tensors but no network; name the network and give this file as its weights "
        + "(fovea … MODEL --weights \(path))"
    case .badGraph(let path, let error): "\(path): \(error)"
    case .badMetadata(let path, let key, let expected):
      "\(path): the metadata \(Named.short(key)) should be \(expected); save the model again"
    case .tensors(let path, let problems): "the tensors of \(path) do not fit the network:\n\(problems)"
    }
  }
}

extension TensorProblems: CustomStringConvertible {
  public var description: String {
    var lines: [String] = []
    func list(_ title: String, _ entries: [String]) {
      guard !entries.isEmpty else { return }
      // A file of another network altogether must not fill screens.
      let limit = 20
      lines += ["  \(title) (\(entries.count)):"] + entries.prefix(limit).map { "    \($0)" }
      if entries.count > limit { lines.append("    … and \(entries.count - limit) more") }
    }
    list("missing", missing.map { Named.short($0.path) + ($0.nearest.map { "; is it \(Named.short($0))?" } ?? "") })
    list("unused", unused.map(Named.short))
    list("misshaped", misshaped.map { "\(Named.short($0.path)): \($0.found), but the network takes \($0.expected)" })
    return lines.joined(separator: "\n")
  }
}

extension GraphCodingError: CustomStringConvertible {
  public var description: String {
    switch self {
    case .newerFormat(let found, let known):
      "its network is in format \(found), this program knows formats up to \(known); use a newer fovea"
    case .notJSON(let reason): "its network is not JSON: \(reason); save the model again"
    case .broken(let at, let problem): "its network is damaged at \(at): \(problem); save the model again"
    case .unknownOperators(let names):
      "its network uses " + (names.count == 1 ? "an operator" : "\(names.count) operators") + " that this program does "
        + "not have: "
        + names.map { Named.short($0.name) + ($0.nearest.map { " (is it \($0)?)" } ?? "") }.joined(separator: ", ")
        + "; use a newer fovea, or add your own to the registry"
    case .mistakes(let mistakes): GraphError.mistakes(mistakes).description
    case .notDeclared(let value):
      "the network is not as it was declared (\(Named.short(value)) was removed by a pass); save the declared one"
    }
  }
}
