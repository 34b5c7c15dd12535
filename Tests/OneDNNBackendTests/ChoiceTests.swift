import Foundation
import FoveaExecution
import FoveaGraphs
import FoveaOneDNNBackend
import FoveaTensors
import Testing

/// A directory for one test, removed at the end.
final class ChoiceFolder: Sendable {
  let path = NSTemporaryDirectory() + "fovea-choices-\(UUID().uuidString)"
  var file: String { path + "/convolutions.jsonl" }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  /// The file's lines as JSON objects, the first included.
  func objects() throws -> [[String: Any]] {
    try String(contentsOfFile: file, encoding: .utf8).split(separator: "\n").map { line in
      try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
    }
  }

  func write(_ objects: [[String: Any]]) throws {
    var text = ""
    for object in objects {
      let options: JSONSerialization.WritingOptions = [.sortedKeys, .withoutEscapingSlashes]
      text +=
        String(decoding: try JSONSerialization.data(withJSONObject: object, options: options), as: UTF8.self) + "\n"
    }
    // The first line is held to the letter.
    let first = try String(contentsOfFile: file, encoding: .utf8).split(separator: "\n")[0]
    let rest = text.split(separator: "\n").dropFirst()
    try (([first] + rest).joined(separator: "\n") + "\n").write(toFile: file, atomically: true, encoding: .utf8)
  }

  func backend(_ tuning: OneDNNBackend.Tuning, winograd: Bool = true) throws -> OneDNNBackend {
    try #require(
      OneDNNBackend(tuning: tuning, choices: ConvolutionChoices(directory: path), winograd: winograd))
  }
}

/// Convolutions one behind the other, and the plan of a training step or an inference.
struct ConvChain {
  var graph = Graph()
  let request: PlanRequest

  /// - Parameter channels: of the input and behind each convolution.
  init(_ mode: Mode, channels: [Int] = [16, 32, 32, 32], size: Int = 8) throws {
    var x = graph.addInput("input", TensorType(.f32, Shape([2, channels[0], size, size])))
    for index in channels.indices.dropFirst() {
      let w = graph.addParameter(
        Parameter(path: "w\(index)", role: .weight, initializer: .fan(.standard, fanIn: 100, fanOut: 100)),
        TensorType(.f32, [channels[index], channels[index - 1], 3, 3]))
      x = graph.add(Op.Conv.self, [x, w], ["pads": .ints([1, 1, 1, 1])])[0]
      x = graph.add(Op.Relu.self, [x])[0]
    }
    graph.addOutput("y", x)
    var request = PlanRequest(mode: mode)
    if mode == .training {
      request.differentiation = { (graph) throws(GraphError) in
        let loss = graph.add(Op.SquaredNorm.self, [graph.outputs[0].value])[0]
        let targets = graph.parameters.map(\.value)
        let gradients = try graph.differentiate(loss, withRespectTo: targets)
        for target in targets {
          if let gradient = gradients[target] { graph.addOutput("d \(graph[target].name)", gradient) }
        }
      }
    }
    self.request = request
  }

  func plan(_ backend: OneDNNBackend) throws -> Plan {
    let prepared = try request.prepare(graph)
    let store = Store()
    try store.initialize(prepared, seed: 3)
    return try Plan(prepared, mode: request.mode, backends: [backend], store: store, threads: 1)
  }
}

