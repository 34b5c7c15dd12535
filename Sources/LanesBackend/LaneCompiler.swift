import CFoveaLanes
import FoveaExecution
import FoveaGraphs
import FoveaTensors

/// Why a graph is not run here.
struct LaneRefusal: Error {
  let reason: String
  init(_ reason: String) { self.reason = reason }
}

/// What a region reads from outside and what it leaves there.
struct RegionEnds {
  private(set) var inputs: [Value] = []
  /// The order in which each is read, nil for the plain one. A value that is read in two orders is two operands.
  private(set) var orders: [PackedWeights?] = []
  private(set) var outputs: [Value] = []

  /// The number of the operand that a value from outside is, in an order.
  mutating func operand(_ value: Value, in order: PackedWeights? = nil) -> Int {
    if let known = inputs.indices.first(where: { inputs[$0] == value && PackedWeights.areSame(orders[$0], order) }) {
      return known
    }
    inputs.append(value)
    orders.append(order)
    return inputs.count - 1
  }

  /// The layouts of the operands.
  var layouts: [Layout] { orders.map { $0.map { Layout.foreign($0) } ?? .plain } }

  /// The number of the result that a value is which is read outside.
  mutating func result(_ value: Value) -> Int {
    if let known = outputs.firstIndex(of: value) { return known }
    outputs.append(value)
    return outputs.count - 1
  }
}

/// A fused node of two.
enum FusedPair {
  /// The first of them with the operands of the whole, and the name of the second.
  static func parts(
    _ node: Node, _ site: NodeSite, in graph: Graph
  ) throws(LaneRefusal) -> (first: NodeSite, second: String) {
    guard let body = node.body, body.nodes.count == 2 else { throw LaneRefusal("has no fused chains of three") }
    let (first, second) = (body.nodes[0], body.nodes[1])
    guard first.inputs.compactMap({ $0 }).count == node.inputs.count else {
      throw LaneRefusal("a fused pair with operands of its own")
    }
    var alone = Node(op: first.op, inputs: [], outputs: node.outputs, attributes: first.attributes)
    // Operands that are left out keep their place.
    alone.inputs = first.inputs.map { own in
      own.flatMap { inner in body.inputs.firstIndex(of: inner).flatMap { node.inputs[$0] } }
    }
    let types = alone.inputs.map { $0.map { graph[$0].type } }
    return (NodeSite(node: alone, inputs: types, outputs: site.outputs), second.op)
  }
}

/// Turns the part of a graph that goes through examples one by one into a program.
///
/// A value that has an axis for the examples lies as [elements of one example][examples of a block], so that a
/// vector holds one element of 16 examples. What examples share stays as it is outside: parameters in their plain
/// order, sums over examples as one part for each thread.
struct LaneCompiler {
  let graph: Graph
  let examples: Int
  /// Lanes of a block.
  let lanes: Int
  let readers: [Value: [Int]]
  var program: LaneProgram

  /// Values whose numbers lie in a buffer, and which.
  var buffers: [Value: Int] = [:]
  /// Buffers with padding around each plane, by the buffer within and the extents.
  var padded: [[Int]: Int] = [:]
  var transposed: [Int: Int] = [:]
  /// Sums over examples, by the value that they become.
  var sums: [Value: Int] = [:]
  /// Places of the nodes that are taken.
  private(set) var nodes: Set<Int> = []
  private(set) var ends = RegionEnds()
  private(set) var inPlace: [(output: Int, input: Int)] = []

  var vectors: Int { lanes / 16 }

  /// - Parameters:
  ///   - examples: N.
  ///   - vectors: of 16 examples each in a block.
  init(_ graph: Graph, examples: Int, vectors: Int, threads: Int) throws(LaneRefusal) {
    self.graph = graph
    self.examples = examples
    lanes = 16 * vectors
    readers = graph.readers
    program = LaneProgram(lanes: 16 * vectors, examples: examples, threads: threads)
    program.threads = min(threads, program.blocks)
    for (index, node) in graph.nodes.enumerated() {
      if try take(index, node) { nodes.insert(index) }
    }
    try finish()
  }

  // MARK: Values

  /// True for a value with an axis for the examples, in a buffer or still outside.
  func isLane(_ value: Value) -> Bool {
    if buffers[value] != nil { return true }
    guard case .input = graph[value].source, graph[value].type.dtype == .f32 else { return false }
    let shape = graph.shape(value)
    return shape.rank >= 2 && shape[0] == examples
  }

