import FoveaExecution
import FoveaGraphs
import FoveaLayers
import FoveaTensors

/// Numbers for a test, always the same for one seed.
func draw(_ shape: Shape, seed: UInt64, from low: Double = -1) -> Tensor {
  let stream = RandomStream(seed: seed, purpose: "test")
  return tensor((0..<shape.count).map { low + (1 - low) * Double(stream.uniform(index: $0)) }, shape)
}

/// A wrong count is the test's mistake.
func tensor(_ values: [Double], _ shape: Shape) -> Tensor {
  guard let tensor = try? Tensor(values, shape: shape) else {
    preconditionFailure("\(values.count) numbers for \(shape)")
  }
  return tensor
}

extension Tensor {
  var numbers: [Double] { array(of: Double.self) }

  /// The number at a position.
  func at(_ indices: Int...) -> Double { numbers[zip(indices, shape.strides).reduce(0) { $0 + $1.0 * $1.1 }] }
}

/// The largest difference, divided by the largest expected number.
func difference(_ found: [Double], _ expected: [Double]) -> Double {
  guard found.count == expected.count, !found.isEmpty else { return .infinity }
  let largest = expected.map(abs).max() ?? 0
  return (zip(found, expected).map { abs($0 - $1) }.max() ?? 0) / max(largest, 1e-12)
}

/// A network with its values, in double precision.
struct Net {
  let graph: Graph
  /// By path; what is missing is drawn at random.
  var values: [String: Tensor] = [:]

  init(_ input: InputShape, _ values: [String: Tensor] = [:], @LayerBuilder _ layers: () -> [Placed]) throws {
    graph = Model.draft(input: input, layers)
    self.values = values
    try graph.check()
    for (index, leaf) in (graph.parameters + graph.states).enumerated() where values[leaf.parameter.path] == nil {
      self.values[leaf.parameter.path] = draw(graph.shape(leaf.value), seed: UInt64(100 + index))
    }
  }

  /// The output for a batch.
  func callAsFunction(_ x: Tensor, mode: Mode = .inference) throws -> Tensor {
    try results(x, mode)["output"] ?? Tensor(zeros: [0])
  }

  /// The sum of the outputs, each times a number of `weights`, differentiated: by `input` and by the
  /// parameters' paths.
  func gradients(_ x: Tensor, weights: Tensor) throws -> [String: Tensor] {
    try results(x, .training, weights: weights)
  }

  private func results(_ x: Tensor, _ mode: Mode, weights: Tensor? = nil) throws -> [String: Tensor] {
    var graph = graph
    var sizes = ["input": x.shape]
    var feeds = ["input": x]
    if let weights, let output = graph.output("output") {
      sizes["weights"] = weights.shape
      feeds["weights"] = weights
      let factors = graph.addInput("weights", graph[output].type, open: [0])
      let product = graph.add(Op.Mul.self, [output, factors])[0]
      graph.addOutput("sum", graph.add(Op.ReduceSum.self, [product], ["keepdims": .int(0)])[0])
    }
    let prepared = try PlanRequest(mode: mode, sizes: sizes, precision: .f64) { (graph) throws(GraphError) in
      guard let sum = graph.output("sum"), let input = graph.input("input") else { return }
      let targets = [(input, "input")] + graph.parameters.map { ($0.value, $0.parameter.path) }
      let gradients = try graph.differentiate(sum, withRespectTo: targets.map(\.0))
      for (value, name) in targets { if let gradient = gradients[value] { graph.addOutput(name, gradient) } }
    }.prepare(graph)
    var environment: [Value: Tensor] = [:]
    for value in prepared.inputs { environment[value] = feeds[prepared[value].name] }
    for (value, parameter) in prepared.parameters + prepared.states { environment[value] = values[parameter.path] }
    let found = try Interpreter.run(prepared, environment)
    var results: [String: Tensor] = [:]
    for (name, value) in prepared.outputs { results[name] = found[value] }
    return results
  }
}