@Suite(.enabled(if: OneDNNBackend.unavailable == nil, "there is no oneDNN")) struct ChoiceTests {
  @Test(arguments: [Mode.inference, .training])
  func whatWasMeasuredComesBackFromDisk(mode: Mode) throws {
    let folder = ChoiceFolder()
    let chain = try ConvChain(mode)
    let measured = try chain.plan(try folder.backend(.measured))
    let written = try String(contentsOfFile: folder.file, encoding: .utf8)
    #expect(measured.notes.count == (mode == .training ? 3 + 2 + 3 : 3))
    for note in measured.notes { #expect(note.lines.filter { $0.hasPrefix("chosen ") }.count == 1, "\(note)") }
    for tuning in [OneDNNBackend.Tuning.remembered, .measured] {
      let again = try chain.plan(try folder.backend(tuning))
      #expect(again.lines == measured.lines)
      #expect(again.notes.map(\.lines) == measured.notes.map(\.lines))
    }
    #expect(try String(contentsOfFile: folder.file, encoding: .utf8) == written)
  }

  @Test func equalConvolutionsAreMeasuredOnce() throws {
    let folder = ChoiceFolder()
    let plan = try ConvChain(.inference).plan(try folder.backend(.measured))
    // 16 → 32 on plain input; 32 → 32 twice, in the order that the one before makes.
    let keys = try folder.objects().dropFirst().compactMap { $0["key"] as? String }
    #expect(Set(keys).count == keys.count)
    #expect(plan.notes.count == 3)
    #expect(keys.count == 2, "\(keys)")
  }

  @Test func aBackendRemembersInMemory() throws {
    let backend = try #require(OneDNNBackend(tuning: .measured, choices: ConvolutionChoices(directory: nil)))
    let chain = try ConvChain(.inference)
    let first = try chain.plan(backend)
    // Times differ from one measurement to the next.
    #expect(try chain.plan(backend).notes.map(\.lines) == first.notes.map(\.lines))
  }

  @Test func nothingIsTimedUnlessAsked() throws {
    let folder = ChoiceFolder()
    let chain = try ConvChain(.training)
    let rule = try chain.plan(try #require(OneDNNBackend()))
    #expect(rule.notes.isEmpty)
    for tuning in [OneDNNBackend.Tuning.fixed, .remembered] {
      let plan = try chain.plan(try folder.backend(tuning))
      #expect(plan.notes.isEmpty)
      #expect(plan.lines == rule.lines)
    }
    #expect(!FileManager.default.fileExists(atPath: folder.path))
  }

  @Test func theFixedRuleDoesNotLookAtTheFile() throws {
    let folder = ChoiceFolder()
    let chain = try ConvChain(.inference)
    _ = try chain.plan(try folder.backend(.measured))
    #expect(try !chain.plan(try folder.backend(.remembered)).notes.isEmpty)
    #expect(try chain.plan(try folder.backend(.fixed)).notes.isEmpty)
  }

  @Test func aFileChoosesWhatItNames() throws {
    let folder = ChoiceFolder()
    let chain = try ConvChain(.inference, channels: [16, 32])
    _ = try chain.plan(try folder.backend(.measured))
    var objects = try folder.objects()
    for index in objects.indices.dropFirst() { objects[index]["chosen"] = "plain" }
    let hasPlain = objects.dropFirst().allSatisfy { object in
      (object["candidates"] as? [[String: Any]] ?? []).contains { $0["wish"] as? String == "plain" }
    }
    try #require(hasPlain)
    try folder.write(objects)
    let lines = try chain.plan(try folder.backend(.remembered)).lines.filter { $0.contains("Fused [oneDNN") }
    #expect(!lines.isEmpty && lines.allSatisfy { $0.contains(" → (plain)") }, "\(lines)")
    // A kernel that the library no longer has for that wish: by rule.
    let rule = try chain.plan(try folder.backend(.fixed)).lines
    for index in objects.indices.dropFirst() {
      let all = (objects[index]["candidates"] as? [[String: Any]] ?? []).map { candidate in
        var candidate = candidate
        if candidate["wish"] as? String == "plain" { candidate["kernel"] = "gone" }
        return candidate
      }
      objects[index]["candidates"] = all
    }
    try folder.write(objects)
    #expect(try chain.plan(try folder.backend(.remembered)).lines == rule)
  }

  @Test(arguments: ["processor", "library", "threads"])
  func otherMachinesMeasurementsDoNotCount(part: String) throws {
    let folder = ChoiceFolder()
    let chain = try ConvChain(.inference)
    _ = try chain.plan(try folder.backend(.measured))
    var objects = try folder.objects()
    let own = objects.count
    for index in objects.indices.dropFirst() {
      let machine = try #require(objects[index]["machine"] as? String)
      switch part {
      case "processor": objects[index]["machine"] = "Another " + machine
      case "library": objects[index]["machine"] = machine + ".99"
      default: objects[index]["threads"] = 77
      }
    }
    try folder.write(objects)
    #expect(try chain.plan(try folder.backend(.remembered)).notes.isEmpty)
    // They stay in the file beside ours.
    _ = try chain.plan(try folder.backend(.measured))
    #expect(try folder.objects().count == 2 * own - 1)
  }

  @Test func damagedLinesAreLeftOut() throws {
    let folder = ChoiceFolder()
    let chain = try ConvChain(.inference)
    _ = try chain.plan(try folder.backend(.measured))
    let good = try String(contentsOfFile: folder.file, encoding: .utf8)
    let lines = good.split(separator: "\n", omittingEmptySubsequences: true).map(String.init)
    let damaged =
      [lines[0], "{", "\u{0}\u{1}", "[1, 2]", #"{"key":"x"}"#, String(lines[1].dropLast(20))] + lines.dropFirst(2)
    try damaged.joined(separator: "\n").write(toFile: folder.file, atomically: true, encoding: .utf8)
    #expect(try chain.plan(try folder.backend(.remembered)).notes.count == 2)
    // What was lost is measured again, and the file is whole once more.
    #expect(try chain.plan(try folder.backend(.measured)).notes.count == 3)
    #expect(try folder.objects().count == lines.count)
  }

  @Test(arguments: ["", "hello\n", "{\"fovea\":\"convolution choices\",\"version\":2}\n{}\n"])
  func aForeignFileIsLeftAlone(text: String) throws {
    let folder = ChoiceFolder()
    try FileManager.default.createDirectory(atPath: folder.path, withIntermediateDirectories: true)
    try text.write(toFile: folder.file, atomically: true, encoding: .utf8)
    let plan = try ConvChain(.inference).plan(try folder.backend(.measured))
    #expect(plan.notes.count == 3)
    #expect(try String(contentsOfFile: folder.file, encoding: .utf8) == text)
  }

  @Test func aFolderThatCannotBeMadeIsNoMistake() throws {
    let backend = try #require(
      OneDNNBackend(tuning: .measured, choices: ConvolutionChoices(directory: "/dev/null/none")))
    #expect(try ConvChain(.inference).plan(backend).notes.count == 3)
  }

  @Test func measuredStepsAgreeWithTheInterpreter() throws {
    for (batch, mode) in [(3, Mode.training), (16, .training), (3, .inference)] {
      let step = SmallStep()
      let prepared = try step.request(mode, batch: batch).prepare(step.graph)
      let initial = Store()
      try initial.initialize(prepared, seed: 1)
      var start: [String: Tensor] = [:]
      for path in initial.paths { start[path] = try initial.tensor(path) }
      let expected = try interpret(prepared, from: start, batch: batch, steps: 4)
      for preference in OneDNNBackend.Preference.allCases {
        let backend = try #require(
          OneDNNBackend(
            preference: preference, tuning: .measured, choices: ConvolutionChoices(directory: nil), winograd: false))
        let store = try initial.copy()
        let found = try run(prepared, mode: mode, backends: [backend], store: store, batch: batch, steps: 4)
        #expect(!found.plan.notes.isEmpty)
        for (a, b) in zip(found.losses, expected.losses) { #expect(abs(a - b) < 1e-4, "\(found.plan.lines)") }
      }
    }
  }
}
