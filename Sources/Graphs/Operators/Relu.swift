import FoveaTensors

extension Op {
  /// Rectified linear unit: max(x, 0) (Nair and Hinton 2010). NaN stays NaN.
  ///
  /// X of any shape → Y like X.
  public enum Relu: WholeOperator {
    public static let name = "Relu"
    public static let inputNames = ["X"]
    public static let inPlace = [(output: 0, input: 0)]
    public static let isElementwise = true

    public static func infer(_ query: inout ShapeQuery) -> [TensorType] { Pointwise.infer(&query) }

    public static func gradient(_ builder: inout GradientBuilder) -> [Value?] {
      Pointwise.gradient(&builder, ReluBackward.self)
    }

    @specialized(where T == Float)
    @specialized(where T == Double)
    public static func reference<T: ReferenceScalar>(_ site: NodeSite, _ type: T.Type) -> ReferenceKernel {
      let count = site.outputShape().count
      // A comparison with NaN is false: written this way round NaN passes, so that it is seen downstream.
      return { buffers in Pointwise.map(buffers, count) { (x: T) -> T in x < 0 ? 0 : x } }
    }

    public static func whole<I: WholeScalar>(_ site: NodeSite, _ type: I.Type) -> ReferenceKernel {
      let count = site.outputShape().count
      return { buffers in Pointwise.map(buffers, count) { (x: I) -> I in Swift.max(x, 0) } }
    }

    public static func explain(_ site: NodeSite) -> String {
      "Keeps what is positive of \(site.inputShape(0)) and sets the rest to 0."
    }
  }

  /// The gradient of `Relu`, written in its output so that a fused forward keeps nothing more.
  ///
  /// dY, Y → dX = Y > 0 ? dY : 0, all of one shape.
  public enum ReluBackward: Operator {
    public static let name = "ReluBackward"
    public static let inputNames = ["dY", "Y"]
    public static let inPlace = [(output: 0, input: 0), (output: 0, input: 1)]
    public static let isElementwise = true

    public static func infer(_ query: inout ShapeQuery) -> [TensorType] { Pointwise.inferBackward(&query) }

    /// Linear in dY; in Y it is constant almost everywhere.
    public static func gradient(_ builder: inout GradientBuilder) -> [Value?] {
      Pointwise.gradientOfLinear(&builder, Self.self)
    }

    @specialized(where T == Float)
    @specialized(where T == Double)
    public static func reference<T: ReferenceScalar>(_ site: NodeSite, _ type: T.Type) -> ReferenceKernel {
      let count = site.outputShape().count
      return { buffers in Pointwise.mapBackward(buffers, count) { (dy: T, y: T) -> T in y <= 0 ? 0 : dy } }
    }

    public static func explain(_ site: NodeSite) -> String {
      "Lets the gradient \(site.inputShape(0)) pass where the output was positive and stops it elsewhere."
    }
  }
}
