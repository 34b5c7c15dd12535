import Foundation
import FoveaExchange
import FoveaExecution
import FoveaGraphs
import FoveaLayers
import FoveaTensors
import Testing

/// What is read around the operators: sizes, known numbers, control, types of results. `make_onnx_frame.py` makes the
/// cases and asks ONNX Runtime.
@Suite struct ONNXFrameTests {
  static let cases = ONNXGolden.cases("frame")

  @Test func thereAreCases() { #expect(ONNXFrameTests.cases.count == 58) }

  @Test(arguments: cases) func answersAsONNXRuntimeDoes(name: String) throws {
    try ONNXGolden.check(name, of: "frame")
  }

  // MARK: Sizes

  /// A picture of open sizes, added to the places of its rows: a number must be known for that.
  private static func rows() -> ONNXBytes {
    var file = ONNXBytes()
    file.input("x", [1, 1, nil, nil])
    file.ints("two", [2])
    file.tensor("zero", [], type: 7) { $0.packed(7, [0] as [Int64]) }
    file.tensor("one", [], type: 7) { $0.packed(7, [1] as [Int64]) }
    file.node("Shape", ["x"], ["s"])
    file.node("Gather", ["s", "two"], ["h"])
    file.node("Squeeze", ["h"], ["height"])
    file.node("Range", ["zero", "height", "one"], ["places"])
    file.node("Cast", ["places"], ["f"], ["to": .int(1)])
    file.node("Unsqueeze", ["f", "one row"], ["column"])
    file.ints("one row", [1])
    file.node("Add", ["x", "column"], ["y"])
    file.output("y")
    return file
  }

  @Test func aSizeThatIsNeededIsAskedForByItsName() throws {
    let directory = try TemporaryDirectory()
    let path = directory.file("m.onnx")
    try AtomicFile.write(ONNXFrameTests.rows().bytes, to: path, lasting: false)
    let error = #expect(throws: ONNXError.self) { try ONNXFile.read(path) }
    let text = "\(try #require(error))"
    #expect(text.contains("axes 2 (\"d2\"), 3 (\"d3\") of its input \"x\""))
    #expect(text.contains("--input x=1x1xHxW"))
    // No number that nobody said.
    #expect(!text.contains("224"))
    let model = try ONNXFile.read(path, sizes: ["x": [1, 1, 2, 3]])
    #expect(try model.numbers([0, 0, 0, 0, 0, 0], [1, 1, 2, 3]) == [0, 0, 0, 1, 1, 1])
    let zeros = Tensor(zeros: [1, 1, 3, 1])
    #expect(try ONNXFile.read(path, for: ["x": zeros]).numbers([0, 0, 0], [1, 1, 3, 1]) == [0, 1, 2])
  }

  @Test func sizesThatNobodyNeedsStayOpen() throws {
    var file = ONNXBytes()
    file.input("x", [nil, 1, nil, nil])
    file.node("Relu", ["x"], ["y"])
    file.output("y")
    let model = try file.model(TemporaryDirectory())
    #expect(model.graph[model.graph.inputs[0]].type.shape == PartialShape([1, 1, nil, nil]))
    #expect(model.summary(batch: 4).rows.map(\.shape) == [PartialShape([4, 1, nil, nil])])
    #expect(model.summary().isOpen)
    #expect(try model.numbers([-1, 2], [2, 1, 1, 1]) == [0, 2])
  }

  /// At multiples of 32 this is the picture's own size, and nowhere else.
  @Test func aRuleThatHoldsBySomeLuckIsNoRule() throws {
    let file = try SafetensorsFile(path: golden("onnx/frame.safetensors"))
    let directory = try TemporaryDirectory()
    let path = directory.file("m.onnx")
    let bytes = try file.tensor("rounded up to 32/model").array(of: UInt8.self)
    try AtomicFile.write(bytes, to: path, lasting: false)
    #expect(throws: ONNXError.self) { try ONNXFile.read(path) }
    let model = try ONNXFile.read(path, sizes: ["x": [1, 1, 32, 64]])
    #expect(throws: GraphError.self) { try model.graph.specialized(to: ["x": [1, 1, 33, 64]]) }
  }

  @Test func arraysOfOtherShapesAreRefused() throws {
    let directory = try TemporaryDirectory()
    let path = directory.file("m.onnx")
    try AtomicFile.write(ONNXFrameTests.rows().bytes, to: path, lasting: false)
    func text(_ arrays: [String: Tensor]) -> String {
      do {
        _ = try ONNXFile.read(path, for: arrays)
        return "read"
      } catch { return "\(error)" }
    }
    #expect(text(["x": Tensor(zeros: [1, 2, 3, 3])]).contains("\"x\" is [1×2×3×3], but the network takes [1×1×?×?]"))
    #expect(text(["x": Tensor(zeros: [3, 3])]).contains("[3×3]"))
    #expect(text([:]).contains("\"x\""))
    #expect(text(["x": Tensor(zeros: [1, 1, 3, 3]), "z": Tensor(zeros: [1])]).contains("\"z\""))
  }

  // MARK: Mistakes

  /// Each is named, whatever lies before it: operators that are not there, damaged tensors, shapes that do not fit.
  @Test func noMistakeHidesAnother() throws {
    var file = ONNXBytes()
    file.input("x", [1, 4])
    file.node("Det", ["x"], ["a"], name: "first")
    file.node("Bernoulli", ["a"], ["b"], name: "second")
    file.floats("short", [4], [1])
    file.node("Add", ["x", "short"], ["c"], name: "third")
    file.floats("w", [5, 2], [Float](repeating: 1, count: 10))
    file.node("MatMul", ["x", "w"], ["d"], name: "fourth")
    file.node("Relu", ["b"], ["e"], ["slope": .float(1)], name: "fifth")
    file.node("Concat", ["c", "d", "e"], ["y"], ["axis": .int(1)], name: "sixth")
    file.output("y")
    file.output("nowhere")
    let error = #expect(throws: ONNXError.self) { try file.model(TemporaryDirectory()) }
    let text = "\(try #require(error))"
    for name in ["first", "second", "third", "fourth", "fifth", "nowhere"] {
      #expect(text.contains("\"\(name)\""), "\(name): \(text)")
    }
    #expect(!text.contains("\"sixth\""))
  }

  @Test func manyNodesAreCountedByTheirKinds() throws {
    var file = ONNXBytes()
    file.input("x", [1, 4])
    for index in 0..<60 {
      file.node(index % 3 == 0 ? "Det" : "Bernoulli", [index == 0 ? "x" : "v\(index - 1)"], ["v\(index)"])
    }
    file.output("v59")
    let error = #expect(throws: ONNXError.self) { try file.model(TemporaryDirectory()) }
    #expect("\(try #require(error))".contains("… and 40 more: 27 \"Bernoulli\", 13 \"Det\""))
  }

  @Test func aConditionThatARunMakesIsRefused() throws {
    var file = ONNXBytes()
    file.input("x", [1, 4])
    file.node("If", ["x"], ["y"])
    file.output("y")
    let error = #expect(throws: ONNXError.self) { try file.model(TemporaryDirectory()) }
    #expect("\(try #require(error))".contains("its condition comes out of the network itself"))
  }

  /// A place outside is an error, not a zero.
  @Test func knownPlacesAreInside() throws {
    var file = ONNXBytes()
    file.input("x", [1])
    file.ints("table", [1, 2, 3])
    file.ints("place", [3])
    file.node("Gather", ["table", "place"], ["k"])
    file.node("Cast", ["k"], ["f"], ["to": .int(1)])
    file.node("Add", ["x", "f"], ["y"])
    file.output("y")
    let error = #expect(throws: ONNXError.self) { try file.model(TemporaryDirectory()) }
    #expect("\(try #require(error))".contains("place 3 along axis 0 of [3]"))
  }

  /// A hub's cache keeps contents by their hashes and names them by links.
  @Test func linksWithinAHubsCacheAreFollowed() throws {
    let directory = try TemporaryDirectory()
    let manager = FileManager.default
    for folder in ["hub/blobs", "hub/snapshots/r/onnx", "secret"] {
      try manager.createDirectory(atPath: directory.file(folder), withIntermediateDirectories: true)
    }
    var file = ONNXBytes()
    file.input("x", [1, 2])
    file.tensor("w", [2], type: 1) { writer in
      writer.message(13) {
        $0.string(1, "location")
        $0.string(2, "w.bin")
      }
      writer.int(14, 1)
    }
    file.node("Mul", ["x", "w"], ["y"])
    file.output("y")
    try Data(file.bytes).write(to: URL(fileURLWithPath: directory.file("hub/blobs/aa")))
    for name in ["hub/blobs/bb", "secret/bb"] {
      try Data([0, 0, 128, 63, 0, 0, 0, 64]).write(to: URL(fileURLWithPath: directory.file(name)))
    }
    func text(_ model: String, _ numbers: String, copies: Bool = false) throws -> String {
      let folder = directory.file("hub/snapshots/r/onnx")
      for name in ["m.onnx", "w.bin"] { try? manager.removeItem(atPath: "\(folder)/\(name)") }
      if copies {
        try manager.copyItem(atPath: directory.file("hub/blobs/aa"), toPath: "\(folder)/m.onnx")
      } else {
        try manager.createSymbolicLink(atPath: "\(folder)/m.onnx", withDestinationPath: model)
      }
      try manager.createSymbolicLink(atPath: "\(folder)/w.bin", withDestinationPath: numbers)
      do { return "\(try ONNXFile.read("\(folder)/m.onnx").numbers([3, 5], [1, 2]))" } catch { return "\(error)" }
    }
    #expect(try text("../../../blobs/aa", "../../../blobs/bb") == "[3.0, 10.0]")
    #expect(try text("", "../../../blobs/bb", copies: true) == "[3.0, 10.0]")
    #expect(try text("../../../blobs/aa", "../../../../secret/bb").contains("leads out of the model's directory"))
    #expect(try text("", "../../../../secret/bb", copies: true).contains("leads out of the model's directory"))
  }
}
