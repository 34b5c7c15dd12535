import FoveaData
import FoveaExecution
import FoveaGraphs
import FoveaInference
import FoveaLayers
import FoveaTensors

/// A network in 8 bits, and what became of it.
public struct QuantizedModel: Sendable {
  /// The network: weights as i8 with a scale for each channel, and ONNX's QuantizeLinear and DequantizeLinear around
  /// its convolutions and matrix products.
  public let model: Model
  /// The convolutions and matrix products that run on whole numbers.
  public let layers: Int
  /// Those that stay in floating point, since their weights are no parameters of their own.
  public let left: [String]
  /// Bytes of all parameters and statistics before and after.
  public let bytes: (before: Int, after: Int)
}

/// Why a network cannot be quantized.
public enum QuantizationError: Error, Sendable, Equatable, CustomStringConvertible {
  /// It has whole numbers already.
  case alreadyQuantized
  /// It has no convolution or matrix product with weights of its own.
  case nothing
  /// Numbers inside are infinite or no numbers, for which there is no scale.
  case notFinite(value: String)
  /// Examples to look at: at least one.
  case badCount(Int)

  public var description: String {
    switch self {
    case .alreadyQuantized: "the network is in 8 bits already; quantize the one it was made of"
    case .nothing: "the network has no convolution or matrix product with weights of its own to quantize"
    case .notFinite(let value): "\(value) is not finite, so it has no scale; the weights are damaged"
    case .badCount(let count): "\(count) examples to calibrate on; take at least 1, better some hundred"
    }
  }
}

/// Brings a trained network to 8 bits after training.
///
/// Norms are multiplied into the convolutions before them. Weights become whole numbers from −127 to 127 with a scale
/// for each channel of the result; what convolutions and matrix products read becomes u8 where it is never negative
/// and i8 else, with one scale and no zero point. Its scale is the one with the least mean square error over the
/// examples: a few numbers far from all others are cut off where that makes the rest finer. Biases become i32 in the
/// unit of the products. Max pooling keeps the unit.
///
/// Jacob et al., Quantization and Training of Neural Networks for Efficient Integer-Arithmetic-Only Inference, 2018.
///
/// ```swift
/// let small = try await quantize(model, calibratedOn: train, count: 256, device: .cpu())
/// try small.model.save(to: "small.safetensors")
/// ```
/// - Parameters:
///   - dataset: examples like those that will come; labels are not looked at.
///   - count: how many of them; all where there are fewer.
///   - progress: called with the number of examples seen and the number to see (each is seen twice).
/// - Throws: `QuantizationError`; `TrainingError` when model and data set do not fit; `DataError`, `ExecutionError`.
public func quantize(
  _ model: Model, calibratedOn dataset: any Dataset, count: Int = 256, device: Device,
  progress: @escaping @Sendable (_ done: Int, _ total: Int) -> Void = { _, _ in }
) async throws -> QuantizedModel {
  guard count > 0 else { throw QuantizationError.badCount(count) }
  let whole: Set<String> = [Op.QuantizeLinear.name, Op.DequantizeLinear.name]
  if model.graph.nodes.contains(where: { whole.contains($0.op) }) { throw QuantizationError.alreadyQuantized }
  // Says what does not fit before anything is run.
  _ = try TrainingGraph(model, for: dataset.facts)
  return try await Worker().perform {
    let folded = try model.withFoldedNorms()
    var quantizer = try Quantizer(folded)
    let ranges = try Calibration(model: folded, device: device).ranges(
      of: quantizer.watched, on: dataset, count: count, progress: progress)
    let made = try quantizer.quantized(ranges)
    return QuantizedModel(
      model: made, layers: quantizer.products.count, left: quantizer.left,
      bytes: (model.parameterBytes, made.parameterBytes))
  }
}

