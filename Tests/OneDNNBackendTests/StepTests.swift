import FoveaExecution
import FoveaGraphs
import FoveaOneDNNBackend
import FoveaTensors
import Testing

/// A small network with everything a training step has: convolutions (grouped, strided, unevenly padded),
/// a norm, pooling, dropout, a dense layer, loss and updates.
struct SmallStep {
  var graph = Graph()
  let batch: Int

  init(batch: Int = 1, norm: Bool = true, dropout: Bool = true) {
    self.batch = batch
    let x = graph.addInput("input", TensorType(.f32, [batch, 3, 11, 9] as Shape), open: [0])
    let target = graph.addInput("target", TensorType(.i32, [batch] as Shape), open: [0])
    func weights(_ path: String, _ shape: Shape, _ graph: inout Graph) -> Value {
      let fanIn = shape.dims.dropFirst().reduce(1, *)
      return graph.addParameter(
        Parameter(
          path: path, role: shape.rank > 1 ? .weight : .bias,
          initializer: .fan(.standard, fanIn: max(fanIn, 4), fanOut: shape[0])),
        TensorType(.f32, shape))
    }
    func stat(_ path: String, _ value: Double, _ graph: inout Graph, state: Bool) -> Value {
      let parameter = Parameter(path: path, role: .other, initializer: .constant(value))
      return state
        ? graph.addState(parameter, TensorType(.f32, [20] as Shape))
        : graph.addParameter(parameter, TensorType(.f32, [20] as Shape))
    }
    var y = graph.add(
      Op.Conv.self, [x, weights("c1.w", [20, 3, 3, 3], &graph), weights("c1.b", [20], &graph)],
      ["pads": .ints([1, 0, 1, 2])], origin: Origin(path: "c1"))[0]
    if norm {
      y =
        graph.add(
          Op.BatchNormalization.self,
          [
            y, stat("n.weight", 1, &graph, state: false), stat("n.bias", 0, &graph, state: false),
            stat("n.mean", 0, &graph, state: true), stat("n.var", 1, &graph, state: true),
          ], origin: Origin(path: "n"))[0]
    }
    y = graph.add(Op.Relu.self, [y], origin: Origin(path: "r1"))[0]
    y =
      graph.add(
        Op.MaxPool.self, [y], ["kernel_shape": .ints([2, 2]), "strides": .ints([2, 2])], origin: Origin(path: "p1"))[0]
    y =
      graph.add(
        Op.Conv.self, [y, weights("c2.w", [24, 10, 3, 3], &graph), weights("c2.b", [24], &graph)],
        ["pads": .ints([1, 1, 1, 1]), "group": .int(2), "strides": .ints([1, 1])], origin: Origin(path: "c2"))[0]
    y = graph.add(Op.Relu.self, [y], origin: Origin(path: "r2"))[0]
    y =
      graph.add(
        Op.MaxPool.self, [y], ["kernel_shape": .ints([2, 2]), "strides": .ints([2, 2])], origin: Origin(path: "p2"))[0]
    y = graph.add(Op.Flatten.self, [y], origin: Origin(path: "flat"))[0]
    if dropout {
      y =
        graph.add(Op.Dropout.self, [y], ["ratio": .float(0.25), "stream": .string("d")], origin: Origin(path: "d"))[0]
    }
    y =
      graph.add(
        Op.Gemm.self, [y, weights("f1.w", [16, 96], &graph), weights("f1.b", [16], &graph)], ["transB": .int(1)],
        origin: Origin(path: "f1"))[0]
    y = graph.add(Op.Relu.self, [y], origin: Origin(path: "r3"))[0]
    y =
      graph.add(
        Op.Gemm.self, [y, weights("f2.w", [5, 16], &graph), weights("f2.b", [5], &graph)], ["transB": .int(1)],
        origin: Origin(path: "f2"))[0]
    graph.addOutput("output", y)
    let loss = graph.add(Op.SoftmaxCrossEntropyLoss.self, [y, target], origin: Origin(path: "loss"))[0]
    graph.addOutput("loss", loss)
  }

  /// The request that trains with Nesterov momentum.
  func request(_ mode: Mode, batch: Int) -> PlanRequest {
    var request = PlanRequest(
      mode: mode, sizes: ["input": [batch, 3, 11, 9], "target": [batch]])
    guard mode == .training else { return request }
    request.differentiation = { (graph) throws(GraphError) in
      guard let loss = graph.output("loss") else { return }
      let rate = graph.addInput("rate", TensorType(.f32, .scalar))
      let momentum = graph.addInput("momentum", TensorType(.f32, .scalar))
      let parameters = graph.parameters
      let gradients = try graph.differentiate(loss, withRespectTo: parameters.map(\.value))
      for (value, parameter) in parameters {
        guard let gradient = gradients[value] else { continue }
        let velocity = graph.addState(
          Parameter(path: "velocity.\(parameter.path)", role: .moment, initializer: .constant(0)), graph[value].type)
        let next = graph.add(
          Op.SGDUpdate.self, [value, gradient, velocity, rate, momentum],
          ["nesterov": .int(1), "weight_decay": .float(0.01)], origin: Origin(path: parameter.path))
        graph.addUpdate(before: value, after: next[0])
        graph.addUpdate(before: velocity, after: next[1])
      }
    }
    return request
  }

