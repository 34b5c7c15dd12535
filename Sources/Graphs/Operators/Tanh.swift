import FoveaTensors

extension Op {
  /// The hyperbolic tangent: a number between −1 and 1.
  ///
  /// X of any shape → Y like X.
  public enum Tanh: Operator {
    public static let name = "Tanh"
    public static let inputNames = ["X"]
    public static let inPlace = [(output: 0, input: 0)]
    public static let isElementwise = true

    public static func infer(_ query: inout ShapeQuery) -> [TensorType] { Pointwise.infer(&query) }

    public static func gradient(_ builder: inout GradientBuilder) -> [Value?] {
      Pointwise.gradient(&builder, TanhBackward.self)
    }

    @specialized(where T == Float)
    @specialized(where T == Double)
    public static func reference<T: ReferenceScalar>(_ site: NodeSite, _ type: T.Type) -> ReferenceKernel {
      let count = site.outputShape().count
      return { buffers in Pointwise.map(buffers, count) { (x: T) -> T in T.hyperbolicTangent(x) } }
    }

    public static func explain(_ site: NodeSite) -> String {
      "Squeezes each of the \(site.outputShape().count) numbers of \(site.inputShape(0)) between −1 and 1."
    }
  }

  /// The gradient of `Tanh`, written in its output so that a fused forward keeps nothing more.
  ///
  /// dY, Y → dX = dY·(1 − Y²), all of one shape.
  public enum TanhBackward: Operator {
    public static let name = "TanhBackward"
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
        result[1] = builder.add(Mul.self, [product, slope])[0]
      }
      return result
    }

    @specialized(where T == Float)
    @specialized(where T == Double)
    public static func reference<T: ReferenceScalar>(_ site: NodeSite, _ type: T.Type) -> ReferenceKernel {
      let count = site.outputShape().count
      return { buffers in Pointwise.mapBackward(buffers, count) { (dy: T, y: T) -> T in dy * (1 - y * y) } }
    }

    public static func explain(_ site: NodeSite) -> String {
      "Scales each of the \(site.outputShape().count) gradients by 1 − Y²: little passes where the output is near −1 or 1."
    }
  }
}
