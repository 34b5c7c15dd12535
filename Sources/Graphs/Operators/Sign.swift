import FoveaTensors

extension Op {
  /// −1, 0 or 1: on which side of 0 the number lies. NaN stays NaN.
  ///
  /// X of any shape → Y like X; the gradient is 0.
  public enum Sign: WholeOperator {
    public static let name = "Sign"
    public static let inputNames = ["X"]
    public static let inPlace = [(output: 0, input: 0)]
    public static let isElementwise = true

    public static func infer(_ query: inout ShapeQuery) -> [TensorType] { Pointwise.infer(&query) }

    public static func gradient(_ builder: inout GradientBuilder) -> [Value?] {
      guard builder.needs(0), let x = builder.input(0) else { return [] }
      return [builder.zeros(like: x)]
    }

    @specialized(where T == Float)
    @specialized(where T == Double)
    public static func reference<T: ReferenceScalar>(_ site: NodeSite, _ type: T.Type) -> ReferenceKernel {
      let count = site.outputShape().count
      return { buffers in Pointwise.map(buffers, count) { (x: T) -> T in x > 0 ? 1 : x < 0 ? -1 : x } }
    }

    public static func whole<I: WholeScalar>(_ site: NodeSite, _ type: I.Type) -> ReferenceKernel {
      let count = site.outputShape().count
      return { buffers in Pointwise.map(buffers, count) { (x: I) -> I in x.signum() } }
    }

    public static func explain(_ site: NodeSite) -> String {
      "Takes the sign of each of the \(site.outputShape().count) numbers of \(site.inputShape(0)): −1, 0 or 1."
    }
  }
}
