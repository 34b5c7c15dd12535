import FoveaTensors

extension Op {
  /// x·tanh(log(1 + eˣ)): a smooth ReLU that dips below 0 (Misra 2019).
  ///
  /// X of any shape → Y like X.
  public enum Mish: Operator {
    public static let name = "Mish"
    public static let inputNames = ["X"]
    public static let inPlace = [(output: 0, input: 0)]
    public static let isElementwise = true

    public static func infer(_ query: inout ShapeQuery) -> [TensorType] { Pointwise.infer(&query) }

    /// tanh(log(1 + eˣ)), by e to a power that is not positive, so that nothing overflows or cancels.
    @inline(__always)
    static func gate<T: ReferenceScalar>(_ x: T) -> T {
      let power = T.exponential(-abs(x))
      let part = x >= 0 ? 1 + 2 * power : power * (power + 2)
      return part / (part + (x >= 0 ? 2 * power * power : 2))
    }

    public static func gradient(_ builder: inout GradientBuilder) -> [Value?] {
      Pointwise.gradient(&builder, MishBackward.self, writtenIn: .input)
    }

    @specialized(where T == Float)
    @specialized(where T == Double)
    public static func reference<T: ReferenceScalar>(_ site: NodeSite, _ type: T.Type) -> ReferenceKernel {
      let count = site.outputShape().count
      return { buffers in Pointwise.map(buffers, count) { (x: T) -> T in x * gate(x) } }
    }

    public static func explain(_ site: NodeSite) -> String {
      "Multiplies each of the \(site.outputShape().count) numbers by tanh(log(1 + eˣ)), its own gate."
    }
  }

  /// The gradient of `Mish`, written in its input: the output does not say on which side of its minimum X lies.
  ///
  /// dY, X → dX = dY·(t + X·(1 − t²)·σ(X)) with t = tanh(log(1 + eˣ)), all of one shape.
  public enum MishBackward: Operator {
    public static let name = "MishBackward"
    public static let inputNames = ["dY", "X"]
    public static let inPlace = [(output: 0, input: 0), (output: 0, input: 1)]
    public static let isElementwise = true

    public static func infer(_ query: inout ShapeQuery) -> [TensorType] { Pointwise.inferBackward(&query) }

    public static var differentiability: Differentiability {
      .no(because: "second derivatives of Mish are not provided")
    }

    public static func gradient(_ builder: inout GradientBuilder) -> [Value?] { [] }

    @specialized(where T == Float)
    @specialized(where T == Double)
    public static func reference<T: ReferenceScalar>(_ site: NodeSite, _ type: T.Type) -> ReferenceKernel {
      let count = site.outputShape().count
      return { buffers in
        Pointwise.mapBackward(buffers, count) { (dy: T, x: T) -> T in
          let gate = Mish.gate(x)
          return dy * (gate + x * (1 - gate * gate) * Pointwise.logistic(x))
        }
      }
    }

    public static func explain(_ site: NodeSite) -> String {
      "Scales each of the \(site.outputShape().count) gradients by the gate and how it changes with X."
    }
  }
}
