import FoveaTensors

extension Op {
  /// True where it was false, and the other way round.
  ///
  /// X (bool) of any shape → Y (bool) like X.
  public enum Not: Operator {
    public static let name = "Not"
    public static let inputNames = ["X"]
    public static let nonFloatInputs: Set<Int> = [0]
    public static let inPlace = [(output: 0, input: 0)]

    public static func infer(_ query: inout ShapeQuery) -> [TensorType] { Comparison.inferTruths(&query) }

    public static var differentiability: Differentiability { Comparison.noGradient }

    public static func gradient(_ builder: inout GradientBuilder) -> [Value?] { [] }

    @specialized(where T == Float)
    @specialized(where T == Double)
    public static func reference<T: ReferenceScalar>(_ site: NodeSite, _ type: T.Type) -> ReferenceKernel {
      let count = site.outputShape().count
      return { buffers in
        let x = buffers.input(0, as: UInt8.self)
        let y = buffers.output(0, as: UInt8.self)
        for index in 0..<count { y[index] = x[index] == 0 ? 1 : 0 }
      }
    }

    public static func explain(_ site: NodeSite) -> String {
      "Turns each of the \(site.outputShape().count) truths of \(site.inputShape(0)) around."
    }
  }
}
