import FoveaTensors

/// One attribute of a node: ONNX's kinds.
public enum Attribute: Sendable, Equatable {
  case int(Int)
  case float(Double)
  case string(String)
  case ints([Int])
  case floats([Double])
  case strings([String])
  case tensor(Tensor)

  public static func == (a: Attribute, b: Attribute) -> Bool {
    switch (a, b) {
    case (.int(let x), .int(let y)): x == y
    case (.float(let x), .float(let y)): x == y
    case (.string(let x), .string(let y)): x == y
    case (.ints(let x), .ints(let y)): x == y
    case (.floats(let x), .floats(let y)): x == y
    case (.strings(let x), .strings(let y)): x == y
    case (.tensor(let x), .tensor(let y)): x.isIdentical(to: y)
    default: false
    }
  }
}

extension Attribute: CustomStringConvertible {
  public var description: String {
    switch self {
    case .int(let value): "\(value)"
    case .float(let value): "\(value)"
    case .string(let value): "\"\(value)\""
    case .ints(let list): "[" + list.map(String.init).joined(separator: ",") + "]"
    case .floats(let list): "[" + list.map { "\($0)" }.joined(separator: ",") + "]"
    case .strings(let list): "[" + list.joined(separator: ",") + "]"
    case .tensor(let tensor): "tensor\(tensor.shape)"
    }
  }
}

/// A node's attributes, with ONNX's names where ONNX has the operator; a missing one means its default,
/// so that old files stay readable.
public struct Attributes: Sendable, Equatable, ExpressibleByDictionaryLiteral {
  public private(set) var entries: [String: Attribute]

  public init(_ entries: [String: Attribute] = [:]) { self.entries = entries }
  public init(dictionaryLiteral elements: (String, Attribute)...) {
    entries = Dictionary(elements, uniquingKeysWith: { _, last in last })
  }

  public subscript(name: String) -> Attribute? {
    get { entries[name] }
    set { entries[name] = newValue }
  }

  /// An integer attribute, or its default.
  public func int(_ name: String, default value: Int) -> Int {
    if case .int(let found)? = entries[name] { return found }
    return value
  }
  /// A 0/1 attribute.
  public func flag(_ name: String, default value: Bool = false) -> Bool { int(name, default: value ? 1 : 0) != 0 }
  /// A list of integers, or its default.
  public func ints(_ name: String, default value: [Int]) -> [Int] {
    if case .ints(let found)? = entries[name] { return found }
    return value
  }
  /// A number, or its default; an integer is taken as a number.
  public func float(_ name: String, default value: Double) -> Double {
    switch entries[name] {
    case .float(let found)?: return found
    case .int(let found)?: return Double(found)
    default: return value
    }
  }
  /// A text, or its default.
  public func string(_ name: String, default value: String) -> String {
    if case .string(let found)? = entries[name] { return found }
    return value
  }

  /// `name=value` pairs in the order of their names.
  public var text: String {
    entries.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }.joined(separator: " ")
  }
}
