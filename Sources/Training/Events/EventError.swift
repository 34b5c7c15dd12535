import FoveaExchange
import FoveaTensors

/// What can go wrong with a TensorBoard event file.
public enum EventError: Error, Equatable {
  /// The file system refused.
  case file(FileError)
  /// The bytes given as a picture are not a PNG file.
  case notPNG(tag: String, count: Int)
}

extension EventError: CustomStringConvertible {
  public var description: String {
    switch self {
    case .file(let error): error.description
    case .notPNG(let tag, let count):
      "the picture \(Named.short(tag)) (\(count) bytes) is not a PNG file; encode it as PNG first"
    }
  }
}
