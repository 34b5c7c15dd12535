import FoveaTensors

/// What can go wrong with the files of a darknet network.
public enum DarknetError: Error, Equatable {
  /// A file cannot be opened.
  case unreadable(TensorError)
  /// A line of the configuration cannot be understood.
  case config(path: String, line: Int, problem: String)
  /// The weights do not begin as they should.
  case header(path: String, String)
  /// There are more or fewer weights than the network takes; `layer` is the first that is not whole.
  case count(path: String, found: Int, config: String, needed: Int, layer: String?)
}

extension DarknetError: CustomStringConvertible {
  public var description: String {
    switch self {
    case .unreadable(let error): error.description
    case .config(let path, let line, let problem): "\(path):\(line): \(problem)"
    case .header(let path, let problem):
      "\(path) cannot be read as darknet's weights: \(problem); it is cut off or of another format"
    case .count(let path, let found, let config, let needed, let layer):
      "\(path) holds \(found) numbers, and the network of \(config) takes \(needed)"
        + (layer.map { "; they end within \($0)" } ?? "; \(found - needed) are left over")
        + ": give the weights that belong to this configuration"
    }
  }
}
