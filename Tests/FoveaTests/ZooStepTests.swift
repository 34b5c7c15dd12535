import Foundation
import Fovea
import Testing

/// One step of every network of the zoo, small: the processors come as near to double precision as the plain loops
/// do in single precision. (Compared with each other, both show mostly how a deep network spreads rounding.)
@Suite(.serialized) struct ZooStepTests {
  /// What a network is tried on, [N, C, H, W] or what it takes besides pictures.
  private struct Trial {
    let input: InputShape
    let batch: Int
    var shape: Shape { Shape([batch] + input.shape.dims) }
  }

  /// The smallest pictures, of those that are tried, that a network takes and whose norms have at least four places
  /// each: the mean of two numbers alone says nothing. Where none has, more of them.
  private static func trial(_ entry: Zoo.Entry) -> Trial? {
    let own = entry.input.shape
    guard own.rank == 3, own[1] > 64 else { return Trial(input: entry.input, batch: 2) }
    let smaller = [32, 48, 64, 80, 96, 128, 160, 192, 224].filter { $0 < own[1] }.map { InputShape([own[0], $0, $0]) }
    var fitting: [Trial] = []
    for input in smaller + [entry.input] {
      let graph = Model.draft(input: input) { entry.network(3) }
      let trial = Trial(input: input, batch: 2)
      guard graph.mistakes.isEmpty, (try? graph.specialized(to: ["input": trial.shape])) != nil else { continue }
      let places = graph.nodes.filter { $0.op == Op.BatchNormalization.name }.compactMap { node in
        node.inputs[0].map { graph.shape($0).dims.dropFirst(2).reduce(1, *) }
      }
      if places.allSatisfy({ $0 >= 4 }) { return trial }
      fitting.append(trial)
    }
    return fitting.first.map { Trial(input: $0.input, batch: 8) }
  }

  /// The sum of the mean squares of all outputs, so that every network has a loss.
  private static func withLoss(_ model: Model) -> Graph {
    var graph = model.graph
    var total: Value?
    for (_, output) in model.graph.outputs {
      let square = graph.add(Op.Mul.self, [output, output])[0]
      let part = graph.add(Op.ReduceMean.self, [square], ["keepdims": .int(0)])[0]
      total = total.map { graph.add(Op.Add.self, [$0, part])[0] } ?? part
    }
    if let total { graph.addOutput("loss", total) }
    return graph
  }

  private static func request(_ trial: Trial, _ precision: DType) -> PlanRequest {
    PlanRequest(mode: .training, sizes: ["input": trial.shape], precision: precision) {
      (graph) throws(GraphError) in
      guard let loss = graph.output("loss") else { return }
      let parameters = graph.parameters.filter(\.parameter.trainable)
      let gradients = try graph.differentiate(loss, withRespectTo: parameters.map(\.value))
      for (value, parameter) in parameters {
        if let gradient = gradients[value] { graph.addOutput("gradient:\(parameter.path)", gradient) }
      }
    }
  }

  private static func picture(_ trial: Trial) -> Tensor {
    var tensor = Tensor(zeros: trial.shape)
    tensor.withMutableElements(of: Float.self) { elements in
      for i in elements.indices { elements[i] = Float(sin(0.37 * Double(i * i % 9973))) }
    }
    return tensor
  }

  /// What a plan on these backends computes, by output, and the nodes that did not get their first choice.
  private static func run(
    _ graph: Graph, _ model: Model, _ picture: Tensor, _ device: Device
  ) async throws -> (results: [String: Tensor], fallbacks: [(node: String, op: String, refusals: [String])]) {
    try await Worker().perform {
      let plan = try Plan(
        graph, mode: .training, backends: device.backends, store: model.store, threads: device.threads)
      let context = try Context(plan, store: model.store)
      try context.feed("input", picture)
      try context.run()
      var results: [String: Tensor] = [:]
      for (name, _) in graph.outputs { results[name] = try context.result(name) }
      return (results, plan.fallbacks)
    }
  }

