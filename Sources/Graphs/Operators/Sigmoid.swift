import FoveaTensors

extension Op {
  /// The logistic function 1/(1 + e⁻ˣ): a number between 0 and 1.
  ///
  /// X of any shape → Y like X.
  public enum Sigmoid: Operator {
    public static let name = "Sigmoid"
    public static let inputNames = ["X"]
    public static let inPlace = [(output: 0, input: 0)]

    public static func infer(_ query: inout ShapeQuery) -> [TensorType] { Pointwise.infer(&query) }

    public static func gradient(_ builder: inout GradientBuilder) -> [Value?] {
      Pointwise.gradient(&builder, SigmoidBackward.self)
    }

    @specialized(where T == Float)
    @specialized(where T == Double)
    public static func reference<T: ReferenceScalar>(_ site: NodeSite, _ type: T.Type) -> ReferenceKernel {
      let count = site.outputShape().count
      return { buffers in Pointwise.map(buffers, count) { (x: T) -> T in Pointwise.logistic(x) } }
    }

    public static func explain(_ site: NodeSite) -> String {
      "Squeezes each of the \(site.outputShape().count) numbers of \(site.inputShape(0)) between 0 and 1: 1/(1 + e⁻ˣ)."
    }
  }

  /// The gradient of `Sigmoid`, written in its output so that a fused forward keeps nothing more.
  ///
  /// dY, Y → dX = dY·Y·(1 − Y), all of one shape.
  public enum SigmoidBackward: Operator {
    public static let name = "SigmoidBackward"
    public static let inputNames = ["dY", "Y"]
    public static let inPlace = [(output: 0, input: 0), (output: 0, input: 1)]
    public static let isElementwise = true

    public static func infer(_ query: inout ShapeQuery) -> [TensorType] { Pointwise.inferBackward(&query) }

    public static func gradient(_ builder: inout GradientBuilder) -> [Value?] {
      guard let g = builder.outputGradients[0] else { return [] }
      var result: [Value?] = [nil, nil]
      if builder.needs(0) { result[0] = builder.add(Self.self, [g, builder.input(1)])[0] }
      if builder.needs(1), let y = builder.input(1) {
        let product = builder.add(Mul.self, [g, builder.input(0)])[0]
        let slope = builder.add(Mul.self, [y, builder.constant(-2, like: y)])[0]
        let factor = builder.add(Add.self, [slope, builder.constant(1, like: y)])[0]
        result[1] = builder.add(Mul.self, [product, factor])[0]
      }
      return result
    }

    @specialized(where T == Float)
    @specialized(where T == Double)
    public static func reference<T: ReferenceScalar>(_ site: NodeSite, _ type: T.Type) -> ReferenceKernel {
      let count = site.outputShape().count
      return { buffers in Pointwise.mapBackward(buffers, count) { (dy: T, y: T) -> T in dy * y * (1 - y) } }
    }

    public static func explain(_ site: NodeSite) -> String {
      "Scales each of the \(site.outputShape().count) gradients by Y·(1 − Y): at most a quarter passes, little where the output is near 0 or 1."
    }
  }
}
