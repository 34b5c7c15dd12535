import Fovea
import Testing

/// Computing twice what is cheap, for less memory.
@Suite struct RecomputeTests {
  private struct Run {
    let graph: Graph
    let losses: [Float]
    let parameters: [String: [Float]]
    let arena: Int
  }

  private static func run(_ memory: MemoryUse, _ device: Device, batch: Int) throws -> Run {
    let model = try Zoo.standard.model("resnet20")
    let facts = DatasetFacts(name: "noise", sampleShape: [3, 32, 32], classes: 10)
    let training = try TrainingGraph(model, for: facts)
    var request = try training.training(.sgd(learningRate: .constant(0.05), momentum: 0.9))
    request.sizes = TrainingGraph.sizes(batch, [3, 32, 32])
    request.memory = memory
    let graph = try request.prepare(training.graph)
    try model.store.initialize(graph, seed: 0)
    let plan = try Plan(
      graph, mode: .training, backends: device.backends, store: model.store, threads: device.threads)
    let context = try Context(plan, store: model.store)
    let random = RandomStream(seed: 3, purpose: "recompute")
    let count = batch * 3 * 32 * 32
    try context.feed(
      "input", try Tensor((0..<count).map { Float(random.normal(index: $0)) }, shape: [batch, 3, 32, 32]))
    try context.feed("target", try Tensor((0..<batch).map { Int32($0 % 10) }, shape: [batch]))
    for (name, value) in [("rate", 0.05), ("momentum", 0.9)] as [(String, Float)] where context.reads(name) {
      try context.feed(name, Tensor(scalar: value))
    }
    var losses: [Float] = []
    for _ in 0..<3 {
      try context.run()
      losses.append(try context.result("loss").array(of: Float.self)[0])
    }
    var parameters: [String: [Float]] = [:]
    for (_, parameter) in graph.parameters {
      parameters[parameter.path] = try model.store.tensor(parameter.path).array(of: Float.self)
    }
    return Run(graph: graph, losses: losses, parameters: parameters, arena: plan.arenaBytes)
  }

  @Test func aStepIsTheSameInLessMemory() throws {
    let device = Device.cpu(threads: 1)
    let (usual, low) = (try Self.run(.usual, device, batch: 8), try Self.run(.low, device, batch: 8))
    func count(_ op: any Operator.Type, _ run: Run) -> Int { run.graph.nodes.filter { $0.op == op.name }.count }
    // The norm and the activation in the middle of each of the nine blocks, and of the stem, stand there once more.
    #expect(count(Op.BatchNormalization.self, low) == count(Op.BatchNormalization.self, usual) + 10)
    #expect(count(Op.Relu.self, low) == count(Op.Relu.self, usual) + 10)
    #expect(low.arena < usual.arena * 9 / 10, "\(low.arena) of \(usual.arena)")
    for (a, b) in zip(usual.losses, low.losses) {
      #expect(abs(a - b) <= 1e-3 * abs(a), "\(usual.losses) \(low.losses)")
    }
    for (path, numbers) in usual.parameters {
      let largest = numbers.map(abs).max() ?? 0
      let off = zip(numbers, low.parameters[path] ?? []).map { abs($0 - $1) }.max() ?? .infinity
      #expect(off <= 1e-3 * max(largest, 1e-2), "\(path): \(off) of \(largest)")
    }
  }

  /// Without gradients there is nothing to compute twice.
  @Test func inferenceStaysAsItIs() throws {
    let model = try Zoo.standard.model("resnet20")
    var request = PlanRequest(mode: .inference, sizes: ["input": [1, 3, 32, 32]])
    let usual = try request.prepare(model.graph).lines
    request.memory = .low
    #expect(try request.prepare(model.graph).lines == usual)
  }
}
