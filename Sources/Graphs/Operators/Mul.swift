import FoveaTensors

extension Op {
  /// The product of two tensors element by element, with NumPy's broadcasting.
  ///
  /// A, B → C of their common shape.
  public enum Mul: WholeOperator {
    public static let name = "Mul"
    public static let inputNames = ["A", "B"]
    public static let inPlace = [(output: 0, input: 0), (output: 0, input: 1)]
    public static let isElementwise = true

    public static func infer(_ query: inout ShapeQuery) -> [TensorType] {
      Pointwise.inferPair(&query)
    }

    public static func gradient(_ builder: inout GradientBuilder) -> [Value?] {
      guard let g = builder.outputGradients[0] else { return [] }
      return [0, 1].map { index in
        guard builder.needs(index) else { return nil }
        let part = builder.add(Mul.self, [g, builder.input(1 - index)])[0]
        return builder.add(SumToShape.self, [part, builder.input(index)])[0]
      }
    }

    @specialized(where T == Float)
    @specialized(where T == Double)
    public static func reference<T: ReferenceScalar>(_ site: NodeSite, _ type: T.Type) -> ReferenceKernel {
      let broadcast = Broadcast(site)
      return { buffers in
        let a = buffers.input(0, as: T.self)
        let b = buffers.input(1, as: T.self)
        let y = buffers.output(0, as: T.self)
        broadcast.forEach { yAt, aAt, bAt in y[yAt] = a[aAt] * b[bAt] }
      }
    }

    public static func whole<I: WholeScalar>(_ site: NodeSite, _ type: I.Type) -> ReferenceKernel {
      let broadcast = Broadcast(site)
      return { buffers in broadcast.apply(buffers) { (a: I, b: I) -> I in a &* b } }
    }

    public static func explain(_ site: NodeSite) -> String {
      "Multiplies \(site.inputShape(0)) and \(site.inputShape(1)) element by element into \(site.outputShape())."
    }
  }
}
