import FoveaTensors

extension Op {
  /// Exponential linear unit: x ≥ 0 ? x : alpha·(eˣ − 1) (Clevert et al. 2015).
  ///
  /// X of any shape → Y like X. Attribute: `alpha` (1, at least 0).
  public enum Elu: Operator {
    public static let name = "Elu"
    public static let inputNames = ["X"]
    public static let inPlace = [(output: 0, input: 0)]
    public static let isElementwise = true

    public static func infer(_ query: inout ShapeQuery) -> [TensorType] {
      Elu.check(&query)
      return Pointwise.infer(&query)
    }

    /// What the negative side tends to, turned around.
    public static func alpha(_ attributes: Attributes) -> Double { attributes.float("alpha", default: 1) }

    static func check(_ query: inout ShapeQuery) {
      let alpha = alpha(query.attributes)
      // The gradient is read off the output's sign, which a negative alpha would turn around.
      if !(alpha >= 0 && alpha.isFinite) { query.reject("an alpha of \(alpha)", mend: "give an alpha of at least 0") }
    }

    public static func gradient(_ builder: inout GradientBuilder) -> [Value?] {
      Pointwise.gradient(&builder, EluBackward.self)
    }

    @specialized(where T == Float)
    @specialized(where T == Double)
    public static func reference<T: ReferenceScalar>(_ site: NodeSite, _ type: T.Type) -> ReferenceKernel {
      let count = site.outputShape().count
      let alpha = T(Elu.alpha(site.attributes))
      return { buffers in Pointwise.map(buffers, count) { (x: T) -> T in x < 0 ? alpha * T.exponentialMinusOne(x) : x }
      }
    }

    public static func explain(_ site: NodeSite) -> String {
      "Keeps what is positive of \(site.inputShape(0)) and bends the rest toward −\(alpha(site.attributes)): alpha·(eˣ − 1)."
    }
  }

  /// The gradient of `Elu`, written in its output so that a fused forward keeps nothing more.
  ///
  /// dY, Y → dX = Y > 0 ? dY : dY·(Y + alpha), all of one shape. Attribute: `alpha` (1, at least 0).
  public enum EluBackward: Operator {
    public static let name = "EluBackward"
    public static let inputNames = ["dY", "Y"]
    public static let inPlace = [(output: 0, input: 0), (output: 0, input: 1)]
    public static let isElementwise = true

    public static func infer(_ query: inout ShapeQuery) -> [TensorType] {
      Elu.check(&query)
      return Pointwise.inferBackward(&query)
    }

    public static var differentiability: Differentiability {
      .no(because: "second derivatives of ELU are not provided")
    }

    public static func gradient(_ builder: inout GradientBuilder) -> [Value?] { [] }

    @specialized(where T == Float)
    @specialized(where T == Double)
    public static func reference<T: ReferenceScalar>(_ site: NodeSite, _ type: T.Type) -> ReferenceKernel {
      let count = site.outputShape().count
      let alpha = T(Elu.alpha(site.attributes))
      return { buffers in Pointwise.mapBackward(buffers, count) { (dy: T, y: T) -> T in y > 0 ? dy : dy * (y + alpha) }
      }
    }

    public static func explain(_ site: NodeSite) -> String {
      "Lets the gradient \(site.inputShape(0)) pass where the output was positive and Y + \(Elu.alpha(site.attributes)) of it elsewhere."
    }
  }
}
