import FoveaGraphs
import FoveaTensors
import Testing

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// Numbers for a random test; its seed belongs in the failure's message.
struct Draws {
  let seed: UInt64
  private let stream: RandomStream
  private var index = 0

  init(seed: UInt64) {
    self.seed = seed
    stream = RandomStream(seed: seed, purpose: "test")
  }

  mutating func uniform() -> Double {
    index += 1
    return Double(stream.uniform(index: index))
  }
  /// A number in −1 … 1.
  mutating func signed() -> Double { 2 * uniform() - 1 }
  mutating func int(_ range: ClosedRange<Int>) -> Int {
    range.lowerBound + min(Int(uniform() * Double(range.count)), range.count - 1)
  }
  mutating func tensor(_ shape: Shape, scale: Double = 1, offset: Double = 0) -> Tensor {
    doubles((0..<shape.count).map { _ in offset + scale * signed() }, shape)
  }
  mutating func labels(_ shape: Shape, below classes: Int) -> Tensor {
    made((0..<shape.count).map { _ in Int32(int(0...(classes - 1))) }, shape)
  }
}

/// A tensor of a test's own numbers: a wrong count is the test's mistake.
private func made<T: TensorScalar>(_ values: [T], _ shape: Shape) -> Tensor {
  guard let tensor = try? Tensor(values, shape: shape) else {
    preconditionFailure("\(values.count) numbers for \(shape)")
  }
  return tensor
}

func doubles(_ values: [Double], _ shape: Shape) -> Tensor { made(values, shape) }
func floats(_ values: [Double], _ shape: Shape) -> Tensor { doubles(values, shape).converted(to: .f32) }
func ints(_ values: [Int32], _ shape: Shape) -> Tensor { made(values, shape) }

extension Tensor { var numbers: [Double] { array(of: Double.self) } }

/// The largest difference, divided by the largest expected number (at least `least`).
func difference(_ found: [Double], _ expected: [Double], least: Double = 1e-12) -> Double {
  guard found.count == expected.count else { return .infinity }
  var largest = least
  var worst = 0.0
  for (a, b) in zip(found, expected) {
    if a.isNaN != b.isNaN { return .infinity }
    if a.isNaN || a == b { continue }
    largest = max(largest, abs(b))
    worst = max(worst, abs(a - b))
  }
  return worst / largest
}

/// Runs one operator on tensors and returns all outputs; what does not fit throws.
func apply(_ op: any Operator.Type, _ operands: [Tensor?], _ attributes: Attributes = [:]) throws -> [Tensor] {
  var graph = Graph()
  var feeds: [Value: Tensor] = [:]
  let values = operands.enumerated().map { index, tensor -> Value? in
    guard let tensor else { return nil }
    let value = graph.addInput("x\(index)", TensorType(tensor.dtype, tensor.shape))
    feeds[value] = tensor
    return value
  }
  let outputs = graph.add(op, values, attributes)
  try graph.check()
  let results = try Interpreter.run(graph, feeds)
  return outputs.map { results[$0]! }
}

/// The types that a shape rule gives, and what it reports, for operands that may be partly unknown.
func infer(
  _ op: any Operator.Type, _ operands: [TensorType?], _ attributes: Attributes = [:], body: Graph? = nil
) -> (types: [TensorType], mistakes: [Mistake]) {
  var graph = Graph()
  let values = operands.enumerated().map { index, type in type.map { graph.addInput("x\(index)", $0) } }
  let outputs = graph.add(op, values, attributes, body: body)
  return (outputs.map { graph[$0].type }, graph.mistakes)
}

/// f32 of a partial shape.
func f32(_ dims: Int?...) -> TensorType { TensorType(.f32, PartialShape(dims)) }
/// i32 of a partial shape.
func i32(_ dims: Int?...) -> TensorType { TensorType(.i32, PartialShape(dims)) }

/// Compares the gradients that the graph gives with central differences in `Double`.
///
/// `build` adds the operator to a graph in which operand i has the first `batched` axis open when it is listed
/// there; the graph is differentiated at batch 1 and run at batch 3. The loss is the sum of the outputs times
/// random numbers, so that every output element counts differently.
func checkGradient(
  _ op: any Operator.Type, _ operands: [Tensor], batched: Set<Int> = [0], targets: [Int] = [0],
  _ attributes: Attributes = [:], scalarLoss: Bool = false, seed: UInt64 = 1, tolerance: Double = 1e-7,
  sourceLocation: SourceLocation = #_sourceLocation
) throws {
  var graph = Graph()
  var sizes: [String: Shape] = [:]
  var feeds: [Value: Tensor] = [:]
  let values = operands.enumerated().map { index, tensor -> Value in
    let isOpen = batched.contains(index)
    let declared = isOpen ? Shape([1] + tensor.shape.dims.dropFirst()) : tensor.shape
    let dtype: DType = tensor.dtype.isFloat ? .f32 : tensor.dtype
    let value = graph.addInput("x\(index)", TensorType(dtype, declared), open: isOpen ? [0] : [])
    if isOpen { sizes["x\(index)"] = tensor.shape }
    feeds[value] = tensor.dtype.isFloat ? tensor.converted(to: .f64) : tensor
    return value
  }
  let y = graph.add(op, values.map { $0 }, attributes)[0]
  var loss = y
  if !scalarLoss {
    // The weights of the sum: an input, since its size follows the batch.
    let full = infer(op, operands.map { TensorType($0.dtype.isFloat ? .f32 : $0.dtype, $0.shape) }, attributes)
      .types[0].shape
    let shape = try #require(full.concrete)
    let open: Set<Int> = graph[y].type.shape == full ? [] : [0]
    let weights = graph.addInput("weights", graph[y].type, open: open)
    if !open.isEmpty { sizes["weights"] = shape }
    var draws = Draws(seed: seed &+ 1000)
    feeds[weights] = draws.tensor(shape)
    loss = graph.add(Op.ReduceSum.self, [graph.add(Op.Mul.self, [y, weights])[0]], ["keepdims": .int(0)])[0]
  }
  let gradients = try graph.differentiate(loss, withRespectTo: targets.map { values[$0] })
  try graph.check()
  let ready = try graph.specialized(to: sizes).converted(to: .f64)
  let results = try Interpreter.run(ready, feeds)
  for target in targets {
    let gradient = try #require(gradients[values[target]], "operand \(target) has no gradient")
    let found = results[gradient]!.numbers
    let at = feeds[values[target]]!
    let start = at.numbers
    var expected: [Double] = []
    let step = 1e-5
    for index in start.indices {
      func value(_ change: Double) throws -> Double {
        var moved = start
        moved[index] += change
        var all = feeds
        all[values[target]] = doubles(moved, at.shape)
        return try Interpreter.run(ready, all)[loss]!.numbers[0]
      }
      expected.append((try value(step) - value(-step)) / (2 * step))
    }
    let worst = difference(found, expected)
    #expect(
      worst < tolerance,
      "\(op.name) operand \(target) seed \(seed) \(attributes.text): \(worst)", sourceLocation: sourceLocation)
  }
}

/// A row-major position from indices.
func offset(_ indices: [Int], _ shape: [Int]) -> Int { zip(indices, shape).reduce(0) { $0 * $1.1 + $1.0 } }

/// All index tuples of a shape, last axis fastest.
func indices(of shape: [Int]) -> [[Int]] {
  var result: [[Int]] = [[]]
  for extent in shape { result = result.flatMap { head in (0..<extent).map { head + [$0] } } }
  return result
}
