import Foundation
import FoveaExchange
import FoveaExecution
import FoveaGraphs
import FoveaLayers
import FoveaTensors
import Testing

@Suite struct ONNXExportTests {
  /// FNV-1a of 64 bits, in hexadecimal.
  private func sum(_ bytes: [UInt8]) -> String {
    String(bytes.reduce(0xcbf2_9ce4_8422_2325 as UInt64) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }, radix: 16)
  }

  private func bytes(of path: String) throws -> [UInt8] { Array(try Data(contentsOf: URL(fileURLWithPath: path))) }

  /// A file's bytes.
  private func written(_ model: Model, form: ONNXFile.Form = .evaluation) throws -> [UInt8] {
    let directory = try TemporaryDirectory()
    try ONNXFile.write(model, to: directory.file("m.onnx"), form: form)
    #expect(try directory.contents == ["m.onnx"])
    return try bytes(of: directory.file("m.onnx"))
  }

  /// The sample with numbers that are the same on every machine.
  private func plainSample() throws -> Model {
    let model = try sample()
    for (index, (value, parameter)) in (model.graph.parameters + model.graph.states).enumerated() {
      let shape = model.graph.shape(value)
      let isPositive = parameter.role == .variance || parameter.role == .scale
      try model.store.set(
        parameter.path, to: isPositive ? positive(shape, seed: UInt32(index)) : weights(shape, seed: UInt32(index)))
    }
    return model
  }

  @Test func everyOperatorHasADecision() throws {
    let decided = Set(ONNXExport.Rules.all.keys)
    let known = Set(Registry.standard.names)
    #expect(decided == known, "without a decision or unknown: \(decided.symmetricDifference(known).sorted())")
    let tried = Set(try ONNXCase.all().map(\.op))
    for (name, decision) in ONNXExport.Rules.all {
      switch decision {
      case .written: #expect(tried.contains(name), "\(name) is written, and no case tries it")
      case .refused(let reason): #expect(reason.count > 30 && !tried.contains(name), "\(name): \(reason)")
      }
    }
  }

  @Test func theDocumentListsTheDecisions() throws {
    let path = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent().appendingPathComponent("docs/onnx.md").path
    let text = String(decoding: try bytes(of: path), as: UTF8.self)
    let table = ONNXExport.Rules.markdown()
    if ProcessInfo.processInfo.environment["FOVEA_ONNX_TABLE"] != nil { print(table) }
    let part = text.components(separatedBy: "\n## What is written\n").last?.components(separatedBy: "\n## ")[0] ?? ""
    let rows = part.split(separator: "\n").filter { $0.hasPrefix("|") }
    #expect(rows == table.split(separator: "\n"), "docs/onnx.md is behind; FOVEA_ONNX_TABLE=1 prints the table")
  }

  /// The list holds the sums of files that ONNX Runtime has run and agreed with: `check_onnx_cases.py` writes it.
  @Test func filesAreThoseThatONNXRuntimeAgreedWith() throws {
    let list = String(decoding: try bytes(of: golden("onnx-cases.txt")), as: UTF8.self)
    var agreed: [String: String] = [:]
    for line in list.split(separator: "\n") where !line.hasPrefix("#") {
      let words = line.split(separator: " ").map(String.init)
      agreed[words[0]] = words[1]
    }
    let folder = ProcessInfo.processInfo.environment["FOVEA_ONNX_CASES"]
    let all = try ONNXCase.all() + [sampleCase()]
    #expect(Set(all.map(\.name)).count == all.count, "two cases of one name")
    for one in all {
      let bytes = try written(one.model)
      #expect(agreed[one.name] == sum(bytes), "\(one.name) is not the file that was checked: run check_onnx_cases.py")
      guard let folder else { continue }
      let place = "\(folder)/\(one.name)"
      try FileManager.default.createDirectory(atPath: place, withIntermediateDirectories: true)
      try Data(bytes).write(to: URL(fileURLWithPath: "\(place)/model.onnx"))
      for (name, tensor) in one.inputs { try tensor.writeNPY(to: "\(place)/in-\(name).npy") }
      for (name, tensor) in try one.outputs() { try tensor.writeNPY(to: "\(place)/out-\(name).npy") }
    }
    #expect(Set(agreed.keys) == Set(all.map(\.name)), "cases came or went: run check_onnx_cases.py")
  }

  /// A network of layers among the cases of single operators.
  private func sampleCase() throws -> ONNXCase {
    let model = try plainSample()
    let graph = try ChooseMode(mode: .inference).run(model.graph)
    return ONNXCase(
      name: "sample", op: "",
      model: Model(
        graph: graph, store: model.store, preprocessing: model.preprocessing, classNames: model.classNames,
        name: model.name), inputs: ["input": drawn([1, 2, 8, 8])])
  }

  @Test func namesAreUniqueAndStay() throws {
    var graph = Graph()
    let x = graph.addInput("x", TensorType(.f32, [1, 4] as Shape), open: [0])
    var y = x
    for _ in 0..<3 { y = graph.add(Op.Relu.self, [y], origin: Origin(path: "act"))[0] }
    y = graph.add(Op.Relu.self, [y], name: "act#2")[0]
    graph.addOutput("y", y)
    graph.addOutput("again", y)
    graph.addOutput("same", x)
    let nodes = try ONNXNodes(try written(Model(graph: graph, store: Store())))
    #expect(nodes.names == ["act", "act#3", "act#4", "act#2", "again", "same"])
    #expect(nodes.ops == ["Relu", "Relu", "Relu", "Relu", "Identity", "Identity"])
    #expect(nodes.inputs == [["x"], ["act"], ["act#3"], ["act#4"], ["y"], ["x"]])
    #expect(nodes.outputs == [["act"], ["act#3"], ["act#4"], ["y"], ["again"], ["same"]])
  }

  @Test func formsDifferInDropoutAndNorms() throws {
    let model = try plainSample()
    let evaluation = try ONNXNodes(try written(model))
    let training = try ONNXNodes(try written(model, form: .training))
    #expect(!evaluation.ops.contains("Dropout") && training.ops.contains("Dropout"))
    let norm = try #require(training.ops.firstIndex(of: "BatchNormalization"))
    #expect(training.outputs[norm] == ["bn", "bn/running_mean", "bn/running_var"])
    #expect(training.ints[norm]["training_mode"] == 1)
    let frozen = try #require(evaluation.ops.firstIndex(of: "BatchNormalization"))
    #expect(evaluation.outputs[frozen] == ["bn"])
    #expect(evaluation.ints[frozen]["training_mode"] == 0)
  }

  @Test func allThatCannotBeSaidIsReportedAtOnce() throws {
    var graph = Graph(registry: .standard.adding(Bearer.self))
    let boxes = graph.addInput("boxes", TensorType(.f32, [1, 5, 4] as Shape))
    let scores = graph.addInput("scores", TensorType(.f32, [1, 2, 5] as Shape))
    let found = graph.add(
      Op.NonMaxSuppression.self, [boxes, scores], ["max_output_boxes_per_class": .int(3)], name: "choice")
    graph.addOutput("found", found[0])
    graph.addOutput("own", graph.add(Bearer.self, [boxes], name: "bearer")[0])
    // What nobody looks at needs no words.
    graph.add(Bearer.self, [boxes], name: "unused")
    let directory = try TemporaryDirectory()
    let error = #expect(throws: ONNXExportError.self) {
      try ONNXFile.write(Model(graph: graph, store: Store()), to: directory.file("m.onnx"))
    }
    #expect(try directory.contents.isEmpty)
    guard case .refused(let refusals)? = error else {
      Issue.record("\(String(describing: error))")
      return
    }
    #expect(refusals.map(\.node) == ["choice", "bearer"])
    let text = "\(ONNXExportError.refused(refusals))"
    #expect(text.hasPrefix("ONNX cannot say 2 nodes of the network:\n  \"choice\" (NonMaxSuppression): "))
    #expect(text.contains("an operator of your own"))
  }

  @Test func missingValuesAreNamedBeforeAnythingIsWritten() throws {
    let directory = try TemporaryDirectory()
    let model = try sample()
    model.store.remove("fc.bias")
    let error = #expect(throws: ExecutionError.self) { try ONNXFile.write(model, to: directory.file("m.onnx")) }
    #expect("\(String(describing: error))".contains("fc.bias"))
    #expect(try directory.contents.isEmpty)
    #expect(throws: ONNXExportError.self) { try ONNXFile.write(try sample(), to: directory.file("no/such/m.onnx")) }
  }

  @Test func largeNumbersLieBesideTheFile() throws {
    var graph = Graph()
    let store = Store()
    let x = graph.addInput("x", TensorType(.f32, [1, 40] as Shape), open: [0])
    var y = x
    for name in ["a", "b", "c"] {
      let shape: Shape = name == "b" ? [4, 40] : [40, 40]
      let tensor = weights(shape, seed: UInt32(name.utf8.first ?? 0))
      let w = graph.addParameter(
        Parameter(path: name, role: .weight, initializer: .constant(0)), TensorType(.f32, shape))
      try store.set(name, to: tensor)
      y = graph.add(Op.Gemm.self, [name == "c" ? x : y, w], ["transB": .int(1)], name: "dense-\(name)")[0]
      graph.addOutput("out-\(name)", y)
      if name == "b" { y = x }
    }
    let directory = try TemporaryDirectory()
    let path = directory.file("m.onnx")
    try ONNXFile.write(Model(graph: graph, store: store), to: path, form: .evaluation, limit: 4000)
    #expect(try directory.contents == ["m.onnx", "m.onnx.data"])
    // 6400 bytes fill two pages; b's 640 are few enough to stay.
    let data = try bytes(of: path + ".data")
    #expect(data.count == 8192 + 6400)
    func raw(_ name: String) throws -> [UInt8] { try store.tensor(name).withUnsafeBytes { Array($0) } }
    #expect(Array(data[..<6400]) == (try raw("a")))
    #expect(Array(data[8192...]) == (try raw("c")))
    let file = try bytes(of: path)
    #expect(file.count < 2000)
    #expect(String(decoding: file, as: UTF8.self).contains("m.onnx.data"))
    #expect(Data(file).range(of: Data(try raw("b"))) != nil)
  }
}

