import FoveaGraphs

/// How much memory a training step may take for speed.
public enum MemoryUse: String, Sendable, Codable, CaseIterable {
  /// Every value that the gradients read is kept.
  case usual
  /// What is cheap to compute again is: activations and norms (Chen et al. 2016, Training Deep Nets with Sublinear
  /// Memory Cost).
  case low
}

/// Recompute: activations, and norms before them, are computed once more where the gradients need them, so that
/// their memory is free in between.
///
/// Only what comes from values that are kept anyway: a convolution's result stays for the norm's gradient, and the
/// norm and the activation behind it follow from it and from the batch's statistics.
public struct Recompute: GraphPass {
  public let name = "recompute"
  let memory: MemoryUse

  public init(memory: MemoryUse) { self.memory = memory }

  public func run(_ graph: Graph) throws(GraphError) -> Graph {
    guard memory == .low, let loss = graph.output("loss") else { return graph }
    let forward = Recompute.ancestors(of: loss, in: graph)
    let readers = graph.readers
    let producers = graph.producers
    let named = Set(graph.outputs.map(\.value) + graph.updates.flatMap { [$0.before, $0.after] })
    var result = graph
    var nodes = graph.nodes
    // By the node before which they stand.
    var inserted: [Int: [Node]] = [:]

    /// Nodes behind the loss that read a value's numbers, in order.
    func later(_ value: Value) -> [Int] {
      (readers[value] ?? []).filter { index in
        !forward.contains(index) && graph.dataInputs(of: graph.nodes[index]).contains(value)
      }
    }
    func norm(_ value: Value) -> Node? {
      guard let index = producers[value], forward.contains(index) else { return nil }
      let node = graph.nodes[index]
      let isBatch =
        node.op == Op.BatchNormalization.name && Op.BatchNormalization.usesBatchStatistics(node.attributes)
      return isBatch && node.outputs[0] == value ? node : nil
    }
    func again(
      _ op: any Operator.Type, _ inputs: [Value?], _ attributes: Attributes, like node: Node, into list: inout [Node]
    ) -> Value {
      let made = result.add(op, inputs, attributes, name: "\(graph[node.outputs[0]].name).again", origin: node.origin)
      list.append(result.nodes[result.nodes.count - 1])
      return made[0]
    }
    /// The norm of what is kept, with the statistics that the batch had.
    func again(norm node: Node, into list: inout [Node]) -> Value {
      var attributes: Attributes = [:]
      attributes["epsilon"] = node.attributes["epsilon"]
      return again(
        Op.BatchNormalization.self, Array(node.inputs[0..<3]) + [node.outputs[3], node.outputs[4]], attributes,
        like: node, into: &list)
    }

    for index in graph.nodes.indices where forward.contains(index) {
      let node = graph.nodes[index]
      guard let source = node.inputs.first ?? nil else { continue }
      let value = node.outputs[0]
      let wanting = later(value)
      guard let first = wanting.first, !named.contains(value) else { continue }
      var list: [Node] = []
      let made: Value
      if let own = norm(value), let x = own.inputs[0], !later(x).isEmpty {
        made = again(norm: own, into: &list)
      } else if Fuse.activations.contains(where: { $0.name == node.op }) {
        if !later(source).isEmpty {
          made = again(graph.op(of: node), [source], node.attributes, like: node, into: &list)
        } else if let own = norm(source), let x = own.inputs[0], !later(x).isEmpty {
          let before = again(norm: own, into: &list)
          made = again(graph.op(of: node), [before], node.attributes, like: node, into: &list)
        } else {
          continue
        }
      } else {
        continue
      }
      inserted[first, default: []] += list
      for reader in wanting {
        nodes[reader].inputs = nodes[reader].inputs.map { $0 == value ? made : $0 }
      }
    }
    guard !inserted.isEmpty else { return graph }
    return result.rewritten(nodes: nodes.indices.flatMap { (inserted[$0] ?? []) + [nodes[$0]] })
  }

  /// The nodes that a value is made of.
  private static func ancestors(of value: Value, in graph: Graph) -> Set<Int> {
    let producers = graph.producers
    var found: Set<Int> = []
    var waiting = [value]
    while let next = waiting.popLast() {
      guard let index = producers[next], found.insert(index).inserted else { continue }
      waiting += graph.dataInputs(of: graph.nodes[index])
    }
    return found
  }
}
