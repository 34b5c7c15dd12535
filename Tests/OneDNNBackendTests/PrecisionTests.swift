import FoveaExecution
import FoveaGraphs
import FoveaOneDNNBackend
import FoveaTensors
import Testing

/// Plans that read convolutions' and matrix products' operands in bf16.
@Suite(.enabled(if: OneDNNBackend.bf16Support != .none, "oneDNN has no bf16 on this processor"))
struct PrecisionTests {
  static var backends: [OneDNNBackend] {
    OneDNNBackend.Preference.allCases.compactMap { OneDNNBackend(preference: $0, precision: .bf16) }
  }

  @Test(arguments: [true, false])
  func trainingStaysCloseToSinglePrecision(norm: Bool) throws {
    let step = SmallStep(norm: norm, dropout: false)
    let prepared = try step.request(.training, batch: 16).prepare(step.graph)
    let initial = Store()
    try initial.initialize(prepared, seed: 1)
    for backend in Self.backends {
      let (wide, narrow) = (try initial.copy(), try initial.copy())
      let expected = try run(prepared, mode: .training, backends: [], store: wide, batch: 16, steps: 6)
      let found = try run(prepared, mode: .training, backends: [backend], store: narrow, batch: 16, steps: 6)
      let lines = found.plan.lines.joined(separator: "\n")
      #expect(lines.contains("bf16"), "\(lines)")
      for (a, b) in zip(found.losses, expected.losses) { #expect(abs(a - b) < 0.05, "\(a) \(b)\n\(lines)") }
      // Other numbers than f32's, and not those of the start.
      #expect(found.losses != expected.losses)
      for path in initial.paths {
        let after = try narrow.tensor(path)
        #expect(narrow.type(of: path) == initial.type(of: path))
        #expect(distance(try initial.tensor(path), after) > 0, "\(path) stands still\n\(lines)")
        // Momentum makes small differences larger, so weights are held against each other, not velocities.
        guard !path.hasPrefix("velocity") else { continue }
        let gap = distance(after, try wide.tensor(path))
        #expect(gap < 0.1, "\(path) \(gap)\n\(lines)")
      }
    }
  }

  @Test func inferenceLeavesTheStoreAsItIs() throws {
    let step = SmallStep()
    let initial = Store()
    try initial.initialize(step.graph, seed: 1)
    let prepared = try step.request(.inference, batch: 3).prepare(step.graph)
    for backend in Self.backends {
      let store = try initial.copy()
      let plan = try Plan(prepared, mode: .inference, backends: [backend], store: store, threads: 2)
      let context = try Context(plan, store: store)
      for (name, tensor) in try SmallStep.feeds(batch: 3, step: 0) where context.reads(name) {
        try context.feed(name, tensor)
      }
      try context.run()
      #expect(try context.result("output").dtype == .f32)
      // Byte for byte: no parameter has been through bf16.
      for path in initial.paths {
        let (before, after) = (try initial.tensor(path), try store.tensor(path))
        #expect(before.array(of: Float.self) == after.array(of: Float.self), "\(path)")
      }
      // Weights are brought to bf16 once per version, not in every step.
      let perStep = plan.reorders.filter { $0.contains("c1.w") || $0.contains("f1.w") }
      #expect(perStep.isEmpty, "\(perStep)")
      // And they follow when the store changes.
      let first = try context.result("output")
      try store.set("f2.b", to: Tensor([Float](repeating: 3, count: 5)))
      try store.set("f1.w", to: Tensor([Float](repeating: 0, count: 16 * 96), shape: [16, 96]))
      try context.run()
      #expect(difference(first, try context.result("output")) > 0.1)
    }
  }

  @Test func plansOfBothPrecisionsShareAStore() throws {
    let step = SmallStep(dropout: false)
    let train = try step.request(.training, batch: 8).prepare(step.graph)
    let infer = try step.request(.inference, batch: 8).prepare(step.graph)
    let narrow = try #require(OneDNNBackend(precision: .bf16))
    let wide = try #require(OneDNNBackend())
    for order in [[narrow, wide], [wide, narrow]] {
      let store = Store()
      try store.initialize(train, seed: 2)
      _ = try run(train, mode: .training, backends: [order[0]], store: store, batch: 8, steps: 3)
      let a = try run(infer, mode: .inference, backends: [order[1]], store: store, batch: 8, steps: 1)
      let b = try run(infer, mode: .inference, backends: [], store: store, batch: 8, steps: 1)
      #expect(abs(a.losses[0] - b.losses[0]) < 0.03)
    }
  }

  @Test func aCheckpointGoesOnAsIfNothingHadHappened() throws {
    let step = SmallStep()
    let prepared = try step.request(.training, batch: 4).prepare(step.graph)
    let backend = try #require(OneDNNBackend(precision: .bf16))
    let store = Store()
    try store.initialize(prepared, seed: 3)
    _ = try run(prepared, mode: .training, backends: [backend], store: store, batch: 4, steps: 3)
    // All that a file keeps are plain f32 values.
    let later = try store.copy()
    let a = try run(prepared, mode: .training, backends: [backend], store: store, batch: 4, steps: 3)
    let b = try run(prepared, mode: .training, backends: [backend], store: later, batch: 4, steps: 3)
    #expect(a.losses == b.losses)
    for path in store.paths {
      #expect(try store.tensor(path).array(of: Float.self) == later.tensor(path).array(of: Float.self), "\(path)")
    }
  }

  @Test func whatWasMeasuredTellsPrecisionsApart() throws {
    let choices = ConvolutionChoices(directory: nil)
    let chain = try ConvChain(.training)
    let prepared = try chain.request.prepare(chain.graph)
    let store = Store()
    try store.initialize(prepared, seed: 1)
    for precision in [OneDNNBackend.Precision.f32, .bf16, .f32, .bf16] {
      let backend = try #require(OneDNNBackend(precision: precision, tuning: .measured, choices: choices))
      let plan = try Plan(prepared, mode: .training, backends: [backend], store: try store.copy(), threads: 1)
      let own = plan.lines.filter { $0.contains(" = Fused [oneDNN") || $0.contains(" = ConvBackward") }
      #expect(!own.isEmpty)
      for line in own { #expect(line.contains(" bf16") == (precision == .bf16), "\(precision) \(line)") }
      for note in plan.notes.flatMap(\.lines) where note.hasPrefix("chosen") {
        #expect(note.contains(" bf16") == (precision == .bf16), "\(precision) \(note)")
      }
    }
  }

  @Test func theReferenceRefusesToRunOnNarrowElements() throws {
    // Behind a convolution in bf16 stand loops that the library does not have.
    var bench = Bench()
    let x = bench.mixed(bench.input([2, 3, 6, 6]), to: 20)
    let y = bench.graph.add(Op.Neg.self, [x])[0]
    let z = bench.graph.add(Op.Floor.self, [bench.mixed(y, to: 16)])[0]
    bench.graph.addOutput("y", y)
    bench.graph.addOutput("z", z)
    for backend in Self.backends {
      let prepared = try PlanRequest(mode: .inference).prepare(bench.graph)
      let store = Store()
      try store.initialize(prepared, seed: 1)
      let plan = try Plan(prepared, mode: .inference, backends: [backend], store: store, threads: 1)
      for line in plan.lines where line.contains("[reference") { #expect(!line.contains("bf16"), "\(line)") }
    }
  }
}
