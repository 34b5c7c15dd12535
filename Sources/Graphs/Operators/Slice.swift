import FoveaTensors

extension Op {
  /// A part of a tensor: from `starts` to before `ends` in steps, along some axes.
  ///
  /// X → Y. Attributes: `starts`, `ends`, `axes` (missing: the first ones), `steps` (1; negative go backwards).
  /// Negative starts and ends count from the end; what lies outside is cut off, as in NumPy and ONNX.
  public enum Slice: Operator {
    public static let name = "Slice"
    public static let inputNames = ["X"]
    public static let nonFloatInputs: Set<Int> = [0]

    public static func infer(_ query: inout ShapeQuery) -> [TensorType] {
      [TensorType(query.dtype(0), part(&query, of: 0))]
    }

    /// The shape of the part.
    static func part(_ query: inout ShapeQuery, of index: Int) -> PartialShape {
      let starts = query.attributes.ints("starts", default: [])
      let ends = query.attributes.ints("ends", default: [])
      let steps = query.attributes.ints("steps", default: starts.map { _ in 1 })
      let axes = query.attributes.ints("axes", default: Array(starts.indices))
      guard !starts.isEmpty, [ends.count, steps.count, axes.count].allSatisfy({ $0 == starts.count }) else {
        query.reject(
          "\(starts.count) starts, \(ends.count) ends, \(axes.count) axes and \(steps.count) steps",
          mend: "give one start and one end for each axis")
        return query.shape(index).rank.map { .unknown(rank: $0) } ?? .unknown
      }
      if steps.contains(0) { query.reject("a step of 0", mend: "give steps of at least 1, or negative ones") }
      var shape = query.shape(index)
      guard let rank = shape.rank, !steps.contains(0) else { return shape.rank.map { .unknown(rank: $0) } ?? .unknown }
      var seen: Set<Int> = []
      for (place, named) in axes.enumerated() {
        let axis = named < 0 ? named + rank : named
        guard axis >= 0, axis < rank, seen.insert(axis).inserted else {
          query.reject(
            "axis \(named) of \(query.shape(index))", mend: "choose each axis from \(-rank) to \(rank - 1), once")
          continue
        }
        guard let extent = query.shape(index)[axis] else { continue }
        let (_, count) = range(extent, start: starts[place], end: ends[place], step: steps[place])
        if count < 1 {
          query.reject(
            "nothing lies from \(starts[place]) to \(ends[place]) along axis \(axis) of \(query.shape(index))",
            mend: "choose a start before the end, within \(extent)")
        }
        shape = shape.replacing(axis: axis, with: count < 1 ? nil : count)
      }
      return shape
    }

    /// The first position and the number of them, by ONNX's rules for what lies outside.
    package static func range(_ extent: Int, start: Int, end: Int, step: Int) -> (first: Int, count: Int) {
      func place(_ position: Int) -> Int {
        let counted = position < 0 ? max(position, -extent - 1) + extent : min(position, extent)
        return step > 0 ? min(max(counted, 0), extent) : min(max(counted, -1), extent - 1)
      }
      let first = min(
        max(start < 0 ? max(start, -extent) + extent : min(start, extent), 0), step > 0 ? extent : extent - 1)
      let last = place(end)
      let distance = step > 0 ? last - first : first - last
      guard distance > 0 else { return (0, 0) }
      // −Int.min does not exist.
      let length = step > 0 ? step : step == .min ? .max : -step
      return (first, (distance - 1) / length + 1)
    }

    public static func gradient(_ builder: inout GradientBuilder) -> [Value?] {
      guard let g = builder.outputGradients[0], builder.needs(0) else { return [] }
      return builder.add(SliceBackward.self, [g, builder.input(0)], builder.attributes)
    }

    /// Where the part's first element lies in the whole, and the element steps there along the part's axes.
    static func steps(_ attributes: Attributes, whole: Shape) -> (start: Int, steps: [Int]) {
      let starts = attributes.ints("starts", default: [])
      let ends = attributes.ints("ends", default: [])
      let each = attributes.ints("steps", default: starts.map { _ in 1 })
      var strides = whole.strides
      var start = 0
      for (place, named) in attributes.ints("axes", default: Array(starts.indices)).enumerated() {
        let axis = named < 0 ? named + whole.rank : named
        let (first, count) = range(whole[axis], start: starts[place], end: ends[place], step: each[place])
        start += first * whole.strides[axis]
        // Of a single position the step does not matter, and a huge one would overflow.
        strides[axis] = count == 1 ? 0 : whole.strides[axis] * each[place]
      }
      return (start, strides)
    }

    @specialized(where T == Float)
    @specialized(where T == Double)
    public static func reference<T: ReferenceScalar>(_ site: NodeSite, _ type: T.Type) -> ReferenceKernel {
      let y = site.outputShape()
      let (start, steps) = steps(site.attributes, whole: site.inputShape(0))
      let copy = StridedCopy(y.dims, from: steps, to: y.strides, start: (start, 0))
      let width = site.outputs[0].dtype.size
      return { buffers in
        copy.run(buffers.input(0, as: UInt8.self), buffers.output(0, as: UInt8.self), width: width)
      }
    }

    public static func explain(_ site: NodeSite) -> String {
      "Cuts \(site.outputShape()) out of \(site.inputShape(0))."
    }
  }

  /// The gradient of `Slice`: the part's gradient at its place, zeros elsewhere.
  ///
  /// dY, X (shape only) → dX like X. Attributes as `Slice`'s.
  public enum SliceBackward: Operator {
    public static let name = "SliceBackward"
    public static let inputNames = ["dY", "X"]
    public static let shapeOnlyInputs: Set<Int> = [1]

    public static func infer(_ query: inout ShapeQuery) -> [TensorType] {
      let part = Slice.part(&query, of: 1)
      query.requireShape(part, ofInput: 0, mend: "give the gradient of this very part")
      return [TensorType(query.dtype(0), query.shape(1))]
    }

    public static func gradient(_ builder: inout GradientBuilder) -> [Value?] {
      guard let g = builder.outputGradients[0], builder.needs(0) else { return [] }
      return builder.add(Slice.self, [g], builder.attributes)
    }

    @specialized(where T == Float)
    @specialized(where T == Double)
    public static func reference<T: ReferenceScalar>(_ site: NodeSite, _ type: T.Type) -> ReferenceKernel {
      let g = site.inputShape(0)
      let (start, steps) = Slice.steps(site.attributes, whole: site.outputShape())
      let copy = StridedCopy(g.dims, from: g.strides, to: steps, start: (0, start))
      let width = site.outputs[0].dtype.size
      let bytes = site.outputShape().count * width
      return { buffers in
        let dx = buffers.output(0, as: UInt8.self)
        StridedCopy.clear(dx, bytes: bytes)
        copy.run(buffers.input(0, as: UInt8.self), dx, width: width)
      }
    }

    public static func explain(_ site: NodeSite) -> String {
      "Puts the gradient \(site.inputShape(0)) back at its place in \(site.outputShape()), zeros around it."
    }
  }
}
