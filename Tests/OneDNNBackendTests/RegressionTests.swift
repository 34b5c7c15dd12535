import FoveaExecution
import FoveaGraphs
import FoveaOneDNNBackend
import FoveaTensors
import Synchronization
import Testing

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

enum Comparison {
  /// Runs a prepared graph by a plan and by the interpreter for some steps and compares outputs and state.
  static func check(
    _ graph: Graph, mode: Mode, backends: [any Backend], feeds: [String: Tensor], steps: Int = 3,
    tolerance: Double = 1e-4
  ) throws -> [String] {
    var problems: [String] = []
    let store = Store()
    try store.initialize(graph, seed: 3)
    var state: [String: Tensor] = [:]
    for path in store.paths { state[path] = try store.tensor(path) }
    let plan = try Plan(graph, mode: mode, backends: backends, store: store, threads: 2)
    let context = try Context(plan, store: store)
    for (name, tensor) in feeds where context.reads(name) { try context.feed(name, tensor) }
    for step in 0..<steps {
      var values: [Value: Tensor] = [:]
      for index in graph.values.indices {
        let value = Value(id: index)
        switch graph[value].source {
        case .input: values[value] = feeds[graph[value].name]
        case .parameter(let parameter), .state(let parameter): values[value] = state[parameter.path]
        default: break
        }
      }
      let results = try Interpreter.run(graph, values)
      for update in graph.updates {
        switch graph[update.before].source {
        case .parameter(let parameter), .state(let parameter): state[parameter.path] = results[update.after]
        default: break
        }
      }
      try context.run()
      for output in graph.outputs {
        let gap = difference(try context.result(output.name), results[output.value]!)
        if !(gap < tolerance) { problems.append("step \(step): output \(output.name) differs by \(gap)") }
      }
      for path in store.paths {
        let gap = difference(try store.tensor(path), state[path]!)
        if !(gap < tolerance) { problems.append("step \(step): state \(path) differs by \(gap)") }
      }
    }
    if !problems.isEmpty { problems.append(contentsOf: plan.lines) }
    return problems
  }
}

struct Dice {
  let stream: RandomStream
  var at = 0
  init(_ seed: Int) { stream = RandomStream(seed: UInt64(seed), purpose: "dice") }
  mutating func callAsFunction(_ bound: Int) -> Int {
    at += 1
    return Int(stream.word(step: 0, index: at) % UInt32(bound))
  }
}

private func fan(_ path: String) -> Parameter {
  Parameter(path: path, role: .weight, initializer: .fan(.standard, fanIn: 2, fanOut: 2))
}

/// Plans against the interpreter on graphs that are out of the ordinary.
@Suite(.serialized) struct RegressionTests {
  static var backends: [[any Backend]] {
    [[]] + OneDNNBackend.Preference.allCases.compactMap { OneDNNBackend(preference: $0).map { [$0] } }
  }

  @Test(arguments: [false, true]) func randomPlansAgreeWithTheInterpreter(leaves: Bool) throws {
    for seed in 0..<200 {
      var dice = Dice(seed)
      var graph = Graph()
      let type = TensorType(.f32, [2, 4, 3] as Shape)
      let x = graph.addInput("x", type)
      let s = graph.addInput("s", TensorType(.f32, .scalar))
      var pool: [Value] = [x]
      var kept: [Value] = []
      for index in 0..<(1 + dice(3)) {
        let w = dice(2) == 0 ? graph.addParameter(fan("w\(index)"), type) : graph.addState(fan("w\(index)"), type)
        pool.append(w)
        kept.append(w)
      }
      pool.append(graph.addConstant(try Tensor((0..<24).map { Float($0) * 0.01 }, shape: [2, 4, 3])))
      let leafCount = pool.count
      for _ in 0..<(2 + dice(9)) {
        func pick(_ dice: inout Dice) -> Value { pool[max(0, pool.count - 1 - dice(min(pool.count, 6)))] }
        switch dice(7) {
        case 0: pool.append(graph.add(Op.Add.self, [pick(&dice), pick(&dice)])[0])
        case 1: pool.append(graph.add(Op.Mul.self, [pick(&dice), pick(&dice)])[0])
        case 2: pool.append(graph.add(Op.Relu.self, [pick(&dice)])[0])
        case 3: pool.append(graph.add(Op.Softmax.self, [pick(&dice)], ["axis": .int(1)])[0])
        case 4: pool.append(graph.add(Op.SGDUpdate.self, [pick(&dice), pick(&dice), nil, s])[0])
        case 5: pool += graph.add(Op.SGDUpdate.self, [pick(&dice), pick(&dice), pick(&dice), s, s])
        default:
          let flat = graph.add(Op.Flatten.self, [pick(&dice)])[0]
          pool.append(graph.add(Op.ReshapeLike.self, [flat, x])[0])
        }
      }
      func any(_ dice: inout Dice) -> Value {
        leaves ? pool[dice(pool.count)] : pool[leafCount + dice(pool.count - leafCount)]
      }
      for index in 0..<(1 + dice(3)) { graph.addOutput("o\(index)", any(&dice)) }
      for w in kept where dice(3) > 0 { graph.addUpdate(before: w, after: any(&dice)) }
      try graph.check()
      let feeds: [String: Tensor] = [
        "x": try Tensor((0..<24).map { Float($0 % 7) * 0.3 - 0.8 }, shape: [2, 4, 3]),
        "s": Tensor(scalar: 0.1 as Float),
      ]
      for (which, backends) in Self.backends.prefix(2).enumerated() {
        for simplify in [false, true] {
          let prepared = simplify ? try PlanRequest(mode: .training).prepare(graph) : graph
          let problems = try Comparison.check(prepared, mode: .training, backends: backends, feeds: feeds)
          #expect(problems == [], "seed \(seed), backend \(which), simplified \(simplify)")
        }
      }
    }
  }