/// The nodes of a file as lists.
struct ONNXNodes {
  var names: [String] = []
  var ops: [String] = []
  var inputs: [[String]] = []
  var outputs: [[String]] = []
  var ints: [[String: Int64]] = []

  init(_ bytes: [UInt8]) throws {
    let copy = bytes
    try copy.withUnsafeBytes { buffer in
      var model = ProtobufReader(buffer)
      while let field = try model.next() {
        guard field.number == 7 else { continue }
        var graph = try field.message
        while let field = try graph.next() { if field.number == 1 { try add(try field.message) } }
      }
    }
  }

  private mutating func add(_ message: ProtobufReader) throws {
    var node = message
    var (own, results, name, op): ([String], [String], String, String) = ([], [], "", "")
    var numbers: [String: Int64] = [:]
    while let field = try node.next() {
      switch field.number {
      case 1: own.append(try field.string)
      case 2: results.append(try field.string)
      case 3: name = try field.string
      case 4: op = try field.string
      default:
        var attribute = try field.message
        var key = ""
        while let part = try attribute.next() {
          if part.number == 1 { key = try part.string }
          if part.number == 3 { numbers[key] = try part.int64 }
        }
      }
    }
    names.append(name)
    ops.append(op)
    inputs.append(own)
    outputs.append(results)
    ints.append(numbers)
  }
}
