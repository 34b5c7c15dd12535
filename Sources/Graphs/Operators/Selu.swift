import FoveaTensors

extension Op {
  /// Scaled exponential linear unit: gamma·(x ≥ 0 ? x : alpha·(eˣ − 1)), whose numbers keep mean 0 and variance 1
  /// from layer to layer (Klambauer et al. 2017).
  ///
  /// X of any shape → Y like X. Attributes: `alpha` (1.6733), `gamma` (1.0507), both at least 0.
  public enum Selu: Operator {
    public static let name = "Selu"
    public static let inputNames = ["X"]
    public static let inPlace = [(output: 0, input: 0)]
    public static let isElementwise = true

    public static func infer(_ query: inout ShapeQuery) -> [TensorType] {
      Selu.check(&query)
      return Pointwise.infer(&query)
    }

    /// The two numbers; ONNX's defaults are the paper's in single precision.
    public static func constants(_ attributes: Attributes) -> (alpha: Double, gamma: Double) {
      (
        attributes.float("alpha", default: 1.67326319217681884765625),
        attributes.float("gamma", default: 1.05070102214813232421875)
      )
    }

    static func check(_ query: inout ShapeQuery) {
      let (alpha, gamma) = constants(query.attributes)
      // The gradient is read off the output's sign, which negative numbers would turn around.
      for (name, value) in [("alpha", alpha), ("gamma", gamma)] where !(value >= 0 && value.isFinite) {
        query.reject("\(name) \(value)", mend: "give \(name) as a number of at least 0")
      }
    }

    public static func gradient(_ builder: inout GradientBuilder) -> [Value?] {
      Pointwise.gradient(&builder, SeluBackward.self)
    }

    @specialized(where T == Float)
    @specialized(where T == Double)
    public static func reference<T: ReferenceScalar>(_ site: NodeSite, _ type: T.Type) -> ReferenceKernel {
      let count = site.outputShape().count
      let (alpha, gamma) = Selu.constants(site.attributes)
      let (negative, positive) = (T(gamma * alpha), T(gamma))
      return { buffers in
        Pointwise.map(buffers, count) { (x: T) -> T in x < 0 ? negative * T.exponentialMinusOne(x) : positive * x }
      }
    }

    public static func explain(_ site: NodeSite) -> String {
      let (alpha, gamma) = constants(site.attributes)
      return "Scales what is positive of \(site.inputShape(0)) by \(gamma) and bends the rest toward −\(alpha * gamma)."
    }
  }

  /// The gradient of `Selu`, written in its output so that a fused forward keeps nothing more.
  ///
  /// dY, Y → dX = dY·(Y > 0 ? gamma : Y + gamma·alpha), all of one shape. Attributes as `Selu`'s.
  public enum SeluBackward: Operator {
    public static let name = "SeluBackward"
    public static let inputNames = ["dY", "Y"]
    public static let inPlace = [(output: 0, input: 0), (output: 0, input: 1)]
    public static let isElementwise = true

    public static func infer(_ query: inout ShapeQuery) -> [TensorType] {
      Selu.check(&query)
      return Pointwise.inferBackward(&query)
    }

    public static var differentiability: Differentiability {
      .no(because: "second derivatives of SELU are not provided")
    }

    public static func gradient(_ builder: inout GradientBuilder) -> [Value?] { [] }

    @specialized(where T == Float)
    @specialized(where T == Double)
    public static func reference<T: ReferenceScalar>(_ site: NodeSite, _ type: T.Type) -> ReferenceKernel {
      let count = site.outputShape().count
      let (alpha, gamma) = Selu.constants(site.attributes)
      let (negative, positive) = (T(gamma * alpha), T(gamma))
      return { buffers in
        Pointwise.mapBackward(buffers, count) { (dy: T, y: T) -> T in y > 0 ? dy * positive : dy * (y + negative) }
      }
    }

    public static func explain(_ site: NodeSite) -> String {
      let (alpha, gamma) = Selu.constants(site.attributes)
      return
        "Scales the gradient \(site.inputShape(0)) by \(gamma) where the output was positive and by Y + \(alpha * gamma) "
        + "elsewhere."
    }
  }
}
