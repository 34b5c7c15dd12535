import FoveaTensors

extension Op {
  /// Layer normalization (Ba et al. 2016): each example's numbers from `axis` on to mean 0 and variance 1, then
  /// scaled and shifted number by number.
  ///
  /// X [d0, …], Scale and B (optional) of shape [d(axis), …] → Y like X and, auxiliary, mean and 1/√(variance +
  /// epsilon) with the normalized extents 1. Attributes: `axis` (−1), `epsilon` (1e-5).
  public enum LayerNormalization: Operator {
    public static let name = "LayerNormalization"
    public static let inputNames = ["X", "Scale", "B"]
    public static let optionalInputs: Set<Int> = [1, 2]
    public static let auxiliaryOutputs: Set<Int> = [1, 2]

    public static func infer(_ query: inout ShapeQuery) -> [TensorType] {
      query.requireFloat()
      let (whole, statistics) = shapes(&query, x: 0, vectors: 1...2)
      let rows = TensorType(query.dtype(0), statistics)
      return [TensorType(query.dtype(0), whole), rows, rows]
    }

    /// The shapes of the result and of the statistics, after a look at the scale's and the shift's.
    static func shapes(
      _ query: inout ShapeQuery, x index: Int, vectors: ClosedRange<Int>
    ) -> (whole: PartialShape, statistics: PartialShape) {
      let x = query.shape(index)
      checkEpsilon(&query)
      guard let dims = x.dims, let axis = query.axis(default: -1, rank: dims.count) else { return (x, .unknown) }
      for vector in vectors {
        query.requireShape(
          PartialShape(Array(dims[axis...])), ofInput: vector, mend: "give one number for each normalized one")
      }
      return (x, PartialShape(dims.enumerated().map { $0.offset < axis ? $0.element : 1 }))
    }

    /// Reports an epsilon that does not keep roots away from 0.
    static func checkEpsilon(_ query: inout ShapeQuery) {
      let epsilon = query.attributes.float("epsilon", default: 1e-5)
      if !(epsilon >= 0 && epsilon.isFinite) {
        query.reject("epsilon \(epsilon)", mend: "give a small positive number such as 1e-5")
      }
    }

    public static func gradient(_ builder: inout GradientBuilder) -> [Value?] {
      guard let g = builder.outputGradients[0] else { return [] }
      let all = builder.add(
        LayerNormalizationBackward.self,
        [g, builder.input(0), builder.outputs[1], builder.outputs[2], builder.input(1)], builder.attributes)
      return [all[0], all[1], all[2]]
    }

    public static func receptiveField(_ site: NodeSite) -> FieldRule { .pointwise }

    @specialized(where T == Float)
    @specialized(where T == Double)
    public static func reference<T: ReferenceScalar>(_ site: NodeSite, _ type: T.Type) -> ReferenceKernel {
      let norm = norm(site, x: 0)
      let (hasScale, hasShift) = (site.has(1), site.has(2))
      return { buffers in
        norm.forward(
          buffers.input(0, as: T.self), hasScale ? buffers.input(1, as: T.self) : nil,
          hasShift ? buffers.input(2, as: T.self) : nil, buffers.output(0, as: T.self), buffers.output(1, as: T.self),
          buffers.output(2, as: T.self))
      }
    }

    /// The runs that are normalized.
    static func norm(_ site: NodeSite, x index: Int) -> RowNorm {
      let shape = site.inputShape(index)
      let axis = site.attributes.int("axis", default: -1)
      return RowNorm(layer: shape, axis: axis < 0 ? axis + shape.rank : axis, site.attributes)
    }

    public static func explain(_ site: NodeSite) -> String {
      let norm = norm(site, x: 0)
      return "Brings each of \(norm.runs) runs of \(norm.run) numbers to mean 0 and variance 1, then scales and shifts "
        + "number by number."
    }
  }

  /// The gradients of `LayerNormalization`.
  ///
  /// dY, X, Mean, InvStdDev (auxiliary outputs of `LayerNormalization`), Scale (optional) → dX like X, dScale and dB
  /// [d(axis), …]. Attributes: `axis`, `epsilon`.
  public enum LayerNormalizationBackward: Operator {
    public static let name = "LayerNormalizationBackward"
    public static let inputNames = ["dY", "X", "Mean", "InvStdDev", "Scale"]
    public static let optionalInputs: Set<Int> = [4]

    public static func infer(_ query: inout ShapeQuery) -> [TensorType] {
      let dtype = query.dtype(0)
      let x = query.shape(1)
      LayerNormalization.checkEpsilon(&query)
      query.requireShape(x, ofInput: 0, mend: "give the gradient of this very normalization's output")
      let axis = query.attributes.int("axis", default: -1)
      guard let dims = x.dims, (-dims.count..<dims.count).contains(axis) else {
        query.reject("axis \(axis) of \(x)", mend: "choose an axis that it has")
        return [TensorType(dtype, x), TensorType(dtype, .unknown), TensorType(dtype, .unknown)]
      }
      let first = axis < 0 ? axis + dims.count : axis
      let statistics = PartialShape(dims.enumerated().map { $0.offset < first ? $0.element : 1 })
      for index in 2...3 {
        query.requireShape(statistics, ofInput: index, mend: "give what belongs to this very normalization")
      }
      let scale = PartialShape(Array(dims[first...]))
      query.requireShape(scale, ofInput: 4, mend: "give one number for each normalized one")
      return [TensorType(dtype, x), TensorType(dtype, scale), TensorType(dtype, scale)]
    }

    public static var differentiability: Differentiability {
      .no(because: "second derivatives of layer normalization are not provided")
    }

    public static func gradient(_ builder: inout GradientBuilder) -> [Value?] { [] }

    @specialized(where T == Float)
    @specialized(where T == Double)
    public static func reference<T: ReferenceScalar>(_ site: NodeSite, _ type: T.Type) -> ReferenceKernel {
      let norm = LayerNormalization.norm(site, x: 1)
      let hasScale = site.has(4)
      return { buffers in
        norm.backward(
          buffers.input(0, as: T.self), buffers.input(1, as: T.self), hasScale ? buffers.input(4, as: T.self) : nil,
          buffers.input(2, as: T.self), buffers.input(3, as: T.self), buffers.output(0, as: T.self),
          buffers.output(1, as: T.self), buffers.output(2, as: T.self))
      }
    }

    public static func explain(_ site: NodeSite) -> String {
      let norm = LayerNormalization.norm(site, x: 1)
      return
        "Sends the gradient back through \(norm.runs) normalizations of \(norm.run) numbers, taking off what moved "
        + "the mean and the variance."
    }
  }
}
