import FoveaTensors

extension Op {
  /// Class numbers as rows of zeros with a one.
  ///
  /// indices (i32 or i64) [d…] → Y (float) with an axis of `depth` more. A number outside 0..<depth gives a row
  /// without a one; negative ones count from the end, as in ONNX.
  /// Attributes: `depth`, `axis` (−1: the new axis comes last), `values` ([off, on] = [0, 1]; in ONNX depth and
  /// values are inputs), `to` ("f32").
  public enum OneHot: Operator {
    public static let name = "OneHot"
    public static let inputNames = ["indices"]
    public static let nonFloatInputs: Set<Int> = [0]

    public static func infer(_ query: inout ShapeQuery) -> [TensorType] {
      if query.has(0), ![DType.i32, .i64].contains(query.dtype(0)) {
        query.reject(
          "indices have elements of type \(query.dtype(0).rawValue)", mend: "give class numbers as i32 or i64")
      }
      let depth = query.attributes.int("depth", default: 0)
      if depth < 1 { query.reject("a depth of \(depth)", mend: "give the number of classes as depth") }
      if values(query.attributes).count != 2 {
        query.reject("values \(Attribute.floats(values(query.attributes)))", mend: "give two: off and on")
      }
      let dtype = DType(rawValue: query.attributes.string("to", default: "f32"))
      if dtype != .f32, dtype != .f64 {
        query.reject("one-hot rows of type \(query.attributes.string("to", default: "f32"))", mend: "use f32 or f64")
      }
      let result = dtype == .f64 ? DType.f64 : .f32
      guard let dims = query.shape(0).dims else { return [TensorType(result, .unknown)] }
      let axis = query.attributes.int("axis", default: -1)
      guard axis >= -dims.count - 1, axis <= dims.count else {
        query.reject(
          "axis \(axis) for \(query.shape(0)) and one axis more",
          mend: "choose an axis from \(-dims.count - 1) to \(dims.count)")
        return [TensorType(result, .unknown(rank: dims.count + 1))]
      }
      var shape = dims
      shape.insert(depth < 1 ? nil : depth, at: axis < 0 ? axis + dims.count + 1 : axis)
      return [TensorType(result, PartialShape(shape))]
    }

    private static func values(_ attributes: Attributes) -> [Double] {
      if case .floats(let list)? = attributes["values"] { return list }
      return attributes.ints("values", default: [0, 1]).map { Double($0) }
    }

    public static var differentiability: Differentiability {
      .no(because: "class numbers are whole numbers: there are no small steps between them")
    }

    public static func gradient(_ builder: inout GradientBuilder) -> [Value?] { [] }

    public static func converted(_ attributes: Attributes, to dtype: DType) -> Attributes {
      var result = attributes
      result["to"] = .string(dtype.rawValue)
      return result
    }

    @specialized(where T == Float)
    @specialized(where T == Double)
    public static func reference<T: ReferenceScalar>(_ site: NodeSite, _ type: T.Type) -> ReferenceKernel {
      let loop = AxisLoop(site.outputShape(), axis: site.attributes.int("axis", default: -1))
      let total = site.outputShape().count
      let both = values(site.attributes)
      let (off, on) = (T(both[0]), T(both[1]))
      let isLong = site.inputs[0]?.dtype == .i64
      return { buffers in
        let y = buffers.output(0, as: T.self)
        y.update(repeating: off, count: total)
        for outer in 0..<loop.outer {
          for inner in 0..<loop.inner {
            let at = outer * loop.inner + inner
            let named = isLong ? Int(buffers.input(0, as: Int64.self)[at]) : Int(buffers.input(0, as: Int32.self)[at])
            guard named >= -loop.extent, named < loop.extent else { continue }
            let index = named < 0 ? named + loop.extent : named
            y[(outer * loop.extent + index) * loop.inner + inner] = on
          }
        }
      }
    }

    public static func explain(_ site: NodeSite) -> String {
      "Writes each of \(site.inputShape(0).count) class numbers as \(site.attributes.int("depth", default: 0)) numbers, one "
        + "of them on."
    }
  }
}
