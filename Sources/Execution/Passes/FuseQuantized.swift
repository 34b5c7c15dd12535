import FoveaGraphs
import FoveaTensors

/// Fuse, for networks in 8 bits: what stands between the whole numbers that a convolution or a matrix product reads
/// and those that it makes becomes one node, as does each remaining step between floats and whole numbers.
///
/// Scales and zero points stand as constants in the bodies, so that a backend sees them when it plans. Such a chain is
/// DequantizeLinear (of X, of W, of the bias) → Conv or Gemm → [Add] → [Relu or Clip] → [QuantizeLinear], or
/// DequantizeLinear → MaxPool → QuantizeLinear.
public struct FuseQuantized: GraphPass {
  public let name = "whole"
  public init() {}

  public func run(_ graph: Graph) throws(GraphError) -> Graph {
    guard graph.nodes.contains(where: { $0.op == Op.DequantizeLinear.name || $0.op == Op.QuantizeLinear.name })
    else { return graph }
    let chains = Simplify.withoutDeadCode(Finder(graph).fusedChains())
    return Finder(chains).fusedSteps()
  }
}

private struct Finder {
  let graph: Graph
  let producers: [Value: Int]
  let readers: [Value: [Int]]
  let named: Set<Value>

  init(_ graph: Graph) {
    self.graph = graph
    producers = graph.producers
    readers = graph.readers
    named = Set(graph.outputs.map(\.value) + graph.updates.map(\.after))
  }

  private func isConstant(_ value: Value?) -> Bool {
    guard let value else { return true }
    if case .constant = graph[value].source { return true }
    return false
  }

  /// The node that makes a value of whole numbers with known scales; nil when another one makes it.
  private func dequantized(_ value: Value?) -> Int? {
    guard let value, let at = producers[value], graph.nodes[at].op == Op.DequantizeLinear.name,
      graph.nodes[at].inputs.dropFirst().allSatisfy(isConstant)
    else { return nil }
    return at
  }

  /// The only reader of a value that nothing else wants.
  private func next(_ value: Value, _ gone: Set<Int>) -> Int? {
    guard let only = readers[value], only.count == 1, !named.contains(value), !gone.contains(only[0]) else {
      return nil
    }
    return only[0]
  }

  func fusedChains() -> Graph {
    var gone: Set<Int> = []
    var replacement: [Int: Node] = [:]
    for (index, node) in graph.nodes.enumerated() where !gone.contains(index) {
      let found: (before: [Int], chain: [Int])?
      switch node.op {
      case Op.Conv.name, Op.Gemm.name: found = product(index, gone)
      case Op.MaxPool.name: found = pooling(index, gone)
      default: found = nil
      }
      guard let (before, chain) = found, let last = chain.last else { continue }
      replacement[last] = fused(before + chain, words: chain)
      gone.formUnion(chain)
    }
    return rewritten(replacement, gone)
  }

  /// Each step between floats and whole numbers that is left, of values that change from run to run.
  func fusedSteps() -> Graph {
    var replacement: [Int: Node] = [:]
    for (index, node) in graph.nodes.enumerated()
    where [Op.QuantizeLinear.name, Op.DequantizeLinear.name].contains(node.op)
      && node.inputs.dropFirst().allSatisfy(isConstant)
    {
      guard let x = node.inputs[0] else { continue }
      switch graph[x].source {
      case .parameter, .state, .constant: continue
      default: replacement[index] = fused([index], words: [index])
      }
    }
    return rewritten(replacement, Set(replacement.keys))
  }

  private func rewritten(_ replacement: [Int: Node], _ gone: Set<Int>) -> Graph {
    guard !replacement.isEmpty else { return graph }
    return graph.rewritten(
      nodes: graph.nodes.indices.compactMap { replacement[$0] ?? (gone.contains($0) ? nil : graph.nodes[$0]) })
  }

  private func product(_ index: Int, _ gone: Set<Int>) -> (before: [Int], chain: [Int])? {
    let node = graph.nodes[index]
    guard let x = dequantized(node.inputs[0]), let w = dequantized(node.inputs[1]) else { return nil }
    var before = [x, w]
    if node.inputs.count > 2, node.inputs[2] != nil {
      guard let bias = dequantized(node.inputs[2]) else { return nil }
      before.append(bias)
    }
    var chain = [index]
    var value = node.outputs[0]
    if node.op == Op.Conv.name, let sum = next(value, gone), graph.nodes[sum].op == Op.Add.name,
      let other = graph.nodes[sum].inputs.first(where: { $0 != value }) ?? nil,
      graph[other].type == graph[value].type, !node.inputs.contains(other)
    {
      if let shortcut = dequantized(other) { before.append(shortcut) }
      chain.append(sum)
      value = graph.nodes[sum].outputs[0]
    }
    if let activation = next(value, gone), [Op.Relu.name, Op.Clip.name].contains(graph.nodes[activation].op) {
      chain.append(activation)
      value = graph.nodes[activation].outputs[0]
    }
    if let end = quantizing(value, gone) { chain.append(end) }
    return (before, chain)
  }

  private func pooling(_ index: Int, _ gone: Set<Int>) -> (before: [Int], chain: [Int])? {
    guard let x = dequantized(graph.nodes[index].inputs[0]), let end = quantizing(graph.nodes[index].outputs[0], gone)
    else { return nil }
    return ([x], [index, end])
  }

  private func quantizing(_ value: Value, _ gone: Set<Int>) -> Int? {
    guard let end = next(value, gone), graph.nodes[end].op == Op.QuantizeLinear.name,
      graph.nodes[end].inputs.dropFirst().allSatisfy(isConstant)
    else { return nil }
    return end
  }

  /// One node for several: its body holds their constants, its operands are what else they read.
  private func fused(_ list: [Int], words: [Int]) -> Node {
    let nodes = list.map { graph.nodes[$0] }
    var body = Graph(registry: graph.registry)
    var inner: [Value: Value] = [:]
    var operands: [Value?] = []
    let made = Set(nodes.flatMap(\.outputs))
    for node in nodes {
      for input in node.inputs.compactMap({ $0 }) where !made.contains(input) && inner[input] == nil {
        if case .constant(let tensor) = graph[input].source {
          inner[input] = body.addConstant(tensor, name: graph[input].name)
        } else {
          inner[input] = body.addInput(graph[input].name, graph[input].type)
          operands.append(input)
        }
      }
    }
    for node in nodes {
      let results = body.add(
        graph.op(of: node), node.inputs.map { $0.flatMap { inner[$0] } }, node.attributes, origin: node.origin)
      for (outer, value) in zip(node.outputs, results) { inner[outer] = value }
    }
    let last = nodes[nodes.count - 1]
    if let end = inner[last.outputs[0]] { body.addOutput("output0", end) }
    var attributes: Attributes = [:]
    attributes["pattern"] = .string("8 bits: " + words.map { graph.nodes[$0].op }.joined(separator: "+"))
    return Node(
      op: Op.Fused.name, inputs: operands, outputs: Array(last.outputs.prefix(1)), attributes: attributes,
      origin: graph.nodes[words[0]].origin, body: body)
  }
}
