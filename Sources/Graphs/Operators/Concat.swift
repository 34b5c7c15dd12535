import FoveaTensors

extension Op {
  /// Tensors side by side along one axis: inception's branches, a dense block's features, U-Net's skips.
  ///
  /// 1 to 512 tensors that differ at most along `axis` → Y. Attribute: `axis` (1).
  public enum Concat: Operator {
    public static let name = "Concat"
    public static let inputNames = ["X"]
    public static let nonFloatInputs: Set<Int> = [0]
    public static let isVariadic = true
    /// A limit that no network meets; `ConcatBackward` names its operands one by one.
    public static let largestCount = 512

    public static func infer(_ query: inout ShapeQuery) -> [TensorType] {
      let dtype = query.dtype(0)
      let shapes = query.inputs.map { $0?.shape ?? .unknown }
      if shapes.count > largestCount {
        query.reject("\(shapes.count) tensors to put side by side", mend: "give 1 to \(largestCount)")
      }
      for index in query.inputs.indices where query.has(index) && query.dtype(index) != dtype {
        query.reject(
          "\(label(index)) has elements of type \(query.dtype(index).rawValue), the first of \(dtype.rawValue)",
          mend: "convert all to one type")
      }
      guard let first = shapes.first(where: { $0.rank != nil }), let rank = first.rank else {
        return [TensorType(dtype, .unknown)]
      }
      guard let axis = axis(&query, rank: rank, of: first) else { return [TensorType(dtype, .unknown(rank: rank))] }
      var dims = [Int?](repeating: nil, count: rank)
      var total: Int? = 0
      for (index, shape) in shapes.enumerated() {
        if let own = shape.rank, own != rank {
          query.reject(
            "\(label(index)) \(shape) has \(own) axes, the first \(first) has \(rank)",
            mend: "give all the same number of axes")
          total = nil
          continue
        }
        total = total.flatMap { sum in shape[axis].map { Cost.sum(sum, $0) } }
        for other in 0..<rank where other != axis {
          guard let extent = shape[other] else { continue }
          if let known = dims[other], known != extent {
            query.reject(
              "\(label(index)) is \(shape): \(extent) along axis \(other), where the others have \(known)",
              mend: "make all the same along every axis but \(axis)")
          }
          dims[other] = dims[other] ?? extent
        }
      }
      dims[axis] = total
      return [TensorType(dtype, PartialShape(dims))]
    }

    private static func label(_ index: Int) -> String { "tensor \(index + 1)" }

    private static func axis(_ query: inout ShapeQuery, rank: Int, of shape: PartialShape) -> Int? {
      let axis = query.attributes.int("axis", default: 1)
      if axis >= -rank, axis < rank { return axis < 0 ? axis + rank : axis }
      query.reject(
        "axis \(axis) of \(shape), which has \(rank) axes", mend: "choose an axis from \(-rank) to \(rank - 1)")
      return nil
    }

    /// The axis of a node, counted from the front.
    public static func axis(_ site: NodeSite, rank: Int) -> Int {
      let axis = site.attributes.int("axis", default: 1)
      return axis < 0 ? axis + rank : axis
    }

    public static func gradient(_ builder: inout GradientBuilder) -> [Value?] {
      guard let g = builder.outputGradients[0] else { return [] }
      let parts = builder.add(ConcatBackward.self, [g] + builder.inputs, builder.attributes)
      return parts.enumerated().map { builder.needs($0.offset) ? $0.element : nil }
    }

    /// How many neighbouring bytes each part holds for each position of the axes before, and how many such
    /// positions there are.
    static func runs(_ shapes: [Shape], axis: Int, width: Int) -> (outer: Int, bytes: [Int]) {
      let outer = shapes[0].dims[..<axis].reduce(1, *)
      return (outer, shapes.map { $0.dims[axis...].reduce(1, *) * width })
    }

