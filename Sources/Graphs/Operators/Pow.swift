import FoveaTensors

extension Op {
  /// Powers element by element, with NumPy's broadcasting.
  ///
  /// A, B → C = Aᴮ of their common shape; a negative base with a broken exponent gives NaN.
  public enum Pow: Operator {
    public static let name = "Pow"
    public static let inputNames = ["A", "B"]
    public static let inPlace = [(output: 0, input: 0), (output: 0, input: 1)]

    public static func infer(_ query: inout ShapeQuery) -> [TensorType] { Pointwise.inferPair(&query) }

    public static func gradient(_ builder: inout GradientBuilder) -> [Value?] {
      guard let g = builder.outputGradients[0] else { return [] }
      return [0, 1].map { index in
        guard builder.needs(index) else { return nil }
        let operands = [g, builder.input(0), builder.input(1)]
        let part = builder.add(PowBackward.self, operands, ["operand": .int(index)])[0]
        return builder.add(SumToShape.self, [part, builder.input(index)])[0]
      }
    }

    @specialized(where T == Float)
    @specialized(where T == Double)
    public static func reference<T: ReferenceScalar>(_ site: NodeSite, _ type: T.Type) -> ReferenceKernel {
      let broadcast = Broadcast(site)
      return { buffers in
        let a = buffers.input(0, as: T.self)
        let b = buffers.input(1, as: T.self)
        let y = buffers.output(0, as: T.self)
        broadcast.forEach { yAt, aAt, bAt in y[yAt] = T.power(a[aAt], b[bAt]) }
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
