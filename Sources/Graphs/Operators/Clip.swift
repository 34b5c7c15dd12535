import FoveaTensors

extension Op {
  /// Numbers kept between two bounds; ReLU6 is `min` 0 and `max` 6 (Howard et al. 2017). NaN stays NaN.
  ///
  /// X of any shape → Y like X. Attributes: `min` (−∞), `max` (∞), as in ONNX before opset 11.
  public enum Clip: WholeOperator {
    public static let name = "Clip"
    public static let inputNames = ["X"]
    public static let inPlace = [(output: 0, input: 0)]

    public static func infer(_ query: inout ShapeQuery) -> [TensorType] {
      Clip.check(&query)
      return Pointwise.infer(&query)
    }

    /// The least and the largest result.
    public static func bounds(_ attributes: Attributes) -> (min: Double, max: Double) {
      (attributes.float("min", default: -.infinity), attributes.float("max", default: .infinity))
    }

    static func check(_ query: inout ShapeQuery) {
      let (min, max) = bounds(query.attributes)
      if !(min <= max) { query.reject("nothing lies from \(min) to \(max)", mend: "give a min of at most max") }
    }

    public static func gradient(_ builder: inout GradientBuilder) -> [Value?] {
      Pointwise.gradient(&builder, ClipBackward.self)
    }

    @specialized(where T == Float)
    @specialized(where T == Double)
    public static func reference<T: ReferenceScalar>(_ site: NodeSite, _ type: T.Type) -> ReferenceKernel {
      let count = site.outputShape().count
      let bounds = Clip.bounds(site.attributes)
      let (low, high) = (T(bounds.min), T(bounds.max))
      return { buffers in Pointwise.map(buffers, count) { (x: T) -> T in Pointwise.between(low, high, x) } }
    }

    public static func whole<I: WholeScalar>(_ site: NodeSite, _ type: I.Type) -> ReferenceKernel {
      let count = site.outputShape().count
      let bounds = Clip.bounds(site.attributes)
      let (low, high): (I, I) = (Whole.bounded(bounds.min), Whole.bounded(bounds.max))
      return { buffers in Pointwise.map(buffers, count) { (x: I) -> I in x < low ? low : x > high ? high : x } }
    }

    public static func explain(_ site: NodeSite) -> String {
      let (min, max) = bounds(site.attributes)
      return "Keeps each of the \(site.outputShape().count) numbers between \(min) and \(max)."
    }
  }

  /// The gradient of `Clip`, written in its output so that a fused forward keeps nothing more.
  ///
  /// dY, Y → dX = min < Y < max ? dY : 0, all of one shape: on a bound nothing passes, as with ReLU.
  /// Attributes as `Clip`'s.
  public enum ClipBackward: Operator {
    public static let name = "ClipBackward"
    public static let inputNames = ["dY", "Y"]
    public static let inPlace = [(output: 0, input: 0), (output: 0, input: 1)]
    public static let isElementwise = true

    public static func infer(_ query: inout ShapeQuery) -> [TensorType] {
      Clip.check(&query)
      return Pointwise.inferBackward(&query)
    }

    /// Linear in dY; in Y it is constant almost everywhere.
    public static func gradient(_ builder: inout GradientBuilder) -> [Value?] {
      Pointwise.gradientOfLinear(&builder, Self.self)
    }

    @specialized(where T == Float)
    @specialized(where T == Double)
    public static func reference<T: ReferenceScalar>(_ site: NodeSite, _ type: T.Type) -> ReferenceKernel {
      let count = site.outputShape().count
      let bounds = Clip.bounds(site.attributes)
      let (low, high) = (T(bounds.min), T(bounds.max))
      return { buffers in Pointwise.mapBackward(buffers, count) { (dy: T, y: T) -> T in y <= low || y >= high ? 0 : dy }
      }
    }

    public static func explain(_ site: NodeSite) -> String {
      let (min, max) = Clip.bounds(site.attributes)
      return "Lets the gradient \(site.inputShape(0)) pass where the output lies between \(min) and \(max)."
    }
  }
}
