import CFoveaBlocks
import FoveaGraphs
import FoveaTensors

/// What a node, or the body of a fused one, does number by number: operations on registers.
struct ArithmeticProgram {
  /// An operand as the operations see it.
  struct Operand {
    /// Its place among the node's inputs.
    let input: Int
    let dtype: DType
    /// Its shape, with extents of 1 where it repeats.
    let shape: Shape
  }

  private(set) var steps: [fovea_arithmetic_step] = []
  /// Operand i is read into register i.
  private(set) var operands: [Operand] = []
  private(set) var registers = 0
  /// The shape that is gone through, and what is written.
  private(set) var shape: Shape
  private(set) var dtype: DType
  /// What the sum of all numbers is multiplied by; nil where the numbers are the result.
  private(set) var sum: Double?

  private var places: [Value: Int32] = [:]
  private let graph: Graph

  /// Registers that a program may use; the loops' table has no more.
  private static let most = 64

  /// Nil for a node that does anything else, or in other types.
  init?(_ site: NodeSite) {
    guard let (graph, nodes, inputs) = ArithmeticProgram.body(site), let last = nodes.last else { return nil }
    self.graph = graph
    let isSum = ArithmeticProgram.isSum(last, graph)
    let whole = isSum ? last.inputs[0] : last.outputs[0]
    guard let whole, let full = graph[whole].type.shape.concrete, full.count > 0, full.rank <= 8 else { return nil }
    shape = full
    dtype = graph[last.outputs[0]].type.dtype
    if isSum { sum = last.op == Op.ReduceMean.name ? 1 / Double(full.count) : 1 }
    for (index, value) in inputs.enumerated() {
      guard let value, places[value] == nil, let own = graph[value].type.shape.concrete else { continue }
      // Of operands of which the shape matters alone nothing is read.
      guard nodes.contains(where: { graph.dataInputs(of: $0).contains(value) }) else { continue }
      places[value] = Int32(operands.count)
      operands.append(Operand(input: index, dtype: graph[value].type.dtype, shape: own))
    }
    registers = operands.count
    guard operands.allSatisfy({ $0.dtype == .f32 || $0.dtype == .bool }), dtype == .f32 || dtype == .bool,
      !operands.isEmpty
    else { return nil }
    for node in isSum ? nodes.dropLast() : nodes[...] {
      guard node.outputs.count == 1, graph.shape(node.outputs[0]) == full, add(node) else { return nil }
    }
    if steps.isEmpty, let first = places[whole] { emit(FOVEA_COPY, whole, first) }
    guard !steps.isEmpty, operands.allSatisfy(repeats) else { return nil }
    shareRegisters()
    if registers > ArithmeticProgram.most { return nil }
  }

  /// The nodes of a site in a graph of their own types, and the values that its inputs are there.
  private static func body(_ site: NodeSite) -> (Graph, [Node], [Value?])? {
    if site.node.op == Op.Fused.name {
      guard site.node.body != nil else { return nil }
      let body = Op.Fused.body(site)
      return body.outputs.count == 1 ? (body, body.nodes, body.inputs) : nil
    }
    var graph = Graph()
    var known: [Value: Value] = [:]
    var inputs: [Value?] = []
    for (value, type) in zip(site.node.inputs, site.inputs) {
      guard let value, let type else {
        inputs.append(nil)
        continue
      }
      if known[value] == nil { known[value] = graph.addInput("operand\(known.count)", type) }
      inputs.append(known[value])
    }
    guard let op = Registry.standard[site.node.op] else { return nil }
    let made = graph.add(op, inputs, site.node.attributes)
    guard made.count == 1, graph[made[0]].type == site.outputs.first else { return nil }
    return (graph, graph.nodes, inputs)
  }

  /// Whether a node sums all numbers of its operand.
  private static func isSum(_ node: Node, _ graph: Graph) -> Bool {
    guard [Op.ReduceSum.name, Op.ReduceMean.name, Op.SumToShape.name].contains(node.op), let x = node.inputs[0] else {
      return false
    }
    return graph.shape(node.outputs[0]).count == 1 && graph.shape(x).count > 1
  }

  private func repeats(_ operand: Operand) -> Bool {
    let lead = shape.rank - operand.shape.rank
    return lead >= 0
      && operand.shape.dims.indices.allSatisfy { [1, shape[$0 + lead]].contains(operand.shape[$0]) }
  }

  @discardableResult
  private mutating func emit(
    _ op: fovea_arithmetic_op, _ output: Value?, _ a: Int32, _ b: Int32 = 0, _ c: Int32 = 0, alpha: Double = 0,
    beta: Double = 0
  ) -> Int32 {
    let to = Int32(registers)
    registers += 1
    steps.append(
      fovea_arithmetic_step(
        op: Int32(op.rawValue), to: to, a: a, b: b, c: c, alpha: Float(alpha), beta: Float(beta)))
    if let output { places[output] = to }
    return to
  }