  /// Numbers of one example.
  func elements(_ value: Value) -> Int { graph.shape(value).count / examples }

  mutating func buffer(floats: Int, isKept: Bool = false) -> Int {
    program.buffers.append((floats, isKept))
    return program.buffers.count - 1
  }

  /// A new buffer for a value that is being made.
  mutating func make(_ value: Value) -> Place {
    let made = buffer(floats: elements(value) * lanes)
    buffers[value] = made
    return .buffer(made)
  }

  /// Where a value lies, brought there from outside if need be.
  mutating func place(_ value: Value) throws(LaneRefusal) -> Place {
    if let own = buffers[value] { return .buffer(own) }
    guard isLane(value) else { throw LaneRefusal("\(graph[value].name) is made outside") }
    let count = elements(value)
    let target = make(value)
    gather(value, runs: [0, 0], length: count, into: target)
    return target
  }

  mutating func gather(_ value: Value, runs: [Int32], length: Int, into target: Place) {
    program.operations.append(
      LaneOperation(
        kind: FOVEA_LANES_GATHER, sizes: [elements(value), runs.count / 2, length],
        inputs: [.operand(operand(value))], outputs: [target], pixels: program.append(runs)))
  }

  mutating func operand(_ value: Value) -> Int { ends.operand(value) }
  mutating func result(_ value: Value) -> Int { ends.result(value) }

  /// A parameter, state or constant as an operation reads it.
  mutating func shared(_ value: Value) throws(LaneRefusal) -> Place {
    guard graph[value].type.dtype == .f32, !isLane(value), sums[value] == nil else {
      throw LaneRefusal("\(graph[value].name) is not a parameter")
    }
    return .operand(operand(value))
  }

  /// The only reader of a value that nobody outside wants, nil when there are more or none.
  func onlyReader(_ value: Value) -> Int? {
    guard let all = readers[value], all.count == 1, !isNamed(value) else { return nil }
    return all[0]
  }

  func isNamed(_ value: Value) -> Bool {
    graph.outputs.contains { $0.value == value } || graph.updates.contains { $0.after == value }
  }

  // MARK: Nodes

  /// Adds the operations of a node that goes through examples; false for one that does not.
  private mutating func take(_ index: Int, _ node: Node) throws(LaneRefusal) -> Bool {
    let operands = graph.dataInputs(of: node)
    guard operands.contains(where: { isLane($0) || sums[$0] != nil }) else { return false }
    let site = graph.site(node)
    if let first = site.inputs.first??.dtype, !first.isFloat { throw LaneRefusal("\(node.op) in \(first.rawValue)") }
    for type in site.inputs.compactMap({ $0 }) + site.outputs where type.dtype.isFloat && type.dtype != .f32 {
      throw LaneRefusal("\(node.op) in \(type.dtype.rawValue)")
    }
    if node.op == Op.SGDUpdate.name { return try update(node) }
    guard operands.contains(where: isLane) else {
      // Somebody else's business with a gradient: it becomes a result.
      for operand in operands where sums[operand] != nil { publish(operand) }
      return false
    }
    switch node.op {
    case Op.Conv.name: try convolution(node, site, output: node.outputs[0], rectified: false)
    case Op.Gemm.name: try product(node, site, output: node.outputs[0], rectified: false)
    case Op.Fused.name: try fused(node, site)
    case Op.ConvBackwardData.name: try inputGradient(node, site)
    case Op.ConvBackwardWeights.name: try weightGradient(node, site)
    case Op.MaxPool.name, Op.MaxPoolBackward.name, Op.AveragePool.name, Op.AveragePoolBackward.name,
      Op.GlobalAveragePool.name, Op.GlobalAveragePoolBackward.name, Op.ReduceSum.name, Op.ReduceSumBackward.name:
      try pooling(node, site)
    case Op.Flatten.name, Op.Reshape.name, Op.ReshapeLike.name, Op.Squeeze.name, Op.Unsqueeze.name:
      try view(node)
    case Op.Relu.name, Op.Sigmoid.name, Op.Tanh.name: try pointwise(node, node.op, node.outputs[0])
    case Op.ReluBackward.name, Op.SigmoidBackward.name, Op.TanhBackward.name, Op.Add.name: try pair(node)
    case Op.SoftmaxCrossEntropyLoss.name, Op.SoftmaxCrossEntropyLossBackward.name, Op.TopKCorrect.name,
      Op.Softmax.name:
      try scores(node, site)
    case Op.SumToShape.name: try sumOverExamples(node)
    default: throw LaneRefusal("has no \(node.op)")
    }
    return true
  }