  @Test func addANumberInAPaddedLayout() throws {
    var graph = Graph()
    let x = graph.addInput("x", TensorType(.f32, [1, 20, 4, 4] as Shape))
    let w0 = graph.addParameter(fan("w0"), TensorType(.f32, [20, 20, 3, 3] as Shape))
    let w1 = graph.addParameter(fan("w1"), TensorType(.f32, [20, 20, 3, 3] as Shape))
    let one = graph.addInput("one", TensorType(.f32, .scalar))
    let y = graph.add(Op.Conv.self, [x, w0], ["pads": .ints([1, 1, 1, 1])])[0]
    let z = graph.add(Op.Conv.self, [y, w1], ["pads": .ints([1, 1, 1, 1])])[0]
    let y1 = graph.add(Op.Add.self, [z, one])[0]
    let moved = graph.add(Op.Add.self, [w1, one])[0]
    graph.addOutput("v", graph.add(Op.Conv.self, [y1, moved], ["pads": .ints([1, 1, 1, 1])])[0])
    let feeds: [String: Tensor] = [
      "x": try Tensor((0..<320).map { Float($0 % 7) * 0.3 - 0.8 }, shape: [1, 20, 4, 4]),
      "one": Tensor(scalar: 1 as Float),
    ]
    for backends in Self.backends {
      #expect(try Comparison.check(graph, mode: .inference, backends: backends, feeds: feeds) == [])
    }
  }

  @Test func halfWidthConstantsAreNotFolded() throws {
    var graph = Graph()
    let x = graph.addInput("x", TensorType(.f32, [4096] as Shape))
    let a = graph.addConstant(Tensor((0..<4096).map { Float($0 % 5) }))
    let b = graph.addConstant(Tensor((0..<4096).map { _ in 1 as Float }))
    let sum = graph.add(Op.Add.self, [a, b])[0]
    graph.addOutput("y", graph.add(Op.Add.self, [x, sum])[0])
    let prepared = try PlanRequest(mode: .inference, precision: .f16).prepare(graph)
    for index in prepared.values.indices {
      if case .constant(let tensor) = prepared.values[index].source, index >= graph.values.count {
        #expect(Array(tensor.converted(to: .f32).array(of: Float.self).prefix(5)) == [1, 2, 3, 4, 5])
      }
    }
  }

