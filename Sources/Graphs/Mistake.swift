/// A place in the user's source: `#fileID` and `#line`.
public struct SourceLine: Hashable, Sendable, CustomStringConvertible {
  public let fileID: String
  public let line: UInt

  public init(fileID: String, line: UInt) {
    self.fileID = fileID
    self.line = line
  }

  public var description: String { "\(fileID):\(line)" }
}

/// Where a node comes from: the layer that declared it.
public struct Origin: Hashable, Sendable {
  /// The layer's path, e.g. `layer1.0.conv1`; empty for nodes that no layer declared.
  public var path: String
  /// The layer as it was typed, e.g. `Conv2D(64, kernel: 3)`.
  public var layer: String
  public var source: SourceLine?

  public init(path: String = "", layer: String = "", source: SourceLine? = nil) {
    self.path = path
    self.layer = layer
    self.source = source
  }

  public static let none = Origin()
}

/// One thing that is wrong with a network: where, what, and the likely mend.
public struct Mistake: Hashable, Sendable {
  public var origin: Origin
  /// What does not fit, with both sides.
  public let problem: String
  /// What to change.
  public let mend: String
  /// The shapes that arrive, e.g. `[?×64×5×5]`.
  public let inputs: [PartialShape]
  /// The way from the input to this layer, nearest last.
  public var way: [String]

  public init(origin: Origin, problem: String, mend: String, inputs: [PartialShape], way: [String] = []) {
    self.origin = origin
    self.problem = problem
    self.mend = mend
    self.inputs = inputs
    self.way = way
  }
}

extension Mistake: CustomStringConvertible {
  public var description: String {
    var text = origin.path.isEmpty ? "network" : origin.path
    if !origin.layer.isEmpty { text += " \(origin.layer)" }
    if let source = origin.source { text += " at \(source)" }
    text += ": \(problem)"
    if !inputs.isEmpty { text += "\n    given:   " + inputs.map(\.description).joined(separator: ", ") }
    if !way.isEmpty { text += "\n    the way: " + way.joined(separator: " → ") }
    text += "\n    mend:    \(mend)"
    return text
  }
}

/// What keeps a graph from being used.
public enum GraphError: Error, Sendable {
  /// Every mistake of a declaration at once.
  case mistakes([Mistake])
  case unknownOperator(name: String, known: [String])
  case missingInput(name: String, known: [String])
  case inputShape(name: String, expected: PartialShape, found: PartialShape)
  case inputType(name: String, expected: String, found: String)
  case noGradient(operator: String, path: String, reason: String)
  case notScalar(name: String, shape: PartialShape)
}

extension GraphError: CustomStringConvertible {
  public var description: String {
    switch self {
    case .mistakes(let mistakes):
      let count = mistakes.count == 1 ? "1 mistake" : "\(mistakes.count) mistakes"
      return "the network has \(count):\n"
        + mistakes.enumerated().map { "  \($0.offset + 1). \($0.element)" }.joined(separator: "\n")
    case .unknownOperator(let name, let known):
      return "no operator is called \"\(name)\"; this program knows \(known.joined(separator: ", "))"
    case .missingInput(let name, let known):
      return "input \"\(name)\" is missing; the network's inputs are \(known.joined(separator: ", "))"
    case .inputShape(let name, let expected, let found):
      return "input \"\(name)\" is \(found), but the network takes \(expected)"
    case .inputType(let name, let expected, let found):
      return "input \"\(name)\" has elements of type \(found), but the network takes \(expected)"
    case .noGradient(let op, let path, let reason):
      return "\(path.isEmpty ? op : "\(op) at \(path)") has no gradient: \(reason)"
    case .notScalar(let name, let shape):
      return "\"\(name)\" has shape \(shape); a gradient starts from a single number: reduce it (mean or sum) first"
    }
  }
}
