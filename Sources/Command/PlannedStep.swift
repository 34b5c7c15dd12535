import Fovea

/// A graph on its way to a plan, for a batch: the inference graph, or a whole training step.
struct PlannedStep: Sendable {
  let graph: Graph
  let request: PlanRequest

  init(_ model: Model, task: SummaryCommand.Task, batch: Int, memory: MemoryUse = .usual) throws {
    var sizes: [String: Shape] = [:]
    var graph = model.graph
    var request: PlanRequest
    switch task {
    case .infer: request = PlanRequest(mode: .inference)
    case .train: (graph, request) = try TrainingStep.graph(model)
    }
    for value in graph.inputs {
      guard case .input(let open) = graph[value].source, let shape = graph[value].type.shape.concrete else { continue }
      sizes[graph[value].name] = open.contains(0) ? Shape([batch] + shape.dims.dropFirst()) : shape
    }
    request.sizes = sizes
    request.memory = memory
    self.graph = graph
    self.request = request
  }

  /// The graph passes: each with its difference, and the graph that they make.
  func passes() throws -> (lines: [String], prepared: Graph) {
    var lines: [String] = []
    let prepared = try request.prepare(graph) { name, before, after in
      let difference = after.difference(from: before)
      lines += ["", "pass \(name): " + (difference.isEmpty ? "no change" : "\(difference.count) lines differ")]
      lines += difference.map { "  \($0)" }
    }
    lines += ["", "graph, as the plan runs it:"] + prepared.lines.map { "  \($0)" }
    return (lines, prepared)
  }

  /// The plan of a prepared graph. Call it on a worker's thread.
  func plan(_ prepared: Graph, on device: Device, _ store: Store) throws -> Plan {
    try store.initialize(prepared, seed: 0)
    return try Plan(prepared, mode: request.mode, backends: device.backends, store: store, threads: device.threads)
  }
}

/// What a plan says about itself.
struct PlanReport: Sendable {
  let lines: [String]

  init(_ plan: Plan) throws {
    var lines = plan.lines
    lines.append(
      plan.reorders.isEmpty
        ? "no reorders in a step"
        : "\(plan.reorders.count) \(plan.reorders.count == 1 ? "reorder" : "reorders") in a step: "
          + plan.reorders.joined(separator: "; "))
    lines.append(
      "memory: \(Text.bytes(plan.arenaBytes)) for values between input and output "
        + "(\(Text.bytes(plan.unsharedBytes)) had none shared memory), \(Text.bytes(plan.scratchBytes)) of scratch")
    if plan.fallbacks.isEmpty { lines.append("no fallbacks: every node runs on its first choice") }
    for fallback in plan.fallbacks {
      lines.append("fallback: \(fallback.node) (\(fallback.op)) since " + fallback.refusals.joined(separator: "; "))
    }
    for note in plan.notes {
      lines.append("\(note.step) (\(note.op)):")
      lines += note.lines.map { "  \($0)" }
    }
    self.lines = lines
  }
}