  @Test func gradientsInInferenceMode() throws {
    let step = SmallStep(batch: 2)
    var request = step.request(.inference, batch: 2)
    request.differentiation = { (graph) throws(GraphError) in
      guard let loss = graph.output("loss"), let x = graph.input("input") else { return }
      if let g = try graph.differentiate(loss, withRespectTo: [x])[x] { graph.addOutput("saliency", g) }
    }
    let prepared = try request.prepare(step.graph)
    for backends in Self.backends {
      #expect(
        try Comparison.check(prepared, mode: .inference, backends: backends, feeds: SmallStep.feeds(batch: 2, step: 0))
          == [])
    }
  }

  @Test func sharedNorm() throws {
    var graph = Graph()
    let x = graph.addInput("x", TensorType(.f32, [2, 3, 4, 4] as Shape))
    func one(_ path: String, _ v: Double, _ graph: inout Graph, state: Bool) -> Value {
      let parameter = Parameter(path: path, role: .other, initializer: .constant(v))
      let type = TensorType(.f32, [3] as Shape)
      return state ? graph.addState(parameter, type) : graph.addParameter(parameter, type)
    }
    let scale = one("scale", 2, &graph, state: false)
    let shift = one("shift", 1, &graph, state: false)
    let mean = one("mean", 0, &graph, state: true)
    let variance = one("var", 1, &graph, state: true)
    let a = graph.add(Op.BatchNormalization.self, [x, scale, shift, mean, variance])[0]
    let b = graph.add(Op.BatchNormalization.self, [a, scale, shift, mean, variance])[0]
    graph.addOutput("y", b)
    let prepared = try PlanRequest(mode: .training).prepare(graph)
    let store = Store()
    try store.initialize(prepared, seed: 0)
    let context = try Context(try Plan(prepared, mode: .training, backends: [], store: store, threads: 1), store: store)
    try context.feed("x", try Tensor((0..<96).map { Float($0 % 7) }, shape: [2, 3, 4, 4]))
    try context.run()
    // The mean of the first use is about 3, that of the second exactly 1 (its shift): 0.9·(0.1·3) + 0.1·1.
    let found = try store.tensor("mean").array(of: Float.self)[0]
    #expect(found > 0.33 && found < 0.41, "\(found)")
  }

  @Test func threadsAreThoseOfThePlan() async throws {
    guard let backend = OneDNNBackend(), let handle = dlopen("libgomp.so.1", RTLD_NOW | RTLD_NOLOAD),
      let symbol = dlsym(handle, "omp_get_max_threads")
    else { return }
    typealias Function = @convention(c) () -> Int32
    let count = unsafeBitCast(symbol, to: Function.self)
    var graph = Graph()
    let x = graph.addInput("x", TensorType(.f32, [4, 16, 8, 8] as Shape))
    graph.addOutput("y", graph.add(Op.Relu.self, [x])[0])
    let store = Store()
    let plan = try Plan(graph, mode: .inference, backends: [backend], store: store, threads: 3)
    let seen = try await Worker().perform {
      let context = try Context(plan, store: store)
      try context.run()
      return count()
    }
    #expect(seen == 3)
  }

  @Test func groupedConvolutions() throws {
    for (groups, c, o) in [
      (1, 32, 10), (2, 16, 16), (4, 32, 32), (32, 128, 128), (16, 16, 16), (20, 20, 20), (2, 96, 256), (1, 20, 20),
      (1, 3, 32),
    ] {
      var graph = Graph()
      let x = graph.addInput("x", TensorType(.f32, [2, c, 14, 14] as Shape))
      let w = graph.addParameter(fan("w"), TensorType(.f32, [o, c / groups, 3, 3] as Shape))
      let y = graph.add(Op.Conv.self, [x, w], ["pads": .ints([1, 1, 1, 1]), "group": .int(groups)])[0]
      graph.addOutput("y", y)
      for preference in OneDNNBackend.Preference.allCases {
        guard let backend = OneDNNBackend(preference: preference) else { continue }
        let store = Store()
        try store.initialize(graph, seed: 0)
        let plan = try Plan(graph, mode: .inference, backends: [backend], store: store, threads: 2)
        #expect(!plan.lines.contains { $0.contains("ref:") }, "\(plan.lines)")
      }
    }
  }

  @Test func poolingIsUndoneInEveryOrder() throws {
    for seed in 0..<60 {
      var dice = Dice(seed + 5000)
      let axes = 1 + dice(3)
      let c = [1, 3, 16, 20, 32][dice(5)]
      let groups = c % 4 == 0 && dice(2) == 0 ? 4 : 1
      let extents = (0..<axes).map { _ in 3 + dice(6) }
      let kernel = (0..<axes).map { _ in 1 + dice(3) }
      let strides = (0..<axes).map { _ in 1 + dice(3) }
      let dilations = (0..<axes).map { _ in dice(4) == 0 ? 2 : 1 }
      let before = kernel.map { dice(2) == 0 ? 0 : dice($0) }
      let after = kernel.map { dice(2) == 0 ? 0 : dice($0) }
      var graph = Graph()
      let shape = Shape([2, c] + extents)
      let x = graph.addInput("x", TensorType(.f32, shape))
      let w = graph.addParameter(fan("w"), TensorType(.f32, Shape([c, c / groups] + [Int](repeating: 1, count: axes))))
      var y = graph.add(Op.Conv.self, [x, w], ["group": .int(groups)])[0]
      if dice(2) == 0 { y = graph.add(Op.Relu.self, [y])[0] }
      let pooled = graph.add(
        Op.MaxPool.self, [y],
        [
          "kernel_shape": .ints(kernel), "strides": .ints(strides), "dilations": .ints(dilations),
          "pads": .ints(before + after), "ceil_mode": .int(dice(2)),
        ])[0]
      guard graph.mistakes.isEmpty else { continue }
      let flat = graph.add(Op.Flatten.self, [graph.add(Op.Mul.self, [pooled, pooled])[0]])[0]
      let loss = graph.add(Op.ReduceMean.self, [flat], ["keepdims": .int(0)])[0]
      graph.addOutput("loss", loss)
      graph.addOutput("pooled", pooled)
      try graph.check()
      let request = PlanRequest(mode: .training) { (graph) throws(GraphError) in
        let g = try graph.differentiate(graph.output("loss")!, withRespectTo: [x, w])
        graph.addOutput("dx", g[x]!)
        graph.addOutput("dw", g[w]!)
      }
      let count = shape.count
      let stream = RandomStream(seed: 1, purpose: "x")
      let feeds = ["x": try Tensor((0..<count).map { Float(stream.normal(index: $0)) }, shape: shape)]
      for (which, backends) in Self.backends.enumerated() {
        let prepared = try request.prepare(graph)
        let problems = try Comparison.check(prepared, mode: .training, backends: backends, feeds: feeds, steps: 1)
        #expect(problems == [], "seed \(seed), backend \(which)")
      }
    }
  }

  @Test func normsFoldBehindTheirOperandsAndNotIntoWhatAStateKeeps() throws {
    for isKept in [false, true] {
      var graph = Graph()
      let type = TensorType(.f32, [2, 4, 5, 5] as Shape)
      let vector = TensorType(.f32, [4] as Shape)
      let x = graph.addInput("x", type)
      let w = graph.addParameter(fan("w"), TensorType(.f32, [4, 4, 1, 1] as Shape))
      let y = graph.add(Op.Conv.self, [x, w])[0]
      let scale = graph.add(Op.Relu.self, [graph.addParameter(fan("scale"), vector)])[0]
      let ones = graph.addConstant(Tensor([1, 1, 1, 1] as [Float]))
      let norm = graph.add(
        Op.BatchNormalization.self, [y, scale, graph.addParameter(fan("shift"), vector), ones, ones])
      graph.addOutput("y", norm[0])
      if isKept { graph.addUpdate(before: graph.addState(fan("last"), type), after: y) }
      let prepared = try PlanRequest(mode: .inference).prepare(graph)
      #expect(prepared.nodes.contains { $0.op == Op.BatchNormFold.name } == !isKept)
      let feeds = ["x": try Tensor((0..<200).map { Float($0 % 7) * 0.3 - 0.8 }, shape: [2, 4, 5, 5])]
      for backends in Self.backends {
        #expect(try Comparison.check(prepared, mode: .inference, backends: backends, feeds: feeds, steps: 2) == [])
      }
      if isKept {
        let after = try #require(prepared.updates.first?.after)
        #expect(prepared.nodes.contains { $0.op == Op.Conv.name && $0.outputs == [after] })
      }
    }
  }

  @Test func writersAreNotStarved() throws {
    let store = Store()
    try store.set("big", to: Tensor(zeros: [2_000_000]))
    try store.set("w", to: Tensor(zeros: [1]))
    final class Box: Sendable {
      let store: Store
      let stop = Atomic<Bool>(false)
      init(_ store: Store) { self.store = store }
    }
    let box = Box(store)
    for _ in 0..<4 {
      var thread = pthread_t()
      pthread_create(
        &thread, nil,
        { raw in
          let box = Unmanaged<Box>.fromOpaque(raw!).takeRetainedValue()
          while !box.stop.load(ordering: .relaxed) {
            _ = try? box.store.tensor("big")
          }
          return nil
        }, Unmanaged.passRetained(box).toOpaque())
      pthread_detach(thread)
    }
    usleep(100_000)
    // Gives up for the readers after five seconds.
    var watchdog = pthread_t()
    pthread_create(
      &watchdog, nil,
      { raw in
        let box = Unmanaged<Box>.fromOpaque(raw!).takeRetainedValue()
        for _ in 0..<50 where !box.stop.load(ordering: .relaxed) { usleep(100_000) }
        box.stop.store(true, ordering: .relaxed)
        return nil
      }, Unmanaged.passRetained(box).toOpaque())
    let began = Clock.seconds()
    for _ in 0..<20 { try store.set("w", to: Tensor(zeros: [1])) }
    let took = Clock.seconds() - began
    box.stop.store(true, ordering: .relaxed)
    pthread_join(watchdog, nil)
    #expect(took < 3)
  }
}
