import FoveaTensors

extension Op {
  /// Powers element by element, with NumPy's broadcasting.
  ///
  /// A, B → C = Aᴮ of their common shape, in the type of A, whatever that of B; a negative base with a broken exponent
  /// gives NaN. Whole powers of whole numbers wrap, broken ones are cut off.
  public enum Pow: WholeOperator {
    public static let name = "Pow"
    public static let inputNames = ["A", "B"]
    public static let inPlace = [(output: 0, input: 0), (output: 0, input: 1)]

    public static func infer(_ query: inout ShapeQuery) -> [TensorType] {
      for index in 0...1 { query.requireNumbers(index) }
      return [TensorType(query.dtype(0), Broadcast.shape(&query))]
    }

    public static func gradient(_ builder: inout GradientBuilder) -> [Value?] {
      guard let g = builder.outputGradients[0] else { return [] }
      // A whole exponent counts as a float of the base's type.
      var exponent = builder.input(1)
      if let base = builder.input(0), let own = exponent, !builder.graph[own].type.dtype.isFloat {
        let type = builder.graph[base].type.dtype
        exponent = builder.add(Cast.self, [own], ["to": .string(type.rawValue)])[0]
      }
      return [0, 1].map { index in
        guard builder.needs(index), builder.graph[builder.input(index)!].type.dtype.isFloat else { return nil }
        let operands = [g, builder.input(0), exponent]
        let part = builder.add(PowBackward.self, operands, ["operand": .int(index)])[0]
        return builder.add(SumToShape.self, [part, builder.input(index)])[0]
      }
    }

    @specialized(where T == Float)
    @specialized(where T == Double)
    public static func reference<T: ReferenceScalar>(_ site: NodeSite, _ type: T.Type) -> ReferenceKernel {
      let broadcast = Broadcast(site)
      switch site.inputs[1]?.dtype {
      case .i64: return { buffers in broadcast.apply(buffers) { (a: T, b: Int64) -> T in T.power(a, T(b)) } }
      case .i32: return { buffers in broadcast.apply(buffers) { (a: T, b: Int32) -> T in T.power(a, T(b)) } }
      case .i8: return { buffers in broadcast.apply(buffers) { (a: T, b: Int8) -> T in T.power(a, T(b)) } }
      case .u8: return { buffers in broadcast.apply(buffers) { (a: T, b: UInt8) -> T in T.power(a, T(b)) } }
      default: return { buffers in broadcast.apply(buffers) { (a: T, b: T) -> T in T.power(a, b) } }
      }
    }

    public static func whole<I: WholeScalar>(_ site: NodeSite, _ type: I.Type) -> ReferenceKernel {
      let broadcast = Broadcast(site)
      switch site.inputs[1]?.dtype {
      case .i64: return { buffers in broadcast.apply(buffers) { (a: I, b: Int64) -> I in Whole.power(a, b) } }
      case .i32: return { buffers in broadcast.apply(buffers) { (a: I, b: Int32) -> I in Whole.power(a, b) } }
      case .i8: return { buffers in broadcast.apply(buffers) { (a: I, b: Int8) -> I in Whole.power(a, b) } }
      case .u8: return { buffers in broadcast.apply(buffers) { (a: I, b: UInt8) -> I in Whole.power(a, b) } }
      case .f64:
        return { buffers in
          broadcast.apply(buffers) { (a: I, b: Double) -> I in Whole.bounded(Double.power(Double(a), b)) }
        }
      default:
        return { buffers in
          broadcast.apply(buffers) { (a: I, b: Float) -> I in Whole.bounded(Double.power(Double(a), Double(b))) }
        }
      }
    }

    public static func explain(_ site: NodeSite) -> String {
      "Raises \(site.inputShape(0)) to the powers \(site.inputShape(1)) element by element, into \(site.outputShape())."
    }
  }

  /// The gradient of `Pow` before what was repeated is summed: B·Aᴮ⁻¹ for the base (operand 0), Aᴮ·ln A for the
  /// exponent (operand 1); 0 where the power does not change (B = 0; A = 0 with B ≥ 0), as PyTorch's.
  ///
  /// dC, A, B → like dC. Attribute: `operand` (0).
  public enum PowBackward: Operator {
    public static let name = "PowBackward"
    public static let inputNames = ["dC", "A", "B"]
    public static let inPlace = [(output: 0, input: 0)]

    public static func infer(_ query: inout ShapeQuery) -> [TensorType] {
      for index in 0...2 { query.requireFloat(index) }
      for index in 1...2 { SumToShape.requireRepeats(&query, small: index, full: 0) }
      let operand = query.attributes.int("operand", default: 0)
      if !(0...1).contains(operand) { query.reject("operand \(operand)", mend: "use 0 (base) or 1 (exponent)") }
      return [TensorType(query.dtype(0), query.shape(0))]
    }

    public static var differentiability: Differentiability {
      .no(because: "second derivatives of powers are not provided")
    }

    public static func gradient(_ builder: inout GradientBuilder) -> [Value?] { [] }

    @specialized(where T == Float)
    @specialized(where T == Double)
    public static func reference<T: ReferenceScalar>(_ site: NodeSite, _ type: T.Type) -> ReferenceKernel {
      let broadcast = Broadcast(site.inputShape(1), site.inputShape(2), in: site.outputShape())
      let ofBase = site.attributes.int("operand", default: 0) == 0
      return { buffers in
        let g = buffers.input(0, as: T.self)
        let a = buffers.input(1, as: T.self)
        let b = buffers.input(2, as: T.self)
        let y = buffers.output(0, as: T.self)
        broadcast.forEach { at, aAt, bAt in
          let base = a[aAt]
          let exponent = b[bAt]
          if ofBase {
            y[at] = exponent == 0 ? 0 : g[at] * exponent * T.power(base, exponent - 1)
          } else {
            y[at] = base == 0 && exponent >= 0 ? 0 : g[at] * T.power(base, exponent) * T.logarithm(base)
          }
        }
      }
    }

    public static func explain(_ site: NodeSite) -> String {
      "Multiplies the gradient \(site.inputShape(0)) by how the power changes with its "
        + (site.attributes.int("operand", default: 0) == 0 ? "base." : "exponent.")
    }
  }
}
