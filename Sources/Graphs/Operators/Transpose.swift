import FoveaTensors

extension Op {
  /// The axes in another order.
  ///
  /// X → Y, whose axis i is axis perm[i] of X. Attribute: `perm` (missing: the axes turned around).
  public enum Transpose: Operator {
    public static let name = "Transpose"
    public static let inputNames = ["X"]
    public static let nonFloatInputs: Set<Int> = [0]

    public static func infer(_ query: inout ShapeQuery) -> [TensorType] {
      let given = query.attributes.ints("perm", default: [])
      guard let dims = query.shape(0).dims else {
        return [TensorType(query.dtype(0), given.isEmpty ? .unknown : .unknown(rank: given.count))]
      }
      let order = order(query.attributes, rank: dims.count)
      guard order.sorted() == Array(dims.indices) else {
        query.reject(
          "the order \(Attribute.ints(given)) of the axes of \(query.shape(0))",
          mend: "name each axis from 0 to \(dims.count - 1) once")
        return [TensorType(query.dtype(0), .unknown(rank: dims.count))]
      }
      return [TensorType(query.dtype(0), PartialShape(order.map { dims[$0] }))]
    }

    private static func order(_ attributes: Attributes, rank: Int) -> [Int] {
      attributes.ints("perm", default: (0..<rank).reversed())
    }

    public static func gradient(_ builder: inout GradientBuilder) -> [Value?] {
      guard let g = builder.outputGradients[0], builder.needs(0) else { return [] }
      let order = builder.attributes.ints("perm", default: [])
      var inverse = order
      for (place, axis) in order.enumerated() where inverse.indices.contains(axis) { inverse[axis] = place }
      return builder.add(Transpose.self, [g], order.isEmpty ? [:] : ["perm": .ints(inverse)])
    }

    /// Spatial axes that change places are no longer followed.
    public static func receptiveField(_ site: NodeSite) -> FieldRule {
      let rank = site.inputShape(0).rank
      let order = order(site.attributes, rank: rank)
      return rank < 3 || order.dropFirst(2) == Array(0..<rank).dropFirst(2) ? .pointwise : .everything
    }

    @specialized(where T == Float)
    @specialized(where T == Double)
    public static func reference<T: ReferenceScalar>(_ site: NodeSite, _ type: T.Type) -> ReferenceKernel {
      let x = site.inputShape(0)
      let y = site.outputShape()
      let strides = x.strides
      let copy = StridedCopy(
        y.dims, from: order(site.attributes, rank: x.rank).map { strides[$0] }, to: y.strides)
      let width = site.outputs[0].dtype.size
      return { buffers in
        copy.run(buffers.input(0, as: UInt8.self), buffers.output(0, as: UInt8.self), width: width)
      }
    }

    public static func explain(_ site: NodeSite) -> String {
      let order = order(site.attributes, rank: site.inputShape(0).rank)
      return "Puts the axes of \(site.inputShape(0)) in the order \(Attribute.ints(order)): \(site.outputShape())."
    }
  }
}
