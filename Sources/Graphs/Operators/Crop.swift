import FoveaTensors

extension Op {
  /// Cuts a value to the spatial size of another: U-Net's skips (Ronneberger et al. 2015), FCN's scores (Long et al.
  /// 2015).
  ///
  /// X [N, C, spatial…], like [·, ·, spatial′…] (shape only) → Y [N, C, spatial′…]. Attribute: `offset`, where the
  /// cut begins along each spatial axis (missing: in the middle, the odd place at the end).
  public enum Crop: Operator {
    public static let name = "Crop"
    public static let inputNames = ["X", "like"]
    public static let nonFloatInputs: Set<Int> = [0]
    public static let shapeOnlyInputs: Set<Int> = [1]

    public static func infer(_ query: inout ShapeQuery) -> [TensorType] {
      [TensorType(query.dtype(0), cut(&query, whole: 0, like: 1))]
    }

    /// The shape of what is cut out of an operand, with the spatial extents of another.
    static func cut(_ query: inout ShapeQuery, whole: Int, like: Int) -> PartialShape {
      let (x, small) = (query.shape(whole), query.shape(like))
      guard let rank = x.rank ?? small.rank else { return .unknown }
      query.requireRank(rank, ofInput: like, axesOf: query.name(whole))
      guard rank > 2, small.rank ?? rank == rank else {
        if rank < 3 { query.reject("X \(x) has no spatial axes", mend: "give an input N×C×spatial…") }
        return .unknown(rank: rank)
      }
      let offset = query.attributes.ints("offset", default: [])
      if query.attributes["offset"] != nil, offset.count != rank - 2 {
        query.reject(
          "offset \(Attribute.ints(offset)) for \(x)", mend: "give one per spatial axis, \(rank - 2) in all")
        return PartialShape([x[0], x[1]] + (2..<rank).map { small[$0] })
      }
      for axis in 2..<rank {
        let start = axis - 2 < offset.count ? offset[axis - 2] : 0
        if !(0...ConvGeometry.largest).contains(start) {
          query.reject("an offset of \(start)", mend: "give offsets from 0 to \(ConvGeometry.largest)")
        } else if let from = x[axis], let to = small[axis], from - start < to {
          query.reject(
            "\(x) has no \(to) places\(start > 0 ? " from \(start) on" : "") along axis \(axis), as \(small) has",
            mend: "cut the larger of the two, or pad")
        }
      }
      return PartialShape([x[0], x[1]] + (2..<rank).map { small[$0] })
    }

    public static func gradient(_ builder: inout GradientBuilder) -> [Value?] {
      guard let g = builder.outputGradients[0], builder.needs(0) else { return [] }
      return builder.add(CropBackward.self, [g, builder.input(0)], builder.attributes)
    }

    /// Where the part begins in the whole, in elements.
    static func start(_ attributes: Attributes, whole: Shape, part: Shape) -> Int {
      let offset = attributes.ints("offset", default: [])
      return (2..<whole.rank).reduce(0) { sum, axis in
        let first = axis - 2 < offset.count ? offset[axis - 2] : (whole[axis] - part[axis]) / 2
        return sum + first * whole.strides[axis]
      }
    }

    @specialized(where T == Float)
    @specialized(where T == Double)
    public static func reference<T: ReferenceScalar>(_ site: NodeSite, _ type: T.Type) -> ReferenceKernel {
      let (x, y) = (site.inputShape(0), site.outputShape())
      let start = start(site.attributes, whole: x, part: y)
      let copy = StridedCopy(y.dims, from: x.strides, to: y.strides, start: (start, 0))
      let width = site.outputs[0].dtype.size
      return { buffers in
        copy.run(buffers.input(0, as: UInt8.self), buffers.output(0, as: UInt8.self), width: width)
      }
    }

    public static func explain(_ site: NodeSite) -> String {
      "Cuts \(site.outputShape()) out of \(site.inputShape(0)), to fit what it is joined with."
    }
  }

  /// The gradient of `Crop`: the part's gradient at its place, zeros around it.
  ///
  /// dY, X (shape only) → dX like X. Attribute: `offset`.
  public enum CropBackward: Operator {
    public static let name = "CropBackward"
    public static let inputNames = ["dY", "X"]
    public static let shapeOnlyInputs: Set<Int> = [1]

    public static func infer(_ query: inout ShapeQuery) -> [TensorType] {
      let part = Crop.cut(&query, whole: 1, like: 0)
      query.requireShape(part, ofInput: 0, mend: "give the gradient of this very part")
      return [TensorType(query.dtype(0), query.shape(1))]
    }

    public static func gradient(_ builder: inout GradientBuilder) -> [Value?] {
      guard let g = builder.outputGradients[0], builder.needs(0) else { return [] }
      return builder.add(Crop.self, [g, builder.input(0)], builder.attributes)
    }

    @specialized(where T == Float)
    @specialized(where T == Double)
    public static func reference<T: ReferenceScalar>(_ site: NodeSite, _ type: T.Type) -> ReferenceKernel {
      let (g, x) = (site.inputShape(0), site.outputShape())
      let start = Crop.start(site.attributes, whole: x, part: g)
      let copy = StridedCopy(g.dims, from: g.strides, to: x.strides, start: (0, start))
      let width = site.outputs[0].dtype.size
      let bytes = x.count * width
      return { buffers in
        let dx = buffers.output(0, as: UInt8.self)
        StridedCopy.clear(dx, bytes: bytes)
        copy.run(buffers.input(0, as: UInt8.self), dx, width: width)
      }
    }

    public static func explain(_ site: NodeSite) -> String {
      "Puts the gradient \(site.inputShape(0)) back at its place in \(site.outputShape()), zeros around it."
    }
  }
}
