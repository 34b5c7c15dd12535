import CFoveaLanes
import FoveaGraphs
import FoveaTensors

/// Activations, sums, scores and losses.
extension LaneCompiler {
  /// An activation; in place where `output` already lies in a buffer.
  mutating func pointwise(_ node: Node, _ op: String, _ output: Value) throws(LaneRefusal) {
    guard let kind = LaneOperation.activations[op] else { throw LaneRefusal("has no \(op)") }
    let target: Place
    let source: Place
    if let own = buffers[output] {
      (source, target) = (.buffer(own), .buffer(own))
    } else {
      guard let x = node.inputs[0] else { throw LaneRefusal("\(op) without operands") }
      source = try place(x)
      target = make(output)
    }
    program.operations.append(
      LaneOperation(kind: kind, sizes: [elements(output) * vectors], inputs: [source], outputs: [target]))
  }

  /// What takes two values element by element.
  mutating func pair(_ node: Node) throws(LaneRefusal) {
    guard let a = node.inputs[0], let b = node.inputs[1], isLane(a), isLane(b), graph.shape(a) == graph.shape(b) else {
      throw LaneRefusal("\(node.op) of different shapes")
    }
    let (first, second) = (try place(a), try place(b))
    // A gradient that a sum over taps has just made is masked there.
    if node.op == Op.ReluBackward.name, onlyReader(a) != nil,
      let maker = program.operations.lastIndex(where: { $0.outputs.contains(first) }),
      program.operations[maker].kind == FOVEA_LANES_TAPS, program.operations[maker].inputs[3] == nil,
      program.operations[maker].outputs == [first], program.operations[maker].flags.isEmpty
    {
      program.operations[maker].inputs[3] = second
      if case .buffer(let own) = first { buffers[node.outputs[0]] = own }
      return
    }
    let kinds = [
      Op.ReluBackward.name: FOVEA_LANES_RELU_BACK, Op.SigmoidBackward.name: FOVEA_LANES_SIGMOID_BACK,
      Op.TanhBackward.name: FOVEA_LANES_TANH_BACK, Op.Add.name: FOVEA_LANES_ADD,
    ]
    guard let kind = kinds[node.op] else { throw LaneRefusal("has no \(node.op)") }
    program.operations.append(
      LaneOperation(
        kind: kind, sizes: [elements(a) * vectors], inputs: [first, second], outputs: [make(node.outputs[0])]))
  }

  mutating func scores(_ node: Node, _ site: NodeSite) throws(LaneRefusal) {
    // The gradient's scores are its second operand.
    let isBackward = node.op == Op.SoftmaxCrossEntropyLossBackward.name
    guard let given = node.inputs[isBackward ? 1 : 0], graph.shape(given).rank == 2 else {
      throw LaneRefusal("\(node.op) of maps")
    }
    let classes = graph.shape(given)[1]
    let source = try place(given)
    let factor: Float =
      node.attributes.string("reduction", default: "mean") == "sum" ? 1 : 1 / Float(examples)
    switch node.op {
    case Op.Softmax.name:
      let axis = node.attributes.int("axis", default: -1)
      guard axis == -1 || axis == 1 else { throw LaneRefusal("Softmax over examples") }
      program.operations.append(
        LaneOperation(
          kind: FOVEA_LANES_SOFTMAX, sizes: [classes], inputs: [source], outputs: [make(node.outputs[0])]))
    case Op.SoftmaxCrossEntropyLoss.name:
      guard !isNamed(node.outputs[1]) else { throw LaneRefusal("log-probabilities are wanted outside") }
      let labels = try labels(node.inputs[1])
      let index = program.scalars.count
      guard index == 0 else { throw LaneRefusal("a second loss") }
      program.scalars.append((result(node.outputs[0]), factor))
      program.operations.append(
        LaneOperation(
          kind: FOVEA_LANES_LOSS, sizes: [classes], inputs: [source], outputs: [make(node.outputs[1])],
          labels: labels))
    case Op.SoftmaxCrossEntropyLossBackward.name:
      guard let scale = node.inputs[0] else { throw LaneRefusal("a loss without gradient") }
      let outer = try shared(scale)
      program.operations.append(
        LaneOperation(
          kind: FOVEA_LANES_LOSS_BACK, factor: factor, sizes: [classes], inputs: [source, outer],
          outputs: [make(node.outputs[0])], labels: try labels(node.inputs[2])))
    default:
      let labels = try labels(node.inputs[1])
      // The loss's number comes first.
      if program.scalars.isEmpty { throw LaneRefusal("right answers without a loss") }
      program.operations.append(
        LaneOperation(
          kind: FOVEA_LANES_CORRECT,
          sizes: [classes, node.attributes.int("k", default: 1), program.scalars.count], inputs: [source],
          labels: labels))
      program.scalars.append((result(node.outputs[0]), 1))
    }
  }

  private mutating func labels(_ value: Value?) throws(LaneRefusal) -> Int {
    guard let value, graph[value].type.dtype == .i32, graph.shape(value) == Shape([examples]),
      case .input = graph[value].source
    else { throw LaneRefusal("labels that are no input") }
    return operand(value)
  }
}