  /// Adds the operations of a node; false when there are none.
  private mutating func add(_ node: Node) -> Bool {
    var own: [Int32] = []
    for value in graph.dataInputs(of: node) {
      guard let place = places[value] else { return false }
      own.append(place)
    }
    let output = node.outputs[0]
    if let op = ArithmeticProgram.pairs[node.op], own.count == 2 {
      emit(op, output, own[0], own[1])
    } else if node.op == Op.Greater.name || node.op == Op.GreaterOrEqual.name, own.count == 2 {
      emit(node.op == Op.Greater.name ? FOVEA_IS_LESS : FOVEA_IS_AT_MOST, output, own[1], own[0])
    } else if node.op == Op.Max.name || node.op == Op.Min.name, let first = own.first {
      let op = node.op == Op.Max.name ? FOVEA_LARGER : FOVEA_SMALLER
      var best = first
      for next in own.dropFirst() { best = emit(op, nil, best, next) }
      if own.count == 1 { best = emit(FOVEA_COPY, nil, first) }
      places[output] = best
    } else if node.op == Op.PRelu.name, own.count == 2, Int(own[1]) < operands.count {
      // One slope, or one for each channel.
      let slope = operands[Int(own[1])]
      let shape =
        slope.shape.count == 1 ? slope.shape : Shape([slope.shape.count] + shape.dims.dropFirst(2).map { _ in 1 })
      operands[Int(own[1])] = Operand(input: slope.input, dtype: slope.dtype, shape: shape)
      emit(FOVEA_SLOPED_BY, output, own[0], own[1])
    } else if node.op == Op.Where.name, own.count == 3 {
      emit(FOVEA_CHOOSE, output, own[0], own[1], own[2])
    } else if node.op == Op.PowBackward.name, own.count == 3, node.attributes.int("operand", default: 0) == 0 {
      emit(FOVEA_POWER_BACK, output, own[0], own[1], own[2])
    } else if let step = function(node), own.count == (step.op.rawValue < FOVEA_PLUS.rawValue ? 1 : 2) {
      emit(step.op, output, own[0], own.count > 1 ? own[1] : 0, alpha: step.alpha, beta: step.beta)
    } else {
      return repeated(node, own)
    }
    return true
  }

  /// A tensor that is repeated, as the gradients of sums are.
  private mutating func repeated(_ node: Node, _ own: [Int32]) -> Bool {
    guard own.count == 1, let x = node.inputs[0] else { return false }
    switch node.op {
    case Op.BroadcastToShape.name, Op.Expand.name: emit(FOVEA_COPY, node.outputs[0], own[0])
    case Op.ReduceSumBackward.name, Op.ReduceMeanBackward.name:
      // What was reduced is an axis again.
      let rank = shape.rank
      let listed = node.attributes.ints("axes", default: []).map { $0 < 0 ? $0 + rank : $0 }
      let axes = listed.isEmpty ? Set(0..<rank) : Set(listed)
      let kept = Shape(shape.dims.enumerated().map { axes.contains($0.offset) ? 1 : $0.element })
      guard Int(own[0]) < operands.count, kept.count == graph.shape(x).count, sum == nil || kept.count == 1 else {
        return false
      }
      // Another node may read it in its own shape.
      guard kept.count == 1 || graph.shape(x) == kept || graph.nodes.count == 1 else { return false }
      let operand = operands[Int(own[0])]
      operands[Int(own[0])] = Operand(input: operand.input, dtype: operand.dtype, shape: kept)
      let share = node.op == Op.ReduceMeanBackward.name ? Double(kept.count) / Double(shape.count) : 1
      emit(FOVEA_TIMES_ALPHA, node.outputs[0], own[0], alpha: share)
    default: return false
    }
    return true
  }

  /// Registers of results are used again once nobody reads them; those of operands stay, since some are read once.
  private mutating func shareRegisters() {
    var lastRead: [Int32: Int] = [:]
    for (index, step) in steps.enumerated() { for read in [step.a, step.b, step.c] { lastRead[read] = index } }
    var free: [Int32] = []
    var moved: [Int32: Int32] = [:]
    registers = operands.count
    for index in steps.indices {
      let old = steps[index]
      let reads = [old.a, old.b, old.c]
      let to = free.popLast() ?? Int32(registers)
      if Int(to) == registers { registers += 1 }
      moved[old.to] = to
      steps[index].a = moved[old.a] ?? old.a
      steps[index].b = moved[old.b] ?? old.b
      steps[index].c = moved[old.c] ?? old.c
      steps[index].to = to
      for read in Set(reads) where lastRead[read] == index { if let place = moved[read] { free.append(place) } }
      if lastRead[old.to] == nil, index < steps.count - 1 { free.append(to) }
    }
  }
}
