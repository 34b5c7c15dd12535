import FoveaTensors

extension Op {
  /// x·σ(alpha·x): the number, gated by itself; SiLU with alpha 1 (Ramachandran et al. 2017).
  ///
  /// X of any shape → Y like X. Attribute: `alpha` (1).
  public enum Swish: Operator {
    public static let name = "Swish"
    public static let inputNames = ["X"]
    public static let inPlace = [(output: 0, input: 0)]
    public static let isElementwise = true

    public static func infer(_ query: inout ShapeQuery) -> [TensorType] {
      Swish.check(&query)
      return Pointwise.infer(&query)
    }

    /// How steep the gate is.
    public static func alpha(_ attributes: Attributes) -> Double { attributes.float("alpha", default: 1) }

    static func check(_ query: inout ShapeQuery) {
      let alpha = alpha(query.attributes)
      if !alpha.isFinite { query.reject("an alpha of \(alpha)", mend: "give a finite number, such as 1") }
    }

    public static func gradient(_ builder: inout GradientBuilder) -> [Value?] {
      Pointwise.gradient(&builder, SwishBackward.self, writtenIn: .input)
    }

    @specialized(where T == Float)
    @specialized(where T == Double)
    public static func reference<T: ReferenceScalar>(_ site: NodeSite, _ type: T.Type) -> ReferenceKernel {
      let count = site.outputShape().count
      let alpha = T(Swish.alpha(site.attributes))
      return { buffers in Pointwise.map(buffers, count) { (x: T) -> T in x * Pointwise.logistic(alpha * x) } }
    }

    public static func explain(_ site: NodeSite) -> String {
      "Multiplies each of the \(site.outputShape().count) numbers by 1/(1 + e^(−\(alpha(site.attributes))·x)), its own gate."
    }
  }

  /// The gradient of `Swish`, written in its input: the output does not say on which side of its minimum X lies.
  ///
  /// dY, X → dX = dY·σ·(1 + alpha·X·(1 − σ)), all of one shape. Attribute: `alpha` (1).
  public enum SwishBackward: Operator {
    public static let name = "SwishBackward"
    public static let inputNames = ["dY", "X"]
    public static let inPlace = [(output: 0, input: 0), (output: 0, input: 1)]
    public static let isElementwise = true

    public static func infer(_ query: inout ShapeQuery) -> [TensorType] {
      Swish.check(&query)
      return Pointwise.inferBackward(&query)
    }

    public static var differentiability: Differentiability {
      .no(because: "second derivatives of Swish are not provided")
    }

    public static func gradient(_ builder: inout GradientBuilder) -> [Value?] { [] }

    @specialized(where T == Float)
    @specialized(where T == Double)
    public static func reference<T: ReferenceScalar>(_ site: NodeSite, _ type: T.Type) -> ReferenceKernel {
      let count = site.outputShape().count
      let alpha = T(Swish.alpha(site.attributes))
      return { buffers in
        Pointwise.mapBackward(buffers, count) { (dy: T, x: T) -> T in
          let gate = Pointwise.logistic(alpha * x)
          return dy * gate * (1 + alpha * x * (1 - gate))
        }
      }
    }

    public static func explain(_ site: NodeSite) -> String {
      "Scales each of the \(site.outputShape().count) gradients by the gate and how it changes with X."
    }
  }
}