extension Model {
  /// Bytes of parameters and states.
  fileprivate var parameterBytes: Int {
    (graph.parameters + graph.states).reduce(0) { $0 + graph.shape($1.value).count * graph[$1.value].type.dtype.size }
  }
}

/// The making of one network.
struct Quantizer {
  private let model: Model
  private let graph: Graph
  private let producers: [Value: Int]
  /// Convolutions and matrix products that are made whole, by number.
  let products: Set<Int>
  /// Paths of those that are not.
  let left: [String]
  /// What they read.
  let watched: [Value]

  init(_ model: Model) throws(QuantizationError) {
    self.model = model
    graph = model.graph
    producers = graph.producers
    let readers = graph.readers
    var products: Set<Int> = []
    var left: [String] = []
    var watched: [Value] = []
    for (index, node) in graph.nodes.enumerated() where node.op == Op.Conv.name || node.op == Op.Gemm.name {
      guard let x = node.inputs[0], Quantizer.isWhole(node, graph, readers) else {
        left.append(node.origin.path)
        continue
      }
      products.insert(index)
      if !watched.contains(x) { watched.append(x) }
    }
    guard !products.isEmpty else { throw .nothing }
    self.products = products
    self.left = left
    self.watched = watched
  }

  private static func isWhole(_ node: Node, _ graph: Graph, _ readers: [Value: [Int]]) -> Bool {
    let a = node.attributes
    if node.op == Op.Gemm.name,
      a.float("alpha", default: 1) != 1 || a.float("beta", default: 1) != 1 || a.flag("transA")
    {
      return false
    }
    let operands = node.inputs.dropFirst().compactMap { $0 }
    return operands.enumerated().allSatisfy { place, value in
      guard case .parameter = graph[value].source, graph[value].type.dtype == .f32, readers[value]?.count == 1 else {
        return false
      }
      // One number for each channel of the result.
      return place == 0 || graph[value].type.shape.rank == 1
    }
  }

  /// A unit, and whether the numbers that it counts may be negative.
  private struct Scale {
    let unit: Float
    let isSigned: Bool
  }

  mutating func quantized(_ ranges: [ValueRange]) throws -> Model {
    var scales: [Value: Scale] = [:]
    for (value, range) in zip(watched, ranges) {
      guard range.largest.isFinite else { throw QuantizationError.notFinite(value: graph[value].name) }
      scales[value] = Scale(unit: range.unit, isSigned: range.isSigned)
    }
    // The largest of whole numbers is one of them: a pooling may run on them, in the unit of what it reads.
    for node in graph.nodes where node.op == Op.MaxPool.name {
      guard let x = node.inputs[0], let own = scales[node.outputs[0]] else { continue }
      if let before = scales[x] { scales[node.outputs[0]] = before } else if !own.isSigned { scales[x] = own }
    }
    var copy = GraphCopy(of: graph)
    let store = Store()
    for value in graph.inputs { quantize(value, scales, &copy) }
    for (index, node) in graph.nodes.enumerated() {
      if products.contains(index), let x = node.inputs[0], let scale = scales[x] {
        try add(node, reading: scale, &copy, store)
      } else {
        copy.add(node)
      }
      for value in node.outputs { quantize(value, scales, &copy) }
    }
    let made = try copy.finished()
    for (_, parameter) in made.parameters + made.states where !store.contains(parameter.path) {
      try store.set(parameter.path, to: model.store.tensor(parameter.path))
    }
    return Model(
      graph: made, store: store, preprocessing: model.preprocessing, classNames: model.classNames, name: model.name,
      detection: model.detection)
  }

