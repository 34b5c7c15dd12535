import FoveaTensors

extension Op {
  /// The smallest value along axes; NaN wins over every number.
  ///
  /// X → Y with the reduced extents 1 (keepdims) or gone.
  /// Attributes: `axes` (missing: all; negative count from the end), `keepdims` (1).
  public enum ReduceMin: WholeOperator {
    public static let name = "ReduceMin"
    public static let inputNames = ["data"]

    public static func infer(_ query: inout ShapeQuery) -> [TensorType] { Reduction.infer(&query) }

    /// To the elements that equal the result, as a maximum's.
    public static func gradient(_ builder: inout GradientBuilder) -> [Value?] {
      guard let g = builder.outputGradients[0], builder.needs(0) else { return [] }
      return builder.add(ReduceMaxBackward.self, [g, builder.input(0), builder.outputs[0]], builder.attributes)
    }

    public static func receptiveField(_ site: NodeSite) -> FieldRule { Reduction.field(site) }

    @specialized(where T == Float)
    @specialized(where T == Double)
    public static func reference<T: ReferenceScalar>(_ site: NodeSite, _ type: T.Type) -> ReferenceKernel {
      let walk = Reduction.walk(site.inputShape(0), site.attributes)
      return { buffers in
        let x = buffers.input(0, as: T.self)
        let y = buffers.output(0, as: T.self)
        y.update(repeating: T.infinity, count: walk.smallCount)
        walk.forEachRow { full, small, count, moves in
          let step = moves ? 1 : 0
          for index in 0..<count {
            let value = x[full &+ index]
            if value < y[small &+ index &* step] || value.isNaN { y[small &+ index &* step] = value }
          }
        }
      }
    }

    public static func whole<I: WholeScalar>(_ site: NodeSite, _ type: I.Type) -> ReferenceKernel {
      Reduction.whole(site, from: site.outputs[0].dtype == .bool ? 1 : I.max) { Swift.min($0, $1) }
    }

    public static func explain(_ site: NodeSite) -> String { Reduction.words(site, "smallest") }
  }
}
