import FoveaTensors

extension Op {
  /// The smallest of several tensors, element by element, with NumPy's broadcasting; NaN where one of them is NaN.
  ///
  /// One or more tensors → Y of their common shape. The gradient goes in equal parts to equal ones.
  public enum Min: WholeOperator {
    public static let name = "Min"
    public static let inputNames = ["data"]
    public static let isVariadic = true
    public static let inPlace = [(output: 0, input: 0)]
    public static let isElementwise = true

    public static func infer(_ query: inout ShapeQuery) -> [TensorType] { Extremum.infer(&query) }

    public static func gradient(_ builder: inout GradientBuilder) -> [Value?] { Extremum.gradient(&builder) }

    @specialized(where T == Float)
    @specialized(where T == Double)
    public static func reference<T: ReferenceScalar>(_ site: NodeSite, _ type: T.Type) -> ReferenceKernel {
      let walks = Extremum.walks(site)
      return { buffers in
        Extremum.fold(walks, buffers) { (record: T, next: T) -> T in record > next || next.isNaN ? next : record }
      }
    }

    public static func whole<I: WholeScalar>(_ site: NodeSite, _ type: I.Type) -> ReferenceKernel {
      let walks = Extremum.walks(site)
      return { buffers in Extremum.fold(walks, buffers) { (record: I, next: I) -> I in Swift.min(record, next) } }
    }

    public static func explain(_ site: NodeSite) -> String { Extremum.words(site, "smallest") }
  }
}
