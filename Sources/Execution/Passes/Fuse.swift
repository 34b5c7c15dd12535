import FoveaGraphs
import FoveaTensors

/// Fuse: chains that a backend runs as one kernel become one node that holds them as its body.
///
/// A pattern is a list of operators in which each reads the one before it as first operand, and nothing
/// else reads the values between.
public struct Fuse: GraphPass {
  public let name = "fuse"
  public init() {}

  /// What may follow a convolution in one kernel. Where the gradient is written in an activation's input, that
  /// value has two readers in training, and fusion comes about in inference only.
  static let activations: [any Operator.Type] = [
    Op.Relu.self, Op.LeakyRelu.self, Op.Sigmoid.self, Op.Tanh.self, Op.Elu.self, Op.Selu.self, Op.Clip.self,
    Op.HardSigmoid.self, Op.HardSwish.self, Op.Swish.self, Op.Gelu.self, Op.Mish.self, Op.Softplus.self, Op.Abs.self,
  ]

  /// Longest first.
  static let patterns: [[any Operator.Type]] =
    activations.map { [Op.Conv.self, Op.Add.self, $0] } + activations.map { [Op.Conv.self, $0] }
    + [[Op.Conv.self, Op.Add.self], [Op.Gemm.self, Op.Relu.self]]

  public func run(_ graph: Graph) throws(GraphError) -> Graph {
    let readers = graph.readers
    let named = Set(graph.outputs.map(\.value) + graph.updates.map(\.after))
    var result = graph
    var gone: Set<Int> = []
    var replacement: [Int: Node] = [:]
    for (start, first) in graph.nodes.enumerated() where !gone.contains(start) {
      for pattern in Fuse.patterns where pattern[0].name == first.op {
        var chain = [start]
        for next in pattern.dropFirst() {
          let value = graph.nodes[chain[chain.count - 1]].outputs[0]
          // A sum of two convolutions may belong to the other one already.
          guard let only = readers[value], only.count == 1, !named.contains(value), !gone.contains(only[0]),
            graph.nodes[only[0]].op == next.name,
            Fuse.continues(graph.nodes[only[0]], after: graph.nodes[chain[chain.count - 1]], in: graph),
            graph.nodes[chain[chain.count - 1]].outputs.count == 1
          else { break }
          chain.append(only[0])
        }
        guard chain.count == pattern.count else { continue }
        let nodes = chain.map { graph.nodes[$0] }
        let (body, operands) = Fuse.body(of: nodes, in: graph)
        let last = nodes[nodes.count - 1]
        var attributes: Attributes = [:]
        attributes["pattern"] = .string(pattern.map { $0.name }.joined(separator: "+"))
        replacement[chain[chain.count - 1]] = Node(
          op: Op.Fused.name, inputs: operands, outputs: last.outputs, attributes: attributes, origin: first.origin,
          body: body)
        gone.formUnion(chain)
        break
      }
    }
    guard !replacement.isEmpty else { return graph }
    // The fused node stands where the last of its chain stood, so all its operands are there.
    let kept = graph.nodes.indices.compactMap { index in
      replacement[index] ?? (gone.contains(index) ? nil : graph.nodes[index])
    }
    result = result.rewritten(nodes: kept)
    return result
  }

  /// Whether a node goes on with the result of the one before it, place by place: as its first operand, or as
  /// either one of a sum of two tensors of one shape. A shortcut that repeats is not fused, nor one that is the
  /// node's own operand, which may be wanted in two layouts then.
  static func continues(_ node: Node, after last: Node, in graph: Graph) -> Bool {
    let value = last.outputs[0]
    guard node.op == Op.Add.name else { return node.inputs[0] == value }
    return node.inputs.allSatisfy { operand in
      guard let operand else { return false }
      return graph[operand].type == graph[value].type && !last.inputs.contains(operand)
    }
  }

  /// The chain as a graph of its own, and the operands that come from outside, in order.
  static func body(of nodes: [Node], in graph: Graph) -> (Graph, [Value?]) {
    var (body, operands, inner) = chain(of: nodes, in: graph)
    let last = nodes[nodes.count - 1].outputs.compactMap { inner[$0] }
    for (index, value) in last.enumerated() { body.addOutput("output\(index)", value) }
    return (body, operands)
  }

  /// The same without outputs, and what its values are called inside.
  static func chain(of nodes: [Node], in graph: Graph) -> (body: Graph, operands: [Value?], inner: [Value: Value]) {
    var body = Graph(registry: graph.registry)
    var inner: [Value: Value] = [:]
    var operands: [Value?] = []
    let made = Set(nodes.flatMap(\.outputs))
    for node in nodes {
      for input in graph.dataInputs(of: node) where !made.contains(input) && inner[input] == nil {
        inner[input] = body.addInput(graph[input].name, graph[input].type)
        operands.append(input)
      }
    }
    // Of the others the shape matters alone: the fused node does not wait for them.
    for input in nodes.flatMap(\.inputs).compactMap({ $0 }) where !made.contains(input) && inner[input] == nil {
      inner[input] = body.addGhost(graph[input].name, graph[input].type)
    }
    for node in nodes {
      let made = body.add(
        graph.op(of: node), node.inputs.map { $0.flatMap { inner[$0] } }, node.attributes, origin: node.origin)
      for (outer, value) in zip(node.outputs, made) { inner[outer] = value }
    }
    return (body, operands, inner)
  }
}
