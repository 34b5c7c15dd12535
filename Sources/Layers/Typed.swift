/// A call as it was typed: `typed("Conv2D", "64", "kernel: 5", nil)` is `Conv2D(64, kernel: 5)`. Arguments
/// that have their defaults are nil.
func typed(_ name: String, _ arguments: String?...) -> String {
  "\(name)(" + arguments.compactMap { $0 }.joined(separator: ", ") + ")"
}

/// `label: value`, or nil when the value is the default.
func argument<T: Equatable>(_ label: String, _ value: T, default standard: T) -> String? {
  value == standard ? nil : "\(label): \(value)"
}

/// A layer as it was typed; one that has no text of its own is described by its stored properties.
func layerDescription(_ layer: any Layer) -> String {
  if let described = layer as? any CustomStringConvertible { return described.description }
  let arguments = Mirror(reflecting: layer).children.compactMap { child -> String? in
    guard let label = child.label else { return nil }
    switch child.value {
    case let text as String: return "\(label): \"\(text)\""
    case let value as any BinaryInteger: return "\(label): \(value)"
    case let value as any BinaryFloatingPoint: return "\(label): \(value)"
    case let value as Bool: return "\(label): \(value)"
    case is any Layer: return "\(label): …"
    default: return nil
    }
  }
  return "\(type(of: layer))(" + arguments.joined(separator: ", ") + ")"
}

/// One line for messages: of a combinator what stands before its braces.
func layerHeadline(_ layer: any Layer) -> String {
  (layer as? any Combinator)?.headline ?? layerDescription(layer)
}
