import FoveaTensors

extension Op {
  /// The mean of each channel over all places (Lin et al. 2013): it takes the place of flattening.
  ///
  /// X [N, C, spatial…] → Y [N, C, 1…].
  public enum GlobalAveragePool: Operator {
    public static let name = "GlobalAveragePool"
    public static let inputNames = ["X"]

    public static func infer(_ query: inout ShapeQuery) -> [TensorType] {
      query.requireFloat()
      return [TensorType(query.dtype(0), pooled(&query, x: 0))]
    }

    /// The shape of the means.
    static func pooled(_ query: inout ShapeQuery, x index: Int) -> PartialShape {
      guard let dims = query.shape(index).dims else { return .unknown }
      if dims.count < 3 {
        query.reject("X \(query.shape(index)) has no spatial axes", mend: "give an input N×C×spatial…")
        return query.shape(index)
      }
      return PartialShape(Array(dims.prefix(2)) + [Int?](repeating: 1, count: dims.count - 2))
    }

    public static func gradient(_ builder: inout GradientBuilder) -> [Value?] {
      guard let g = builder.outputGradients[0], builder.needs(0) else { return [] }
      return builder.add(GlobalAveragePoolBackward.self, [g, builder.input(0)])
    }

    public static func receptiveField(_ site: NodeSite) -> FieldRule { .everything }

    @specialized(where T == Float)
    @specialized(where T == Double)
    public static func reference<T: ReferenceScalar>(_ site: NodeSite, _ type: T.Type) -> ReferenceKernel {
      let x = site.inputShape(0)
      let planes = x[0] * x[1]
      let plane = x.dims.dropFirst(2).reduce(1, *)
      return { buffers in
        let y = buffers.output(0, as: T.self)
        for index in 0..<planes {
          let source = buffers.input(0, as: T.self) + index * plane
          y[index] = ElementLoss.sum(plane) { source[$0] } / T(max(plane, 1))
        }
      }
    }

    public static func explain(_ site: NodeSite) -> String {
      let x = site.inputShape(0)
      return
        "Takes the mean of each of the \(x[1]) channels over its \(x.dims.dropFirst(2).reduce(1, *)) places: \(x) becomes "
        + "\(site.outputShape()), wherever in the picture something was."
    }
  }

  /// The gradient of `GlobalAveragePool`: in equal parts to all places.
  ///
  /// dY [N, C, 1…], X (shape only) → dX like X.
  public enum GlobalAveragePoolBackward: Operator {
    public static let name = "GlobalAveragePoolBackward"
    public static let inputNames = ["dY", "X"]
    public static let shapeOnlyInputs: Set<Int> = [1]

    public static func infer(_ query: inout ShapeQuery) -> [TensorType] {
      let y = GlobalAveragePool.pooled(&query, x: 1)
      query.requireShape(y, ofInput: 0, mend: "give what belongs to this very pooling's output")
      return [TensorType(query.dtype(0), query.shape(1))]
    }

    public static func gradient(_ builder: inout GradientBuilder) -> [Value?] {
      guard let g = builder.outputGradients[0], builder.needs(0) else { return [] }
      return builder.add(GlobalAveragePool.self, [g])
    }

    @specialized(where T == Float)
    @specialized(where T == Double)
    public static func reference<T: ReferenceScalar>(_ site: NodeSite, _ type: T.Type) -> ReferenceKernel {
      let x = site.outputShape()
      let planes = x[0] * x[1]
      let plane = x.dims.dropFirst(2).reduce(1, *)
      return { buffers in
        let dy = buffers.input(0, as: T.self)
        let dx = buffers.output(0, as: T.self)
        for index in 0..<planes { (dx + index * plane).update(repeating: dy[index] / T(plane), count: plane) }
      }
    }

    public static func explain(_ site: NodeSite) -> String {
      "Spreads each of the \(site.inputShape(0).count) gradients evenly over the "
        + "\(site.outputShape().dims.dropFirst(2).reduce(1, *)) places of its channel."
    }
  }
}
