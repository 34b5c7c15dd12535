import Fovea

/// Numbers of a test's own: a wrong count is the test's mistake.
func tensor(_ values: [Double], _ shape: Shape) -> Tensor {
  guard let tensor = try? Tensor(values, shape: shape) else {
    preconditionFailure("\(values.count) numbers for \(shape)")
  }
  return tensor
}

/// A signal, [1, 1, L]: as input, or as a kernel.
func signal(_ values: [Double]) -> Tensor { tensor(values, [1, 1, values.count]) }

/// A picture from its rows, [1, 1, H, W]: as input, or as a kernel.
func picture(_ rows: [[Double]]) -> Tensor {
  tensor(rows.flatMap { $0 }, [1, 1, rows.count, rows.first?.count ?? 0])
}

/// Numbers in −1 … 1, always the same for one seed.
func draw(_ shape: Shape, seed: UInt64) -> Tensor {
  let stream = RandomStream(seed: seed, purpose: "lectures")
  return tensor((0..<shape.count).map { 2 * Double(stream.uniform(index: $0)) - 1 }, shape)
}

/// The numbers 0, 1, 2 …
func ramp(_ shape: Shape, from first: Double = 0) -> Tensor {
  tensor((0..<shape.count).map { first + Double($0) }, shape)
}

extension Tensor {
  var numbers: [Double] { array(of: Double.self) }

  /// The rows along the last axis.
  var rows: [[Double]] {
    let all = numbers
    let width = shape.dims.last ?? 1
    return stride(from: 0, to: all.count, by: max(width, 1)).map { Array(all[$0..<($0 + width)]) }
  }

  /// The number at a position.
  func at(_ indices: Int...) -> Double { numbers[zip(indices, shape.strides).reduce(0) { $0 + $1.0 * $1.1 }] }
}

/// True when no number differs by more than `tolerance`.
func close(_ found: [Double], _ expected: [Double], _ tolerance: Double = 1e-12) -> Bool {
  found.count == expected.count && zip(found, expected).allSatisfy { abs($0 - $1) <= tolerance }
}

/// True when no number of any row differs by more than `tolerance`.
func close(_ found: [[Double]], _ expected: [[Double]], _ tolerance: Double = 1e-12) -> Bool {
  found.map(\.count) == expected.map(\.count)
    && close(found.flatMap { $0 }, expected.flatMap { $0 }, tolerance)
}

/// What layers make of numbers, and the gradients of Σ output·weights.
struct Found {
  let output: Tensor
  let byInput: Tensor
  /// In the order of declaration.
  let byParameters: [Tensor]
}

/// What layers make of numbers in double precision, by the reference loops.
///
/// - Parameter parameters: in the order of declaration, statistics included; those that are left out start as a
///   constant where they do so in training, else are drawn.
func apply(
  _ x: Tensor, _ parameters: [Tensor] = [], mode: Mode = .inference, @LayerBuilder _ layers: () -> [Placed]
) throws -> Tensor {
  try results(x, parameters, mode, nil, layers)["output"] ?? Tensor(zeros: [0])
}

/// The same, with the gradients of the sum of the outputs, each times its number of `weights`.
func differentiate(
  _ x: Tensor, _ parameters: [Tensor] = [], weights: Tensor, mode: Mode = .inference,
  @LayerBuilder _ layers: () -> [Placed]
) throws -> Found {
  let found = try results(x, parameters, mode, weights, layers)
  let count = Model.draft(input: example(x), layers).parameters.count
  return Found(
    output: found["output"] ?? Tensor(zeros: [0]), byInput: found["by input"] ?? Tensor(zeros: [0]),
    byParameters: (0..<count).map { found["by \($0)"] ?? Tensor(zeros: [0]) })
}

private func example(_ x: Tensor) -> InputShape { InputShape(Shape(Array(x.shape.dims.dropFirst()))) }

private func results(
  _ x: Tensor, _ parameters: [Tensor], _ mode: Mode, _ weights: Tensor?, _ layers: () -> [Placed]
) throws -> [String: Tensor] {
  var graph = Model.draft(input: example(x), layers)
  var sizes = ["input": x.shape]
  var feeds = ["input": x, "seed": Tensor(scalar: 7 as Int64), "step": Tensor(scalar: 0 as Int64)]
  if let weights, let output = graph.output("output") {
    sizes["weights"] = weights.shape
    feeds["weights"] = weights
    let factors = graph.addInput("weights", graph[output].type, open: [0])
    let product = graph.add(Op.Mul.self, [output, factors])[0]
    graph.addOutput("sum", graph.add(Op.ReduceSum.self, [product], ["keepdims": .int(0)])[0])
  }
  let leaves = (graph.parameters + graph.states).sorted { $0.value.id < $1.value.id }
  for (index, leaf) in leaves.enumerated() {
    let shape = graph.shape(leaf.value)
    switch leaf.parameter.initializer {
    case _ where index < parameters.count: feeds[leaf.parameter.path] = parameters[index]
    case .constant(let value): feeds[leaf.parameter.path] = tensor(.init(repeating: value, count: shape.count), shape)
    default: feeds[leaf.parameter.path] = draw(shape, seed: UInt64(100 + index))
    }
  }
  let prepared = try PlanRequest(mode: mode, sizes: sizes, precision: .f64) { (graph) throws(GraphError) in
    guard let sum = graph.output("sum"), let input = graph.input("input") else { return }
    let learned = graph.parameters.map(\.value)
    let gradients = try graph.differentiate(sum, withRespectTo: [input] + learned)
    if let gradient = gradients[input] { graph.addOutput("by input", gradient) }
    for (index, value) in learned.enumerated() {
      if let gradient = gradients[value] { graph.addOutput("by \(index)", gradient) }
    }
  }.prepare(graph)
  var environment: [Value: Tensor] = [:]
  for value in prepared.inputs { environment[value] = feeds[prepared[value].name] }
  for (value, parameter) in prepared.parameters + prepared.states { environment[value] = feeds[parameter.path] }
  let found = try Interpreter.run(prepared, environment)
  return Dictionary(prepared.outputs.map { ($0.name, found[$0.value] ?? Tensor(zeros: [0])) }) { first, _ in first }
}

/// What an operator makes of its operands, and the gradients of its first output, summed, by the first of them.
func run(
  _ op: any Operator.Type, _ operands: [Tensor], _ attributes: Attributes = [:], gradients targets: [Int] = []
) throws -> (output: Tensor, gradients: [Tensor]) {
  var graph = Graph()
  var feeds: [Value: Tensor] = [:]
  let values = operands.enumerated().map { index, tensor in
    let value = graph.addInput("x\(index)", TensorType(tensor.dtype, tensor.shape))
    feeds[value] = tensor
    return value
  }
  let output = graph.add(op, values, attributes)[0]
  try graph.check()
  let sum = graph.shape(output).rank == 0 ? output : graph.add(Op.ReduceSum.self, [output], ["keepdims": .int(0)])[0]
  let slopes = targets.isEmpty ? [:] : try graph.differentiate(sum, withRespectTo: targets.map { values[$0] })
  let found = try Interpreter.run(graph, feeds)
  return (
    found[output] ?? Tensor(zeros: [0]),
    targets.map { slopes[values[$0]].flatMap { found[$0] } ?? Tensor(zeros: [0]) }
  )
}
