import FoveaTensors

extension Op {
  /// The same numbers in another element type: f64, f32, i64, i32, i8, u8 or bool.
  ///
  /// X → Y. Attribute: `to` (a name such as "f32", or ONNX's number). Floats become whole numbers toward zero,
  /// kept within the type's bounds, NaN becomes 0; whole numbers keep their lower bits; as bool everything but 0 is true.
  public enum Cast: Operator {
    public static let name = "Cast"
    public static let inputNames = ["X"]
    public static let nonFloatInputs: Set<Int> = [0]

    private static let types: [DType] = [.f64, .f32, .i64, .i32, .i8, .u8, .bool]

    public static func infer(_ query: inout ShapeQuery) -> [TensorType] {
      let list = types.map(\.rawValue).joined(separator: ", ")
      if query.has(0), !types.contains(query.dtype(0)) {
        query.reject("elements of type \(query.dtype(0).rawValue)", mend: "give one of \(list)")
      }
      guard let target = target(query.attributes), types.contains(target) else {
        let given = query.attributes["to"].map(\.description) ?? "nothing"
        query.reject("a conversion to \(given)", mend: "give `to` as one of \(list)")
        return [TensorType(.f32, query.shape(0))]
      }
      return [TensorType(target, query.shape(0))]
    }

    /// The element type that `to` names; nil when it names none.
    public static func target(_ attributes: Attributes) -> DType? {
      switch attributes["to"] {
      case .string(let name)?: DType(rawValue: name)
      // ONNX's TensorProto.DataType.
      case .int(1)?: .f32
      case .int(2)?: .u8
      case .int(3)?: .i8
      case .int(6)?: .i32
      case .int(7)?: .i64
      case .int(9)?: .bool
      case .int(11)?: .f64
      default: nil
      }
    }

    /// Between floats the gradient is converted back; through whole numbers none comes.
    public static func gradient(_ builder: inout GradientBuilder) -> [Value?] {
      guard let g = builder.outputGradients[0], builder.needs(0), let x = builder.input(0) else { return [] }
      let own = builder.graph[x].type.dtype
      guard own.isFloat, target(builder.attributes)?.isFloat == true else { return [nil] }
      return builder.add(Cast.self, [g], ["to": .string(own.rawValue)])
    }

    public static func converted(_ attributes: Attributes, to dtype: DType) -> Attributes {
      guard target(attributes)?.isFloat == true else { return attributes }
      var result = attributes
      result["to"] = .string(dtype.rawValue)
      return result
    }

    @specialized(where T == Float)
    @specialized(where T == Double)
    public static func reference<T: ReferenceScalar>(_ site: NodeSite, _ type: T.Type) -> ReferenceKernel {
      let count = site.outputShape().count
      let from = site.inputs[0]?.dtype ?? .f32
      let to = site.outputs[0].dtype
      return { buffers in
        let x = buffers.input(0, as: UInt8.self)
        let y = buffers.output(0, as: UInt8.self)
        switch from {
        case .f64: float(Double.self, UnsafeRawPointer(x), y, count, to)
        case .f32: float(Float.self, UnsafeRawPointer(x), y, count, to)
        case .i64: convert(Int64.self, UnsafeRawPointer(x), y, count, to)
        case .i32: convert(Int32.self, UnsafeRawPointer(x), y, count, to)
        case .i8: convert(Int8.self, UnsafeRawPointer(x), y, count, to)
        default: convert(UInt8.self, UnsafeRawPointer(x), y, count, to, isTruth: from == .bool)
        }
      }
    }

    @inline(__always)
    private static func float<A: BinaryFloatingPoint>(
      _ type: A.Type, _ source: UnsafeRawPointer, _ target: UnsafeMutableRawPointer, _ count: Int, _ to: DType
    ) {
      let x = source.assumingMemoryBound(to: A.self)
      switch to {
      case .f64: for index in 0..<count { target.assumingMemoryBound(to: Double.self)[index] = Double(x[index]) }
      case .f32: for index in 0..<count { target.assumingMemoryBound(to: Float.self)[index] = Float(x[index]) }
      case .i64: for index in 0..<count { target.assumingMemoryBound(to: Int64.self)[index] = Whole.bounded(x[index]) }
      case .i32: for index in 0..<count { target.assumingMemoryBound(to: Int32.self)[index] = Whole.bounded(x[index]) }
      case .i8: for index in 0..<count { target.assumingMemoryBound(to: Int8.self)[index] = Whole.bounded(x[index]) }
      case .bool: for index in 0..<count { target.assumingMemoryBound(to: UInt8.self)[index] = x[index] == 0 ? 0 : 1 }
      default: for index in 0..<count { target.assumingMemoryBound(to: UInt8.self)[index] = Whole.bounded(x[index]) }
      }
    }

    @inline(__always)
    private static func convert<A: FixedWidthInteger>(
      _ type: A.Type, _ source: UnsafeRawPointer, _ target: UnsafeMutableRawPointer, _ count: Int, _ to: DType,
      isTruth: Bool = false
    ) {
      let x = source.assumingMemoryBound(to: A.self)
      // Any byte but 0 is true, and true is 1.
      func number(_ index: Int) -> A { isTruth ? (x[index] == 0 ? 0 : 1) : x[index] }
      switch to {
      case .f64: for index in 0..<count { target.assumingMemoryBound(to: Double.self)[index] = Double(number(index)) }
      case .f32: for index in 0..<count { target.assumingMemoryBound(to: Float.self)[index] = Float(number(index)) }
      case .i64:
        for index in 0..<count {
          target.assumingMemoryBound(to: Int64.self)[index] = Int64(truncatingIfNeeded: number(index))
        }
      case .i32:
        for index in 0..<count {
          target.assumingMemoryBound(to: Int32.self)[index] = Int32(truncatingIfNeeded: number(index))
        }
      case .i8:
        for index in 0..<count {
          target.assumingMemoryBound(to: Int8.self)[index] = Int8(truncatingIfNeeded: number(index))
        }
      case .bool: for index in 0..<count { target.assumingMemoryBound(to: UInt8.self)[index] = x[index] == 0 ? 0 : 1 }
      default:
        for index in 0..<count {
          target.assumingMemoryBound(to: UInt8.self)[index] = UInt8(truncatingIfNeeded: number(index))
        }
      }
    }

    public static func explain(_ site: NodeSite) -> String {
      "Turns \(site.outputShape().count) numbers from \(site.inputs[0]?.dtype.rawValue ?? "f32") into "
        + "\(site.outputs[0].dtype.rawValue)."
    }
  }
}
