/// Puts things that live for a while into one piece of memory, so that those that never live together may share it.
package struct ArenaPacking: Sendable {
  /// Where each thing begins, in the unit of the sizes.
  package private(set) var offsets: [Int]
  /// How much they take together.
  package private(set) var size = 0

  /// Largest first, each at the lowest offset that is free during its whole life.
  package init(_ things: [(size: Int, life: ClosedRange<Int>)]) {
    offsets = [Int](repeating: 0, count: things.count)
    var placed: [Int] = []
    for index in things.indices.sorted(by: { (things[$1].size, $0) < (things[$0].size, $1) }) {
      let thing = things[index]
      var offset = 0
      for other in placed.filter({ things[$0].life.overlaps(thing.life) }).sorted(by: { offsets[$0] < offsets[$1] }) {
        if offset + thing.size <= offsets[other] { break }
        offset = max(offset, offsets[other] + things[other].size)
      }
      placed.append(index)
      offsets[index] = offset
      size = max(size, offset + thing.size)
    }
  }
}
