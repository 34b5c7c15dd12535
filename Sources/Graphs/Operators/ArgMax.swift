import FoveaTensors

extension Op {
  /// The position of the largest number along an axis; of equal ones the first, and NaN is the largest.
  ///
  /// X → positions (i64) with the extent 1 (keepdims) or gone.
  /// Attributes: `axis` (0), `keepdims` (1), `select_last_index` (0; 1: of equal ones the last).
  public enum ArgMax: WholeOperator {
    public static let name = "ArgMax"
    public static let inputNames = ["X"]

    public static func infer(_ query: inout ShapeQuery) -> [TensorType] {
      query.requireNumbers()
      guard let dims = query.shape(0).dims, let axis = query.axis(default: 0, rank: dims.count) else {
        return [TensorType(.i64, .unknown)]
      }
      if dims[axis] == 0 {
        query.reject("axis \(axis) of \(query.shape(0)) is empty", mend: "give at least one number")
      }
      var result = dims
      if query.attributes.flag("keepdims", default: true) { result[axis] = 1 } else { result.remove(at: axis) }
      return [TensorType(.i64, PartialShape(result))]
    }

    public static var differentiability: Differentiability {
      .no(because: "a position does not change with small steps; differentiate the maximum instead")
    }

    public static func gradient(_ builder: inout GradientBuilder) -> [Value?] { [] }

    public static func receptiveField(_ site: NodeSite) -> FieldRule {
      let axis = site.attributes.int("axis", default: 0)
      return (axis < 0 ? axis + site.inputShape(0).rank : axis) >= 2 ? .everything : .pointwise
    }

    @specialized(where T == Float)
    @specialized(where T == Double)
    public static func reference<T: ReferenceScalar>(_ site: NodeSite, _ type: T.Type) -> ReferenceKernel {
      let loop = AxisLoop(site.inputShape(0), axis: site.attributes.int("axis", default: 0))
      let takesLast = site.attributes.flag("select_last_index")
      return { buffers in
        let x = buffers.input(0, as: T.self)
        let y = buffers.output(0, as: Int64.self)
        var place = 0
        loop.forEachRow { start in
          let row = x + start
          var best = 0
          for index in 1..<max(loop.extent, 1) {
            let value = row[index * loop.inner]
            let record = row[best * loop.inner]
            let isEqual = value == record || (value.isNaN && record.isNaN)
            if takesLast && isEqual || !isEqual && !record.isNaN && !(value < record) { best = index }
          }
          y[place] = Int64(best)
          place += 1
        }
      }
    }

    public static func whole<I: WholeScalar>(_ site: NodeSite, _ type: I.Type) -> ReferenceKernel {
      ArgMax.places(site, I.self) { $0 > $1 }
    }

    /// The loop of whole numbers: the first (or the last) place that no other is ahead of.
    @inline(__always)
    static func places<I: WholeScalar>(
      _ site: NodeSite, _ type: I.Type, _ isAhead: @escaping @Sendable (I, I) -> Bool
    ) -> ReferenceKernel {
      let loop = AxisLoop(site.inputShape(0), axis: site.attributes.int("axis", default: 0))
      let takesLast = site.attributes.flag("select_last_index")
      return { buffers in
        let x = buffers.input(0, as: I.self)
        let y = buffers.output(0, as: Int64.self)
        var place = 0
        loop.forEachRow { start in
          var best = 0
          for index in 1..<Swift.max(loop.extent, 1) {
            let (value, record) = (x[start &+ index &* loop.inner], x[start &+ best &* loop.inner])
            if isAhead(value, record) || takesLast && value == record { best = index }
          }
          y[place] = Int64(best)
          place += 1
        }
      }
    }

    public static func explain(_ site: NodeSite) -> String {
      let loop = AxisLoop(site.inputShape(0), axis: site.attributes.int("axis", default: 0))
      return "Finds the place of the largest of each \(loop.extent) numbers: \(site.outputShape().count) positions."
    }
  }
}
