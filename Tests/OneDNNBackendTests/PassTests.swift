import FoveaExecution
import FoveaGraphs
import FoveaTensors
import Testing

/// Every pass leaves the interpreter's answers as they were.
@Suite struct PassTests {
  private func answers(_ graph: Graph, _ initial: [String: Tensor], batch: Int) throws -> [String: Tensor] {
    let feeds = try SmallStep.feeds(batch: batch, step: 0)
    var values: [Value: Tensor] = [:]
    for index in graph.values.indices {
      let value = Value(id: index)
      switch graph[value].source {
      case .input: values[value] = feeds[graph[value].name]
      case .parameter(let parameter), .state(let parameter): values[value] = initial[parameter.path]
      default: break
      }
    }
    let results = try Interpreter.run(graph, values)
    var named: [String: Tensor] = [:]
    for output in graph.outputs { named[output.name] = results[output.value] }
    for update in graph.updates { named["after " + graph[update.before].name] = results[update.after] }
    return named
  }

  @Test(arguments: [Mode.training, .inference], [true, false])
  func passesKeepTheAnswers(mode: Mode, norm: Bool) throws {
    let step = SmallStep(batch: 4, norm: norm)
    let request = step.request(mode, batch: 4)
    let store = Store()
    try store.initialize(try request.prepare(step.graph), seed: 5)
    try store.initialize(step.graph, seed: 5)
    if norm {
      try store.set("n.mean", to: Tensor((0..<20).map { Float($0) * 0.02 - 0.2 }))
      try store.set("n.var", to: Tensor((0..<20).map { Float($0) * 0.1 + 0.3 }))
    }
    var initial: [String: Tensor] = [:]
    for path in store.paths { initial[path] = try store.tensor(path) }
    var graph = step.graph
    var before: [String: Tensor] = [:]
    var changed: [String] = []
    for pass in request.passes {
      let next = try pass.run(graph)
      if !next.difference(from: graph).isEmpty { changed.append(pass.name) }
      let after = try answers(next, initial, batch: 4)
      // Choosing training changes what a norm and dropout mean; from there on nothing may change.
      if !before.isEmpty, !(pass.name == "mode" && mode == .training) {
        for (name, tensor) in before {
          let gap = difference(tensor, try #require(after[name], "\(pass.name) lost \(name)"))
          #expect(gap < 1e-5, "\(pass.name) changed \(name) by \(gap)")
        }
      }
      before = after
      graph = next
    }
    #expect(changed.contains("fuse"))
    #expect(changed.contains("simplify") == (mode == .training || norm))
    #expect(changed.contains("differentiate") == (mode == .training))
    #expect(changed.contains("mode"))
  }

  @Test func unpoolingMovesBehindTheMask() throws {
    let step = SmallStep(batch: 4)
    let prepared = try step.request(.training, batch: 4).prepare(step.graph)
    // ReLU's mask is applied to the pooled gradient, a quarter of the size.
    for node in prepared.nodes where node.op == Op.ReluBackward.name && prepared.shape(node.outputs[0]).rank == 4 {
      #expect([[4, 20, 5, 4], [4, 24, 2, 2]].contains(prepared.shape(node.outputs[0])))
    }
    #expect(prepared.nodes.contains { $0.op == Op.ReluBackward.name })
  }

  @Test func aPlanPrintsEveryStep() throws {
    let step = SmallStep(batch: 2)
    let prepared = try step.request(.training, batch: 2).prepare(step.graph)
    let store = Store()
    try store.initialize(prepared, seed: 0)
    let plan = try Plan(prepared, mode: .training, backends: [], store: store, threads: 1)
    #expect(plan.lines.count >= prepared.nodes.count)
    #expect(plan.arenaBytes < plan.unsharedBytes)
    #expect(plan.lines.contains { $0.contains("store velocity.c1.w") })
  }
}
