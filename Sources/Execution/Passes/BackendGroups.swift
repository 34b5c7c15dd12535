import FoveaGraphs

/// Nodes that must run on one backend: a forward node with auxiliary outputs (workspace, statistics, mask) and the
/// backward nodes that read them. Each group has the first backend that takes all its members, and what the
/// others said.
struct BackendGroups {
  private var groupOf: [Int: Int] = [:]
  private var members: [Int: [Int]] = [:]
  private var choice: [Int: (rank: Int, refusals: [String])] = [:]

  init(_ graph: Graph, _ backends: [any Backend]) {
    let producers = graph.producers
    for (index, node) in graph.nodes.enumerated() {
      for input in graph.dataInputs(of: node) {
        guard let at = producers[input] else { continue }
        let maker = graph.nodes[at]
        guard let position = maker.outputs.firstIndex(of: input),
          graph.op(of: maker).auxiliaryOutputs.contains(position)
        else { continue }
        members[at, default: [at]].append(index)
        groupOf[at] = at
        groupOf[index] = at
      }
    }
    for group in members.keys { choose(group, from: 0, graph, backends, []) }
  }

  /// The backend of a node that belongs to a group, and why not one before it; nil where a node is free.
  subscript(index: Int) -> (rank: Int, refusals: [String])? { groupOf[index].flatMap { choice[$0] } }

  /// Takes a group from its backend, which turned out to fail at its first node, to the next that takes it.
  /// - Returns: false when there is none, or when `index` is not the group's first node.
  mutating func giveUp(_ index: Int, because reason: String, _ graph: Graph, _ backends: [any Backend]) -> Bool {
    guard groupOf[index] == index, let current = choice[index] else { return false }
    choice[index] = nil
    choose(index, from: current.rank + 1, graph, backends, current.refusals + [reason])
    return choice[index] != nil
  }

  private mutating func choose(
    _ group: Int, from first: Int, _ graph: Graph, _ backends: [any Backend], _ earlier: [String]
  ) {
    var refusals = earlier
    for rank in backends.indices.dropFirst(first) {
      let reason = (members[group] ?? []).lazy.compactMap { index in
        BackendGroups.refusal(graph.nodes[index], graph, backends[rank])
      }.first
      guard let reason else {
        choice[group] = (rank, refusals)
        return
      }
      refusals.append(reason)
    }
  }

  /// Why a backend has nothing for a node; nil when it has.
  private static func refusal(_ node: Node, _ graph: Graph, _ backend: any Backend) -> String? {
    let site = graph.site(node)
    var reasons: [String] = []
    for implementation in backend.implementations(of: graph.op(of: node)) {
      guard let reason = implementation.refusal(of: site) else { return nil }
      reasons.append(reason)
    }
    return "\(backend.name): " + (reasons.isEmpty ? "has no \(node.op)" : reasons.joined(separator: "; "))
  }
}
