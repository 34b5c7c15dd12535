import FoveaTensors

extension Op {
  /// The sum of two tensors, with NumPy's broadcasting.
  public enum Add: WholeOperator {
    public static let name = "Add"
    public static let inputNames = ["A", "B"]
    public static let inPlace = [(output: 0, input: 0), (output: 0, input: 1)]
    public static let isElementwise = true

    public static func infer(_ query: inout ShapeQuery) -> [TensorType] {
      Pointwise.inferPair(&query)
    }

    public static func gradient(_ builder: inout GradientBuilder) -> [Value?] {
      guard let g = builder.outputGradients[0] else { return [] }
      return [0, 1].map { builder.needs($0) ? builder.add(SumToShape.self, [g, builder.input($0)])[0] : nil }
    }

    @specialized(where T == Float)
    @specialized(where T == Double)
    public static func reference<T: ReferenceScalar>(_ site: NodeSite, _ type: T.Type) -> ReferenceKernel {
      let broadcast = Broadcast(site)
      return { buffers in
        let a = buffers.input(0, as: T.self)
        let b = buffers.input(1, as: T.self)
        let y = buffers.output(0, as: T.self)
        broadcast.forEach { yAt, aAt, bAt in y[yAt] = a[aAt] + b[bAt] }
      }
    }

    public static func whole<I: WholeScalar>(_ site: NodeSite, _ type: I.Type) -> ReferenceKernel {
      let broadcast = Broadcast(site)
      return { buffers in broadcast.apply(buffers) { (a: I, b: I) -> I in a &+ b } }
    }

    public static func explain(_ site: NodeSite) -> String {
      "Adds \(site.inputShape(0)) and \(site.inputShape(1)) element by element into \(site.outputShape())."
    }
  }
}
