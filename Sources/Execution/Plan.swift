import FoveaGraphs
import FoveaTensors

/// A graph made ready for one machine, one mode and one set of sizes: immutable, shared by contexts.
public final class Plan: Sendable {
  struct Step: Sendable {
    let draft: DraftStep
    let kernel: any Kernel
  }

  /// The graph after the last graph pass.
  public let graph: Graph
  public let mode: Mode
  public let threads: Int
  let placements: [Placement]
  let copiesOf: [Value: [Int]]
  /// Steps that depend on parameters alone: run once per version of the parameters.
  let prologue: [Step]
  let steps: [Step]
  let memory: MemoryPass
  let backends: [any Backend]
  /// True where NaN in an input might end as a number.
  let losesNaN: Bool
  /// Parameters and states that it reads.
  let reliesOn: [String]
  /// Nodes that a preferred backend refused, with its reasons.
  public let fallbacks: [(node: String, op: String, refusals: [String])]

  /// Plans a graph: layout, constants, memory, build.
  ///
  /// Parameters that no other plan relies on yet are given the layout this plan likes, and stay in it.
  /// - Parameters:
  ///   - graph: the graph after `PlanRequest.prepare`.
  ///   - backends: in order of preference; the reference backend is added last when it is missing.
  ///   - store: the values the plan will run on.
  public init(
    _ graph: Graph, mode: Mode, backends: [any Backend], store: Store, threads: Int
  ) throws(ExecutionError) {
    self.graph = graph
    self.mode = mode
    self.threads = threads
    var backends = backends
    if !backends.contains(where: { $0 is ReferenceBackend }) { backends.append(ReferenceBackend()) }
    self.backends = backends
    for backend in backends { backend.prepare(threads: threads) }

    var layout: LayoutPass
    repeat {
      layout = LayoutPass(
        graph: graph, backends: backends, store: store, training: mode == .training, threads: threads)
      try layout.run()
      // A plan that was made meanwhile in another thread may have pinned another layout: then once more.
    } while try !Plan.pin(layout, in: store)
    let (early, main) = Plan.splitConstants(graph, layout.placements, layout.steps)
    let memory = try MemoryPass(
      graph: graph, placements: layout.placements, copiesOf: layout.copies, prologue: early, steps: main)

    var prologue: [Step] = []
    for draft in early { prologue.append(Step(draft: draft, kernel: try draft.proposal.build())) }
    var steps: [Step] = []
    for draft in main { steps.append(Step(draft: draft, kernel: try draft.proposal.build())) }
    for (from, to) in memory.copies {
      let bytes = layout.placements[from].byteCount
      let proposal = CopyKernel.proposal(bytes: bytes, layout: layout.placements[from].layout)
      let draft = DraftStep(
        kind: .reorder, name: graph[layout.placements[to].value].name, op: "Copy", implementation: "state",
        inputs: [from], outputs: [to], proposal: proposal)
      steps.append(Step(draft: draft, kernel: CopyKernel(bytes: bytes)))
    }
    placements = layout.placements
    copiesOf = layout.copies
    self.prologue = prologue
    self.steps = steps
    self.memory = memory
    losesNaN = (prologue + steps).contains { $0.draft.proposal.losesNaN }
    reliesOn = (graph.parameters + graph.states).filter { layout.copies[$0.value] != nil }.map(\.parameter.path)
    // What runs once per version of the parameters slows no step down.
    let once = Set(early.map(\.name))
    fallbacks = layout.fallbacks.filter { !once.contains($0.node) }
    for backend in backends { backend.planned() }
  }

  /// Keeps what the plan reads of the store in the layouts it was planned for; false when one is kept in another.
  private static func pin(_ layout: LayoutPass, in store: Store) throws(ExecutionError) -> Bool {
    for (value, list) in layout.copies {
      switch layout.graph[value].source {
      case .parameter(let parameter), .state(let parameter):
        let chosen = layout.placements[list[0]].layout
        guard try store.pin(parameter.path, layout.graph[value].type, chosen) else { return false }
      default: break
      }
    }
    return true
  }

  /// Constants again: steps whose operands are parameters, states that this plan does not change, constants
  /// and results of such steps need to run only when a parameter has changed.
  private static func splitConstants(
    _ graph: Graph, _ placements: [Placement], _ steps: [DraftStep]
  ) -> (early: [DraftStep], main: [DraftStep]) {
    let changed = Set(graph.updates.map(\.before))
    var settled = Set(
      placements.indices.filter { index in
        switch graph[placements[index].value].source {
        case .parameter, .state: !changed.contains(placements[index].value)
        case .constant: true
        default: false
        }
      })
    // Reorders of a settled value also start as placements of a leaf: only the first copy is the leaf itself.
    var madeBySteps: Set<Int> = []
    for step in steps { madeBySteps.formUnion(step.outputs) }
    settled.subtract(madeBySteps)
    let named = Set(graph.outputs.map(\.value))
    var early: [DraftStep] = []
    var main: [DraftStep] = []
    for step in steps {
      let operands = step.inputs.compactMap { $0 }
      let isOutput = step.outputs.contains { named.contains(placements[$0].value) }
      if !operands.isEmpty, !isOutput, operands.allSatisfy(settled.contains) {
        early.append(step)
        settled.formUnion(step.outputs)
      } else {
        main.append(step)
      }
    }
    return (early, main)
  }

  /// Tells the backends, on the thread that calls, how many threads this plan was made for: OpenMP keeps that
  /// number per thread, and kernels have scratch memory for so many.
  func prepareThread() {
    for backend in backends { backend.prepare(threads: threads) }
  }

  // MARK: Reports

  /// Bytes of the arena that a context takes for values between input and output.
  public var arenaBytes: Int { memory.arenaBytes }
  /// Bytes of the same values had none shared memory.
  public var unsharedBytes: Int { memory.unsharedBytes }
  /// Bytes of scratch memory.
  public var scratchBytes: Int { memory.scratchBytes }
  /// Reorders that remain in every step, as `name: from → to`.
  public var reorders: [String] {
    steps.filter { $0.draft.kind == .reorder }.map { "\($0.draft.name): \($0.draft.implementation)" }
  }
  /// The steps in running order, a line each.
  public var lines: [String] {
    func line(_ step: Step, _ prefix: String) -> String {
      let draft = step.draft
      let ins = draft.inputs.map { $0.map { placements[$0].layout.description } ?? "–" }.joined(separator: ", ")
      let outs = draft.outputs.map { placements[$0].layout.description }.joined(separator: ", ")
      let detail = draft.kind == .reorder ? "" : " [\(draft.implementation) \(draft.proposal.detail)]"
      let place = draft.outputs.map { text(of: memory.residence[$0]) }.joined(separator: ", ")
      return "\(prefix)\(draft.name) = \(draft.op)\(detail) (\(ins)) → (\(outs)) at \(place)"
    }
    return prologue.map { line($0, "once per version: ") } + steps.map { line($0, "") }
  }

  /// Why steps run as they do, where a backend says so, in running order.
  public var notes: [(step: String, op: String, lines: [String])] {
    (prologue + steps).filter { !$0.draft.proposal.notes.isEmpty }.map {
      ($0.draft.name, $0.draft.op, $0.draft.proposal.notes)
    }
  }

  private func text(of residence: Residence) -> String {
    switch residence {
    case .arena(let offset): "arena+\(offset)"
    case .kept(let offset): "kept+\(offset)"
    case .store(let path): "store \(path)"
    case .constant: "constant"
    }
  }
}