  /// What goes in at one step.
  static func feeds(batch: Int, step: Int) throws -> [String: Tensor] {
    let stream = RandomStream(seed: 7, purpose: "test")
    let count = batch * 3 * 11 * 9
    return [
      "input": try Tensor(
        (0..<count).map { Float(stream.normal(step: UInt64(step), index: $0)) }, shape: [batch, 3, 11, 9]),
      "target": try Tensor(
        (0..<batch).map { Int32(stream.word(step: UInt64(step) + 100, index: $0) % 5) }, shape: [batch]),
      "rate": Tensor(scalar: 0.1 as Float), "momentum": Tensor(scalar: 0.9 as Float),
      "seed": Tensor(scalar: 3 as Int64), "step": Tensor(scalar: Int64(step)),
    ]
  }
}

/// Runs a prepared graph with the interpreter for some steps; the state is carried by hand.
func interpret(_ graph: Graph, from initial: [String: Tensor], batch: Int, steps: Int) throws -> (
  losses: [Float], state: [String: Tensor]
) {
  var state = initial
  var losses: [Float] = []
  for step in 0..<steps {
    let feeds = try SmallStep.feeds(batch: batch, step: step)
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
    losses.append(results[try #require(graph.output("loss"))]!.array(of: Float.self)[0])
    for update in graph.updates {
      switch graph[update.before].source {
      case .parameter(let parameter), .state(let parameter): state[parameter.path] = results[update.after]
      default: break
      }
    }
  }
  return (losses, state)
}

func run(
  _ graph: Graph, mode: Mode, backends: [any Backend], store: Store, batch: Int, steps: Int
) throws -> (losses: [Float], plan: Plan) {
  let plan = try Plan(graph, mode: mode, backends: backends, store: store, threads: 2)
  let context = try Context(plan, store: store)
  var losses: [Float] = []
  for step in 0..<steps {
    for (name, tensor) in try SmallStep.feeds(batch: batch, step: step) where context.reads(name) {
      try context.feed(name, tensor)
    }
    try context.run()
    losses.append(try context.result("loss").array(of: Float.self)[0])
  }
  return (losses, plan)
}

/// Largest difference over the largest magnitude.
func difference(_ a: Tensor, _ b: Tensor) -> Double {
  let x = a.array(of: Double.self)
  let y = b.array(of: Double.self)
  let scale = max(x.map(abs).max() ?? 0, y.map(abs).max() ?? 0, 1e-6)
  return zip(x, y).map { abs($0 - $1) }.max().map { $0 / scale } ?? 0
}

/// The length of the difference over the longer one's.
func distance(_ a: Tensor, _ b: Tensor) -> Double {
  let x = a.array(of: Double.self)
  let y = b.array(of: Double.self)
  func length(_ list: [Double]) -> Double { list.reduce(0) { $0 + $1 * $1 }.squareRoot() }
  let scale = max(length(x), length(y), 1e-6)
  return length(zip(x, y).map { $0 - $1 }) / scale
}

@Suite struct StepTests {
  static var backends: [[any Backend]] {
    OneDNNBackend.Preference.allCases.map { OneDNNBackend(preference: $0) }.map { $0.map { [$0] } ?? [] } + [[]]
  }

  @Test(arguments: [1, 3, 16], [true, false])
  func trainingStepAgreesWithTheInterpreter(batch: Int, norm: Bool) throws {
    if norm && batch == 1 { return }
    let step = SmallStep(norm: norm)
    let prepared = try step.request(.training, batch: batch).prepare(step.graph)
    let initial = Store()
    try initial.initialize(prepared, seed: 1)
    var start: [String: Tensor] = [:]
    for path in initial.paths { start[path] = try initial.tensor(path) }
    let expected = try interpret(prepared, from: start, batch: batch, steps: 4)
    #expect(expected.losses[0] != expected.losses[3])
    for backends in Self.backends {
      let store = try initial.copy()
      let found = try run(prepared, mode: .training, backends: backends, store: store, batch: batch, steps: 4)
      for (a, b) in zip(found.losses, expected.losses) { #expect(abs(a - b) < 1e-4, "\(found.plan.lines)") }
      for path in store.paths {
        let gap = difference(try store.tensor(path), try #require(expected.state[path]))
        #expect(gap < 2e-4, "\(path): \(gap)\n\(found.plan.lines.joined(separator: "\n"))")
      }
    }
  }

  @Test func inferenceFoldsNormsAndAgrees() throws {
    let step = SmallStep()
    let store = Store()
    try store.initialize(step.graph, seed: 1)
    try store.set("n.mean", to: Tensor((0..<20).map { Float($0) * 0.02 - 0.2 }))
    try store.set("n.var", to: Tensor((0..<20).map { Float($0) * 0.1 + 0.3 }))
    try store.set("n.weight", to: Tensor((0..<20).map { Float($0) * 0.1 - 0.7 }))
    let plain = try step.request(.inference, batch: 3).prepare(step.graph)
    #expect(!plain.nodes.contains { $0.op == Op.BatchNormalization.name })
    var start: [String: Tensor] = [:]
    for path in store.paths { start[path] = try store.tensor(path) }
    // The interpreter on the declared graph knows nothing of folding.
    let declared = try step.graph.specialized(to: ["input": [3, 3, 11, 9], "target": [3]])
    let expected = try interpret(declared, from: start, batch: 3, steps: 2)
    for backends in Self.backends {
      let own = try store.copy()
      let found = try run(plain, mode: .inference, backends: backends, store: own, batch: 3, steps: 2)
      for (a, b) in zip(found.losses, expected.losses) { #expect(abs(a - b) < 1e-4) }
    }
  }
}
