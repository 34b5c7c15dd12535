/// A JSON text as a value: members keep their order, integers stay exact, and a key that comes
/// twice is an error (Foundation's parsers keep neither order nor duplicates).
package enum JSONValue: Equatable, Sendable {
  case null
  case bool(Bool)
  /// A number written without fraction and exponent that fits `Int`.
  case integer(Int)
  case number(Double)
  case string(String)
  case array([JSONValue])
  case object(JSONObject)

  /// Parses a complete JSON text (RFC 8259, UTF-8).
  /// - Throws: `JSONError` with the byte where reading stopped.
  package init(parsing bytes: UnsafeRawBufferPointer) throws(JSONError) {
    var parser = JSONParser(bytes)
    self = try parser.document()
  }

  /// Parses a complete JSON text.
  package init(parsing text: String) throws(JSONError) {
    let bytes = Array(text.utf8)
    let result: Result<JSONValue, JSONError> = bytes.withUnsafeBytes { buffer in
      do throws(JSONError) { return .success(try JSONValue(parsing: buffer)) } catch { return .failure(error) }
    }
    self = try result.get()
  }

  /// The text, or nil for another kind of value.
  package var string: String? { if case .string(let value) = self { value } else { nil } }
  /// The exact integer, or nil for another kind of value.
  package var integer: Int? { if case .integer(let value) = self { value } else { nil } }
  /// The truth value, or nil for another kind of value.
  package var bool: Bool? { if case .bool(let value) = self { value } else { nil } }
  /// The elements, or nil for another kind of value.
  package var array: [JSONValue]? { if case .array(let value) = self { value } else { nil } }
  /// The members, or nil for another kind of value.
  package var object: JSONObject? { if case .object(let value) = self { value } else { nil } }
  /// Any number, also one that `JSONText` wrote as "NaN", "Infinity" or "-Infinity".
  package var double: Double? {
    switch self {
    case .integer(let value): Double(value)
    case .number(let value): value
    case .string("NaN"): .nan
    case .string("Infinity"): .infinity
    case .string("-Infinity"): -.infinity
    default: nil
    }
  }
}

/// The members of a JSON object in the order of the text.
package struct JSONObject: Equatable, Sendable {
  package struct Member: Equatable, Sendable {
    package let key: String
    package let value: JSONValue
  }

  package private(set) var members: [Member] = []
  private var places: [String: Int] = [:]

  package init() {}

  /// The value of a key.
  package subscript(key: String) -> JSONValue? { places[key].map { members[$0].value } }

  /// Adds a member; false, and nothing changed, when the key is there already.
  mutating func add(_ key: String, _ value: JSONValue) -> Bool {
    guard places[key] == nil else { return false }
    places[key] = members.count
    members.append(Member(key: key, value: value))
    return true
  }
}

/// Why a text is not JSON; `at` counts bytes from its start.
package enum JSONError: Error, Equatable {
  case expected(String, at: Int)
  case duplicateKey(String, at: Int)
  case badString(String, at: Int)
  case badNumber(at: Int)
  case tooDeep(limit: Int, at: Int)
}

extension JSONError: CustomStringConvertible {
  package var description: String {
    switch self {
    case .expected(let what, let at): "expected \(what) at byte \(at)"
    case .duplicateKey(let key, let at): "the key \(Named.short(key)) comes twice in one object, again at byte \(at)"
    case .badString(let why, let at): "the string at byte \(at) \(why)"
    case .badNumber(let at): "the number at byte \(at) is malformed or too large"
    case .tooDeep(let limit, let at): "more than \(limit) levels of nesting at byte \(at)"
    }
  }
}
