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
    var (soon, ready) = (SmallestFirst(), SmallestFirst())
    func wake(_ node: Int) { if urgent.contains(node) { soon.insert(node) } else { ready.insert(node) } }
    for node in before.indices where waiting[node] == 0 { wake(node) }
    var order: [Int] = []
    while let next = soon.popFirst() ?? ready.popFirst() {
      order.append(next)
      for node in after[next] {
        waiting[node] -= 1
        if waiting[node] == 0 { wake(node) }
      }
    }
    return order.count == before.count ? order : nil
  }
}

/// Numbers of which the smallest comes first: a binary heap.
private struct SmallestFirst {
  private var items: [Int] = []

  mutating func insert(_ item: Int) {
    items.append(item)
    var at = items.count - 1
    while at > 0, items[(at - 1) / 2] > items[at] {
      items.swapAt(at, (at - 1) / 2)
      at = (at - 1) / 2
    }
  }

  mutating func popFirst() -> Int? {
    guard let first = items.first, let last = items.popLast() else { return nil }
    guard !items.isEmpty else { return first }
    items[0] = last
    var at = 0
    while true {
      let children = [2 * at + 1, 2 * at + 2].filter { $0 < items.count }
      guard let least = children.min(by: { items[$0] < items[$1] }), items[least] < items[at] else { return first }
      items.swapAt(at, least)
      at = least
    }
  }
}
