import Foundation
import FoveaExchange
import FoveaTensors
import Testing

/// Damaged safetensors files: each its own clear error, never a trap.
@Suite struct MalformedTests {
  /// A file of a header and data.
  static func file(_ header: String, _ data: [UInt8] = []) -> [UInt8] {
    withUnsafeBytes(of: UInt64(header.utf8.count).littleEndian) { Array($0) } + Array(header.utf8) + data
  }

  static func entry(_ dtype: String, _ shape: String, _ offsets: String) -> String {
    #"{"dtype":"\#(dtype)","shape":\#(shape),"data_offsets":\#(offsets)}"#
  }

  struct Case: CustomStringConvertible, Sendable {
    let bytes: [UInt8]
    let text: String
    var description: String { text }

    init(_ bytes: [UInt8], _ text: String) {
      self.bytes = bytes
      self.text = text
    }

    init(_ header: String, _ data: Int, _ text: String) {
      self.init(MalformedTests.file(header, [UInt8](repeating: 7, count: data)), text)
    }
  }

  static let cases: [Case] = [
    Case([1, 2, 3], "it has 3 bytes, the header's length alone takes 8; save or download it again"),
    Case(
      [UInt8](repeating: 0xff, count: 8) + [UInt8(ascii: "{")],
      "the header claims 18446744073709551615 bytes, 1 follow; the file is cut off or of another format"),
    Case(
      [100, 0, 0, 0, 0, 0, 0, 0] + Array("{}".utf8),
      "the header claims 100 bytes, 2 follow; the file is cut off or of another format"),
    Case([UInt8](repeating: 0, count: 8), "the header does not begin with {; the file is probably of another format"),
    Case("[1]", 0, "the header does not begin with {; the file is probably of another format"),
    Case("{\"a\":", 0, "the header is not JSON: expected a value at byte 5; save or download it again"),
    Case(
      "{\"a\":\"\u{1}\"}", 0,
      "the header is not JSON: the string at byte 5 contains a bare control character; save or download it again"),
    Case(
      #"{"a":\#(entry("U8", "[1]", "[0,1]")),"a":\#(entry("U8", "[1]", "[1,2]"))}"#, 2,
      #"the header is not JSON: the key "a" comes twice in one object, again at byte 53; save or download it again"#),
    Case(
      String(repeating: #"{"a":"#, count: 200), 0,
      "the header is not JSON: more than 128 levels of nesting at byte 640; save or download it again"),
    Case(#"{"__metadata__":3}"#, 0, "__metadata__ is not an object; write every metadata value as a string"),
    Case(
      #"{"__metadata__":{"epoch":3}}"#, 0,
      #"the metadata "epoch" is not a string; write every metadata value as a string"#),
    Case(#"{"a":3}"#, 0, #"tensor "a" has no proper "dtype": expected a string; save it again"#),
    Case(
      #"{"a":{"dtype":"F32","data_offsets":[0,4]}}"#, 4,
      #"tensor "a" has no proper "shape": expected a list of sizes; save it again"#),
    Case(
      #"{"a":\#(entry("F32", "[-1]", "[0,4]"))}"#, 4,
      #"tensor "a" has no proper "shape": expected a list of sizes; save it again"#),
    Case(
      #"{"a":\#(entry("F32", "[1.5]", "[0,4]"))}"#, 4,
      #"tensor "a" has no proper "shape": expected a list of sizes; save it again"#),
    Case(
      #"{"a":\#(entry("F32", "[1]", "[4,0]"))}"#, 4,
      #"tensor "a" has no proper "data_offsets": expected two byte numbers, the second not smaller; save it again"#),
    Case(
      #"{"a":\#(entry("F32", "[1]", "[0,2,4]"))}"#, 4,
      #"tensor "a" has no proper "data_offsets": expected two byte numbers, the second not smaller; save it again"#),
    Case(
      #"{"a":\#(entry("F8_E4M3", "[1]", "[0,1]"))}"#, 1,
      #"tensor "a" has dtype "F8_E4M3", known are F64, F32, F16, BF16, I64, I32, I16, I8, U8, BOOL; "#
        + "convert it before saving"),
    Case(
      #"{"a":\#(entry("F32", "[4294967296,4294967296]", "[0,4]"))}"#, 4,
      #"tensor "a" has shape [4294967296, 4294967296], more elements than can be counted; save it again"#),
    Case(
      #"{"a":\#(entry("F64", "[2305843009213693952]", "[0,0]"))}"#, 0,
      #"tensor "a" has shape [2305843009213693952], more elements than can be counted; save it again"#),
    Case(
      #"{"a":\#(entry("U8", "[0,4294967296,4294967296]", "[0,0]"))}"#, 0,
      #"tensor "a" has shape [0, 4294967296, 4294967296], more elements than can be counted; save it again"#),
    Case(
      #"{"a":\#(entry("F32", "[3]", "[0,8]"))}"#, 8,
      #"tensor "a" of shape [3] and type f32 takes 12 bytes, its data_offsets span 8; save it again"#),
    Case(
      #"{"a":\#(entry("F32", "[2]", "[0,8]"))}"#, 7,
      #"tensor "a" claims bytes 0..<8, the file has 7 bytes of data; it is cut off: download it again"#),
    Case(
      #"{"a":\#(entry("U8", "[4]", "[0,4]")),"b":\#(entry("U8", "[4]", "[2,6]"))}"#, 6,
      #"tensors "a" and "b" both claim byte 2 of the data; save it again"#),
    Case(
      #"{"a":\#(entry("U8", "[2]", "[0,2]")),"b":\#(entry("U8", "[2]", "[4,6]"))}"#, 6,
      #"no tensor claims bytes 2..<4 of the data, before "b"; save it again"#),
    Case(
      #"{"a":\#(entry("U8", "[2]", "[0,2]"))}"#, 5,
      "no tensor claims bytes 2..<5 at the end of the data; save it again"),
  ]

  @Test(arguments: cases) func isRefusedInClearWords(_ damaged: Case) throws {
    let directory = try TemporaryDirectory()
    let path = directory.file("d.safetensors")
    try Data(damaged.bytes).write(to: URL(fileURLWithPath: path))
    let error = #expect(throws: SafetensorsError.self) { try SafetensorsFile(path: path) }
    #expect(error?.description == "\(path) is not a sound safetensors file: \(damaged.text)")
  }

  @Test func anEmptyAndAMissingFile() throws {
    let directory = try TemporaryDirectory()
    let path = directory.file("e")
    try Data().write(to: URL(fileURLWithPath: path))
    #expect(throws: SafetensorsError.malformed(path: path, .tooShort(length: 0))) { try SafetensorsFile(path: path) }
    let missing = #expect(throws: SafetensorsError.self) { try SafetensorsFile(path: directory.file("no")) }
    #expect(missing?.description == "cannot open \(directory.file("no")): No such file or directory")
    #expect(throws: SafetensorsError.self) { try SafetensorsFile(path: directory.path) }
  }

  @Test func aBoolThatIsNeitherTrueNorFalse() throws {
    let bytes = MalformedTests.file(#"{"m":\#(MalformedTests.entry("BOOL", "[3]", "[0,3]"))}"#, [0, 1, 2])
    let file = try SafetensorsFile(path: "m.safetensors", storage: storage(bytes))
    let error = #expect(throws: SafetensorsError.self) { try file.tensor("m") }
    #expect(
      error?.description == "m.safetensors is not a sound safetensors file: "
        + #"element 2 of the BOOL tensor "m" is 2, neither 0 nor 1; save it as U8"#)
  }

  /// Byte flips, cuts and insertions in a real file: an error or a sound file, never a trap.
  @Test(arguments: 0..<4) func mutationsNeverTrap(_ part: Int) throws {
    let sound = [UInt8](try Data(contentsOf: URL(fileURLWithPath: golden("python.safetensors"))))
    let random = RandomStream(seed: UInt64(part), purpose: "fuzz")
    let letters = Array("0123456789[]{},:\"\\-.eu\u{0} FUB".utf8)
    var refused = 0
    for round in 0..<1500 {
      var draw = 0
      func next(_ bound: Int) -> Int {
        draw += 1
        return Int(random.word(step: UInt64(round), index: draw)) % max(1, bound)
      }
      var bytes = sound
      for _ in 0...next(3) {
        let header = min(bytes.count, 1200)
        switch next(5) {
        case 0: bytes.removeLast(next(bytes.count))
        case 1: bytes[next(bytes.count)] ^= 1 << UInt8(next(8))
        case 2: bytes[next(header)] = letters[next(letters.count)]
        case 3: bytes.insert(letters[next(letters.count)], at: next(header))
        default: bytes.remove(at: next(header))
        }
        if bytes.isEmpty { break }
      }
      do throws(SafetensorsError) {
        let file = try SafetensorsFile(path: "fuzz", storage: storage(bytes))
        for name in file.names {
          let tensor = try file.tensor(name)
          _ = tensor.shape.strides
          _ = tensor.array(of: Double.self)
        }
      } catch {
        refused += 1
        #expect(!error.description.isEmpty)
      }
    }
    #expect(refused > 500, "most damage is noticed")
  }
}
