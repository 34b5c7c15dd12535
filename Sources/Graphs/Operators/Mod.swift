import FoveaTensors

extension Op {
  /// What is left of a division, element by element, with NumPy's broadcasting.
  ///
  /// A, B of one type → C of their common shape. Attribute: `fmod` (0: the rest has the sign of B,
  /// as Python's %; 1: that of A, as C's fmod, which floats need). A whole number divided by 0 leaves 0.
  public enum Mod: WholeOperator {
    public static let name = "Mod"
    public static let inputNames = ["A", "B"]

    public static func infer(_ query: inout ShapeQuery) -> [TensorType] {
      let dtype = query.dtype(0)
      for index in 0...1 { query.requireNumbers(index) }
      Comparison.requireOneType(&query, 0, 1)
      if dtype.isFloat, !query.attributes.flag("fmod") {
        query.reject("floats with fmod 0", mend: "set fmod to 1: ONNX defines the other rest for whole numbers alone")
      }
      return [TensorType(dtype, Broadcast.shape(&query))]
    }

    /// C = A − B·n with a whole n that stays: dA = dC, dB = −n·dC.
    public static func gradient(_ builder: inout GradientBuilder) -> [Value?] {
      guard let g = builder.outputGradients[0], let a = builder.input(0), let b = builder.input(1) else { return [] }
      var result: [Value?] = [nil, nil]
      if builder.needs(0) { result[0] = builder.add(SumToShape.self, [g, a])[0] }
      if builder.needs(1) {
        let multiple = builder.add(Sub.self, [a, builder.outputs[0]])[0]
        let count = builder.add(Div.self, [multiple, b])[0]
        let slope = builder.add(Neg.self, [builder.add(Mul.self, [g, count])[0]])[0]
        result[1] = builder.add(SumToShape.self, [slope, b])[0]
      }
      return result
    }

    @specialized(where T == Float)
    @specialized(where T == Double)
    public static func reference<T: ReferenceScalar>(_ site: NodeSite, _ type: T.Type) -> ReferenceKernel {
      let broadcast = Broadcast(site)
      return { buffers in broadcast.apply(buffers) { (a: T, b: T) -> T in a.truncatingRemainder(dividingBy: b) } }
    }

    public static func whole<I: WholeScalar>(_ site: NodeSite, _ type: I.Type) -> ReferenceKernel {
      let broadcast = Broadcast(site)
      let takesSignOfA = site.attributes.flag("fmod")
      return { buffers in
        broadcast.apply(buffers) { (a: I, divisor: I) -> I in
          // The least number divided by −1 overflows; what is left of it is 0.
          let rest = divisor == 0 ? 0 : a.remainderReportingOverflow(dividingBy: divisor).partialValue
          return !takesSignOfA && rest != 0 && (rest < 0) != (divisor < 0) ? rest &+ divisor : rest
        }
      }
    }

    public static func explain(_ site: NodeSite) -> String {
      "Leaves of each of \(site.outputShape().count) numbers of \(site.inputShape(0)) what a division by "
        + "\(site.inputShape(1)) leaves."
    }
  }
}
