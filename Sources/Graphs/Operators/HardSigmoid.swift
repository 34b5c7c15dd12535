import FoveaTensors

extension Op {
  /// A sigmoid of straight lines: alpha·x + beta, kept between 0 and 1 (Courbariaux et al. 2015).
  ///
  /// X of any shape → Y like X. Attributes: `alpha` (0.2), `beta` (0.5).
  public enum HardSigmoid: Operator {
    public static let name = "HardSigmoid"
    public static let inputNames = ["X"]
    public static let inPlace = [(output: 0, input: 0)]

    public static func infer(_ query: inout ShapeQuery) -> [TensorType] {
      HardSigmoid.check(&query)
      return Pointwise.infer(&query)
    }

    /// The line's slope and its value at 0.
    public static func line(_ attributes: Attributes) -> (alpha: Double, beta: Double) {
      (attributes.float("alpha", default: 0.2), attributes.float("beta", default: 0.5))
    }

    static func check(_ query: inout ShapeQuery) {
      let (alpha, beta) = line(query.attributes)
      if !(alpha.isFinite && beta.isFinite) {
        query.reject("the line \(alpha)·x + \(beta)", mend: "give finite numbers as alpha and beta")
      }
    }

    public static func gradient(_ builder: inout GradientBuilder) -> [Value?] {
      Pointwise.gradient(&builder, HardSigmoidBackward.self)
    }

    @specialized(where T == Float)
    @specialized(where T == Double)
    public static func reference<T: ReferenceScalar>(_ site: NodeSite, _ type: T.Type) -> ReferenceKernel {
      let count = site.outputShape().count
      let line = HardSigmoid.line(site.attributes)
      let (alpha, beta) = (T(line.alpha), T(line.beta))
      return { buffers in Pointwise.map(buffers, count) { (x: T) -> T in Pointwise.between(0, 1, alpha * x + beta) } }
    }

    public static func explain(_ site: NodeSite) -> String {
      let (alpha, beta) = line(site.attributes)
      return "Takes \(alpha)·x + \(beta) of each of the \(site.outputShape().count) numbers, kept between 0 and 1."
    }
  }

  /// The gradient of `HardSigmoid`, written in its output so that a fused forward keeps nothing more.
  ///
  /// dY, Y → dX = 0 < Y < 1 ? alpha·dY : 0, all of one shape. Attributes as `HardSigmoid`'s.
  public enum HardSigmoidBackward: Operator {
    public static let name = "HardSigmoidBackward"
    public static let inputNames = ["dY", "Y"]
    public static let inPlace = [(output: 0, input: 0), (output: 0, input: 1)]
    public static let isElementwise = true

    public static func infer(_ query: inout ShapeQuery) -> [TensorType] {
      HardSigmoid.check(&query)
      return Pointwise.inferBackward(&query)
    }

    /// Linear in dY; in Y it is constant almost everywhere.
    public static func gradient(_ builder: inout GradientBuilder) -> [Value?] {
      Pointwise.gradientOfLinear(&builder, Self.self)
    }

    @specialized(where T == Float)
    @specialized(where T == Double)
    public static func reference<T: ReferenceScalar>(_ site: NodeSite, _ type: T.Type) -> ReferenceKernel {
      let count = site.outputShape().count
      let alpha = T(HardSigmoid.line(site.attributes).alpha)
      return { buffers in
        Pointwise.mapBackward(buffers, count) { (dy: T, y: T) -> T in y > 0 && y < 1 ? alpha * dy : 0 }
      }
    }

    public static func explain(_ site: NodeSite) -> String {
      "Lets \(HardSigmoid.line(site.attributes).alpha) of the gradient \(site.inputShape(0)) pass where the output lies between 0 and 1."
    }
  }
}
