import CAllocationCounter
import Foundation
import FoveaExecution
import FoveaGraphs
import FoveaOneDNNBackend
import FoveaTensors
import Testing

/// Training steps whose convolutions all run by our own Winograd's way, as a file of measurements says.
@Suite(.serialized, .enabled(if: OneDNNBackend.unavailable == nil, "there is no oneDNN"))
struct OwnWinogradStepTests {
  /// Two convolutions, 3×3 and 5×5, a mean over places, and the loss: trained with Nesterov's momentum.
  private func prepared() throws -> Graph {
    var graph = Graph()
    let x = graph.addInput("input", TensorType(.f32, [4, 16, 11, 9]))
    let target = graph.addInput("target", TensorType(.i32, [4]))
    func weights(_ path: String, _ shape: Shape) -> Value {
      graph.addParameter(
        Parameter(
          path: path, role: shape.rank > 1 ? .weight : .bias,
          initializer: .fan(.standard, fanIn: max(shape.dims.dropFirst().reduce(1, *), 4), fanOut: shape[0])),
        TensorType(.f32, shape))
    }
    var y = graph.add(
      Op.Conv.self, [x, weights("c1.w", [20, 16, 3, 3]), weights("c1.b", [20])], ["pads": .ints([1, 1, 1, 1])])[0]
    y = graph.add(Op.Relu.self, [y])[0]
    y =
      graph.add(
        Op.Conv.self, [y, weights("c2.w", [32, 20, 5, 5]), weights("c2.b", [32])], ["pads": .ints([2, 2, 2, 2])])[0]
    y = graph.add(Op.Relu.self, [y])[0]
    y = graph.add(Op.Flatten.self, [graph.add(Op.GlobalAveragePool.self, [y])[0]])[0]
    y = graph.add(Op.Gemm.self, [y, weights("f.w", [5, 32]), weights("f.b", [5])], ["transB": .int(1)])[0]
    graph.addOutput("loss", graph.add(Op.SoftmaxCrossEntropyLoss.self, [y, target])[0])
    var request = PlanRequest(mode: .training)
    request.differentiation = { (graph) throws(GraphError) in
      guard let loss = graph.output("loss") else { return }
      let rate = graph.addInput("rate", TensorType(.f32, .scalar))
      let momentum = graph.addInput("momentum", TensorType(.f32, .scalar))
      let parameters = graph.parameters
      // The picture's gradient too, so that the first convolution has all three directions.
      let gradients = try graph.differentiate(
        loss, withRespectTo: parameters.map(\.value) + graph.inputs.prefix(1))
      if let first = gradients[graph.inputs[0]] { graph.addOutput("d input", first) }
      for (value, parameter) in parameters {
        guard let gradient = gradients[value] else { continue }
        let velocity = graph.addState(
          Parameter(path: "velocity.\(parameter.path)", role: .moment, initializer: .constant(0)), graph[value].type)
        let next = graph.add(Op.SGDUpdate.self, [value, gradient, velocity, rate, momentum], ["nesterov": .int(1)])
        graph.addUpdate(before: value, after: next[0])
        graph.addUpdate(before: velocity, after: next[1])
      }
    }
    return try request.prepare(graph)
  }

  private func feeds() throws -> [String: Tensor] {
    let stream = RandomStream(seed: 11, purpose: "own Winograd steps")
    return [
      "input": try Tensor((0..<4 * 16 * 99).map { Float(stream.normal(index: $0)) }, shape: [4, 16, 11, 9]),
      "target": try Tensor([0, 3, 1, 4] as [Int32], shape: [4]), "rate": Tensor(scalar: 0.2 as Float),
      "momentum": Tensor(scalar: 0.9 as Float),
    ]
  }

  /// A plan in which every convolution is ours.
  private func plan(_ graph: Graph, _ store: Store, threads: Int) throws -> Plan {
    let folder = ChoiceFolder()
    // Twice: another choice for one step brings other orders to those behind.
    for _ in 0..<3 {
      _ = try Plan(
        graph, mode: .training, backends: [try folder.backend(.measured)], store: try store.copy(), threads: threads)
      var objects = try folder.objects()
      for index in objects.indices.dropFirst() { objects[index]["chosen"] = "own Winograd" }
      try folder.write(objects)
    }
    let plan = try Plan(
      graph, mode: .training, backends: [try folder.backend(.remembered)], store: store, threads: threads)
    #expect(plan.lines.filter { $0.contains("oneDNN winograd") }.count == 6, "\(plan.lines.joined(separator: "\n"))")
    return plan
  }

  private func losses(_ plan: Plan, _ store: Store, steps: Int) throws -> [Float] {
    let context = try Context(plan, store: store)
    for (name, tensor) in try feeds() where context.reads(name) { try context.feed(name, tensor) }
    return try (0..<steps).map { _ in
      try context.run()
      return try context.result("loss").array(of: Float.self)[0]
    }
  }

  @Test(arguments: [1, 2]) func trainingFollowsThePlainLoops(threads: Int) throws {
    let graph = try prepared()
    let store = Store()
    try store.initialize(graph, seed: 5)
    let plain = try store.copy()
    let reference = try Plan(graph, mode: .training, backends: [], store: plain, threads: 1)
    let expected = try losses(reference, plain, steps: 20)
    let found = try losses(try plan(graph, store, threads: threads), store, steps: 20)
    for (step, (a, b)) in zip(found, expected).enumerated() {
      #expect(abs(a - b) < (step < 5 ? 1e-4 : 1e-2), "step \(step): \(a) and \(b)")
    }
    #expect(expected[19] < 0.8 * expected[0])
  }

  @Test(.enabled(if: allocation_count() >= 0, "the counter needs glibc"))
  func aStepAllocatesNothingOfOurs() throws {
    let graph = try prepared()
    let store = Store()
    try store.initialize(graph, seed: 5)
    let plan = try plan(graph, store, threads: 1)
    let context = try Context(plan, store: store)
    for (name, tensor) in try feeds() where context.reads(name) { try context.feed(name, tensor) }
    for _ in 0..<10 { try context.run() }
    let before = allocation_count()
    for _ in 0..<50 { try context.run() }
    #expect(allocation_count() == before)
  }
}
