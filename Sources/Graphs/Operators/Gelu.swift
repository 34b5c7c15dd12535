import FoveaTensors

extension Op {
  /// Gaussian error linear unit: x·Φ(x), Φ the normal distribution (Hendrycks and Gimpel 2016).
  ///
  /// X of any shape → Y like X. Attribute: `approximate` ("none": by the error function; "tanh": by
  /// ½·(1 + tanh(√(2/π)·(x + 0.044715·x³)))).
  public enum Gelu: Operator {
    public static let name = "Gelu"
    public static let inputNames = ["X"]
    public static let inPlace = [(output: 0, input: 0)]
    public static let isElementwise = true

    public static func infer(_ query: inout ShapeQuery) -> [TensorType] {
      Gelu.check(&query)
      return Pointwise.infer(&query)
    }

    /// Whether tanh takes the place of the error function.
    public static func isApproximate(_ attributes: Attributes) -> Bool {
      attributes.string("approximate", default: "none") == "tanh"
    }

    static func check(_ query: inout ShapeQuery) {
      let found = query.attributes.string("approximate", default: "none")
      if !["none", "tanh"].contains(found) {
        query.reject("approximate \"\(found)\"", mend: "use \"none\" or \"tanh\"")
      }
    }

    /// Φ(x) and how it changes with x, by tanh: ½·(1 + tanh(u)) is the logistic function of 2u.
    @inline(__always)
    static func approximation<T: ReferenceScalar>(_ x: T) -> (share: T, slope: T) {
      let scale = T(1.5957691216057308)  // 2·√(2/π)
      let share = Pointwise.logistic(scale * x * (1 + T(0.044715) * x * x))
      return (share, share * (1 - share) * scale * (1 + T(0.134145) * x * x))
    }

    public static func gradient(_ builder: inout GradientBuilder) -> [Value?] {
      Pointwise.gradient(&builder, GeluBackward.self, writtenIn: .input)
    }

    @specialized(where T == Float)
    @specialized(where T == Double)
    public static func reference<T: ReferenceScalar>(_ site: NodeSite, _ type: T.Type) -> ReferenceKernel {
      let count = site.outputShape().count
      if isApproximate(site.attributes) {
        return { buffers in Pointwise.map(buffers, count) { (x: T) -> T in x * approximation(x).share } }
      }
      let scale = T(-0.7071067811865476)  // −1/√2
      return { buffers in
        Pointwise.map(buffers, count) { (x: T) -> T in x * T.complementaryErrorFunction(scale * x) / 2 }
      }
    }

    public static func explain(_ site: NodeSite) -> String {
      "Multiplies each of the \(site.outputShape().count) numbers by the share of a normal distribution that lies below it"
        + (isApproximate(site.attributes) ? ", by way of tanh." : ".")
    }
  }

  /// The gradient of `Gelu`, written in its input: the output does not say on which side of its minimum X lies.
  ///
  /// dY, X → dX = dY·(Φ(X) + X·φ(X)), all of one shape. Attribute: `approximate`.
  public enum GeluBackward: Operator {
    public static let name = "GeluBackward"
    public static let inputNames = ["dY", "X"]
    public static let inPlace = [(output: 0, input: 0), (output: 0, input: 1)]
    public static let isElementwise = true

    public static func infer(_ query: inout ShapeQuery) -> [TensorType] {
      Gelu.check(&query)
      return Pointwise.inferBackward(&query)
    }

    public static var differentiability: Differentiability {
      .no(because: "second derivatives of GELU are not provided")
    }

    public static func gradient(_ builder: inout GradientBuilder) -> [Value?] { [] }

    @specialized(where T == Float)
    @specialized(where T == Double)
    public static func reference<T: ReferenceScalar>(_ site: NodeSite, _ type: T.Type) -> ReferenceKernel {
      let count = site.outputShape().count
      if Gelu.isApproximate(site.attributes) {
        return { buffers in
          Pointwise.mapBackward(buffers, count) { (dy: T, x: T) -> T in
            let (share, slope) = Gelu.approximation(x)
            return dy * (share + x * slope)
          }
        }
      }
      let scale = T(-0.7071067811865476)  // −1/√2
      let density = T(0.3989422804014327)  // 1/√(2π)
      return { buffers in
        Pointwise.mapBackward(buffers, count) { (dy: T, x: T) -> T in
          dy * (T.complementaryErrorFunction(scale * x) / 2 + x * density * T.exponential(-x * x / 2))
        }
      }
    }

    public static func explain(_ site: NodeSite) -> String {
      "Scales each of the \(site.outputShape().count) gradients by Φ(X) + X·φ(X), the slope of GELU."
    }
  }
}
