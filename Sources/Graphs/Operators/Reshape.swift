import FoveaTensors

extension Op {
  /// The same numbers in the same order under another shape.
  ///
  /// X → Y. Attribute: `shape`, where 0 copies the extent of X at that place and one −1 takes what is left;
  /// so shapes follow open sizes. (ONNX has the shape as an input; allowzero is 0.)
  public enum Reshape: Operator {
    public static let name = "Reshape"
    public static let inputNames = ["X"]
    public static let nonFloatInputs: Set<Int> = [0]
    public static let isView = true
    public static let inPlace = [(output: 0, input: 0)]

    public static func infer(_ query: inout ShapeQuery) -> [TensorType] {
      let wanted = query.attributes.ints("shape", default: [])
      let dtype = query.dtype(0)
      let x = query.shape(0)
      if query.attributes["shape"] == nil {
        query.reject("no shape", mend: "give the shape to write the numbers in")
        return [TensorType(dtype, .unknown)]
      }
      if wanted.contains(where: { $0 < -1 }) || wanted.count(where: { $0 == -1 }) > 1 {
        query.reject("the shape \(Attribute.ints(wanted))", mend: "give extents, 0 to copy one, and at most one −1")
        return [TensorType(dtype, .unknown(rank: wanted.count))]
      }
      if query.attributes.flag("allowzero") {
        query.reject("allowzero is not supported", mend: "leave it out; 0 copies an extent")
      }
      var dims: [Int?] = wanted
      for (axis, extent) in wanted.enumerated() where extent < 1 {
        dims[axis] = extent == 0 ? x[axis] : nil
        if extent == 0, let rank = x.rank, axis >= rank {
          query.reject("the shape \(Attribute.ints(wanted)) copies axis \(axis) of \(x)", mend: "write the extent")
        }
      }
      guard let have = x.dims.flatMap({ query.product($0) }) else { return [TensorType(dtype, PartialShape(dims))] }
      if let rest = wanted.firstIndex(of: -1) {
        var others = dims
        others[rest] = 1
        guard let known = query.product(others) else { return [TensorType(dtype, PartialShape(dims))] }
        if known > 0, have % known == 0 { dims[rest] = have / known } else { mismatch(&query, have) }
      } else if let count = query.product(dims), count != have {
        mismatch(&query, have)
      }
      return [TensorType(dtype, PartialShape(dims))]
    }

    private static func mismatch(_ query: inout ShapeQuery, _ have: Int) {
      let wanted = query.attributes.ints("shape", default: [])
      query.reject(
        "\(query.shape(0)) has \(have) elements, which do not fill \(Attribute.ints(wanted))",
        mend: "choose a shape with as many elements, or leave one extent to -1")
    }

    public static func gradient(_ builder: inout GradientBuilder) -> [Value?] {
      guard let g = builder.outputGradients[0], builder.needs(0) else { return [] }
      return builder.add(ReshapeLike.self, [g, builder.input(0)])
    }

    public static func receptiveField(_ site: NodeSite) -> FieldRule { .everything }

    @specialized(where T == Float)
    @specialized(where T == Double)
    public static func reference<T: ReferenceScalar>(_ site: NodeSite, _ type: T.Type) -> ReferenceKernel {
      ReshapeLike.copy(site)
    }

    public static func explain(_ site: NodeSite) -> String {
      "Writes \(site.inputShape(0)) as \(site.outputShape()), in the same order."
    }
  }
}
