import Fovea
import FoveaLanesBackend
import Testing

/// A network that is trained for some steps here and, by the plain loops, in double precision.
struct Steps {
  let model: Model
  let batch: Int
  let graph: Graph
  let exact: Graph
  let facts: DatasetFacts

  static let optimizer = Optimizer.sgd(
    learningRate: .constant(0.05), momentum: 0.9, nesterov: true, weightDecay: 5e-4)

  init(_ model: Model, batch: Int, optimizer: Optimizer = Steps.optimizer) throws {
    self.model = model
    self.batch = batch
    let shape = try #require(model.graph.inputs.first.flatMap { model.graph[$0].type.shape.dims })
    let sample = Shape(shape.dropFirst().compactMap { $0 })
    let output = try #require(model.graph.output("output"))
    let classes = try #require(model.graph[output].type.shape[1])
    facts = DatasetFacts(name: "noise", sampleShape: sample, classes: classes)
    let training = try TrainingGraph(model, for: facts)
    func prepared(_ precision: DType) throws -> Graph {
      var request = try training.training(optimizer)
      request.sizes = TrainingGraph.sizes(batch, sample)
      request.precision = precision
      return try request.prepare(training.graph)
    }
    graph = try prepared(.f32)
    exact = try prepared(.f64)
  }

  /// What goes in at a step.
  func feed(_ name: String, _ shape: Shape, step: Int) -> [Double] {
    let random = RandomStream(seed: 5, purpose: "lanes test")
    switch name {
    case "input": return (0..<shape.count).map { Double(random.normal(step: UInt64(step), index: $0)) }
    case "target":
      return (0..<shape.count).map { Double(random.word(step: UInt64(step) + 1000, index: $0) % UInt32(facts.classes)) }
    case "rate": return [0.05]
    case "momentum": return [0.9]
    case "step": return [Double(step)]
    default: return [Double](repeating: 0, count: shape.count)
    }
  }

  func tensor(_ value: Value, of graph: Graph, step: Int) throws -> Tensor {
    let shape = graph.shape(value)
    return try Tensor(feed(graph[value].name, shape, step: step), shape: shape).converted(to: graph[value].type.dtype)
  }

  /// Everything that the graph puts out at the last step, and all state behind it.
  typealias Results = [String: [Double]]

  func run(_ backends: [any Backend], threads: Int, steps: Int) throws -> (results: Results, plan: Plan) {
    let store = try model.store.copy()
    try store.initialize(graph, seed: 0)
    let plan = try Plan(graph, mode: .training, backends: backends, store: store, threads: threads)
    let context = try Context(plan, store: store)
    for step in 0..<steps {
      for value in graph.inputs where context.reads(graph[value].name) {
        try context.feed(graph[value].name, try tensor(value, of: graph, step: step))
      }
      try context.run()
    }
    var results: Results = [:]
    for (name, _) in graph.outputs {
      results[name] = try context.result(name).converted(to: .f64).array(of: Double.self)
    }
    for (_, parameter) in graph.parameters + graph.states {
      results[parameter.path] = try store.tensor(parameter.path).converted(to: .f64).array(of: Double.self)
    }
    return (results, plan)
  }

  func exactResults(steps: Int) throws -> Results {
    let store = try model.store.copy()
    try store.initialize(graph, seed: 0)
    var state: [String: Tensor] = [:]
    for (_, parameter) in graph.parameters + graph.states {
      state[parameter.path] = try store.tensor(parameter.path).converted(to: .f64)
    }
    var results: Results = [:]
    for step in 0..<steps {
      var values: [Value: Tensor] = [:]
      for value in exact.inputs { values[value] = try tensor(value, of: exact, step: step) }
      for (value, parameter) in exact.parameters + exact.states { values[value] = state[parameter.path] }
      let all = try Interpreter.run(exact, values)
      for (name, value) in exact.outputs { results[name] = all[value]?.array(of: Double.self) }
      for (value, parameter) in exact.parameters + exact.states {
        if let update = exact.updates.first(where: { $0.before == value }) { state[parameter.path] = all[update.after] }
      }
    }
    for (path, tensor) in state { results[path] = tensor.array(of: Double.self) }
    return results
  }

  /// Fails where results differ by more than `tolerance` of the largest.
  func expect(_ found: Results, equals wanted: Results, tolerance: Double, _ words: String) {
    #expect(found.keys.sorted() == wanted.keys.sorted(), "\(words)")
    for (name, want) in wanted.sorted(by: { $0.key < $1.key }) {
      let have = found[name] ?? []
      #expect(have.count == want.count, "\(words) \(name)")
      let largest = want.map(abs).max() ?? 0
      let off = zip(have, want).map { abs($0 - $1) }.max() ?? 0
      #expect(
        have.allSatisfy(\.isFinite) && off <= tolerance * max(largest, 1e-2), "\(words) \(name): \(off) of \(largest)")
    }
  }
}
