import FoveaTensors

extension Op {
  /// log(1 + eˣ): a ReLU without its corner (Dugas et al. 2001).
  ///
  /// X of any shape → Y like X.
  public enum Softplus: Operator {
    public static let name = "Softplus"
    public static let inputNames = ["X"]
    public static let inPlace = [(output: 0, input: 0)]

    public static func infer(_ query: inout ShapeQuery) -> [TensorType] { Pointwise.infer(&query) }

    public static func gradient(_ builder: inout GradientBuilder) -> [Value?] {
      guard let g = builder.outputGradients[0], builder.needs(0) else { return [] }
      return builder.add(Mul.self, [g, builder.add(Sigmoid.self, [builder.input(0)])[0]])
    }

    @specialized(where T == Float)
    @specialized(where T == Double)
    public static func reference<T: ReferenceScalar>(_ site: NodeSite, _ type: T.Type) -> ReferenceKernel {
      let count = site.outputShape().count
      return { buffers in
        // e to a power that is not positive, so that nothing overflows.
        Pointwise.map(buffers, count) { (x: T) -> T in max(x, 0) + T.logarithm(onePlus: T.exponential(-abs(x))) }
      }
    }

    public static func explain(_ site: NodeSite) -> String {
      "Takes log(1 + eˣ) of each of the \(site.outputShape().count) numbers of \(site.inputShape(0))."
    }
  }
}
