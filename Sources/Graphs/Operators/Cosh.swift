import FoveaTensors

extension Op {
  /// The hyperbolic cosine, (eˣ + e⁻ˣ)/2.
  ///
  /// X of any shape → Y like X.
  public enum Cosh: Operator {
    public static let name = "Cosh"
    public static let inputNames = ["X"]
    public static let inPlace = [(output: 0, input: 0)]

    public static func infer(_ query: inout ShapeQuery) -> [TensorType] { Pointwise.infer(&query) }

    /// dX = dY·sinh X.
    public static func gradient(_ builder: inout GradientBuilder) -> [Value?] {
      guard let g = builder.outputGradients[0], let x = builder.input(0), builder.needs(0) else { return [] }
      return builder.add(Mul.self, [g, builder.add(Sinh.self, [x])[0]])
    }

    @specialized(where T == Float)
    @specialized(where T == Double)
    public static func reference<T: ReferenceScalar>(_ site: NodeSite, _ type: T.Type) -> ReferenceKernel {
      let count = site.outputShape().count
      return { buffers in Pointwise.map(buffers, count) { (x: T) -> T in T.hyperbolicCosine(x) } }
    }

    public static func explain(_ site: NodeSite) -> String {
      "Takes the hyperbolic cosine of each of the \(site.outputShape().count) numbers of \(site.inputShape(0))."
    }
  }
}
