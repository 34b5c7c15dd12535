import FoveaTensors

/// Positions along an axis, as i32 or i64; negative ones count from the end.
struct Positions: Sendable {
  let extent: Int
  private let isLong: Bool

  init(_ dtype: DType?, extent: Int) {
    isLong = dtype == .i64
    self.extent = extent
  }

  /// The position at a place of the operand; nil outside the axis, which cannot be known before a run.
  @inline(__always)
  func callAsFunction(_ buffer: UnsafePointer<UInt8>, _ at: Int) -> Int? {
    let raw = UnsafeRawPointer(buffer)
    let found =
      isLong
      ? Int(raw.assumingMemoryBound(to: Int64.self)[at]) : Int(raw.assumingMemoryBound(to: Int32.self)[at])
    guard found >= -extent, found < extent else { return nil }
    return found < 0 ? found + extent : found
  }

  /// Reports an input that holds no positions.
  static func require(_ query: inout ShapeQuery, _ index: Int) {
    guard query.has(index), query.dtype(index) != .i64 else { return }
    query.require(.i32, ofInput: index, mend: "give positions as i32 or i64")
  }
}

/// A part of a tensor walked in order, with the place of each element in the whole.
struct PartWalk: Sendable {
  private let extents: [Int]
  private let strides: [Int]
  private let rows: Int

  /// `strides` are the element steps in the whole along each axis of the part.
  init(_ extents: [Int], strides: [Int]) {
    self.extents = extents.isEmpty ? [1] : extents
    self.strides = extents.isEmpty ? [0] : strides
    rows = extents.contains(0) ? 0 : extents.dropLast().reduce(1, *)
  }

  /// Calls `body` with each place in the part and in the whole.
  @inline(__always)
  func forEach(_ body: (_ part: Int, _ whole: Int) -> Void) {
    let last = extents.count - 1
    for row in 0..<rows {
      var rest = row
      var start = 0
      var axis = last - 1
      while axis >= 0 {
        start += rest % extents[axis] * strides[axis]
        rest /= extents[axis]
        axis -= 1
      }
      for index in 0..<extents[last] { body(row &* extents[last] &+ index, start &+ index &* strides[last]) }
    }
  }
}
