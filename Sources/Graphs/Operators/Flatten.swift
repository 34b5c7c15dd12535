import FoveaTensors

extension Op {
  /// Makes a matrix: the axes before `axis` become rows, the others columns.
  ///
  /// X [d0, …] → Y [d0·…·d(axis−1), d(axis)·…]. Attribute: `axis` (1; negative counts from the end).
  public enum Flatten: Operator {
    public static let name = "Flatten"
    public static let inputNames = ["X"]
    public static let nonFloatInputs: Set<Int> = [0]
    public static let isView = true
    public static let inPlace = [(output: 0, input: 0)]

    public static func infer(_ query: inout ShapeQuery) -> [TensorType] {
      guard let dims = query.shape(0).dims, let axis = query.axis(default: 1, rank: dims.count, past: 1) else {
        return [TensorType(query.dtype(0), .unknown(rank: 2))]
      }
      let rows = query.product(dims[..<axis])
      let columns = query.product(dims[axis...])
      return [TensorType(query.dtype(0), PartialShape([rows, columns]))]
    }

    public static func gradient(_ builder: inout GradientBuilder) -> [Value?] {
      guard let g = builder.outputGradients[0], builder.needs(0) else { return [] }
      return builder.add(ReshapeLike.self, [g, builder.input(0)])
    }

    public static func receptiveField(_ site: NodeSite) -> FieldRule { .everything }

    public static func reference<T: ReferenceScalar>(_ site: NodeSite, _ type: T.Type) -> ReferenceKernel {
      ReshapeLike.copy(site)
    }

    public static func explain(_ site: NodeSite) -> String {
      let y = site.outputShape()
      return "Writes \(site.inputShape(0)) as \(y[0]) rows of \(y[1]) numbers, in the same order."
    }
  }

  /// Gives a tensor the shape of a reference operand with as many elements: the gradient of a reshape.
  ///
  /// X, like (shape only) → Y like `like`.
  public enum ReshapeLike: Operator {
    public static let name = "ReshapeLike"
    public static let inputNames = ["X", "like"]
    public static let nonFloatInputs: Set<Int> = [0]
    public static let shapeOnlyInputs: Set<Int> = [1]
    public static let isView = true
    public static let inPlace = [(output: 0, input: 0)]

    public static func infer(_ query: inout ShapeQuery) -> [TensorType] {
      let have = query.shape(0).dims.flatMap { query.product($0) }
      let wanted = query.shape(1).dims.flatMap { query.product($0) }
      if let have, let wanted, have != wanted {
        query.reject(
          "\(query.shape(0)) has \(have) elements, \(query.shape(1)) has \(wanted)",
          mend: "reshape to as many elements")
      }
      return [TensorType(query.dtype(0), query.shape(1))]
    }

    public static func gradient(_ builder: inout GradientBuilder) -> [Value?] {
      guard let g = builder.outputGradients[0], builder.needs(0) else { return [] }
      return builder.add(ReshapeLike.self, [g, builder.input(0)])
    }

    public static func receptiveField(_ site: NodeSite) -> FieldRule { .everything }

    public static func reference<T: ReferenceScalar>(_ site: NodeSite, _ type: T.Type) -> ReferenceKernel { copy(site) }

    /// Copies bytes, so that any element type may be reshaped.
    static func copy(_ site: NodeSite) -> ReferenceKernel {
      let bytes = site.outputShape().count * site.outputs[0].dtype.size
      return { buffers in
        buffers.output(0, as: UInt8.self).update(from: buffers.input(0, as: UInt8.self), count: bytes)
      }
    }

    public static func explain(_ site: NodeSite) -> String {
      "Writes \(site.inputShape(0)) as \(site.outputShape()), in the same order."
    }
  }
}
