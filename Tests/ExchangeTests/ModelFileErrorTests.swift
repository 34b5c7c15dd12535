import Foundation
import FoveaExchange
import FoveaExecution
import FoveaGraphs
import FoveaLayers
import FoveaTensors
import Testing

/// Model files that are not as they should be: each its own clear error, never a trap.
@Suite struct ModelFileErrorTests {
  /// The sample's file, changed.
  func changed(
    _ directory: TemporaryDirectory,
    tensors change: (inout [(name: String, tensor: Tensor)]) throws -> Void = { _ in },
    metadata: (inout [String: String]) -> Void = { _ in }
  ) throws -> String {
    let (path, other) = (directory.file("m.safetensors"), directory.file("changed.safetensors"))
    try sample().save(to: path)
    let file = try SafetensorsFile(path: path)
    var tensors = try file.names.map { (name: $0, tensor: try file.tensor($0)) }
    var texts = file.metadata
    try change(&tensors)
    metadata(&texts)
    try Safetensors.write(tensors, metadata: texts, to: other)
    return other
  }

  func message(_ path: String) -> String {
    let error = #expect(throws: ModelFileError.self) { try ModelFile.read(path) }
    return error?.description ?? ""
  }

  /// The message for a graph whose text has `old` replaced, without the file's name.
  func graphMessage(_ old: String, _ new: String, _ directory: TemporaryDirectory) throws -> String {
    let path = try changed(
      directory,
      metadata: { texts in
        let text = texts["fovea.graph"] ?? ""
        #expect(text.contains(old), "\(text)")
        texts["fovea.graph"] = text.replacing(old, with: new, maxReplacements: 1)
      })
    let text = message(path)
    #expect(text.hasPrefix("\(path): "))
    return String(text.dropFirst(path.count + 2))
  }

