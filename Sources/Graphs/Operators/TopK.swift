import FoveaTensors

extension Op {
  /// The k largest (or smallest) numbers along an axis, in order, and their positions.
  ///
  /// X → values, positions (i64), both with the extent k. Of equal numbers the first comes first; NaN counts as
  /// the largest. Attributes: `k` (1; in ONNX an input), `axis` (−1), `largest` (1).
  public enum TopK: WholeOperator {
    public static let name = "TopK"
    public static let inputNames = ["X"]

    public static func infer(_ query: inout ShapeQuery) -> [TensorType] {
      query.requireNumbers()
      if query.attributes["k"] == nil { query.reject("no k", mend: "say how many of the largest are wanted") }
      let k = query.attributes.int("k", default: 1)
      if k < 1 { query.reject("the \(k) largest", mend: "give a k of at least 1") }
      guard let rank = query.shape(0).rank, let axis = query.axis(default: -1, rank: rank) else {
        return [TensorType(query.dtype(0), .unknown), TensorType(.i64, .unknown)]
      }
      if let extent = query.shape(0)[axis], k > extent {
        query.reject(
          "the \(k) largest along axis \(axis) of \(query.shape(0))", mend: "give a k of at most \(extent)")
      }
      let shape = query.shape(0).replacing(axis: axis, with: k < 1 ? nil : k)
      return [TensorType(query.dtype(0), shape), TensorType(.i64, shape)]
    }

    public static func gradient(_ builder: inout GradientBuilder) -> [Value?] {
      guard let g = builder.outputGradients[0], builder.needs(0) else { return [] }
      return builder.add(
        TopKBackward.self, [g, builder.outputs[1], builder.input(0)],
        ["axis": .int(builder.attributes.int("axis", default: -1))])
    }

    public static func receptiveField(_ site: NodeSite) -> FieldRule { Softmax.receptiveField(site) }

    @specialized(where T == Float)
    @specialized(where T == Double)
    public static func reference<T: ReferenceScalar>(_ site: NodeSite, _ type: T.Type) -> ReferenceKernel {
      let largest = site.attributes.flag("largest", default: true)
      return best(site, T.self) { (a: T, b: T) -> Bool in
        largest ? a > b || (a.isNaN && !b.isNaN) : a < b || (b.isNaN && !a.isNaN)
      }
    }

    public static func whole<I: WholeScalar>(_ site: NodeSite, _ type: I.Type) -> ReferenceKernel {
      let largest = site.attributes.flag("largest", default: true)
      return best(site, I.self) { (a: I, b: I) -> Bool in largest ? a > b : a < b }
    }

    @inline(__always)
    private static func best<T>(
      _ site: NodeSite, _ type: T.Type, _ isAhead: @escaping @Sendable (T, T) -> Bool
    ) -> ReferenceKernel {
      let loop = AxisLoop(site.inputShape(0), axis: site.attributes.int("axis", default: -1))
      let k = site.attributes.int("k", default: 1)
      return { buffers in
        let step = loop.inner
        for outer in 0..<loop.outer {
          for inner in 0..<loop.inner {
            let row = buffers.input(0, as: T.self) + (outer * loop.extent * step + inner)
            let values = buffers.output(0, as: T.self) + (outer * k * step + inner)
            let places = buffers.output(1, as: Int64.self) + (outer * k * step + inner)
            // Inserted where it belongs among the best so far: k is small.
            for index in 0..<loop.extent {
              let value = row[index * step]
              var at = min(index, k)
              while at > 0, isAhead(value, values[(at - 1) * step]) {
                if at < k {
                  values[at * step] = values[(at - 1) * step]
                  places[at * step] = places[(at - 1) * step]
                }
                at -= 1
              }
              if at < k {
                values[at * step] = value
                places[at * step] = Int64(index)
              }
            }
          }
        }
      }
    }

    public static func explain(_ site: NodeSite) -> String {
      let loop = AxisLoop(site.inputShape(0), axis: site.attributes.int("axis", default: -1))
      let kind = site.attributes.flag("largest", default: true) ? "largest" : "smallest"
      return
        "Finds the \(site.attributes.int("k", default: 1)) \(kind) of each \(loop.extent) numbers, in order, and where they "
        + "stand."
    }
  }

  /// The gradient of `TopK`: each value's gradient goes to where it stood.
  ///
  /// dValues, positions (i64) like dValues, X (shape only) → dX like X. Attribute: `axis` (−1).
  public enum TopKBackward: Operator {
    public static let name = "TopKBackward"
    public static let inputNames = ["dValues", "positions", "X"]
    public static let nonFloatInputs: Set<Int> = [1]
    public static let shapeOnlyInputs: Set<Int> = [2]

    public static func infer(_ query: inout ShapeQuery) -> [TensorType] {
      query.require(.i64, ofInput: 1, mend: "give the positions that were found")
      query.requireShape(query.shape(0), ofInput: 1, mend: "give one position for each gradient")
      if let rank = query.shape(2).rank, let axis = query.axis(default: -1, rank: rank) {
        query.requireShape(
          query.shape(2).replacing(axis: axis, with: nil), ofInput: 0, mend: "give what belongs to this very tensor")
      }
      return [TensorType(query.dtype(0), query.shape(2))]
    }

    public static var differentiability: Differentiability {
      .no(because: "second derivatives through a selection are not provided")
    }

    public static func gradient(_ builder: inout GradientBuilder) -> [Value?] { [] }

    @specialized(where T == Float)
    @specialized(where T == Double)
    public static func reference<T: ReferenceScalar>(_ site: NodeSite, _ type: T.Type) -> ReferenceKernel {
      let axis = site.attributes.int("axis", default: -1)
      let loop = AxisLoop(site.outputShape(), axis: axis)
      let k = AxisLoop(site.inputShape(0), axis: axis).extent
      let total = site.outputShape().count
      return { buffers in
        let dx = buffers.output(0, as: T.self)
        dx.update(repeating: 0, count: total)
        for outer in 0..<loop.outer {
          for inner in 0..<loop.inner {
            for rank in 0..<k {
              let at = (outer * k + rank) * loop.inner + inner
              let place = Int(buffers.input(1, as: Int64.self)[at])
              guard place >= 0, place < loop.extent else { continue }
              dx[(outer * loop.extent + place) * loop.inner + inner] += buffers.input(0, as: T.self)[at]
            }
          }
        }
      }
    }

    public static func explain(_ site: NodeSite) -> String {
      "Sends each of the \(site.inputShape(0).count) gradients to the place in \(site.outputShape()) it was taken from."
    }
  }
}
