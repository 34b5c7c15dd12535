import FoveaTensors

extension Op {
  /// The upper or the lower triangle of matrices, zeros elsewhere.
  ///
  /// X […, M, N] → Y like X. Attributes: `upper` (1; 0 keeps the lower triangle), `k` (0; in ONNX an input): the
  /// diagonal that the triangle begins at, positive ones to the right of the main one.
  public enum Trilu: Operator {
    public static let name = "Trilu"
    public static let inputNames = ["X"]
    public static let inPlace = [(output: 0, input: 0)]

    public static func infer(_ query: inout ShapeQuery) -> [TensorType] {
      query.requireFloat()
      if let rank = query.shape(0).rank, rank < 2 {
        query.reject("X \(query.shape(0)) is no matrix", mend: "give an input of at least 2 axes")
      }
      return [TensorType(query.dtype(0), query.shape(0))]
    }

    /// What is kept is kept of the gradient too.
    public static func gradient(_ builder: inout GradientBuilder) -> [Value?] {
      guard let g = builder.outputGradients[0], builder.needs(0) else { return [] }
      return builder.add(Trilu.self, [g], builder.attributes)
    }

    public static func receptiveField(_ site: NodeSite) -> FieldRule { .pointwise }

    @specialized(where T == Float)
    @specialized(where T == Double)
    public static func reference<T: ReferenceScalar>(_ site: NodeSite, _ type: T.Type) -> ReferenceKernel {
      let shape = site.inputShape(0)
      let (rows, columns) = (shape[shape.rank - 2], shape[shape.rank - 1])
      let matrices = shape.dims.dropLast(2).reduce(1, *)
      let isUpper = site.attributes.flag("upper", default: true)
      // No further than the matrix, so that sums do not overflow.
      let k = max(-rows, min(columns, site.attributes.int("k", default: 0)))
      return { buffers in
        let x = buffers.input(0, as: T.self)
        let y = buffers.output(0, as: T.self)
        for line in 0..<(matrices * rows) {
          let first = line % rows + k
          for column in 0..<columns {
            let isKept = isUpper ? column >= first : column <= first
            y[line &* columns &+ column] = isKept ? x[line &* columns &+ column] : 0
          }
        }
      }
    }

    public static func explain(_ site: NodeSite) -> String {
      let half = site.attributes.flag("upper", default: true) ? "upper" : "lower"
      return
        "Keeps the \(half) triangle of \(site.inputShape(0)) from diagonal \(site.attributes.int("k", default: 0)) on."
    }
  }
}
