import Foundation
import FoveaExecution
import FoveaGraphs
import FoveaOneDNNBackend
import FoveaTensors
import Testing

/// Whether the library has Winograd's way here.
let winogradIsThere: Bool = {
  let file = FileHandle(forReadingAtPath: "/proc/cpuinfo")
  let processor = (try? file?.read(upToCount: 1 << 14)).map { String(decoding: $0, as: UTF8.self) } ?? ""
  return OneDNNBackend.version?.hasPrefix("2.") == true && processor.contains("avx512bw")
}()

/// Winograd's way against the reference in `Double`. A file of measurements that names it makes plans take it.
@Suite(.enabled(if: OneDNNBackend.unavailable == nil, "there is no oneDNN")) struct WinogradTests {
  /// Whose way it is.
  enum Owner: String, CaseIterable {
    case library = "Winograd"
    case ours = "own Winograd"

    /// The library's exists for oneDNN 2 and AVX-512.
    static var there: [Owner] { winogradIsThere ? allCases : [.ours] }
  }

  /// A convolution behind another one, with what often follows, in `dtype`.
  private struct Net {
    let shape: [Int]
    let (from, to): (Int, Int)
    let pads: [Int]
    let hasBias: Bool
    let hasShortcut: Bool
    let hasRelu: Bool
    let taps: Int

    init(_ choices: inout Choices, _ owner: Owner) {
      shape = [choices.int(1...3), 16, choices.int(6...19), choices.int(6...19)]
      from = 16 * choices.int(1...3)
      to = 16 * choices.int(1...3)
      pads = choices.pick([[1, 1, 1, 1], [0, 0, 0, 0], [1, 1, 1, 1], [1, 0, 1, 0]])
      hasBias = choices.int(0...1) == 1
      hasShortcut = choices.int(0...1) == 1
      hasRelu = choices.int(0...1) == 1
      taps = owner == .ours ? choices.pick([3, 5]) : 3
    }

    func graph(_ dtype: DType) -> Graph {
      var graph = Graph()
      func weights(_ path: String, _ shape: [Int]) -> Value {
        graph.addParameter(
          Parameter(
            path: path, role: .weight,
            initializer: .fan(.standard, fanIn: shape.dropFirst().reduce(1, *), fanOut: shape[0])),
          TensorType(dtype, Shape(shape)))
      }
      let x = graph.addInput("input", TensorType(dtype, Shape(shape)))
      let before = graph.add(Op.Conv.self, [x, weights("first", [from, 16, 1, 1])])[0]
      var inputs: [Value?] = [before, weights("weight", [to, from, taps, taps])]
      if hasBias { inputs.append(weights("bias", [to])) }
      var y = graph.add(Op.Conv.self, inputs, ["pads": .ints(pads)])[0]
      if hasShortcut {
        let other = graph.addInput("shortcut", TensorType(dtype, graph.shape(y)))
        y = graph.add(Op.Add.self, [y, other])[0]
      }
      if hasRelu { y = graph.add(Op.Relu.self, [y])[0] }
      graph.addOutput("y", y)
      return graph
    }

    func request(_ mode: Mode) -> PlanRequest {
      var request = PlanRequest(mode: mode)
      guard mode == .training else { return request }
      request.differentiation = { (graph) throws(GraphError) in
        let loss = graph.add(Op.SquaredNorm.self, [graph.outputs[0].value])[0]
        let targets = graph.parameters.map(\.value) + graph.inputs
        let gradients = try graph.differentiate(loss, withRespectTo: targets)
        for target in targets {
          if let gradient = gradients[target] { graph.addOutput("d \(graph[target].name)", gradient) }
        }
      }
      return request
    }
  }

  /// Makes the file choose Winograd wherever the owner has it; how often that is.
  private func force(_ folder: ChoiceFolder, _ owner: Owner) throws -> Int {
    var objects = try folder.objects()
    var count = 0
    for index in objects.indices.dropFirst() {
      let candidates = try #require(objects[index]["candidates"] as? [[String: Any]])
      let found = candidates.first {
        ($0["wish"] as? String ?? "").hasPrefix(owner.rawValue) && ($0["kernel"] as? String ?? "").contains("wino")
          && $0["reason"] as? String != "its orders cannot be made"
      }
      guard let found else { continue }
      objects[index]["chosen"] = found["wish"]
      count += 1
    }
    try folder.write(objects)
    return count
  }

  @Test(arguments: [Mode.inference, .training], UInt64(1)...12)
  func agreesWithTheReferenceInDouble(mode: Mode, seed: UInt64) throws {
    for owner in Owner.there { try agreesWithTheReferenceInDouble(mode, seed, owner) }
  }

  private func agreesWithTheReferenceInDouble(_ mode: Mode, _ seed: UInt64, _ owner: Owner) throws {
    var choices = Choices(seed: seed)
    let net = Net(&choices, owner)
    let words = "\(owner) seed \(seed) \(mode) \(net)"
    let prepared = try net.request(mode).prepare(net.graph(.f32))
    var inDouble = net.request(mode)
    inDouble.precision = .f64
    let exact = try inDouble.prepare(net.graph(.f64))
    let store = Store()
    try store.initialize(prepared, seed: seed)
    var feeds: [String: Tensor] = [:]
    var values: [Value: Tensor] = [:]
    let stream = RandomStream(seed: seed, purpose: "Winograd test")
    for (number, value) in exact.inputs.enumerated() {
      let shape = exact.shape(value)
      let tensor = try Tensor(
        (0..<shape.count).map { Float(stream.normal(step: UInt64(number), index: $0)) }, shape: shape)
      feeds[exact[value].name] = tensor
      values[value] = tensor.converted(to: .f64)
    }
    for (value, parameter) in exact.parameters {
      values[value] = try store.tensor(parameter.path).converted(to: .f64)
    }
    let expected = try Interpreter.run(exact, values)

    let folder = ChoiceFolder()
    // Twice: another choice for one step brings other orders to those behind.
    for _ in 0..<2 {
      _ = try Plan(prepared, mode: mode, backends: [try folder.backend(.measured)], store: try store.copy(), threads: 2)
      #expect(try force(folder, owner) > 0, "\(words)")
    }
    let own = try store.copy()
    let plan = try Plan(
      prepared, mode: mode, backends: [try folder.backend(.remembered)], store: own, threads: 2)
    let steps = plan.lines.filter { $0.contains("wino") && $0.contains("oneDNN winograd") == (owner == .ours) }.count
    #expect(steps >= (mode == .training ? 2 : 1), "\(words)\n\(plan.lines.joined(separator: "\n"))")
    let context = try Context(plan, store: own)
    for (name, tensor) in feeds where context.reads(name) { try context.feed(name, tensor) }
    try context.run()
    try context.run()
    for (output, reference) in zip(prepared.outputs, exact.outputs) {
      #expect(output.name == reference.name)
      let gap = difference(try context.result(output.name), try #require(expected[reference.value]))
      #expect(gap < 1e-4, "\(words) \(output.name): \(gap)\n\(plan.lines.joined(separator: "\n"))")
    }
    // The parameters are kept in an order that can be read.
    for path in store.paths {
      #expect(try own.tensor(path).array(of: Float.self) == store.tensor(path).array(of: Float.self))
    }
  }

  @Test(.enabled(if: winogradIsThere, "needs oneDNN 2 and AVX-512"))
  func mayBeForbidden() throws {
    let folder = ChoiceFolder()
    let chain = try ConvChain(.inference)
    let plan = try chain.plan(try folder.backend(.measured, winograd: false))
    #expect(plan.notes.count == 3)
    for note in plan.notes { #expect(!note.lines.contains { $0.contains("inograd") || $0.contains("wino") }) }
    // What was measured with it is another matter.
    #expect(try chain.plan(try folder.backend(.remembered)).notes.isEmpty)
    let with = try chain.plan(try folder.backend(.measured)).notes.flatMap(\.lines)
    #expect(with.contains { $0.contains("wino") }, "\(with)")
  }

  @Test(arguments: Owner.there) func trainingAndJudgingShareParameters(owner: Owner) throws {
    let folder = ChoiceFolder()
    let (training, inference) = (try ConvChain(.training), try ConvChain(.inference))
    _ = try training.plan(try folder.backend(.measured))
    _ = try inference.plan(try folder.backend(.measured))
    let prepared = try training.request.prepare(training.graph)
    let judging = try inference.request.prepare(inference.graph)
    // The order that training keeps weights in is not Winograd's for inference: by way of the plain one.
    func plans() throws -> (Plan, Plan, Store) {
      let store = Store()
      try store.initialize(prepared, seed: 3)
      let backend = try folder.backend(.measured)
      let first = try Plan(prepared, mode: .training, backends: [backend], store: store, threads: 1)
      return (first, try Plan(judging, mode: .inference, backends: [backend], store: store, threads: 1), store)
    }
    _ = try plans()
    #expect(try force(folder, owner) > 0)
    let (_, plan, store) = try plans()
    let name = owner == .ours ? "Fused [oneDNN winograd" : "Fused [oneDNN jit"
    #expect(plan.lines.contains { $0.contains(name) && $0.contains("wino") }, "\(plan.lines)")
    let context = try Context(plan, store: store)
    let numbers: [Float] = (0..<2048).map { index in Float(index % 17) * 0.125 - 1 }
    let input = try Tensor(numbers, shape: [2, 16, 8, 8])
    try context.feed("input", input)
    try context.run()
    var values: [Value: Tensor] = [judging.inputs[0]: input]
    for (value, parameter) in judging.parameters { values[value] = try store.tensor(parameter.path) }
    let expected = try Interpreter.run(judging, values)
    #expect(difference(try context.result("y"), try #require(expected[judging.outputs[0].value])) < 1e-4)
  }
}