  /// What the plain loops compute in double precision.
  private static func exact(_ model: Model, _ trial: Trial, _ picture: Tensor) throws -> [String: [Double]] {
    let graph = try request(trial, .f64).prepare(withLoss(model))
    var feeds: [Value: Tensor] = [:]
    for value in graph.inputs {
      // Dropout's seed and step are 0.
      feeds[value] = graph[value].name == "input" ? picture.converted(to: .f64) : Tensor(scalar: Int64(0))
    }
    for (value, parameter) in graph.parameters + graph.states {
      feeds[value] = try model.store.tensor(parameter.path).converted(to: .f64)
    }
    let values = try Interpreter.run(graph, feeds)
    var results: [String: [Double]] = [:]
    for (name, value) in graph.outputs { results[name] = values[value]?.array(of: Double.self) }
    return results
  }

  /// What the plain loops do in a moment. All others take part where `FOVEA_ALL_NETWORKS` is set.
  private static func isQuick(_ entry: Zoo.Entry) -> Bool {
    guard let trial = trial(entry) else { return true }
    let graph = Model.draft(input: trial.input) { entry.network(3) }
    let analysis = graph.analysis()
    return analysis.multiplyAddsPerExample < 60_000_000 && analysis.parameters < 15_000_000
  }

  private static var names: [String] {
    let all = ProcessInfo.processInfo.environment["FOVEA_ALL_NETWORKS"] != nil
    return Zoo.standard.entries.filter { all || isQuick($0) }.map(\.name)
  }

  /// Shifts every norm to 3, so that rectifiers behind them, those with a lid of 6 too, seldom stand at a corner:
  /// there rounding alone decides whether a gradient passes, and a deep network spreads that over everything before it.
  private static func steady(_ model: Model) throws {
    for (value, parameter) in model.graph.parameters where parameter.role == .shift {
      let shape = model.graph.shape(value)
      let shift = try Tensor([Float](repeating: 3, count: shape.count), shape: shape)
      try model.store.set(parameter.path, to: shift)
    }
  }

  @Test(arguments: ZooStepTests.names) func aStepIsThatOfThePlainLoops(name: String) async throws {
    let entry = try Zoo.standard.entry(name)
    let trial = try #require(Self.trial(entry), "\(name) takes none of the sizes")
    let model = try Zoo.standard.model(name, input: trial.input, classes: 3)
    let other = try Zoo.standard.model(name, input: trial.input, classes: 3)
    for model in [model, other] { try Self.steady(model) }
    let graph = try Self.request(trial, .f32).prepare(Self.withLoss(model))
    let picture = Self.picture(trial)
    let exact = try Self.exact(model, trial, picture)
    let fast = try await Self.run(graph, model, picture, .cpu(threads: 2))
    let plain = try await Self.run(graph, other, picture, .reference)
    #expect(fast.results.count == plain.results.count && fast.results.count > 1)
    func norm(_ numbers: [Double]) -> Double { numbers.reduce(0) { $0 + $1 * $1 }.squareRoot() }
    // What is 0 by its nature, such as the gradient of a bias before a norm, is rounding only.
    let largest = exact.filter { $0.key.hasPrefix("gradient:") }.map { norm($0.value) }.max() ?? 0
    for (key, expected) in exact.sorted(by: { $0.key < $1.key }) {
      func error(_ results: [String: Tensor]) throws -> Double {
        let found = try #require(results[key]).converted(to: .f64).array(of: Double.self)
        #expect(found.count == expected.count && found.allSatisfy { $0.isFinite }, "\(name) \(key)")
        return norm(zip(found, expected).map { $0 - $1 })
      }
      let (fast, plain) = (try error(fast.results), try error(plain.results))
      #expect(
        fast <= 10 * plain + 1e-3 * norm(expected) + 1e-6 * largest,
        "\(name) \(trial.shape) \(key): off by \(fast), the plain loops by \(plain), of \(norm(expected))")
    }
    // A node may run on the plain loops; it then says why.
    for fallback in fast.fallbacks { #expect(!fallback.refusals.isEmpty, "\(name) \(fallback.node)") }
  }
}
