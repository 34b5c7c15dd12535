import FoveaTensors

extension Op {
  /// The nearest whole number, of two equally near ones the even one.
  ///
  /// X of any shape → Y like X; the gradient is 0.
  public enum Round: Operator {
    public static let name = "Round"
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
      return { buffers in Pointwise.map(buffers, count) { (x: T) -> T in x.rounded(.toNearestOrEven) } }
    }

    public static func explain(_ site: NodeSite) -> String {
      "Rounds each of the \(site.outputShape().count) numbers of \(site.inputShape(0)) to the nearest whole one."
    }
  }
}
