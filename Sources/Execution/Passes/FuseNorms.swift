import FoveaGraphs

/// Norms: in a training step, batch normalization takes with it the sum with a shortcut and the ReLU behind it, and its
/// gradient that of the ReLU. Each is a pass over memory otherwise, and norms do little else than read and write.
///
/// A normalized value that anything else reads stays a value of its own, and the norm a node of its own. The gradient
/// that has passed the ReLU may have more readers (the shortcut's): then it is one more result.
public struct FuseNorms: GraphPass {
  public let name = "norms"
  public init() {}

  public func run(_ graph: Graph) throws(GraphError) -> Graph {
    var search = Search(graph)
    for index in graph.nodes.indices {
      switch graph.nodes[index].op {
      case Op.BatchNormalization.name: search.forward(index)
      case Op.ReluBackward.name: search.backward(index)
      default: break
      }
    }
    guard !search.replacement.isEmpty else { return graph }
    let kept = graph.nodes.indices.compactMap { index in
      search.replacement[index] ?? (search.gone.contains(index) ? nil : graph.nodes[index])
    }
    return graph.rewritten(nodes: kept)
  }

  /// The mark of a gradient whose norm may be computed again from its input to know what passed the ReLU: the shift
  /// is the last operand then.
  package static let again = "computes_again"

  private struct Search {
    let graph: Graph
    let readers: [Value: [Int]]
    let producers: [Value: Int]
    /// What is read from outside.
    let named: Set<Value>
    var gone: Set<Int> = []
    var replacement: [Int: Node] = [:]

    init(_ graph: Graph) {
      self.graph = graph
      readers = graph.readers
      producers = graph.producers
      named = Set(graph.outputs.map(\.value) + graph.updates.flatMap { [$0.before, $0.after] })
    }

    /// The only node that reads a value that is not read from outside.
    private func onlyReader(_ value: Value) -> Int? {
      guard let found = readers[value], found.count == 1, !named.contains(value), !gone.contains(found[0]),
        graph.nodes[found[0]].inputs.filter({ $0 == value }).count == 1
      else { return nil }
      return found[0]
    }

    /// Whether there are places to normalize over: without them a norm is no matter of memory.
    private func isPicture(_ value: Value) -> Bool { (graph[value].type.shape.rank ?? 0) > 2 }

    mutating func forward(_ start: Int) {
      let norm = graph.nodes[start]
      guard Op.BatchNormalization.usesBatchStatistics(norm.attributes), norm.outputs.count == 5,
        isPicture(norm.outputs[0])
      else { return }
      var chain = [start]
      if let next = onlyReader(norm.outputs[0]), graph.nodes[next].op == Op.Add.name,
        Fuse.continues(graph.nodes[next], after: norm, in: graph)
      {
        chain.append(next)
      }
      if let next = onlyReader(graph.nodes[chain[chain.count - 1]].outputs[0]), graph.nodes[next].op == Op.Relu.name {
        chain.append(next)
      }
      guard chain.count > 1, let end = chain.last else { return }
      // The node stands where the last one stood: nobody before may ask for the statistics.
      let statistics = norm.outputs.dropFirst().flatMap { readers[$0] ?? [] }
      guard statistics.allSatisfy({ $0 > end }) else { return }
      replace(chain, at: end, outputs: graph.nodes[end].outputs + norm.outputs.dropFirst())
    }

    mutating func backward(_ start: Int) {
      let passing = graph.nodes[start]
      let passed = passing.outputs[0]
      guard let end = (readers[passed] ?? []).first(where: { takes($0, passed) }) else { return }
      guard isPicture(passed) else { return }
      let norm = graph.nodes[end]
      // The node stands where the first one stood: all that it reads must be there.
      let operands = norm.inputs.compactMap { $0 }.filter { $0 != passed }
      guard operands.allSatisfy({ (producers[$0] ?? -1) < start }) else { return }
      let isReadElsewhere = named.contains(passed) || (readers[passed]?.count ?? 0) > 1
      replace(
        [start, end], at: start, outputs: norm.outputs + (isReadElsewhere ? [passed] : []), shift: shift(start, end))
    }

    /// Whether a node is a norm's gradient that reads `value` as the gradient of its result and nowhere else.
    private func takes(_ index: Int, _ value: Value) -> Bool {
      let node = graph.nodes[index]
      return node.op == Op.BatchNormalizationBackward.name && !gone.contains(index)
        && !node.attributes.flag("frozen") && node.inputs[0] == value
        && node.inputs.filter { $0 == value }.count == 1
    }

    /// The shift of the norm that made the ReLU's input, when it read just what its gradient reads.
    private func shift(_ start: Int, _ end: Int) -> Value? {
      let norm = graph.nodes[end]
      guard let result = graph.nodes[start].inputs[1], let at = producers[result], graph.nodes[at].op == Op.Relu.name,
        let before = graph.nodes[at].inputs[0].flatMap({ producers[$0] })
      else { return nil }
      let forward = graph.nodes[before]
      guard forward.op == Op.BatchNormalization.name, forward.outputs.count == 5,
        graph.nodes[at].inputs[0] == forward.outputs[0], norm.inputs[1] == forward.inputs[0],
        norm.inputs[2] == forward.inputs[1], norm.inputs[3] == forward.outputs[3],
        norm.inputs[4] == forward.outputs[4],
        norm.attributes.float("epsilon", default: 1e-5) == forward.attributes.float("epsilon", default: 1e-5)
      else { return nil }
      return forward.inputs[2]
    }

    private mutating func replace(_ chain: [Int], at place: Int, outputs: [Value], shift: Value? = nil) {
      let nodes = chain.map { graph.nodes[$0] }
      var (body, operands, inner) = Fuse.chain(of: nodes, in: graph)
      for (index, value) in outputs.enumerated() {
        guard let own = inner[value] else { return }
        body.addOutput("output\(index)", own)
      }
      var attributes: Attributes = [:]
      attributes["pattern"] = .string(nodes.map(\.op).joined(separator: "+"))
      if let shift, inner[shift] == nil {
        inner[shift] = body.addInput(graph[shift].name, graph[shift].type)
        operands.append(shift)
        attributes[FuseNorms.again] = .int(1)
      }
      replacement[place] = Node(
        op: Op.Fused.name, inputs: operands, outputs: outputs, attributes: attributes, origin: nodes[0].origin,
        body: body)
      gone.formUnion(chain)
    }
  }
}