    @specialized(where T == Float)
    @specialized(where T == Double)
    public static func reference<T: ReferenceScalar>(_ site: NodeSite, _ type: T.Type) -> ReferenceKernel {
      let shapes = site.inputs.indices.map { site.inputShape($0) }
      let axis = axis(site, rank: shapes[0].rank)
      let (outer, bytes) = runs(shapes, axis: axis, width: site.outputs[0].dtype.size)
      return { buffers in
        var target = buffers.output(0, as: UInt8.self)
        for position in 0..<outer {
          for index in 0..<bytes.count {
            target.update(from: buffers.input(index, as: UInt8.self) + position * bytes[index], count: bytes[index])
            target += bytes[index]
          }
        }
      }
    }

    public static func explain(_ site: NodeSite) -> String {
      let axis = axis(site, rank: site.outputShape().rank)
      let extents = site.inputs.indices.map { "\(site.inputShape($0)[axis])" }
      return
        "Puts \(extents.count) tensors side by side along axis \(axis): \(extents.joined(separator: " + ")) = "
        + "\(site.outputShape()[axis])."
    }
  }

  /// The gradient of `Concat`: each part gets its own piece.
  ///
  /// dY, the parts (shape only) → one piece like each part. Attribute: `axis` (1).
  public enum ConcatBackward: Operator {
    public static let name = "ConcatBackward"
    public static let inputNames = ["dY"] + (1...Concat.largestCount).map { "part \($0)" }
    public static let optionalInputs = Set(2...Concat.largestCount)
    public static let shapeOnlyInputs = Set(1...Concat.largestCount)

    public static func infer(_ query: inout ShapeQuery) -> [TensorType] {
      let parts = query.inputs.dropFirst().map { $0?.shape ?? .unknown }
      for index in query.inputs.indices where !query.has(index) {
        query.reject("operand \(index + 1) of \(query.inputs.count) is left out", mend: "connect every one")
      }
      let g = query.shape(0)
      if let rank = g.rank, let axis = query.axis(default: 1, rank: rank) {
        var total: Int? = 0
        for part in parts { total = total.flatMap { sum in part[axis].map { Cost.sum(sum, $0) } } }
        var fits = parts.allSatisfy { $0.rank == nil || $0.rank == rank }
        if let total, let whole = g[axis], total != whole { fits = false }
        if !fits {
          query.reject(
            "the parts \(parts.map(\.description).joined(separator: ", ")) are not what \(g) was put together from",
            mend: "give the tensors that were put side by side")
        }
      }
      return parts.map { TensorType(query.dtype(0), $0) }
    }

    public static func gradient(_ builder: inout GradientBuilder) -> [Value?] {
      guard builder.needs(0) else { return [] }
      let pieces = builder.outputs.indices.map { index in
        builder.outputGradients[index] ?? builder.zeros(like: builder.outputs[index])
      }
      return builder.add(Concat.self, pieces, builder.attributes)
    }

    @specialized(where T == Float)
    @specialized(where T == Double)
    public static func reference<T: ReferenceScalar>(_ site: NodeSite, _ type: T.Type) -> ReferenceKernel {
      let shapes = site.outputs.indices.map { site.outputShape($0) }
      let axis = Concat.axis(site, rank: shapes[0].rank)
      let (outer, bytes) = Concat.runs(shapes, axis: axis, width: site.outputs[0].dtype.size)
      return { buffers in
        var source = buffers.input(0, as: UInt8.self)
        for position in 0..<outer {
          for index in 0..<bytes.count {
            (buffers.output(index, as: UInt8.self) + position * bytes[index]).update(from: source, count: bytes[index])
            source += bytes[index]
          }
        }
      }
    }

    public static func explain(_ site: NodeSite) -> String {
      "Cuts the gradient \(site.inputShape(0)) into \(site.outputs.count) pieces, one for each tensor that was put "
        + "side by side."
    }
  }
}
