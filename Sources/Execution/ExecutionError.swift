import FoveaGraphs
import FoveaTensors

/// What can go wrong between a graph and its run.
public enum ExecutionError: Error, Sendable {
  case graph(GraphError)
  case noImplementation(operator: String, path: String, refusals: [String])
  case missingTensor(path: String)
  case tensorMismatch(path: String, expected: TensorType, found: TensorType)
  case unknownName(kind: String, name: String, known: [String])
  case library(name: String, call: String, reason: String)
  case tooLarge(what: String, bytes: Int)
  /// A parameter or statistic with NaN: how many of how many numbers, and where the first one is.
  case notANumber(path: String, count: Int, of: Int, first: [Int])
}

extension ExecutionError: CustomStringConvertible {
  public var description: String {
    switch self {
    case .graph(let error):
      error.description
    case .noImplementation(let op, let path, let refusals):
      "nothing here can run \(op)\(path.isEmpty ? "" : " at \(path)"): \(refusals.joined(separator: "; "))"
    case .missingTensor(let path):
      "\"\(path)\" has no values yet; initialize the network or load weights"
    case .tensorMismatch(let path, let expected, let found):
      "\"\(path)\" is \(found), but the network takes \(expected)"
    case .unknownName(let kind, let name, let known):
      "there is no \(kind) called \"\(name)\"; there are \(known.joined(separator: ", "))"
    case .library(let name, let call, let reason):
      "\(name) refused \(call): \(reason)"
    case .notANumber(let path, let count, let all, let first):
      "\"\(path)\" has \(count) of \(all) values that are not numbers (NaN), the first at \(first); no result would mean "
        + "anything: take other weights, or train anew with a lower rate"
    case .tooLarge(let what, let bytes):
      "\(what) would take \(bytes / 1_048_576) MiB, more than this machine can give; use a smaller batch or image"
    }
  }
}
