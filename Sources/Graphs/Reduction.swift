import FoveaTensors

/// What the reductions share: the axes and the shapes.
enum Reduction {
  /// The reduced axes counted from the front, nil when one does not exist.
  static func axes(_ attributes: Attributes, rank: Int) -> Set<Int>? {
    let listed = attributes.ints("axes", default: [])
    if listed.isEmpty { return Set(0..<rank) }
    var result: Set<Int> = []
    for axis in listed {
      guard axis >= -rank, axis < rank else { return nil }
      result.insert(axis < 0 ? axis + rank : axis)
    }
    return result
  }

  /// The shape rule: reduced extents become 1, or go away with keepdims = 0.
  static func infer(_ query: inout ShapeQuery) -> [TensorType] {
    let keepsTruths = [Op.ReduceMax.name, Op.ReduceMin.name].contains(query.op.name)
    query.requireNumbers(truths: keepsTruths)
    return [TensorType(query.dtype(0), shape(&query, of: 0))]
  }

  /// The shape rule of a gradient (dY, X, …): like X, when dY is like the reduction of X.
  static func inferBackward(_ query: inout ShapeQuery, result: Int? = nil) -> [TensorType] {
    let reduced = shape(&query, of: 1)
    for index in [0, result].compactMap({ $0 }) {
      query.requireShape(reduced, ofInput: index, mend: "give what belongs to this very reduction")
    }
    return [TensorType(query.dtype(0), query.shape(1))]
  }

  private static func shape(_ query: inout ShapeQuery, of index: Int) -> PartialShape {
    guard let dims = query.shape(index).dims else { return .unknown }
    guard let axes = axes(query.attributes, rank: dims.count) else {
      query.reject(
        "axes \(Attribute.ints(query.attributes.ints("axes", default: []))) of \(query.shape(index)), which has "
          + "\(dims.count) axes",
        mend: "choose axes from \(-dims.count) to \(dims.count - 1)")
      return .unknown
    }
    let keep = query.attributes.flag("keepdims", default: true)
    var result: [Int?] = []
    for (axis, extent) in dims.enumerated() {
      if !axes.contains(axis) { result.append(extent) } else if keep { result.append(1) }
    }
    return PartialShape(result)
  }

  /// The full tensor beside the reduced one.
  static func walk(_ full: Shape, _ attributes: Attributes) -> RepeatWalk {
    let axes = axes(attributes, rank: full.rank) ?? []
    let kept = full.dims.enumerated().map { axes.contains($0.offset) ? 1 : $0.element }
    return RepeatWalk(full: full, small: Shape(kept))
  }

  /// Where each group of reduced elements starts, in the order of the results, and the places within a group.
  static func groups(_ full: Shape, _ attributes: Attributes) -> (starts: [Int], offsets: [Int]) {
    let axes = axes(attributes, rank: full.rank) ?? []
    let strides = full.strides
    var starts = [0]
    var offsets = [0]
    for axis in 0..<full.rank {
      let steps = (0..<full[axis]).map { $0 * strides[axis] }
      if axes.contains(axis) {
        offsets = offsets.flatMap { base in steps.map { base + $0 } }
      } else {
        starts = starts.flatMap { base in steps.map { base + $0 } }
      }
    }
    return (starts, offsets)
  }

  /// Reducing along a spatial axis sees all of it.
  static func field(_ site: NodeSite) -> FieldRule {
    let axes = axes(site.attributes, rank: site.inputShape(0).rank) ?? []
    return axes.contains { $0 >= 2 } ? .everything : .pointwise
  }

  /// The loop of whole numbers: what `join` makes of the result so far and the next number.
  @inline(__always)
  static func whole<I: WholeScalar>(
    _ site: NodeSite, from start: I, _ join: @escaping @Sendable (I, I) -> I
  ) -> ReferenceKernel {
    let walk = walk(site.inputShape(0), site.attributes)
    return { buffers in
      let x = buffers.input(0, as: I.self)
      let y = buffers.output(0, as: I.self)
      y.update(repeating: start, count: walk.smallCount)
      walk.forEach { full, small in y[small] = join(y[small], x[full]) }
    }
  }

  static func words(_ site: NodeSite, _ what: String) -> String {
    let walk = walk(site.inputShape(0), site.attributes)
    return
      "Takes the \(what) of each \(walk.count / max(walk.smallCount, 1)) of the \(walk.count) numbers: "
      + "\(site.inputShape(0)) becomes \(site.outputShape())."
  }
}
