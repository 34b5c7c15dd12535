import Foundation
import Fovea
import Testing

/// What PyTorch computes for the networks of the zoo; `Golden/make_networks.py` wrote the numbers and says by
/// which formula weights and inputs are made.
struct GoldenNetwork: Decodable, Sendable, CustomTestStringConvertible {
  struct File: Decodable { let networks: [GoldenNetwork] }
  /// A parameter, or a state.
  struct Entry: Decodable, Sendable {
    let path: String
    let shape: [Int]
    let offset: Double
    let scale: Double
    let k: Int
    let gradient: Digest?
    /// Of a state behind the training step.
    let after: Digest?

    var tensor: Tensor { sines(Shape(shape), k) { offset + scale * $0 } }
  }
  /// What is kept of many numbers.
  struct Digest: Decodable, Sendable {
    let norm: Double
    let weighted: Double
    let first: [Double]
  }

  let name: String
  let input: [Int]
  let labels: [Int32]
  let evaluated: [Double]
  let trained: [Double]
  let loss: Double
  let tensors: [Entry]

  var testDescription: String { name }
  var picture: Tensor { sines(Shape(input), 0) { $0 } }
  var target: Tensor { Tensor(labels) }

  static func all() throws -> [GoldenNetwork] {
    let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appending(path: "Golden/networks.json")
    return try JSONDecoder().decode(File.self, from: Data(contentsOf: file)).networks
  }

  /// The network of the zoo for these inputs, with the values of the formula.
  func model() throws -> Model {
    let model = try Zoo.standard.model(name, input: InputShape(Shape(Array(input.dropFirst()))), classes: 10)
    try model.loadParameters(Dictionary(uniqueKeysWithValues: tensors.map { ($0.path, $0.tensor) }))
    return model
  }

  /// The model's graph with the loss; ready for a batch, and for training with a gradient of each parameter as
  /// an output `gradient:PATH`.
  func prepared(_ model: Model, _ mode: Mode, _ precision: DType) throws -> Graph {
    var graph = model.graph
    var sizes = ["input": Shape(input)]
    if mode == .training {
      let scores = try #require(graph.output("output"))
      let target = graph.addInput("target", TensorType(.i32, [1]), open: [0])
      sizes["target"] = Shape([input[0]])
      graph.addOutput("loss", graph.add(Op.SoftmaxCrossEntropyLoss.self, [scores, target])[0])
    }
    return try PlanRequest(mode: mode, sizes: sizes, precision: precision) { (graph) throws(GraphError) in
      guard let loss = graph.output("loss") else { return }
      let gradients = try graph.differentiate(loss, withRespectTo: graph.parameters.map(\.value))
      for (value, parameter) in graph.parameters {
        if let gradient = gradients[value] { graph.addOutput("gradient:\(parameter.path)", gradient) }
      }
    }.prepare(graph)
  }

  /// Holds a step's results, by output and by path of the states, against PyTorch's.
  func check(_ results: [String: [Double]], tolerance: Double) {
    func near(_ found: Double, _ expected: Double, _ size: Double, _ what: String) {
      #expect(abs(found - expected) <= tolerance * size, "\(name) \(what): \(found), PyTorch \(expected)")
    }
    near(results["loss"]?.first ?? .nan, loss, abs(loss), "loss")
    for (key, expected) in [("output", trained), ("evaluated", evaluated)] {
      let found = results[key] ?? []
      #expect(found.count == expected.count)
      let size = expected.map(abs).max() ?? 1
      for (a, b) in zip(found, expected) { near(a, b, size, key) }
    }
    for entry in tensors {
      let found = results[entry.gradient == nil ? entry.path : "gradient:\(entry.path)"] ?? []
      guard let expected = entry.gradient ?? entry.after else { continue }
      #expect(found.count == Shape(entry.shape).count, "\(name) \(entry.path)")
      let weights = sines(Shape([found.count]), 0) { $0 }.array(of: Double.self)
      near(found.reduce(0) { $0 + $1 * $1 }.squareRoot(), expected.norm, expected.norm, "\(entry.path) norm")
      near(zip(found, weights).reduce(0) { $0 + $1.0 * $1.1 }, expected.weighted, expected.norm, "\(entry.path) sum")
      let usual = expected.norm / Double(max(found.count, 1)).squareRoot()
      for (a, b) in zip(found, expected.first) { near(a, b, max(usual, abs(b)), "\(entry.path) first") }
    }
  }
}

/// A function of sines that need no file: number i is f(sin(0.37·(i² mod 9973) + k)).
private func sines(_ shape: Shape, _ k: Int, _ f: (Double) -> Double) -> Tensor {
  var tensor = Tensor(zeros: shape, dtype: .f64)
  tensor.withMutableElements(of: Double.self) { elements in
    for i in elements.indices { elements[i] = f(sin(0.37 * Double(i * i % 9973) + Double(k))) }
  }
  return tensor
}

@Suite struct NetworkGoldenTests {
  /// The plain loops, in double precision: the networks are PyTorch's, digit by digit.
  @Test(arguments: try GoldenNetwork.all()) func theReferenceAgreesWithPyTorch(network: GoldenNetwork) throws {
    let model = try network.model()
    let values = Dictionary(uniqueKeysWithValues: network.tensors.map { ($0.path, $0.tensor) })
    func run(_ mode: Mode) throws -> (Graph, [Value: Tensor]) {
      let graph = try network.prepared(model, mode, .f64)
      var feeds: [Value: Tensor] = [:]
      for value in graph.inputs { feeds[value] = graph[value].name == "target" ? network.target : network.picture }
      for (value, parameter) in graph.parameters + graph.states { feeds[value] = values[parameter.path] }
      return (graph, try Interpreter.run(graph, feeds))
    }
    let (training, trained) = try run(.training)
    let (inference, evaluated) = try run(.inference)
    var results: [String: [Double]] = [:]
    for (name, value) in training.outputs { results[name] = trained[value]?.array(of: Double.self) }
    for (name, value) in inference.outputs where name == "output" {
      results["evaluated"] = evaluated[value]?.array(of: Double.self)
    }
    for (before, after) in training.updates {
      results[training[before].name] = trained[after]?.array(of: Double.self)
    }
    network.check(results, tolerance: 1e-7)
  }

  /// This machine's processors, in single precision.
  @Test(arguments: try GoldenNetwork.all()) func theProcessorAgreesWithPyTorch(network: GoldenNetwork) async throws {
    let model = try network.model()
    let device = Device.cpu(threads: 1)
    // The evaluation first: a training step moves the running statistics.
    let results = try await Worker().perform { () throws -> [String: [Double]] in
      func run(_ mode: Mode) throws -> Context {
        let graph = try network.prepared(model, mode, .f32)
        let plan = try Plan(graph, mode: mode, backends: device.backends, store: model.store, threads: device.threads)
        let context = try Context(plan, store: model.store)
        try context.feed("input", network.picture.converted(to: .f32))
        if mode == .training { try context.feed("target", network.target) }
        try context.run()
        return context
      }
      func numbers(_ tensor: Tensor) -> [Double] { tensor.converted(to: .f64).array(of: Double.self) }
      var results = ["evaluated": numbers(try run(.inference).result("output"))]
      let training = try run(.training)
      for (name, _) in training.plan.graph.outputs { results[name] = numbers(try training.result(name)) }
      for (_, state) in training.plan.graph.states { results[state.path] = numbers(try model.store.tensor(state.path)) }
      return results
    }
    network.check(results, tolerance: 1e-4)
  }
}
