/// A strict recursive-descent JSON reader over bytes that somebody else keeps alive.
struct JSONParser {
  /// Recursion is bounded, so that a file of brackets cannot exhaust the stack.
  static let depthLimit = 128

  private let bytes: UnsafeRawBufferPointer
  private var at = 0

  init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

  mutating func document() throws(JSONError) -> JSONValue {
    let result = try value(depth: 0)
    skipSpace()
    guard at == bytes.count else { throw .expected("the end of the text", at: at) }
    return result
  }

  private var current: UInt8? { at < bytes.count ? bytes[at] : nil }

  private mutating func skipSpace() {
    while let byte = current, byte == 0x20 || byte == 0x0a || byte == 0x0d || byte == 0x09 { at += 1 }
  }

  /// Skips space, then takes `byte` if it comes next.
  private mutating func take(_ byte: Unicode.Scalar) -> Bool {
    skipSpace()
    guard current == UInt8(ascii: byte) else { return false }
    at += 1
    return true
  }

  private mutating func value(depth: Int) throws(JSONError) -> JSONValue {
    skipSpace()
    guard depth < JSONParser.depthLimit else { throw .tooDeep(limit: JSONParser.depthLimit, at: at) }
    guard let first = current else { throw .expected("a value", at: at) }
    switch first {
    case UInt8(ascii: "{"): return try object(depth: depth)
    case UInt8(ascii: "["): return try array(depth: depth)
    case UInt8(ascii: "\""): return .string(try string())
    case UInt8(ascii: "t"): return try word("true", .bool(true))
    case UInt8(ascii: "f"): return try word("false", .bool(false))
    case UInt8(ascii: "n"): return try word("null", .null)
    case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return try number()
    default: throw .expected("a value", at: at)
    }
  }

  private mutating func word(_ text: StaticString, _ meaning: JSONValue) throws(JSONError) -> JSONValue {
    let start = at
    for offset in 0..<text.utf8CodeUnitCount {
      guard current == text.utf8Start[offset] else { throw .expected("\(text)", at: start) }
      at += 1
    }
    return meaning
  }

  private mutating func object(depth: Int) throws(JSONError) -> JSONValue {
    at += 1
    var result = JSONObject()
    if take("}") { return .object(result) }
    repeat {
      skipSpace()
      let start = at
      guard current == UInt8(ascii: "\"") else { throw .expected("a key in quotes", at: at) }
      let key = try string()
      guard take(":") else { throw .expected("a colon", at: at) }
      let member = try value(depth: depth + 1)
      guard result.add(key, member) else { throw .duplicateKey(key, at: start) }
    } while take(",")
    guard take("}") else { throw .expected("a comma or }", at: at) }
    return .object(result)
  }

  private mutating func array(depth: Int) throws(JSONError) -> JSONValue {
    at += 1
    var result: [JSONValue] = []
    if take("]") { return .array(result) }
    repeat { result.append(try value(depth: depth + 1)) } while take(",")
    guard take("]") else { throw .expected("a comma or ]", at: at) }
    return .array(result)
  }

  private mutating func number() throws(JSONError) -> JSONValue {
    let start = at
    var isInteger = true
    if current == UInt8(ascii: "-") { at += 1 }
    let first = at
    guard skipDigits() else { throw .badNumber(at: start) }
    // JSON forbids 007, which other readers take for octal or refuse.
    if at - first > 1 && bytes[first] == UInt8(ascii: "0") { throw .badNumber(at: start) }
    if current == UInt8(ascii: ".") {
      isInteger = false
      at += 1
      guard skipDigits() else { throw .badNumber(at: start) }
    }
    if current == UInt8(ascii: "e") || current == UInt8(ascii: "E") {
      isInteger = false
      at += 1
      if current == UInt8(ascii: "+") || current == UInt8(ascii: "-") { at += 1 }
      guard skipDigits() else { throw .badNumber(at: start) }
    }
    let text = String(decoding: bytes[start..<at], as: UTF8.self)
    if isInteger, let integer = Int(text) { return .integer(integer) }
    guard let number = Double(text), number.isFinite else { throw .badNumber(at: start) }
    return .number(number)
  }

  private mutating func skipDigits() -> Bool {
    let start = at
    while let byte = current, byte >= UInt8(ascii: "0"), byte <= UInt8(ascii: "9") { at += 1 }
    return at > start
  }

  private mutating func string() throws(JSONError) -> String {
    let start = at
    at += 1
    var text: [UInt8] = []
    while true {
      // Runs without escapes go over in one piece: a header's metadata can hold a whole graph.
      let run = at
      while let byte = current, byte != UInt8(ascii: "\""), byte != UInt8(ascii: "\\"), byte >= 0x20 { at += 1 }
      text.append(contentsOf: bytes[run..<at])
      guard let byte = current else { throw .badString("does not end", at: start) }
      at += 1
      if byte == UInt8(ascii: "\"") { break }
      guard byte == UInt8(ascii: "\\") else { throw .badString("contains a bare control character", at: start) }
      try escape(into: &text, start: start)
    }
    guard let result = String(validating: text, as: UTF8.self) else { throw .badString("is not UTF-8", at: start) }
    return result
  }

  private mutating func escape(into text: inout [UInt8], start: Int) throws(JSONError) {
    guard let byte = current else { throw .badString("does not end", at: start) }
    at += 1
    switch byte {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): text.append(byte)
    case UInt8(ascii: "b"): text.append(0x08)
    case UInt8(ascii: "f"): text.append(0x0c)
    case UInt8(ascii: "n"): text.append(0x0a)
    case UInt8(ascii: "r"): text.append(0x0d)
    case UInt8(ascii: "t"): text.append(0x09)
    case UInt8(ascii: "u"): text.append(contentsOf: String(try codePoint(start: start)).utf8)
    default: throw .badString("contains an unknown escape", at: start)
    }
  }

  private mutating func codePoint(start: Int) throws(JSONError) -> Unicode.Scalar {
    var code = try fourDigits(start: start)
    if code >= 0xd800 && code < 0xdc00 && current == UInt8(ascii: "\\") {
      at += 1
      guard current == UInt8(ascii: "u") else { throw .badString("contains half a surrogate pair", at: start) }
      at += 1
      let low = try fourDigits(start: start)
      guard low >= 0xdc00 && low < 0xe000 else { throw .badString("contains half a surrogate pair", at: start) }
      code = 0x10000 + (code - 0xd800) << 10 + (low - 0xdc00)
    }
    guard let scalar = Unicode.Scalar(code) else { throw .badString("contains half a surrogate pair", at: start) }
    return scalar
  }

  private mutating func fourDigits(start: Int) throws(JSONError) -> UInt32 {
    var code: UInt32 = 0
    for _ in 0..<4 {
      guard let byte = current, let digit = Character(Unicode.Scalar(byte)).hexDigitValue else {
        throw .badString("contains \\u without four hexadecimal digits", at: start)
      }
      code = code << 4 | UInt32(digit)
      at += 1
    }
    return code
  }
}