  private mutating func view(_ node: Node) throws(LaneRefusal) {
    let shape = graph.shape(node.outputs[0])
    guard let source = node.inputs[0], shape.rank >= 2, shape[0] == examples else {
      throw LaneRefusal("\(node.op) mixes examples")
    }
    guard case .buffer(let own) = try place(source) else { return }
    buffers[node.outputs[0]] = own
  }

  /// A convolution or product with an activation, and nothing else.
  private mutating func fused(_ node: Node, _ site: NodeSite) throws(LaneRefusal) {
    let (first, activation) = try FusedPair.parts(node, site, in: graph)
    let rectified = activation == Op.Relu.name
    switch first.node.op {
    case Op.Conv.name: try convolution(first.node, first, output: node.outputs[0], rectified: rectified)
    case Op.Gemm.name: try product(first.node, first, output: node.outputs[0], rectified: rectified)
    default: throw LaneRefusal("has no fused \(first.node.op)")
    }
    if !rectified { try pointwise(node, activation, node.outputs[0]) }
  }

  // MARK: The end

  /// A sum becomes a result: it is wanted outside.
  mutating func publish(_ value: Value) {
    guard let index = sums[value], program.sums[index].result == nil else { return }
    program.sums[index].result = result(value)
  }

  /// Stochastic gradient descent by a gradient that is made here, and that nobody else wants.
  private mutating func update(_ node: Node) throws(LaneRefusal) -> Bool {
    guard let gradient = node.inputs[1], let index = sums[gradient], let weights = node.inputs[0] else { return false }
    let (velocity, rate) = (node.inputs[2], node.inputs[3])
    let momentum = node.inputs.count > 4 ? node.inputs[4] : nil
    let others = [weights, velocity, rate, momentum].compactMap { $0 }
    let isOutside = others.allSatisfy { value in
      if case .node = graph[value].source { false } else { sums[value] == nil }
    }
    guard let rate, isOutside, onlyReader(gradient) != nil, program.sums[index].update == nil,
      graph.updates.contains(where: { $0.before == weights && $0.after == node.outputs[0] })
    else {
      publish(gradient)
      return false
    }
    func pair(_ before: Value, _ after: Value) -> (from: Int, to: Int) {
      let pair = (operand(before), result(after))
      inPlace.append((pair.1, pair.0))
      return pair
    }
    program.sums[index].update = LaneSum.Update(
      weights: pair(weights, node.outputs[0]), velocity: velocity.map { pair($0, node.outputs[1]) },
      rate: operand(rate), momentum: momentum.map { operand($0) },
      decay: Float(node.attributes.float("weight_decay", default: 0)), nesterov: node.attributes.flag("nesterov"))
    return true
  }

  /// Brings out what the graph names, and looks after those who read from here outside.
  private mutating func finish() throws(LaneRefusal) {
    for output in graph.outputs { try bringOut(output.value) }
    for (index, node) in graph.nodes.enumerated() where !nodes.contains(index) {
      for value in graph.dataInputs(of: node) where buffers[value] != nil {
        if case .input = graph[value].source { continue }
        throw LaneRefusal("\(node.op) reads \(graph[value].name)")
      }
    }
    // What is read here must not wait for what is made here.
    var late = Set(ends.outputs)
    for (index, node) in graph.nodes.enumerated() where !nodes.contains(index) {
      guard graph.dataInputs(of: node).contains(where: late.contains) else { continue }
      late.formUnion(node.outputs)
    }
    for value in ends.inputs where late.contains(value) { throw LaneRefusal("\(graph[value].name) comes too late") }
  }

  private mutating func bringOut(_ value: Value) throws(LaneRefusal) {
    if sums[value] != nil { return publish(value) }
    guard let own = buffers[value] else { return }
    if case .input = graph[value].source { return }
    program.operations.append(
      LaneOperation(
        kind: FOVEA_LANES_SCATTER, sizes: [elements(value)], inputs: [.buffer(own)],
        outputs: [.result(result(value))]))
  }
}
