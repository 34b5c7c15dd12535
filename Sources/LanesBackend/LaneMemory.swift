import FoveaExecution

/// The memory of a thread: buffers that are never needed together share it.
enum LaneMemory {
  /// In floats: a cache line.
  private static let alignment = 16

  static func pack(_ program: LaneProgram) -> (offsets: [Int], floats: Int) {
    func align(_ floats: Int) -> Int { (max(floats, 1) + alignment - 1) / alignment * alignment }
    let end = program.operations.count
    var life = [ClosedRange<Int>?](repeating: nil, count: program.buffers.count)
    for (time, operation) in program.operations.enumerated() {
      for buffer in operation.buffers { life[buffer] = (life[buffer]?.lowerBound ?? time)...time }
    }
    for buffer in program.buffers.indices where program.buffers[buffer].isKept { life[buffer] = 0...end }
    // The parts of sums grow from block to block.
    for sum in program.sums { life[sum.part] = 0...end }
    let packing = ArenaPacking(
      program.buffers.indices.map { (align(program.buffers[$0].floats), life[$0] ?? 0...0) })
    return (packing.offsets, align(packing.size))
  }
}
