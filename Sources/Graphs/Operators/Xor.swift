import FoveaTensors

extension Op {
  /// Whether exactly one of two is true, element by element, with NumPy's broadcasting.
  ///
  /// A, B (bool) → C (bool) of their common shape.
  public enum Xor: Operator {
    public static let name = "Xor"
    public static let inputNames = ["A", "B"]
    public static let nonFloatInputs: Set<Int> = [0, 1]

    public static func infer(_ query: inout ShapeQuery) -> [TensorType] { Comparison.inferTruths(&query) }

    public static var differentiability: Differentiability { Comparison.noGradient }

    public static func gradient(_ builder: inout GradientBuilder) -> [Value?] { [] }

    @specialized(where T == Float)
    @specialized(where T == Double)
    public static func reference<T: ReferenceScalar>(_ site: NodeSite, _ type: T.Type) -> ReferenceKernel {
      let broadcast = Broadcast(site)
      return { buffers in Comparison.truths(broadcast, buffers) { $0 != $1 } }
    }

    public static func explain(_ site: NodeSite) -> String { Comparison.words(site, "exactly one is true") }
  }
}
