import FoveaTensors

extension Op {
  /// Whether two numbers are equal, element by element, with NumPy's broadcasting; with NaN it is false.
  ///
  /// A, B of one type, also bool → C = A = B (bool) of their common shape.
  public enum Equal: Operator, Relation {
    public static let name = "Equal"
    public static let inputNames = ["A", "B"]
    public static let nonFloatInputs: Set<Int> = [0, 1]

    static func holds<A: Comparable>(_ a: A, _ b: A) -> Bool { a == b }

    public static func infer(_ query: inout ShapeQuery) -> [TensorType] { Comparison.infer(&query, bools: true) }

    public static var differentiability: Differentiability { Comparison.noGradient }

    public static func gradient(_ builder: inout GradientBuilder) -> [Value?] { [] }

    @specialized(where T == Float)
    @specialized(where T == Double)
    public static func reference<T: ReferenceScalar>(_ site: NodeSite, _ type: T.Type) -> ReferenceKernel {
      Comparison.kernel(Self.self, site, type)
    }

    public static func explain(_ site: NodeSite) -> String { Comparison.words(site, "the two are equal") }
  }
}
