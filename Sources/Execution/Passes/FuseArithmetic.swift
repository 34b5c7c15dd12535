import FoveaGraphs
import FoveaTensors

/// Arithmetic: chains of operators that go number by number become one node, whatever their length: one pass over
/// memory instead of one for each. The sum or mean of all numbers may end a chain, as it does in a loss.
///
/// A value that anything outside the chain reads stays a value of its own.
public struct FuseArithmetic: GraphPass {
  public let name = "arithmetic"
  public init() {}

  /// What other backends take node by node too: a chain of these alone is left to them.
  private static let common: Set<String> = [
    Op.Add.name, Op.Relu.name, Op.LeakyRelu.name, Op.Sigmoid.name, Op.Tanh.name, Op.Elu.name, Op.Selu.name,
    Op.Clip.name, Op.HardSigmoid.name, Op.HardSwish.name, Op.Swish.name, Op.Gelu.name, Op.Mish.name, Op.Softplus.name,
    Op.Abs.name, Op.ReluBackward.name, Op.SigmoidBackward.name, Op.TanhBackward.name, Op.LeakyReluBackward.name,
    Op.BroadcastToShape.name,
  ]

  /// What a chain may consist of.
  private static let members: Set<String> = common.union([
    Op.Sub.name, Op.Mul.name, Op.Div.name, Op.Pow.name, Op.Max.name, Op.Min.name, Op.Neg.name, Op.Sign.name,
    Op.Sqrt.name, Op.Exp.name, Op.Log.name, Op.Erf.name, Op.Round.name, Op.Floor.name, Op.Ceil.name, Op.Where.name,
    Op.Equal.name, Op.Less.name, Op.LessOrEqual.name, Op.Greater.name, Op.GreaterOrEqual.name, Op.Not.name,
    Op.And.name, Op.Or.name, Op.Xor.name, Op.EluBackward.name, Op.SeluBackward.name, Op.ClipBackward.name,
    Op.HardSigmoidBackward.name, Op.HardSwishBackward.name, Op.SwishBackward.name, Op.GeluBackward.name,
    Op.MishBackward.name, Op.PowBackward.name, Op.ReduceMeanBackward.name, Op.ReduceSumBackward.name,
  ])

  private static let sums: Set<String> = [Op.ReduceSum.name, Op.ReduceMean.name, Op.SumToShape.name]

  /// Nodes of a chain, and tensors that it reads: what loops of a backend have room for.
  private static let most = (nodes: 32, operands: 16)

  public func run(_ graph: Graph) throws(GraphError) -> Graph {
    let readers = graph.readers
    let producers = graph.producers
    let named = Set(graph.outputs.map(\.value) + graph.updates.flatMap { [$0.before, $0.after] })
    var gone: Set<Int> = []
    var left: Set<Int> = []
    var replacement: [Int: Node] = [:]
    for end in graph.nodes.indices.reversed() where !gone.contains(end) && !left.contains(end) {
      guard let whole = FuseArithmetic.start(graph.nodes[end], in: graph) else { continue }
      var chain: Set<Int> = [end]
      // From the end to the front: what a chain alone reads, and makes in its shape, belongs to it.
      var outside = Set(graph.dataInputs(of: graph.nodes[end]))
      var grows = true
      while grows {
        grows = false
        for value in outside.sorted(by: { $0.id > $1.id }) where chain.count < FuseArithmetic.most.nodes {
          guard let at = producers[value], !gone.contains(at), !named.contains(value), graph[value].type.shape == whole,
            FuseArithmetic.members.contains(graph.nodes[at].op), FuseArithmetic.isUsable(graph.nodes[at], in: graph),
            (readers[value] ?? []).allSatisfy(chain.contains)
          else { continue }
          let next = outside.subtracting([value]).union(graph.dataInputs(of: graph.nodes[at]))
          guard next.count <= FuseArithmetic.most.operands else { continue }
          chain.insert(at)
          outside = next
          grows = true
        }
      }
      guard chain.count > 1, chain.contains(where: { !FuseArithmetic.common.contains(graph.nodes[$0].op) }) else {
        left.formUnion(chain)
        continue
      }
      let nodes = chain.sorted().map { graph.nodes[$0] }
      let (body, operands) = Fuse.body(of: nodes, in: graph)
      var attributes: Attributes = [:]
      attributes["pattern"] = .string(nodes.map(\.op).joined(separator: "+"))
      replacement[end] = Node(
        op: Op.Fused.name, inputs: operands, outputs: graph.nodes[end].outputs, attributes: attributes,
        origin: graph.nodes[end].origin, body: body)
      gone.formUnion(chain)
    }
    guard !replacement.isEmpty else { return graph }
    // A chain stands where its last node stood, so all its operands are there.
    let kept = graph.nodes.indices.compactMap { index in
      replacement[index] ?? (gone.contains(index) ? nil : graph.nodes[index])
    }
    return graph.rewritten(nodes: kept)
  }

  /// The shape that a chain ending with this node goes through; nil when none ends here.
  private static func start(_ node: Node, in graph: Graph) -> PartialShape? {
    guard isUsable(node, in: graph) else { return nil }
    if sums.contains(node.op) {
      guard let x = node.inputs[0], graph[node.outputs[0]].type.shape.concrete?.count == 1 else { return nil }
      return graph[x].type.shape.concrete.map { $0.count > 1 } == true ? graph[x].type.shape : nil
    }
    return members.contains(node.op) ? graph[node.outputs[0]].type.shape : nil
  }

  /// Whether loops run on a node's types: whole numbers and other floats go their own way.
  private static func isUsable(_ node: Node, in graph: Graph) -> Bool {
    // A user's operator may be called like one of these.
    guard Registry.isBuiltIn(graph.op(of: node)) else { return false }
    guard node.outputs.count == 1,
      graph[node.outputs[0]].type.shape.concrete.map({ $0.count > 0 && $0.rank <= 8 }) == true
    else { return false }
    let types = graph.dataInputs(of: node).map { graph[$0].type.dtype } + [graph[node.outputs[0]].type.dtype]
    guard types.allSatisfy({ $0 == .f32 || $0 == .bool }) else { return false }
    switch node.op {
    // The exponent's gradient has its own loop, and what a reduction left out must be an axis still.
    case Op.PowBackward.name: return node.attributes.int("operand", default: 0) == 0
    case Op.ReduceMeanBackward.name, Op.ReduceSumBackward.name:
      guard let g = node.inputs[0] else { return false }
      return graph[g].type.shape.concrete?.count == 1
    default: return true
    }
  }
}
