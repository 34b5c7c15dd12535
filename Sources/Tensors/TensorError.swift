/// What can be wrong with a tensor or a file that holds one.
public enum TensorError: Error, Equatable {
  case badShape(dims: [Int])
  case countMismatch(shape: Shape, values: Int)
  case sizeMismatch(from: Shape, to: Shape)
  case dtypeMismatch(expected: DType, found: DType)
  case file(path: String, action: String, reason: String)
  case format(path: String, problem: String, mend: String)
}

extension TensorError: CustomStringConvertible {
  public var description: String {
    switch self {
    case .badShape(let dims):
      "shape \(dims) has a negative extent or more elements than can be counted"
    case .countMismatch(let shape, let values):
      "shape \(shape) holds \(shape.count) elements, but \(values) values were given"
    case .sizeMismatch(let from, let to):
      "cannot reshape \(from) (\(from.count) elements) to \(to) (\(to.count) elements)"
    case .dtypeMismatch(let expected, let found):
      "expected elements of type \(expected.rawValue), found \(found.rawValue)"
    case .file(let path, let action, let reason):
      "cannot \(action) \(path): \(reason)"
    case .format(let path, let problem, let mend):
      "\(path): \(problem); \(mend)"
    }
  }
}
