import FoveaTensors

extension Op {
  /// Numbers as whole multiples of a scale, rounded to even and kept within 8 bits.
  ///
  /// X of any shape, scale (one number, or one for each place of an axis), zero point (optional, i8 or u8, as many as
  /// scales) → Y like X in the zero point's type: round(X / scale) + zero point. Without a zero point Y is u8 and it
  /// is 0. Attribute: `axis` (1), along which several scales lie. NaN becomes the zero point.
  public enum QuantizeLinear: Operator {
    public static let name = "QuantizeLinear"
    public static let inputNames = ["X", "scale", "zero point"]
    public static let optionalInputs: Set<Int> = [2]
    public static let nonFloatInputs: Set<Int> = [2]

    public static func infer(_ query: inout ShapeQuery) -> [TensorType] {
      Quantization.check(&query)
      let dtype = query.has(2) ? query.dtype(2) : .u8
      return [TensorType(Quantization.types.contains(dtype) ? dtype : .u8, query.shape(0))]
    }

    public static var differentiability: Differentiability {
      .no(because: "rounding to 8 bits has a gradient of 0 nearly everywhere; train the network it was made of")
    }

    public static func gradient(_ builder: inout GradientBuilder) -> [Value?] { [] }

    @specialized(where T == Float)
    @specialized(where T == Double)
    public static func reference<T: ReferenceScalar>(_ site: NodeSite, _ type: T.Type) -> ReferenceKernel {
      let loop = Quantization.loop(site)
      let signed = site.outputs[0].dtype == .i8
      let hasZero = site.has(2)
      return { buffers in
        if signed {
          quantize(buffers, loop, T.self, Int8.self, hasZero)
        } else {
          quantize(buffers, loop, T.self, UInt8.self, hasZero)
        }
      }
    }

    @inline(__always)
    private static func quantize<T: ReferenceScalar, Q: FixedWidthInteger>(
      _ buffers: Buffers, _ loop: Quantization.Loop, _ type: T.Type, _ whole: Q.Type, _ hasZero: Bool
    ) {
      let x = buffers.input(0, as: T.self)
      let scale = buffers.input(1, as: T.self)
      let y = buffers.output(0, as: Q.self)
      loop.run { index, place in
        let zero = hasZero ? buffers.input(2, as: Q.self)[place] : 0
        let value = (x[index] / scale[place]).rounded(.toNearestOrEven) + T(zero)
        if value.isNaN {
          y[index] = zero
        } else {
          y[index] = value >= T(Q.max) ? .max : value <= T(Q.min) ? .min : Q(value)
        }
      }
    }

    public static func explain(_ site: NodeSite) -> String {
      "Rounds \(site.outputShape().count) numbers to whole multiples of "
        + "\(Quantization.isPerAxis(site) ? "a scale for each channel" : "one scale"), in 8 bits each."
    }
  }
}
