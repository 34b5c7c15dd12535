import FoveaGraphs

/// A part of a graph that a backend runs as one step.
public struct Region: Sendable {
  /// As reports show it.
  public var name: String
  /// Places of its nodes in the graph's list.
  public var nodes: Set<Int>
  /// The values it reads from outside, in the order of the proposal's inputs.
  public var inputs: [Value]
  /// The values it makes that are read outside, in the order of the proposal's outputs.
  public var outputs: [Value]
  public var proposal: Proposal

  public init(name: String, nodes: Set<Int>, inputs: [Value], outputs: [Value], proposal: Proposal) {
    self.name = name
    self.nodes = nodes
    self.inputs = inputs
    self.outputs = outputs
    self.proposal = proposal
  }
}

/// A backend that looks at whole graphs and takes what it runs better than node by node.
public protocol RegionBackend: Backend {
  /// The part it wants to run, nil when it has nothing better to offer.
  ///
  /// Nothing outside may stand between two of its nodes: who reads what it makes comes after all of it.
  func region(of graph: Graph, training: Bool, threads: Int) -> Region?
}

extension RegionBackend {
  public func implementations(of op: any Operator.Type) -> [any Implementation] { [] }
  public func reorder(_ type: TensorType, from: Layout, to: Layout) throws(ExecutionError) -> Proposal? { nil }
}

extension Region {
  /// The graph's other nodes that wait for this region, directly or not.
  func followers(in graph: Graph) -> Set<Int> {
    var late = Set(outputs)
    var result: Set<Int> = []
    for (index, node) in graph.nodes.enumerated() where !nodes.contains(index) {
      guard node.inputs.contains(where: { $0.map(late.contains) ?? false }) else { continue }
      result.insert(index)
      late.formUnion(node.outputs)
    }
    return result
  }
}
