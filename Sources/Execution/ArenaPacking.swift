/// Puts things that live for a while into one piece of memory, so that those that never live together may share it.
package struct ArenaPacking: Sendable {
  /// Where each thing begins, in the unit of the sizes.
  package private(set) var offsets: [Int]
  /// How much they take together.
  package private(set) var size = 0

  /// More things than any network keeps at once; beyond, a thing stands behind all others, since looking for a hole
  /// among so many takes too long.
  private static let mostAtOnce = 4096

  /// Largest first, each at the lowest offset that is free during its whole life.
  package init(_ things: [(size: Int, life: ClosedRange<Int>)]) {
    offsets = [Int](repeating: 0, count: things.count)
    var placed = Lives(end: (things.map(\.life.upperBound).max() ?? 0) + 1)
    for index in things.indices.sorted(by: { (things[$1].size, $0) < (things[$0].size, $1) }) {
      let thing = things[index]
      var offset = 0
      if let others = placed.meeting(thing.life, atMost: ArenaPacking.mostAtOnce) {
        for other in others.sorted(by: { offsets[$0] < offsets[$1] }) {
          if offset + thing.size <= offsets[other] { break }
          offset = max(offset, offsets[other] + things[other].size)
        }
      } else {
        offset = size
      }
      placed.add(index, thing.life)
      offsets[index] = offset
      size = max(size, offset + thing.size)
    }
  }

  /// Things by the times at which they live, found by the times that they share with another: a tree over time whose
  /// parts hold those that live through all of them.
  private struct Lives {
    private let leaves: Int
    /// Those that live through all of a part, and those that live within it somewhere.
    private var whole: [[Int]]
    private var somewhere: [[Int]]

    init(end: Int) {
      var leaves = 1
      while leaves < end { leaves *= 2 }
      self.leaves = leaves
      whole = [[Int]](repeating: [], count: 2 * leaves)
      somewhere = whole
    }

    /// The parts that make up a life, largest first where they meet.
    private func parts(_ life: ClosedRange<Int>) -> [Int] {
      var (low, high) = (life.lowerBound + leaves, life.upperBound + leaves + 1)
      var result: [Int] = []
      while low < high {
        if low & 1 == 1 {
          result.append(low)
          low += 1
        }
        if high & 1 == 1 {
          high -= 1
          result.append(high)
        }
        low /= 2
        high /= 2
      }
      return result
    }

    mutating func add(_ thing: Int, _ life: ClosedRange<Int>) {
      var above: Set<Int> = []
      for part in parts(life) {
        whole[part].append(thing)
        var at = part
        while at >= 1, above.insert(at).inserted {
          somewhere[at].append(thing)
          at /= 2
        }
      }
    }

    /// The things that live at a time of `life`; nil where there are more than `most`.
    func meeting(_ life: ClosedRange<Int>, atMost most: Int) -> Set<Int>? {
      var found: Set<Int> = []
      for part in parts(life) {
        found.formUnion(somewhere[part].prefix(most + 1))
        if found.count > most { return nil }
        var at = part / 2
        while at >= 1 {
          found.formUnion(whole[at].prefix(most + 1))
          if found.count > most { return nil }
          at /= 2
        }
      }
      return found
    }
  }
}
