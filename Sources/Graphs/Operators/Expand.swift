import FoveaTensors

extension Op {
  /// Repeats a tensor by NumPy's broadcasting.
  ///
  /// X → Y of the common shape of X and `shape`; an extent of 1 in `shape` keeps that of X.
  /// Attribute: `shape` (in ONNX an input).
  public enum Expand: WholeOperator {
    public static let name = "Expand"
    public static let inputNames = ["X"]

    public static func infer(_ query: inout ShapeQuery) -> [TensorType] {
      query.requireNumbers(truths: true)
      let wanted = query.attributes.ints("shape", default: [])
      if let bad = wanted.first(where: { $0 < 1 }) {
        query.reject("an extent of \(bad) in \(Attribute.ints(wanted))", mend: "give extents of at least 1")
        return [TensorType(query.dtype(0), .unknown)]
      }
      return [TensorType(query.dtype(0), Broadcast.shape(&query, query.shape(0), PartialShape(wanted)))]
    }

    public static func gradient(_ builder: inout GradientBuilder) -> [Value?] {
      guard let g = builder.outputGradients[0], builder.needs(0) else { return [] }
      return builder.add(SumToShape.self, [g, builder.input(0)])
    }

    @specialized(where T == Float)
    @specialized(where T == Double)
    public static func reference<T: ReferenceScalar>(_ site: NodeSite, _ type: T.Type) -> ReferenceKernel {
      let walk = RepeatWalk(full: site.outputShape(), small: site.inputShape(0))
      return { buffers in walk.spread(buffers.input(0, as: T.self), buffers.output(0, as: T.self)) }
    }

    public static func whole<I: WholeScalar>(_ site: NodeSite, _ type: I.Type) -> ReferenceKernel {
      let walk = RepeatWalk(full: site.outputShape(), small: site.inputShape(0))
      return { buffers in walk.spread(buffers.input(0, as: I.self), buffers.output(0, as: I.self)) }
    }

    public static func explain(_ site: NodeSite) -> String {
      "Repeats \(site.inputShape(0)) to \(site.outputShape())."
    }
  }
}
