import FoveaExchange
import FoveaTensors
import Testing

@Suite struct JSONTests {
  @Test func oneLineWithSortedKeys() {
    let line = JSONText.line([
      "b": [1, 2.5, "x/y", true] as [Any], "a": ["z": 1, "y": 2], "n": Int?.none as Any, "some": Int?.some(3) as Any,
      "f": Float(0.1), "d": 0.1, "one": 1.0, "tiny": 1e-7, "huge": 1e300,
      "u": UInt8(200), "e": [Int](), "o": [String: Int](),
    ])
    #expect(
      line == #"{"a":{"y":2,"z":1},"b":[1,2.5,"x/y",true],"d":0.1,"e":[],"f":0.1,"huge":1e+300,"n":null,"o":{},"#
        + #""one":1.0,"some":3,"tiny":1e-07,"u":200}"#)
  }

  @Test func whatIsNotFiniteBecomesText() {
    #expect(
      JSONText.line(["a": Double.nan, "b": Double.infinity, "c": -Float.infinity])
        == #"{"a":"NaN","b":"Infinity","c":"-Infinity"}"#)
    for text in ["NaN", "Infinity", "-Infinity"] {
      #expect(JSONText.value(JSONValue.string(text).double ?? 0) == "\"\(text)\"")
    }
  }

  @Test func stringsAreEscaped() throws {
    let text = "a\"b\\c/d\n\r\t\u{0}\u{1f}\u{7f}é∇😀"
    let quoted = JSONText.quoted(text)
    #expect(quoted == #""a\"b\\c/d\n\r\t\u0000\u001f"# + "\u{7f}é∇😀\"")
    #expect(try JSONValue(parsing: quoted) == .string(text))
  }

  @Test func everythingIsReadBack() throws {
    let text = #" { "s" : "\u00e9\ud83d\ude00\/\b\f" , "i" : -12, "f":[1.5e2,0,-0.5], "t":true,"x":false,"n":null } "#
    let value = try JSONValue(parsing: text)
    #expect(value.object?["s"]?.string == "é😀/\u{8}\u{c}")
    #expect(value.object?["i"]?.integer == -12)
    #expect(value.object?["f"]?.array?.compactMap(\.double) == [150, 0, -0.5])
    #expect(value.object?["t"]?.bool == true && value.object?["x"]?.bool == false && value.object?["n"] == .null)
    #expect(value.object?.members.map(\.key) == ["s", "i", "f", "t", "x", "n"])
    #expect(
      JSONText.value(value)
        == "{\"s\":\"é😀/\\u0008\\u000c\",\"i\":-12,\"f\":[150.0,0,-0.5],\"t\":true,\"x\":false,\"n\":null}")
  }

  @Test func integersStayExact() throws {
    #expect(try JSONValue(parsing: "9223372036854775807") == .integer(.max))
    #expect(try JSONValue(parsing: "-9223372036854775808") == .integer(.min))
    #expect(try JSONValue(parsing: "9223372036854775808") == .number(9223372036854775808))
  }

  @Test(arguments: [
    ("", JSONError.expected("a value", at: 0)),
    ("{\"a\" 1}", .expected("a colon", at: 5)),
    ("{1:2}", .expected("a key in quotes", at: 1)),
    ("{\"a\":1,}", .expected("a key in quotes", at: 7)),
    ("[1,]", .expected("a value", at: 3)),
    ("[1", .expected("a comma or ]", at: 2)),
    ("{\"a\":1", .expected("a comma or }", at: 6)),
    ("1 2", .expected("the end of the text", at: 2)),
    ("nul", .expected("null", at: 0)),
    ("NaN", .expected("a value", at: 0)),
    ("01", .badNumber(at: 0)),
    ("-", .badNumber(at: 0)),
    ("1.", .badNumber(at: 0)),
    ("1e", .badNumber(at: 0)),
    ("1e999", .badNumber(at: 0)),
    ("\"abc", .badString("does not end", at: 0)),
    ("\"\\x\"", .badString("contains an unknown escape", at: 0)),
    ("\"\\u12g4\"", .badString("contains \\u without four hexadecimal digits", at: 0)),
    ("\"\\ud800\"", .badString("contains half a surrogate pair", at: 0)),
    ("\"\\ud800\\u0041\"", .badString("contains half a surrogate pair", at: 0)),
    ("\"\\udc00\"", .badString("contains half a surrogate pair", at: 0)),
    ("{\"a\":1,\"a\":2}", .duplicateKey("a", at: 7)),
  ]) func malformedTexts(_ text: String, _ expected: JSONError) {
    #expect(throws: expected) { try JSONValue(parsing: text) }
  }

  @Test func bytesThatAreNotUTF8() {
    let bytes: [UInt8] = [0x22, 0xc3, 0x28, 0x22]
    #expect(throws: JSONError.badString("is not UTF-8", at: 0)) {
      try bytes.withUnsafeBytes { _ = try JSONValue(parsing: $0) }
    }
  }

  @Test func namesInErrorsStayShort() {
    #expect(Named.short("a\nb") == #""a\nb""#)
    #expect(Named.short(String(repeating: "x", count: 500)).count == 83)
    #expect(nearestName(to: "conv1.wieght", among: ["conv1.weight", "conv2.bias"]) == "conv1.weight")
    #expect(nearestName(to: "entirely", among: ["conv1.weight", "fc"]) == nil)
  }
}
