import FoveaTensors

extension Op {
  /// x·(x/6 + ½, kept between 0 and 1): Swish of straight lines (Howard et al. 2019).
  ///
  /// X of any shape → Y like X.
  public enum HardSwish: Operator {
    public static let name = "HardSwish"
    public static let inputNames = ["X"]
    public static let inPlace = [(output: 0, input: 0)]
    public static let isElementwise = true

    public static func infer(_ query: inout ShapeQuery) -> [TensorType] { Pointwise.infer(&query) }

    public static func gradient(_ builder: inout GradientBuilder) -> [Value?] {
      Pointwise.gradient(&builder, HardSwishBackward.self, writtenIn: .input)
    }

    @specialized(where T == Float)
    @specialized(where T == Double)
    public static func reference<T: ReferenceScalar>(_ site: NodeSite, _ type: T.Type) -> ReferenceKernel {
      let count = site.outputShape().count
      return { buffers in Pointwise.map(buffers, count) { (x: T) -> T in x * Pointwise.between(0, 1, x / 6 + 0.5) } }
    }

    public static func explain(_ site: NodeSite) -> String {
      "Multiplies each of the \(site.outputShape().count) numbers by x/6 + ½, kept between 0 and 1."
    }
  }

  /// The gradient of `HardSwish`, written in its input: the output does not say on which side of its minimum X lies.
  ///
  /// dY, X → dX = X ≤ −3 ? 0 : X < 3 ? dY·(X/3 + ½) : dY, all of one shape.
  public enum HardSwishBackward: Operator {
    public static let name = "HardSwishBackward"
    public static let inputNames = ["dY", "X"]
    public static let inPlace = [(output: 0, input: 0), (output: 0, input: 1)]
    public static let isElementwise = true

    public static func infer(_ query: inout ShapeQuery) -> [TensorType] { Pointwise.inferBackward(&query) }

    public static var differentiability: Differentiability {
      .no(because: "second derivatives of HardSwish are not provided")
    }

    public static func gradient(_ builder: inout GradientBuilder) -> [Value?] { [] }

    @specialized(where T == Float)
    @specialized(where T == Double)
    public static func reference<T: ReferenceScalar>(_ site: NodeSite, _ type: T.Type) -> ReferenceKernel {
      let count = site.outputShape().count
      return { buffers in
        Pointwise.mapBackward(buffers, count) { (dy: T, x: T) -> T in
          if x <= -3 { return 0 }
          return x < 3 ? dy * (x / 3 + 0.5) : dy
        }
      }
    }

    public static func explain(_ site: NodeSite) -> String {
      "Scales each of the \(site.outputShape().count) gradients by X/3 + ½ from −3 to 3, by 0 below and by 1 above."
    }
  }
}