  /// Puts whole numbers between a value and all its readers.
  private func quantize(_ value: Value, _ scales: [Value: Scale], _ copy: inout GraphCopy) {
    guard let scale = scales[value] else { return }
    let name = graph[value].name
    // The layer's own, so that a summary does not list these steps as layers.
    let origin = producers[value].map { graph.nodes[$0].origin } ?? Origin(path: name)
    let unit = copy.addConstant(Tensor(scalar: scale.unit), name: name + ".scale")
    // The zero point's type says which whole numbers; without one they are u8.
    let zero = scale.isSigned ? copy.addConstant(Tensor(scalar: 0 as Int8), name: name + ".zero") : nil
    let whole = copy.add(
      Op.QuantizeLinear.self, [copy[value], unit, zero], name: name + ".whole", origin: origin)
    copy[value] = copy.add(Op.DequantizeLinear.self, [whole, unit, zero], name: name + ".again", origin: origin)
  }

  /// Adds a product whose weights and bias are whole numbers.
  private func add(_ node: Node, reading x: Scale, _ copy: inout GraphCopy, _ store: Store) throws {
    guard let weights = node.inputs[1], case .parameter(let weight) = graph[weights].source else { return }
    let axis = node.op == Op.Gemm.name && !node.attributes.flag("transB") ? 1 : 0
    let (numbers, units) = try WholeWeights.make(model.store.tensor(weight.path), axis: axis, path: weight.path)
    try store.set(weight.path, to: numbers)
    func whole(
      _ parameter: Parameter, _ tensor: Tensor, _ units: [Float], axis: Int, _ copy: inout GraphCopy
    ) -> Value {
      var own = parameter
      own.trainable = false
      own.initializer = .constant(0)
      let value = copy.addParameter(own, TensorType(tensor.dtype, tensor.shape))
      let scale = copy.addConstant(Tensor(units), name: own.path + ".scale")
      return copy.add(
        Op.DequantizeLinear.self, [value, scale], ["axis": .int(axis)], name: own.path + ".float",
        origin: node.origin)
    }
    var operands: [Value?] = [node.inputs[0].map { copy[$0] }, whole(weight, numbers, units, axis: axis, &copy)]
    if node.inputs.count > 2, let bias = node.inputs[2], case .parameter(let own) = graph[bias].source {
      let sums = units.map { $0 * x.unit }
      let tensor = try WholeWeights.bias(model.store.tensor(own.path), sums, path: own.path)
      try store.set(own.path, to: tensor)
      operands.append(whole(own, tensor, sums, axis: 0, &copy))
    }
    copy.add(node, operands: operands)
  }
}

/// Weights and biases as whole numbers.
private enum WholeWeights {
  /// Whole numbers from −127 to 127, and the unit of each place of `axis`.
  static func make(_ weights: Tensor, axis: Int, path: String) throws(QuantizationError) -> (Tensor, [Float]) {
    let shape = weights.shape
    let channels = shape[axis]
    let inner = shape.dims[(axis + 1)...].reduce(1, *)
    let source = weights.array(of: Float.self)
    guard source.allSatisfy(\.isFinite) else { throw .notFinite(value: path) }
    var units = [Float](repeating: 0, count: channels)
    for (index, number) in source.enumerated() {
      let channel = index / inner % channels
      units[channel] = max(units[channel], abs(number))
    }
    // A channel of zeros has any unit; one that leaves products countable.
    units = units.map { max($0, 1e-12) / 127 }
    var whole = Tensor(zeros: shape, dtype: .i8)
    whole.withMutableElements(of: Int8.self) { whole in
      for (index, number) in source.enumerated() {
        whole[index] = Int8(max(-127, min(127, (number / units[index / inner % channels]).rounded(.toNearestOrEven))))
      }
    }
    return (whole, units)
  }

  /// A bias in units of the products.
  static func bias(_ bias: Tensor, _ units: [Float], path: String) throws(QuantizationError) -> Tensor {
    let source = bias.array(of: Float.self)
    guard source.allSatisfy(\.isFinite) else { throw .notFinite(value: path) }
    return Tensor(
      zip(source, units).map { number, unit in
        // Far below what would overflow when the products are added.
        Int32(max(-0x1p30, min(0x1p30, (Double(number) / Double(unit)).rounded(.toNearestOrEven))))
      })
  }
}
