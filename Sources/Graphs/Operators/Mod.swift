import FoveaTensors

extension Op {
  /// What is left of a division, element by element, with NumPy's broadcasting.
  ///
  /// A, B of one type (float, i32 or i64) → C of their common shape. Attribute: `fmod` (0: the rest has the sign of B,
  /// as Python's %; 1: that of A, as C's fmod, which floats need). A whole number divided by 0 leaves 0.
  public enum Mod: Operator {
    public static let name = "Mod"
    public static let inputNames = ["A", "B"]
    public static let nonFloatInputs: Set<Int> = [0, 1]

    public static func infer(_ query: inout ShapeQuery) -> [TensorType] {
      let dtype = query.dtype(0)
      if query.has(0), !dtype.isFloat, ![DType.i32, .i64].contains(dtype) {
        query.reject("A has elements of type \(dtype.rawValue)", mend: "give floats, i32 or i64")
      }
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
      let takesSignOfA = site.attributes.flag("fmod")
      switch site.inputs[0]?.dtype {
      case .i64: return { whole(Int64.self, broadcast, takesSignOfA, $0) }
      case .i32: return { whole(Int32.self, broadcast, takesSignOfA, $0) }
      default:
        return { buffers in
          let a = buffers.input(0, as: T.self)
          let b = buffers.input(1, as: T.self)
          let y = buffers.output(0, as: T.self)
          broadcast.forEach { yAt, aAt, bAt in y[yAt] = a[aAt].truncatingRemainder(dividingBy: b[bAt]) }
        }
      }
    }

    @inline(__always)
    private static func whole<I: FixedWidthInteger & SignedInteger>(
      _ type: I.Type, _ broadcast: Broadcast, _ takesSignOfA: Bool, _ buffers: Buffers
    ) {
      let a = buffers.input(0, as: I.self)
      let b = buffers.input(1, as: I.self)
      let y = buffers.output(0, as: I.self)
      broadcast.forEach { yAt, aAt, bAt in
        let divisor = b[bAt]
        // The smallest number divided by −1 overflows; what is left of it is 0.
        let rest = divisor == 0 || divisor == -1 ? 0 : a[aAt] % divisor
        y[yAt] = !takesSignOfA && rest != 0 && (rest < 0) != (divisor < 0) ? rest + divisor : rest
      }
    }

    public static func explain(_ site: NodeSite) -> String {
      "Leaves of each of \(site.outputShape().count) numbers of \(site.inputShape(0)) what a division by "
        + "\(site.inputShape(1)) leaves."
    }
  }
}
