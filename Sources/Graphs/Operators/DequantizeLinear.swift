import FoveaTensors

extension Op {
  /// The numbers that 8-bit whole ones stand for.
  ///
  /// X of any shape (i8 or u8, or sums in i32), scale (one number, or one for each place of an axis), zero point (optional, of X's
  /// type, as many as scales) → Y like X in the scale's type: (X − zero point) · scale. Attribute: `axis` (1), along
  /// which several scales lie.
  public enum DequantizeLinear: Operator {
    public static let name = "DequantizeLinear"
    public static let inputNames = ["X", "scale", "zero point"]
    public static let optionalInputs: Set<Int> = [2]
    public static let nonFloatInputs: Set<Int> = [0, 2]

    public static func infer(_ query: inout ShapeQuery) -> [TensorType] {
      if query.has(0), query.dtype(0) != .i32, !Quantization.types.contains(query.dtype(0)) {
        query.reject("X has elements of type \(query.dtype(0).rawValue)", mend: "give i8, u8 or i32")
      } else if query.has(0), query.has(2), query.dtype(2) != query.dtype(0) {
        query.reject(
          "X is \(query.dtype(0).rawValue), its zero points are \(query.dtype(2).rawValue)", mend: "give one type")
      }
      Quantization.check(&query)
      return [TensorType(query.dtype(1).isFloat ? query.dtype(1) : .f32, query.shape(0))]
    }

    public static var differentiability: Differentiability {
      .no(because: "weights of 8 bits cannot be trained; train the network it was made of")
    }

    public static func gradient(_ builder: inout GradientBuilder) -> [Value?] { [] }

    @specialized(where T == Float)
    @specialized(where T == Double)
    public static func reference<T: ReferenceScalar>(_ site: NodeSite, _ type: T.Type) -> ReferenceKernel {
      let loop = Quantization.loop(site)
      let dtype = site.inputs[0]?.dtype ?? .u8
      let hasZero = site.has(2)
      return { buffers in
        switch dtype {
        case .i8: dequantize(buffers, loop, T.self, Int8.self, hasZero)
        case .i32: dequantize(buffers, loop, T.self, Int32.self, hasZero)
        default: dequantize(buffers, loop, T.self, UInt8.self, hasZero)
        }
      }
    }

    @inline(__always)
    private static func dequantize<T: ReferenceScalar, Q: FixedWidthInteger>(
      _ buffers: Buffers, _ loop: Quantization.Loop, _ type: T.Type, _ whole: Q.Type, _ hasZero: Bool
    ) {
      let x = buffers.input(0, as: Q.self)
      let scale = buffers.input(1, as: T.self)
      let y = buffers.output(0, as: T.self)
      loop.run { index, place in
        let zero = hasZero ? Int(buffers.input(2, as: Q.self)[place]) : 0
        y[index] = T(Int(x[index]) - zero) * scale[place]
      }
    }

    public static func explain(_ site: NodeSite) -> String {
      "Turns \(site.outputShape().count) whole numbers back, by "
        + "\(Quantization.isPerAxis(site) ? "a scale for each channel" : "one scale")."
    }
  }
}
