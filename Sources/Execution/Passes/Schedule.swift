import FoveaGraphs

/// The running order: as the graph has it, except that a state change waits for the last reader of the
/// state and then comes at once, so that it can happen in place and its gradient's memory is free again.
enum RunningOrder {
  static func order(_ graph: Graph) -> [Int] {
    let producers = graph.producers
    let readers = graph.readers
    var before: [[Int]] = graph.nodes.map { node in graph.dataInputs(of: node).compactMap { producers[$0] } }
    var updaters: Set<Int> = []
    for update in graph.updates {
      guard let updater = producers[update.after] else { continue }
      updaters.insert(updater)
      for reader in readers[update.before] ?? [] where reader != updater { before[updater].append(reader) }
    }
    if let order = topological(before, urgent: updaters) { return order }
    // A reader of the old state needs the new one: then states are copied at the end instead.
    return Array(graph.nodes.indices)
  }

  /// Smallest index first, `urgent` nodes before all others; nil when there is a cycle.
  private static func topological(_ before: [[Int]], urgent: Set<Int>) -> [Int]? {
    var waiting = before.map { Set($0).count }
    var after = [[Int]](repeating: [], count: before.count)
    for (node, list) in before.enumerated() { for earlier in Set(list) { after[earlier].append(node) } }
    var ready = Set(before.indices.filter { waiting[$0] == 0 })
    var order: [Int] = []
    while let next = ready.filter(urgent.contains).min() ?? ready.min() {
      ready.remove(next)
      order.append(next)
      for node in after[next] {
        waiting[node] -= 1
        if waiting[node] == 0 { ready.insert(node) }
      }
    }
    return order.count == before.count ? order : nil
  }
}
