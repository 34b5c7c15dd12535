/// JSON for machines: one line, keys sorted, slashes as they are, every number finite.
///
/// ```swift
/// JSONText.line(["top1": 0.913, "examples": 10_000])   // {"examples":10000,"top1":0.913}
/// ```
package enum JSONText {
  /// One object on one line, without the newline.
  ///
  /// Values are strings, booleans, integers, floats (shortest text that reads back the same; NaN
  /// and the infinities as the strings "NaN", "Infinity", "-Infinity", since JSON has no numbers
  /// for them), nil, arrays and dictionaries of these; anything else becomes its description.
  package static func line(_ object: [String: Any]) -> String {
    var text = ""
    append(object: object, to: &text)
    return text
  }

  /// One value of any kind.
  package static func value(_ value: Any) -> String {
    var text = ""
    append(value, to: &text)
    return text
  }

  /// A string with its quotes and escapes.
  package static func quoted(_ string: String) -> String {
    var text = ""
    append(string: string, to: &text)
    return text
  }

  private static func append(_ value: Any, to text: inout String) {
    switch value {
    case let value as JSONValue: append(parsed: value, to: &text)
    case let value as Bool: text += value ? "true" : "false"
    case let value as String: append(string: value, to: &text)
    case let value as any BinaryInteger: text += String(describing: value)
    case let value as Double: append(value, to: &text)
    case let value as Float: append(value, to: &text)
    case let value as [String: Any]: append(object: value, to: &text)
    case let value as [Any]: append(array: value, to: &text)
    default:
      let mirror = Mirror(reflecting: value)
      if mirror.displayStyle == .optional {
        if let inner = mirror.children.first { append(inner.value, to: &text) } else { text += "null" }
      } else {
        append(string: String(describing: value), to: &text)
      }
    }
  }

  private static func append(object: [String: Any], to text: inout String) {
    text += "{"
    for (index, member) in object.sorted(by: { $0.key < $1.key }).enumerated() {
      if index > 0 { text += "," }
      append(string: member.key, to: &text)
      text += ":"
      append(member.value, to: &text)
    }
    text += "}"
  }

  private static func append(array: [Any], to text: inout String) {
    text += "["
    for (index, element) in array.enumerated() {
      if index > 0 { text += "," }
      append(element, to: &text)
    }
    text += "]"
  }

  private static func append(parsed value: JSONValue, to text: inout String) {
    switch value {
    case .null: text += "null"
    case .bool(let value): text += value ? "true" : "false"
    case .integer(let value): text += String(value)
    case .number(let value): append(value, to: &text)
    case .string(let value): append(string: value, to: &text)
    case .array(let elements): append(array: elements, to: &text)
    case .object(let object):
      // What was read keeps its order; only what we make is sorted.
      text += "{"
      for (index, member) in object.members.enumerated() {
        if index > 0 { text += "," }
        append(string: member.key, to: &text)
        text += ":"
        append(parsed: member.value, to: &text)
      }
      text += "}"
    }
  }

  private static func append<F: BinaryFloatingPoint & CustomStringConvertible>(_ value: F, to text: inout String) {
    if value.isFinite {
      text += value.description
    } else {
      text += value.isNaN ? "\"NaN\"" : value > 0 ? "\"Infinity\"" : "\"-Infinity\""
    }
  }

  private static func append(string: String, to text: inout String) {
    text += "\""
    for scalar in string.unicodeScalars {
      switch scalar {
      case "\"": text += "\\\""
      case "\\": text += "\\\\"
      case "\n": text += "\\n"
      case "\r": text += "\\r"
      case "\t": text += "\\t"
      case _ where scalar.value < 0x20:
        let digits = String(scalar.value, radix: 16)
        text += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
      default: text.unicodeScalars.append(scalar)
      }
    }
    text += "\""
  }
}
