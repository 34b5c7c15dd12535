import FoveaTensors

extension Op {
  /// The cosine of angles in radians.
  ///
  /// X of any shape → Y like X.
  public enum Cos: Operator {
    public static let name = "Cos"
    public static let inputNames = ["X"]
    public static let inPlace = [(output: 0, input: 0)]

    public static func infer(_ query: inout ShapeQuery) -> [TensorType] { Pointwise.infer(&query) }

    /// dX = −dY·sin X.
    public static func gradient(_ builder: inout GradientBuilder) -> [Value?] {
      guard let g = builder.outputGradients[0], let x = builder.input(0), builder.needs(0) else { return [] }
      let slope = builder.add(Neg.self, [builder.add(Sin.self, [x])[0]])[0]
      return builder.add(Mul.self, [g, slope])
    }

    @specialized(where T == Float)
    @specialized(where T == Double)
    public static func reference<T: ReferenceScalar>(_ site: NodeSite, _ type: T.Type) -> ReferenceKernel {
      let count = site.outputShape().count
      return { buffers in Pointwise.map(buffers, count) { (x: T) -> T in T.cosine(x) } }
    }

    public static func explain(_ site: NodeSite) -> String {
      "Takes the cosine of each of the \(site.outputShape().count) numbers of \(site.inputShape(0))."
    }
  }
}
