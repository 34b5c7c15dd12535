import FoveaTensors

extension ShapeQuery {
  /// How messages call the input at `index`.
  func name(_ index: Int) -> String { index < op.inputNames.count ? op.inputNames[index] : "input \(index)" }

  /// Reports an input whose elements are not of type `dtype`.
  mutating func require(_ dtype: DType, ofInput index: Int, mend: String) {
    guard has(index), self.dtype(index) != dtype, wrongTypes.insert(index).inserted else { return }
    reject("\(name(index)) has elements of type \(self.dtype(index).rawValue), not \(dtype.rawValue)", mend: mend)
  }

  /// Reports an input whose elements are not floating-point numbers.
  mutating func requireFloat(_ index: Int = 0) {
    guard has(index), !dtype(index).isFloat, wrongTypes.insert(index).inserted else { return }
    reject(
      "\(name(index)) has elements of type \(dtype(index).rawValue); \(op.name) computes in floating point",
      mend: "convert it to f32 first")
  }

  /// Reports every input that holds no floating-point numbers though the operator does not say that it may.
  mutating func requireFloats() {
    for index in inputs.indices where !op.shapeOnlyInputs.contains(index) {
      // What stands behind the last name is either more of the last kind, or no loop reads it by its place: a
      // fused node's operands are checked in its body.
      guard index < op.inputNames.count || op.isVariadic else { return }
      if !op.nonFloatInputs.contains(min(index, op.inputNames.count - 1)) { requireFloat(index) }
    }
  }

  /// Reports an input whose shape is known and differs from `expected` where both are known.
  mutating func requireShape(_ expected: PartialShape, ofInput index: Int, mend: String) {
    guard has(index), let found = shape(index).dims, let wanted = expected.dims else { return }
    let fits = found.count == wanted.count && zip(found, wanted).allSatisfy { $0 == nil || $1 == nil || $0 == $1 }
    if !fits { reject("\(name(index)) is \(shape(index)), but \(expected) is needed", mend: mend) }
  }

  /// The `axis` attribute counted from the front; nil, and reported, when there is no such axis.
  /// - Parameters:
  ///   - index: the input whose axis it is.
  ///   - past: 1 when the axis may also stand behind the last one (flatten).
  mutating func axis(of index: Int = 0, default value: Int, rank: Int, past: Int = 0) -> Int? {
    let axis = attributes.int("axis", default: value)
    if axis >= -rank, axis < rank + past { return axis < 0 ? axis + rank : axis }
    reject(
      "axis \(axis) of \(shape(index)), which has \(rank) axes",
      mend: "choose an axis from \(-rank) to \(rank + past - 1)")
    return nil
  }

  /// The `axes` attribute counted from the front; nil, and reported, when it is missing or does not fit.
  mutating func axes(rank: Int) -> Set<Int>? {
    let listed = attributes.ints("axes", default: [])
    let counted = listed.filter { $0 >= -rank && $0 < rank }.map { $0 < 0 ? $0 + rank : $0 }
    if !listed.isEmpty, Set(counted).count == listed.count { return Set(counted) }
    reject(
      "the axes \(Attribute.ints(listed)) of \(rank)",
      mend: rank == 0 ? "there is none to name" : "name each axis from \(-rank) to \(rank - 1) once")
    return nil
  }

  /// The number of elements under some axes: nil when one is unknown, or, reported, when it cannot be counted.
  mutating func product(_ dims: some Sequence<Int?>) -> Int? {
    var known: [Int] = []
    for extent in dims {
      guard let extent else { return nil }
      known.append(extent)
    }
    if let count = Shape(known).checkedCount { return count }
    reject("\(Shape(known)) has more elements than can be counted", mend: "use smaller extents")
    return nil
  }
}

/// A tensor seen along one axis: `outer` × `extent` × `inner` elements, neighbours `inner` apart.
struct AxisLoop: Sendable {
  let outer: Int
  let extent: Int
  let inner: Int

  /// `axis` may be negative; it must exist.
  init(_ shape: Shape, axis: Int) {
    let axis = axis < 0 ? axis + shape.rank : axis
    outer = shape.dims[..<axis].reduce(1, *)
    extent = shape[axis]
    inner = shape.dims[(axis + 1)...].reduce(1, *)
  }

  /// Calls `body` with where each row along the axis starts; its elements lie `inner` apart.
  @inline(__always)
  func forEachRow(_ body: (_ start: Int) -> Void) {
    for outer in 0..<outer {
      for inner in 0..<inner { body(outer &* extent &* self.inner &+ inner) }
    }
  }
}

/// A tensor walked row by row beside a smaller one that repeats along some axes.
///
/// Neighbouring axes of one kind (repeated or not) are merged, so that rows are long and the work per row
/// counts little.
struct RepeatWalk: Sendable {
  /// Elements of the full tensor.
  let count: Int
  /// Elements of the one that repeats.
  let smallCount: Int
  private let row: Int
  private let step: Int
  private let extents: [Int]
  private let strides: [Int]

  /// `small` must broadcast to `full`.
  init(full: Shape, small: Shape) {
    count = full.count
    smallCount = small.count
    let each = Broadcast.strides(of: small, in: full)
    var merged: [(extent: Int, stride: Int)] = []
    for (extent, stride) in zip(full.dims, each) where extent != 1 {
      if let last = merged.last, last.stride == (stride == 0 ? 0 : stride * extent) {
        merged[merged.count - 1] = (last.extent * extent, stride)
      } else {
        merged.append((extent, stride))
      }
    }
    row = merged.last?.extent ?? 1
    step = merged.last?.stride ?? 1
    extents = merged.dropLast().map(\.extent)
    strides = merged.dropLast().map(\.stride)
  }

  /// Calls `body` with the start of each row in the full tensor, its place in the smaller one, the row's
  /// length, and whether the smaller one moves along (else the whole row meets one element).
  @inline(__always)
  func forEachRow(_ body: (_ full: Int, _ small: Int, _ count: Int, _ moves: Bool) -> Void) {
    guard count > 0 else { return }
    for index in 0..<(count / row) {
      var rest = index
      var small = 0
      var axis = extents.count - 1
      while axis >= 0 {
        small += rest % extents[axis] * strides[axis]
        rest /= extents[axis]
        axis -= 1
      }
      body(index * row, small, row, step != 0)
    }
  }

  /// Calls `body` with each place in the full tensor and its place in the smaller one.
  @inline(__always)
  func forEach(_ body: (_ full: Int, _ small: Int) -> Void) {
    forEachRow { full, small, count, moves in
      if moves {
        for index in 0..<count { body(full &+ index, small &+ index) }
      } else {
        for index in 0..<count { body(full &+ index, small) }
      }
    }
  }

  /// Repeats the smaller tensor over the full one.
  @inline(__always)
  func spread<E>(_ x: UnsafePointer<E>, _ y: UnsafeMutablePointer<E>) {
    forEachRow { full, small, count, moves in
      if moves {
        (y + full).update(from: x + small, count: count)
      } else {
        (y + full).update(repeating: x[small], count: count)
      }
    }
  }
}
