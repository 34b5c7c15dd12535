import FoveaTensors

extension Op {
  /// ReLU that lets a part of the negative side through: x ≥ 0 ? x : alpha·x (Maas et al. 2013).
  ///
  /// X of any shape → Y like X. Attribute: `alpha` (0.01, at least 0).
  public enum LeakyRelu: Operator {
    public static let name = "LeakyRelu"
    public static let inputNames = ["X"]
    public static let inPlace = [(output: 0, input: 0)]
    public static let isElementwise = true

    public static func infer(_ query: inout ShapeQuery) -> [TensorType] {
      LeakyRelu.checkSlope(&query)
      return Pointwise.infer(&query)
    }

    /// The slope of the negative side.
    public static func slope(_ attributes: Attributes) -> Double { attributes.float("alpha", default: 0.01) }

    static func checkSlope(_ query: inout ShapeQuery) {
      let alpha = slope(query.attributes)
      // The gradient is read off the output's sign, which a negative slope would turn around.
      if !(alpha >= 0 && alpha.isFinite) { query.reject("a slope of \(alpha)", mend: "give an alpha of at least 0") }
    }

    public static func gradient(_ builder: inout GradientBuilder) -> [Value?] {
      Pointwise.gradient(&builder, LeakyReluBackward.self)
    }

    @specialized(where T == Float)
    @specialized(where T == Double)
    public static func reference<T: ReferenceScalar>(_ site: NodeSite, _ type: T.Type) -> ReferenceKernel {
      let count = site.outputShape().count
      let alpha = T(slope(site.attributes))
      return { buffers in Pointwise.map(buffers, count) { (x: T) -> T in x < 0 ? alpha * x : x } }
    }

    public static func explain(_ site: NodeSite) -> String {
      "Keeps what is positive of \(site.inputShape(0)) and multiplies the rest by \(slope(site.attributes))."
    }
  }

  /// The gradient of `LeakyRelu`, written in its output so that a fused forward keeps nothing more.
  ///
  /// dY, Y → dX = Y > 0 ? dY : alpha·dY, all of one shape. Attribute: `alpha` (0.01, at least 0).
  public enum LeakyReluBackward: Operator {
    public static let name = "LeakyReluBackward"
    public static let inputNames = ["dY", "Y"]
    public static let inPlace = [(output: 0, input: 0), (output: 0, input: 1)]
    public static let isElementwise = true

    public static func infer(_ query: inout ShapeQuery) -> [TensorType] {
      LeakyRelu.checkSlope(&query)
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
      let alpha = T(LeakyRelu.slope(site.attributes))
      return { buffers in Pointwise.mapBackward(buffers, count) { (dy: T, y: T) -> T in y > 0 ? dy : alpha * dy } }
    }

    public static func explain(_ site: NodeSite) -> String {
      "Lets the gradient \(site.inputShape(0)) pass where the output was positive and \(LeakyRelu.slope(site.attributes)) of it elsewhere."
    }
  }
}
