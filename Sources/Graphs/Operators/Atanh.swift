import FoveaTensors

extension Op {
  /// The number whose hyperbolic tangent X is.
  ///
  /// X of any shape → Y like X; NaN where X is not from −1 to 1.
  public enum Atanh: Operator {
    public static let name = "Atanh"
    public static let inputNames = ["X"]
    public static let inPlace = [(output: 0, input: 0)]
    public static let isElementwise = true

    public static func infer(_ query: inout ShapeQuery) -> [TensorType] { Pointwise.infer(&query) }

    /// dX = dY/(1 − X²).
    public static func gradient(_ builder: inout GradientBuilder) -> [Value?] {
      guard let g = builder.outputGradients[0], let x = builder.input(0), builder.needs(0) else { return [] }
      let one = builder.constant(1, like: x)
      let square = builder.add(Mul.self, [x, x])[0]
      let inner = builder.add(Sub.self, [one, square])[0]
      return builder.add(Div.self, [g, inner])
    }

    @specialized(where T == Float)
    @specialized(where T == Double)
    public static func reference<T: ReferenceScalar>(_ site: NodeSite, _ type: T.Type) -> ReferenceKernel {
      let count = site.outputShape().count
      return { buffers in Pointwise.map(buffers, count) { (x: T) -> T in T.inverseHyperbolicTangent(x) } }
    }

    public static func explain(_ site: NodeSite) -> String {
      "Takes the inverse hyperbolic tangent of each of the \(site.outputShape().count) numbers of \(site.inputShape(0))."
    }
  }
}
