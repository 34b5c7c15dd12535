import FoveaGraphs
import FoveaTensors

/// What can go wrong with a model that has been declared.
public enum ModelError: Error, Sendable, Equatable {
  /// No layer, input or output has this name.
  case unknownValue(name: String, nearest: [String])
  /// The end of a sub-model does not depend on its start.
  case unreachable(from: String, to: String)
  /// The end of a sub-model depends on an input by a way that does not pass its start.
  case bypassed(from: String, to: String, by: String)
  /// Tensors that do not fit the model's parameters and states.
  case parameters(ParameterProblems)
}

/// Everything that keeps a set of tensors from being a model's parameters.
public struct ParameterProblems: Sendable, Equatable {
  /// Paths of the model for which there is no tensor.
  public var missing: [String] = []
  /// Tensors that the model has no place for.
  public var unused: [String] = []
  /// Tensors of another shape or kind of element.
  public var misshaped: [Misfit] = []

  /// A tensor and the place that it does not fit.
  public struct Misfit: Sendable, Equatable {
    public let path: String
    public let expected: TensorType
    public let found: TensorType
  }

  var isEmpty: Bool { missing.isEmpty && unused.isEmpty && misshaped.isEmpty }
}

extension ModelError: CustomStringConvertible {
  public var description: String {
    switch self {
    case .unknownValue(let name, let nearest):
      return "the model has no layer called \"\(name)\"" + suggestion(nearest)
    case .unreachable(let from, let to):
      return "\"\(to)\" does not depend on \"\(from)\", so there is no sub-model between them"
    case .bypassed(let from, let to, let other):
      return "\"\(to)\" depends on \"\(other)\" also by a way that does not pass \"\(from)\";"
        + " start where the ways have joined, or before they part"
    case .parameters(let problems):
      var lines: [String] = []
      func list(_ title: String, _ entries: [String]) {
        if !entries.isEmpty { lines += ["  \(title) (\(entries.count)):"] + entries.map { "    \($0)" } }
      }
      list("missing", problems.missing)
      list("unused", problems.unused)
      list("misshaped", problems.misshaped.map { "\($0.path): \($0.found), but the model takes \($0.expected)" })
      return "the tensors do not fit the model:\n" + lines.joined(separator: "\n")
    }
  }
}

/// `; did you mean …?`, or nothing.
package func suggestion(_ names: [String]) -> String {
  names.isEmpty ? "" : "; did you mean \(names.map { "\"\($0)\"" }.joined(separator: " or "))?"
}
