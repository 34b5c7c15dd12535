import FoveaGraphs
import FoveaTensors

/// Simplify: dead code, common subexpressions, sums that sum nothing, cheaper orders, and for inference
/// norms folded into the convolution before them.
public struct Simplify: GraphPass {
  public let name = "simplify"
  let mode: Mode

  public init(mode: Mode) { self.mode = mode }

  public func run(_ graph: Graph) throws(GraphError) -> Graph {
    var current = Simplify.withoutTrivialNodes(graph)
    current = Simplify.withoutDeadCode(current)
    current = Simplify.withoutRepetition(current)
    current = Simplify.maskBeforeUnpooling(current)
    if mode == .inference { current = Simplify.foldNorms(current) }
    return Simplify.withoutDeadCode(current)
  }

  /// Operators that change nothing where the result has the operand's shape. (A resizing by `scales` may: by 1.05,
  /// 10 places stay 10, but move.)
  private static let trivialBetweenEquals: Set<String> = [
    Op.SumToShape.name, Op.BroadcastToShape.name, Op.ReshapeLike.name, Op.AdaptiveAveragePool.name,
    Op.AdaptiveAveragePoolBackward.name, Op.Crop.name, Op.CropBackward.name, Op.Resize.name, Op.ResizeBackward.name,
  ]

  /// Removes sums, broadcasts, poolings, cuts and resizings between equal shapes.
  static func withoutTrivialNodes(_ graph: Graph) -> Graph {
    var redirect: [Value: Value] = [:]
    let kept = graph.nodes.filter { node in
      guard trivialBetweenEquals.contains(node.op), node.attributes["scales"] == nil,
        let input = node.inputs[0], graph[input].type == graph[node.outputs[0]].type
      else { return true }
      redirect[node.outputs[0]] = input
      return false
    }
    return redirect.isEmpty ? graph : graph.rewritten(nodes: kept, redirecting: redirect)
  }

  /// Keeps what an output or a state change needs.
  static func withoutDeadCode(_ graph: Graph) -> Graph {
    var needed = Set(graph.outputs.map(\.value) + graph.updates.map(\.after))
    var kept: [Node] = []
    for node in graph.nodes.reversed() where node.outputs.contains(where: needed.contains) {
      kept.append(node)
      needed.formUnion(graph.dataInputs(of: node))
    }
    return kept.count == graph.nodes.count ? graph : graph.rewritten(nodes: kept.reversed())
  }

  private struct Key: Hashable {
    let op: String
    let inputs: [Value?]
    let attributes: String
  }

  /// Computes equal nodes once.
  static func withoutRepetition(_ graph: Graph) -> Graph {
    var seen: [Key: [Value]] = [:]
    var redirect: [Value: Value] = [:]
    let kept = graph.nodes.filter { node in
      // Tensors in attributes do not print whole, so nodes that have one are left alone.
      let hasTensor = node.attributes.entries.values.contains { if case .tensor = $0 { true } else { false } }
      guard node.body == nil, !hasTensor else { return true }
      let inputs = node.inputs.map { $0.map { redirect[$0] ?? $0 } }
      let key = Key(op: node.op, inputs: inputs, attributes: node.attributes.text)
      guard let first = seen[key] else {
        seen[key] = node.outputs
        return true
      }
      for (mine, theirs) in zip(node.outputs, first) { redirect[mine] = theirs }
      return false
    }
    return redirect.isEmpty ? graph : graph.rewritten(nodes: kept, redirecting: redirect)
  }

  /// The backward pass of ReLU then max pooling undoes the pooling first and masks afterwards. A pooled
  /// maximum is positive exactly where the rectified input at its place is, so the mask can be applied
  /// to the smaller tensor: ReluBackward(MaxPoolBackward(g), y) = MaxPoolBackward(ReluBackward(g, pooled)).
  /// It saves a pass over the large tensor and the need to keep it.
  static func maskBeforeUnpooling(_ graph: Graph) -> Graph {
    let producers = graph.producers
    let readers = graph.readers
    let named = Set(graph.outputs.map(\.value) + graph.updates.map(\.after))
    var result = graph
    var nodes = graph.nodes
    for (index, mask) in graph.nodes.enumerated() where mask.op == Op.ReluBackward.name {
      guard let g = mask.inputs[0], let y = mask.inputs[1], let at = producers[g],
        graph.nodes[at].op == Op.MaxPoolBackward.name, readers[g]?.count == 1,
        let indices = graph.nodes[at].inputs[1], let pool = producers[indices].map({ graph.nodes[$0] }),
        pool.op == Op.MaxPool.name, pool.inputs[0] == y, let pooledGradient = graph.nodes[at].inputs[0],
        !named.contains(g)
      else { continue }
      let masked = result.add(
        Op.ReluBackward.self, [pooledGradient, pool.outputs[0]], name: graph[mask.outputs[0]].name, origin: mask.origin)[
          0]
      result.rename(mask.outputs[0], to: graph[g].name)
      var unpool = graph.nodes[at]
      unpool.inputs[0] = masked
      unpool.outputs = mask.outputs
      nodes[at] = Node(
        op: Op.ReluBackward.name, inputs: [pooledGradient, pool.outputs[0]], outputs: [masked], origin: mask.origin)
      nodes[index] = unpool
    }
    return result.rewritten(nodes: nodes)
  }

  /// Conv → BatchNormalization becomes one convolution whose weights and bias carry the norm. The folded
  /// weights depend on parameters alone, so they are made once per version of the parameters.
  static func foldNorms(_ graph: Graph) -> Graph {
    let producers = graph.producers
    let readers = graph.readers
    let named = Set(graph.outputs.map(\.value) + graph.updates.map(\.after))
    var result = graph
    var nodes = graph.nodes
    var folded: [Int: Node] = [:]
    var redirect: [Value: Value] = [:]
    for (index, norm) in graph.nodes.enumerated() where norm.op == Op.BatchNormalization.name {
      guard !norm.attributes.flag("training_mode"), norm.outputs.count == 1, let x = norm.inputs[0],
        let at = producers[x], graph.nodes[at].op == Op.Conv.name, readers[x]?.count == 1,
        !named.contains(x)
      else { continue }
      let conv = graph.nodes[at]
      let bias = conv.inputs.count > 2 ? conv.inputs[2] : nil
      var attributes: Attributes = [:]
      attributes["epsilon"] = .float(norm.attributes.float("epsilon", default: 1e-5))
      let operands = [conv.inputs[1], bias] + norm.inputs[1...4]
      let made = result.add(Op.BatchNormFold.self, operands, attributes, origin: norm.origin)
      // Both stand where the norm stood: there all its operands are made.
      folded[index] = Node(
        op: Op.BatchNormFold.name, inputs: operands, outputs: made, attributes: attributes, origin: norm.origin)
      var merged = conv
      merged.inputs = [conv.inputs[0], made[0], made[1]]
      merged.outputs = norm.outputs
      nodes[index] = merged
      redirect[x] = norm.outputs[0]
      nodes[at] = Node(op: "", inputs: [], outputs: [])
    }
    guard !folded.isEmpty else { return graph }
    let kept = nodes.enumerated().flatMap { index, node -> [Node] in
      if node.op.isEmpty { return [] }
      return folded[index].map { [$0, node] } ?? [node]
    }
    return result.rewritten(nodes: kept, redirecting: redirect)
  }
}
