import FoveaTensors

extension Op {
  /// The quotient of two tensors element by element, with NumPy's broadcasting.
  ///
  /// A, B → C = A/B of their common shape; of whole numbers without the rest, and 0 where B is 0.
  public enum Div: WholeOperator {
    public static let name = "Div"
    public static let inputNames = ["A", "B"]
    public static let inPlace = [(output: 0, input: 0), (output: 0, input: 1)]

    public static func infer(_ query: inout ShapeQuery) -> [TensorType] { Pointwise.inferPair(&query) }

    public static func gradient(_ builder: inout GradientBuilder) -> [Value?] {
      guard let g = builder.outputGradients[0] else { return [] }
      // dA = g/B, dB = −(g/B)·C.
      let share = builder.add(Div.self, [g, builder.input(1)])[0]
      var result: [Value?] = [nil, nil]
      if builder.needs(0) { result[0] = builder.add(SumToShape.self, [share, builder.input(0)])[0] }
      if builder.needs(1) {
        let product = builder.add(Mul.self, [share, builder.outputs[0]])[0]
        let sum = builder.add(SumToShape.self, [product, builder.input(1)])[0]
        result[1] = builder.add(Neg.self, [sum])[0]
      }
      return result
    }

    @specialized(where T == Float)
    @specialized(where T == Double)
    public static func reference<T: ReferenceScalar>(_ site: NodeSite, _ type: T.Type) -> ReferenceKernel {
      let broadcast = Broadcast(site)
      return { buffers in
        let a = buffers.input(0, as: T.self)
        let b = buffers.input(1, as: T.self)
        let y = buffers.output(0, as: T.self)
        broadcast.forEach { yAt, aAt, bAt in y[yAt] = a[aAt] / b[bAt] }
      }
    }

    public static func whole<I: WholeScalar>(_ site: NodeSite, _ type: I.Type) -> ReferenceKernel {
      let broadcast = Broadcast(site)
      return { buffers in broadcast.apply(buffers) { (a: I, b: I) -> I in Whole.quotient(a, b) } }
    }

    public static func explain(_ site: NodeSite) -> String {
      "Divides \(site.inputShape(0)) by \(site.inputShape(1)) element by element into \(site.outputShape())."
    }
  }
}
