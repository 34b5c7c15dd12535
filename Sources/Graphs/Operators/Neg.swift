import FoveaTensors

extension Op {
  /// The number with its sign turned around.
  ///
  /// X of any shape → Y like X.
  public enum Neg: WholeOperator {
    public static let name = "Neg"
    public static let inputNames = ["X"]
    public static let inPlace = [(output: 0, input: 0)]
    public static let isElementwise = true

    public static func infer(_ query: inout ShapeQuery) -> [TensorType] { Pointwise.infer(&query) }

    public static func gradient(_ builder: inout GradientBuilder) -> [Value?] {
      guard let g = builder.outputGradients[0], builder.needs(0) else { return [] }
      return builder.add(Neg.self, [g])
    }

    @specialized(where T == Float)
    @specialized(where T == Double)
    public static func reference<T: ReferenceScalar>(_ site: NodeSite, _ type: T.Type) -> ReferenceKernel {
      let count = site.outputShape().count
      return { buffers in Pointwise.map(buffers, count) { (x: T) -> T in -x } }
    }

    public static func whole<I: WholeScalar>(_ site: NodeSite, _ type: I.Type) -> ReferenceKernel {
      let count = site.outputShape().count
      return { buffers in Pointwise.map(buffers, count) { (x: I) -> I in 0 &- x } }
    }

    public static func explain(_ site: NodeSite) -> String {
      "Turns the sign of each of the \(site.outputShape().count) numbers of \(site.inputShape(0)) around."
    }
  }
}
