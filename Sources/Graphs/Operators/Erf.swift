import FoveaTensors

extension Op {
  /// The error function, 2/√π·∫₀ˣ e^−t² dt: what part of a normal distribution lies within x·√2 deviations.
  ///
  /// X of any shape → Y like X, from −1 to 1.
  public enum Erf: Operator {
    public static let name = "Erf"
    public static let inputNames = ["X"]
    public static let inPlace = [(output: 0, input: 0)]
    public static let isElementwise = true

    public static func infer(_ query: inout ShapeQuery) -> [TensorType] { Pointwise.infer(&query) }

    /// 2/√π·e^−x².
    public static func gradient(_ builder: inout GradientBuilder) -> [Value?] {
      guard let g = builder.outputGradients[0], builder.needs(0), let x = builder.input(0) else { return [] }
      let square = builder.add(Mul.self, [x, x])[0]
      let bell = builder.add(Exp.self, [builder.add(Neg.self, [square])[0]])[0]
      let scaled = builder.add(Mul.self, [g, builder.constant(1.1283791670955126, like: g)])[0]
      return builder.add(Mul.self, [scaled, bell])
    }

    @specialized(where T == Float)
    @specialized(where T == Double)
    public static func reference<T: ReferenceScalar>(_ site: NodeSite, _ type: T.Type) -> ReferenceKernel {
      let count = site.outputShape().count
      return { buffers in Pointwise.map(buffers, count) { (x: T) -> T in T.errorFunction(x) } }
    }

    public static func explain(_ site: NodeSite) -> String {
      "Takes the error function of each of the \(site.outputShape().count) numbers of \(site.inputShape(0)): −1 far below "
        + "0, 1 far above."
    }
  }
}
