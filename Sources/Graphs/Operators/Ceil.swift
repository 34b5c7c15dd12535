import FoveaTensors

extension Op {
  /// The smallest whole number that is not below the number.
  ///
  /// X of any shape → Y like X; the gradient is 0.
  public enum Ceil: Operator {
    public static let name = "Ceil"
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
      return { buffers in Pointwise.map(buffers, count) { (x: T) -> T in x.rounded(.up) } }
    }

    public static func explain(_ site: NodeSite) -> String {
      "Rounds each of the \(site.outputShape().count) numbers of \(site.inputShape(0)) up to a whole one."
    }
  }
}
