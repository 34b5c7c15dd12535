import FoveaTensors

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// Moves elements of any type from one order to another: slices, transpositions, padding.
struct StridedCopy: Sendable {
  private let extents: [Int]
  private let from: [Int]
  private let to: [Int]
  private let start: (from: Int, to: Int)
  private let row: (extent: Int, from: Int, to: Int)
  private let rows: Int

  /// For each position within `extents`: the element steps along each axis, and where both begin.
  init(_ extents: [Int], from: [Int], to: [Int], start: (from: Int, to: Int) = (0, 0)) {
    // Neighbouring axes that are one run in both tensors are merged, so that rows are long.
    var merged: [(extent: Int, from: Int, to: Int)] = []
    for axis in extents.indices where extents[axis] != 1 {
      if let last = merged.last, last.from == from[axis] * extents[axis], last.to == to[axis] * extents[axis] {
        merged[merged.count - 1] = (last.extent * extents[axis], from[axis], to[axis])
      } else {
        merged.append((extents[axis], from[axis], to[axis]))
      }
    }
    row = merged.last ?? (1, 1, 1)
    self.extents = merged.dropLast().map(\.extent)
    self.from = merged.dropLast().map(\.from)
    self.to = merged.dropLast().map(\.to)
    self.start = start
    rows = extents.contains(0) ? 0 : self.extents.reduce(1, *)
  }

  /// Copies elements of `width` bytes: 1, 2, 4 or 8.
  func run(_ source: UnsafePointer<UInt8>, _ target: UnsafeMutablePointer<UInt8>, width: Int) {
    let source = UnsafeRawPointer(source)
    let target = UnsafeMutableRawPointer(target)
    switch width {
    case 1: move(source.assumingMemoryBound(to: UInt8.self), target.assumingMemoryBound(to: UInt8.self))
    case 2: move(source.assumingMemoryBound(to: UInt16.self), target.assumingMemoryBound(to: UInt16.self))
    case 4: move(source.assumingMemoryBound(to: UInt32.self), target.assumingMemoryBound(to: UInt32.self))
    default: move(source.assumingMemoryBound(to: UInt64.self), target.assumingMemoryBound(to: UInt64.self))
    }
  }

  @inline(__always)
  private func move<E: FixedWidthInteger>(_ source: UnsafePointer<E>, _ target: UnsafeMutablePointer<E>) {
    for index in 0..<rows {
      var rest = index
      var read = start.from
      var write = start.to
      var axis = extents.count - 1
      while axis >= 0 {
        let position = rest % extents[axis]
        rest /= extents[axis]
        read += position * from[axis]
        write += position * to[axis]
        axis -= 1
      }
      if row.from == 1, row.to == 1 {
        (target + write).update(from: source + read, count: row.extent)
      } else {
        for step in 0..<row.extent { target[write &+ step &* row.to] = source[read &+ step &* row.from] }
      }
    }
  }

  /// Sets bytes to 0.
  static func clear(_ target: UnsafeMutablePointer<UInt8>, bytes: Int) { memset(target, 0, bytes) }
}