  @Test func allTensorsThatDoNotFitAreNamedAtOnce() throws {
    let directory = try TemporaryDirectory()
    let path = try changed(
      directory,
      tensors: { tensors in
        tensors.removeAll { $0.name == "bn.bias" }
        tensors.append(("fc.wieght", Tensor(zeros: [3, 4])))
        tensors.removeAll { $0.name == "fc.weight" }
        guard let index = tensors.firstIndex(where: { $0.name == "conv.weight" }) else { return }
        tensors[index].tensor = Tensor(zeros: [4, 2, 5, 5])
        guard let bias = tensors.firstIndex(where: { $0.name == "fc.bias" }) else { return }
        tensors[bias].tensor = Tensor(zeros: [3], dtype: .i32)
      })
    #expect(
      message(path) == """
        the tensors of \(path) do not fit the network:
          missing (2):
            "bn.bias"
            "fc.weight"; is it "fc.wieght"?
          unused (1):
            "fc.wieght"
          misshaped (2):
            "conv.weight": f32[4×2×5×5], but the network takes f32[4×2×3×3]
            "fc.bias": i32[3], but the network takes f32[3]
        """)
    let model = try sample()
    let before = try model.store.tensor("side.weight")
    #expect(throws: ModelFileError.self) { try ModelFile.loadWeights(path, into: model) }
    #expect(try model.store.tensor("side.weight").isIdentical(to: before))
  }

  @Test func otherFilesAreSaid() throws {
    let directory = try TemporaryDirectory()
    let path = directory.file("x.safetensors")
    #expect(message(path).contains("No such file"))
    try Data("a text, not a model at all".utf8).write(to: URL(fileURLWithPath: path))
    #expect(message(path).contains("the file is cut off or of another format"))
    try sample().save(to: path)
    let whole = try Data(contentsOf: URL(fileURLWithPath: path))
    for length in [0, 5, 100, 3000, whole.count - 1] {
      try whole.prefix(length).write(to: URL(fileURLWithPath: path))
      #expect(message(path).contains("is not a sound safetensors file"))
    }
  }

  @Test func metadataAreChecked() throws {
    let directory = try TemporaryDirectory()
    var path = try changed(directory, metadata: { $0["fovea.classes"] = "[\"cat\",\"dog\"]" })
    #expect(
      message(path)
        == "\(path): the metadata \"fovea.classes\" should be 3 names, one for each output, not 2; save the model again"
    )
    path = try changed(directory, metadata: { $0["fovea.classes"] = "7" })
    #expect(message(path).contains("should be a JSON list of names"))
    path = try changed(directory, metadata: { $0["fovea.preprocessing"] = "{\"mean\":7}" })
    #expect(message(path).contains("should be the preprocessing as JSON"))
    path = try changed(
      directory, metadata: { texts in for key in texts.keys where key != "fovea.graph" { texts[key] = nil } })
    let model = try ModelFile.read(path)
    #expect(model.classNames.isEmpty && model.preprocessing == Preprocessing() && model.name.isEmpty)
  }

  @Test func damagedGraphsAreSaid() throws {
    let directory = try TemporaryDirectory()
    #expect(
      try graphMessage("\"op\":\"Relu\"", "\"op\":\"Rleu\"", directory)
        == "its network uses an operator that this program does not have: \"Rleu\" (is it Relu?); use a newer fovea, "
        + "or add your own to the registry")
    #expect(
      try graphMessage("\"format\":1", "\"format\":2", directory)
        == "its network is in format 2, this program knows formats up to 1; use a newer fovea")
    #expect(try graphMessage("\"format\":1", "\"format\":0", directory).contains("format 0"))
    #expect(try graphMessage("{\"format\"", "{\"format", directory).hasPrefix("its network is not JSON"))
    #expect(
      try graphMessage("\"inputs\":[0,1,null]", "\"inputs\":[0,99,null]", directory)
        == "its network is damaged at the graph, entry 2: it refers to value 99, but there are 2 before it; "
        + "save the model again")
    #expect(try graphMessage("\"inputs\":[0,1,null]", "\"inputs\":[0,-1,null]", directory).contains("value -1"))
    #expect(
      try graphMessage("\"inputs\":[0,1,null]", "\"inputs\":[0]", directory).contains("Conv without its operand W"))
    #expect(
      try graphMessage("\"inputs\":[0,1,null]", "\"inputs\":[0,1,0,0]", directory).contains(
        "Conv takes 3 operands (X, W, B), not 4"))
    #expect(
      try graphMessage("\"results\":1", "\"results\":3", directory).contains("has 1 results here, the file says 3"))
    #expect(try graphMessage("[4,2,3,3]", "[4,5,3,3]", directory).contains("the network has 1 mistake"))
    #expect(
      try graphMessage("[4,2,3,3]", "[4000000000,4000000000,3,3]", directory).contains(
        "[4000000000×4000000000×3×3] is impossible"))
    #expect(try graphMessage("[4,2,3,3]", "[4,2,-3,3]", directory).contains("is impossible"))
    #expect(try graphMessage("\"open\":[0,2,3]", "\"open\":[0,2,4]", directory).contains("open axes [0, 2, 4]"))
    #expect(try graphMessage("\"pads\":{\"ints\"", "\"pads\":{\"floats\"", directory).count > 0)
    #expect(try graphMessage("\"pads\":{\"ints\"", "\"pads\":{\"complex\"", directory).contains("is no \"complex\""))
    #expect(try graphMessage("\"bn.weight\"", "\"conv.weight\"", directory).contains("a second \"conv.weight\""))
    #expect(try graphMessage("\"bn.weight\"", "\"fovea.weight\"", directory).contains("the reserved path"))
  }

  /// Numbers of the graph replaced by others at random: an error or a graph that can be planned, never a trap.
  @Test func noNumberTraps() throws {
    let directory = try TemporaryDirectory()
    let path = directory.file("m.safetensors")
    try sample().save(to: path)
    let bytes = try [UInt8](Data(contentsOf: URL(fileURLWithPath: path)))
    let length = bytes.withUnsafeBytes { Int($0.loadUnaligned(as: UInt64.self)) }
    let header = String(decoding: bytes[8..<8 + length], as: UTF8.self)
    let text = try #require(try SafetensorsFile(path: path).metadata["fovea.graph"])
    #expect(header.contains(JSONText.quoted(text)))
    let numbers = text.matches(of: /-?[0-9]+/).map(\.range)
    let others = ["-1", "0", "1", "2", "7", "1073741824", "4611686018427387904", "9223372036854775807", "null", "1.5"]
    let stream = RandomStream(seed: 2, purpose: "fuzz")
    var (accepted, ran) = (0, 0)
    for round in 0..<2000 {
      var changed = text
      let at = numbers[Int(stream.word(step: 0, index: round)) % numbers.count]
      changed.replaceSubrange(at, with: others[Int(stream.word(step: 1, index: round)) % others.count])
      let other = header.replacing(JSONText.quoted(text), with: JSONText.quoted(changed))
      let file = storage(MalformedTests.file(other, Array(bytes[(8 + length)...])))
      do {
        let model = try ModelFile.read(SafetensorsFile(path: "changed", storage: file), registry: .standard)
        accepted += 1
        let graph = try PlanRequest(mode: .inference).prepare(model.graph)
        guard graph.values.allSatisfy({ ($0.type.shape.concrete?.count ?? 0) < 100_000 }) else { continue }
        let plan = try Plan(graph, mode: .inference, backends: [], store: model.store, threads: 1)
        try Context(plan, store: model.store).run()
        ran += 1
      } catch let error as ModelFileError {
        #expect(error.description.count > 10)
      } catch is GraphError {}
    }
    #expect(accepted > 100 && ran > 100)
  }
}
