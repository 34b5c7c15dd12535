import FoveaTensors

extension Op {
  /// The tangent of angles in radians.
  ///
  /// X of any shape → Y like X.
  public enum Tan: Operator {
    public static let name = "Tan"
    public static let inputNames = ["X"]
    public static let inPlace = [(output: 0, input: 0)]
    public static let isElementwise = true

    public static func infer(_ query: inout ShapeQuery) -> [TensorType] { Pointwise.infer(&query) }

    /// dX = dY·(1 + Y²).
    public static func gradient(_ builder: inout GradientBuilder) -> [Value?] {
      guard let g = builder.outputGradients[0], let x = builder.input(0), builder.needs(0) else { return [] }
      let square = builder.add(Mul.self, [builder.outputs[0], builder.outputs[0]])[0]
      let slope = builder.add(Add.self, [square, builder.constant(1, like: x)])[0]
      return builder.add(Mul.self, [g, slope])
    }

    @specialized(where T == Float)
    @specialized(where T == Double)
    public static func reference<T: ReferenceScalar>(_ site: NodeSite, _ type: T.Type) -> ReferenceKernel {
      let count = site.outputShape().count
      return { buffers in Pointwise.map(buffers, count) { (x: T) -> T in T.tangent(x) } }
    }

    public static func explain(_ site: NodeSite) -> String {
      "Takes the tangent of each of the \(site.outputShape().count) numbers of \(site.inputShape(0))."
    }
  }
}
