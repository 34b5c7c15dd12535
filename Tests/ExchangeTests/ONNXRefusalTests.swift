import Foundation
import FoveaExchange
import FoveaGraphs
import FoveaTensors
import Testing

/// What is not read says so; what is damaged never traps.
@Suite struct ONNXRefusalTests {
  private static func message(_ file: ONNXBytes, _ directory: TemporaryDirectory) -> String {
    do {
      _ = try file.model(directory)
      return "read"
    } catch { return "\(error)" }
  }

  private static func small() -> ONNXBytes {
    var file = ONNXBytes()
    file.input("x", [1, 2])
    file.output("y")
    return file
  }

  @Test func twoUnknownOperatorsAreBothNamed() throws {
    var file = ONNXRefusalTests.small()
    file.node("Det", ["x"], ["a"], name: "first")
    file.node("Relu", ["a"], ["b"])
    file.node("FusedConv", ["b"], ["y"], name: "second", domain: "com.microsoft")
    let text = ONNXRefusalTests.message(file, try TemporaryDirectory())
    #expect(text.contains("2 nodes are not supported"))
    #expect(text.contains("Det \"first\"") && text.contains("com.microsoft.FusedConv \"second\""))
    let directory = try TemporaryDirectory()
    _ = ONNXRefusalTests.message(file, directory)
    let rows = try ONNXFile.nodes(directory.file("m.onnx"))
    #expect(rows.map { $0.problem == nil } == [false, true, false])
  }

  @Test func everyMistakeSaysWhatToDo() throws {
    let directory = try TemporaryDirectory()
    func text(_ change: (inout ONNXBytes) -> Void) -> String {
      var file = ONNXRefusalTests.small()
      change(&file)
      return ONNXRefusalTests.message(file, directory)
    }
    let cases: [(text: String, part: String)] = [
      (text { $0.opset = 26 }, "its opset is 26, opsets 6 to 25 are read"),
      (text { $0.opset = 5 }, "its opset is 5"),
      (text { $0.node("Relu", ["z"], ["y"]) }, "its input \"z\" is made by no node before it"),
      (
        text {
          $0.node("Relu", ["b"], ["y"])
          $0.node("Relu", ["y"], ["b"])
        }, "its input \"b\" is made by no node before it"
      ),
      (
        text {
          $0.node("Relu", ["x"], ["y"])
          $0.node("Abs", ["x"], ["y"])
        }, "a second result is called \"y\""
      ),
      (
        text {
          $0.floats("w", [2], [1, 2])
          $0.floats("w", [2], [3, 4])
          $0.node("Add", ["x", "w"], ["y"])
        }, "there are two of this name"
      ),
      (
        text {
          $0.floats("w", [3], [1, 2])
          $0.node("Add", ["x", "w"], ["y"])
        }, "of shape [3] needs 3 numbers, the file has 2"
      ),
      (
        text {
          $0.tensor("w", [-3], type: 1) { $0.packed(4, [1] as [Float]) }
          $0.node("Add", ["x", "w"], ["y"])
        }, "impossible shape [-3]"
      ),
      (
        text {
          $0.tensor("w", [.max, .max], type: 1) { $0.bytes(9, [0]) }
          $0.node("Add", ["x", "w"], ["y"])
        }, "impossible shape"
      ),
      (
        text {
          $0.tensor("w", [1], type: 8) { $0.string(6, "text") }
          $0.node("Add", ["x", "w"], ["y"])
        }, "elements of type string"
      ),
      (
        text {
          $0.floats("w", [3], [1, 2, 3])
          $0.node("Add", ["x", "w"], ["y"], name: "sum")
        }, "sum"
      ),
      (text { $0.node("Conv", ["x", "x"], ["y"], ["pads": .ints([-1, 0])]) }, "cut off"),
      (text { $0.node("Relu", ["x"], ["y"], ["slope": .float(1)]) }, "its attribute \"slope\" is not read"),
      (text { $0.node("Loop", ["x"], ["y"]) }, "control flow"),
      (text { _ in }, "nothing in the network makes it"),
    ]
    for (text, part) in cases { #expect(text.contains(part), "\(text) lacks \(part)") }
  }

  @Test func externalNumbersStayInTheDirectory() throws {
    let directory = try TemporaryDirectory()
    try FileManager.default.createDirectory(atPath: directory.file("model"), withIntermediateDirectories: true)
    try Data([0, 0, 128, 63, 0, 0, 0, 64]).write(to: URL(fileURLWithPath: directory.file("model/w.bin")))
    try Data([UInt8](repeating: 0, count: 8)).write(to: URL(fileURLWithPath: directory.file("secret.bin")))
    try FileManager.default.createSymbolicLink(
      atPath: directory.file("model/link.bin"), withDestinationPath: directory.file("secret.bin"))
    func text(_ entries: KeyValuePairs<String, String>) -> String {
      var file = ONNXRefusalTests.small()
      file.tensor("w", [2], type: 1) { writer in
        for (key, value) in entries {
          writer.message(13) {
            $0.string(1, key)
            $0.string(2, value)
          }
        }
        writer.int(14, 1)
      }
      file.node("Mul", ["x", "w"], ["y"])
      do {
        let numbers = try file.model(directory, "model/m.onnx").numbers([3, 5], [1, 2])
        return "\(numbers)"
      } catch { return "\(error)" }
    }
    #expect(text(["location": "w.bin"]) == "[3.0, 10.0]")
    #expect(text(["location": "./w.bin", "offset": "0", "length": "8"]) == "[3.0, 10.0]")
    #expect(text(["location": "../secret.bin"]).contains("outside the model's directory"))
    #expect(text(["location": directory.file("secret.bin")]).contains("outside the model's directory"))
    #expect(text(["location": "link.bin"]).contains("leads out of the model's directory"))
    #expect(text(["location": "none.bin"]).contains("is not there"))
    #expect(text(["location": "w.bin", "offset": "4"]).contains("needs 8 bytes"))
    #expect(text(["location": "w.bin", "offset": "-1"]).contains("begins at byte -1"))
    #expect(text(["location": "w.bin", "offset": "9223372036854775807"]).contains("begins at byte"))
    #expect(text(["location": "w.bin", "length": "9223372036854775807"]).contains("has 9223372036854775807 bytes"))
    #expect(text([:]).contains("not named"))
  }

  /// Cut off at every byte, and with random bits turned over: an error or a network, never a trap.
  @Test func damagedFilesNeverTrap() throws {
    let directory = try TemporaryDirectory()
    let path = directory.file("damaged.onnx")
    let whole = Array(try Data(contentsOf: URL(fileURLWithPath: golden("onnx/torch-mixed-dynamo.onnx"))))
    func read(_ bytes: [UInt8]) throws -> Bool {
      try AtomicFile.write(bytes, to: path, lasting: false)
      do {
        _ = try ONNXFile.read(path)
        return true
      } catch is ONNXError { return false }
    }
    var sound = 0
    for length in stride(from: 0, to: whole.count, by: 7) where try read(Array(whole[..<length])) { sound += 1 }
    #expect(sound == 0)
    let seed: UInt64 = 11
    let stream = RandomStream(seed: seed, purpose: "damage")
    for round in 0..<1500 {
      var bytes = whole
      for flip in 0..<3 {
        let words = stream.words(step: UInt64(round), block: UInt64(flip))
        bytes[Int(words[0]) % bytes.count] ^= 1 << UInt8(words[1] % 8)
      }
      _ = try read(bytes)
    }
  }
}
