import FoveaTensors

extension Op {
  /// A tensor several times beside itself along its axes.
  ///
  /// X [d…] → Y [d·r…]. Attribute: `repeats`, one count per axis, each at least 1 (in ONNX an input).
  public enum Tile: Operator {
    public static let name = "Tile"
    public static let inputNames = ["X"]
    public static let nonFloatInputs: Set<Int> = [0]

    public static func infer(_ query: inout ShapeQuery) -> [TensorType] {
      [TensorType(query.dtype(0), result(&query, of: 0))]
    }

    /// The shape of all tiles together.
    static func result(_ query: inout ShapeQuery, of index: Int) -> PartialShape {
      let repeats = query.attributes.ints("repeats", default: [])
      let x = query.shape(index)
      guard repeats.count == x.rank ?? repeats.count, repeats.allSatisfy({ $0 >= 1 }) else {
        query.reject(
          "the repeats \(Attribute.ints(repeats)) of \(x)",
          mend: x.rank.map { "give \($0) counts of at least 1: one per axis" } ?? "give counts of at least 1")
        return x.rank.map { .unknown(rank: $0) } ?? .unknown
      }
      // Too large a product is reported with the result.
      return PartialShape(repeats.indices.map { axis in x[axis].map { Cost.product($0, repeats[axis]) } })
    }

    /// All tiles, with an axis for the repeats before each axis of a tile.
    static func shapes(_ tile: Shape, _ attributes: Attributes) -> (full: Shape, small: Shape) {
      let repeats = attributes.ints("repeats", default: [])
      return (
        Shape(zip(repeats, tile.dims).flatMap { [$0, $1] }), Shape(tile.dims.flatMap { [1, $0] })
      )
    }

    public static func gradient(_ builder: inout GradientBuilder) -> [Value?] {
      guard let g = builder.outputGradients[0], builder.needs(0) else { return [] }
      return builder.add(TileBackward.self, [g, builder.input(0)], builder.attributes)
    }

    public static func receptiveField(_ site: NodeSite) -> FieldRule { .everything }

    @specialized(where T == Float)
    @specialized(where T == Double)
    public static func reference<T: ReferenceScalar>(_ site: NodeSite, _ type: T.Type) -> ReferenceKernel {
      let (full, small) = shapes(site.inputShape(0), site.attributes)
      let copy = StridedCopy(full.dims, from: Broadcast.strides(of: small, in: full), to: full.strides)
      let width = site.outputs[0].dtype.size
      return { buffers in
        copy.run(buffers.input(0, as: UInt8.self), buffers.output(0, as: UInt8.self), width: width)
      }
    }

    public static func explain(_ site: NodeSite) -> String {
      "Writes \(site.inputShape(0)) \(site.outputShape().count / max(site.inputShape(0).count, 1)) times beside itself: "
        + "\(site.outputShape())."
    }
  }

  /// The gradient of `Tile`: the sum over all tiles.
  ///
  /// dY, X (shape only) → dX like X. Attribute: `repeats`.
  public enum TileBackward: Operator {
    public static let name = "TileBackward"
    public static let inputNames = ["dY", "X"]
    public static let shapeOnlyInputs: Set<Int> = [1]

    public static func infer(_ query: inout ShapeQuery) -> [TensorType] {
      query.requireFloat()
      let full = Tile.result(&query, of: 1)
      query.requireShape(full, ofInput: 0, mend: "give the gradient of these very tiles")
      return [TensorType(query.dtype(0), query.shape(1))]
    }

    public static func gradient(_ builder: inout GradientBuilder) -> [Value?] {
      guard let g = builder.outputGradients[0], builder.needs(0) else { return [] }
      return builder.add(Tile.self, [g], builder.attributes)
    }

    public static func receptiveField(_ site: NodeSite) -> FieldRule { .everything }

    @specialized(where T == Float)
    @specialized(where T == Double)
    public static func reference<T: ReferenceScalar>(_ site: NodeSite, _ type: T.Type) -> ReferenceKernel {
      let (full, small) = Tile.shapes(site.outputShape(), site.attributes)
      let walk = RepeatWalk(full: full, small: small)
      return { buffers in
        let dy = buffers.input(0, as: T.self)
        let dx = buffers.output(0, as: T.self)
        dx.update(repeating: 0, count: walk.smallCount)
        walk.forEach { at, small in dx[small] += dy[at] }
      }
    }

    public static func explain(_ site: NodeSite) -> String {
      "Sums the gradients \(site.inputShape(0)) of all tiles into \(site.outputShape())."
    }
  }
}
