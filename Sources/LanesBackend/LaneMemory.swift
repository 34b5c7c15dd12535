import FoveaExecution

extension LaneProgram {
  /// The memory of a thread: where each buffer begins, and how many floats there are. Buffers that are never needed
  /// together share it.
  func memory() -> (offsets: [Int], floats: Int) {
    // To cache lines.
    func align(_ floats: Int) -> Int { (max(floats, 1) + 15) / 16 * 16 }
    let end = operations.count
    var life = [ClosedRange<Int>?](repeating: nil, count: buffers.count)
    for (time, operation) in operations.enumerated() {
      for buffer in operation.buffers { life[buffer] = (life[buffer]?.lowerBound ?? time)...time }
    }
    for buffer in buffers.indices where buffers[buffer].isKept { life[buffer] = 0...end }
    // The parts of sums grow from block to block.
    for sum in sums { life[sum.part] = 0...end }
    let packing = ArenaPacking(
      buffers.indices.map { (align(buffers[$0].floats), life[$0] ?? 0...0) })
    return (packing.offsets, align(packing.size))
  }
}
