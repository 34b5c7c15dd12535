import FoveaTensors

extension Op {
  /// The sum of the squares of all numbers.
  ///
  /// X of any shape → [].
  public enum SquaredNorm: Operator {
    public static let name = "SquaredNorm"
    public static let inputNames = ["X"]

    public static func infer(_ query: inout ShapeQuery) -> [TensorType] {
      query.requireFloat()
      return [TensorType(query.dtype(0), Shape.scalar)]
    }

    public static func gradient(_ builder: inout GradientBuilder) -> [Value?] {
      guard let g = builder.outputGradients[0], builder.needs(0) else { return [] }
      let twice = builder.add(Mul.self, [g, builder.constant(2, like: g)])[0]
      return builder.add(Mul.self, [builder.input(0), twice])
    }

    public static func receptiveField(_ site: NodeSite) -> FieldRule { .everything }

    @specialized(where T == Float)
    @specialized(where T == Double)
    public static func reference<T: ReferenceScalar>(_ site: NodeSite, _ type: T.Type) -> ReferenceKernel {
      let count = site.inputShape(0).count
      return { buffers in
        let x = buffers.input(0, as: T.self)
        buffers.output(0, as: T.self)[0] = ElementLoss.sum(count) { x[$0] * x[$0] }
      }
    }

    public static func explain(_ site: NodeSite) -> String {
      "Sums the squares of the \(site.inputShape(0).count) numbers of \(site.inputShape(0))."
    }
  }
}
