import FoveaTensors

extension Op {
  /// Elements of a tensor by their positions along one axis: Y[…, i, …] = data[…, indices[…, i, …], …].
  ///
  /// data, indices (i32 or i64; as many axes, along the others at most as long) → Y like indices.
  /// Attribute: `axis` (0). Negative positions count from the end; one outside gives 0.
  public enum GatherElements: Operator {
    public static let name = "GatherElements"
    public static let inputNames = ["data", "indices"]
    public static let nonFloatInputs: Set<Int> = [0, 1]

    public static func infer(_ query: inout ShapeQuery) -> [TensorType] {
      check(&query, data: 0)
      return [TensorType(query.dtype(0), query.shape(1))]
    }

    /// Reports positions that are none, or that lie beside the data.
    static func check(_ query: inout ShapeQuery, data: Int) {
      Positions.require(&query, 1)
      guard let dims = query.shape(data).dims, let axis = query.axis(of: data, default: 0, rank: dims.count),
        let places = query.shape(1).dims
      else { return }
      let fits =
        places.count == dims.count
        && zip(places, dims).enumerated().allSatisfy { index, pair in
          guard index != axis, let mine = pair.0, let whole = pair.1 else { return true }
          return mine <= whole
        }
      if !fits {
        query.reject(
          "indices \(query.shape(1)) for \(query.shape(data)) along axis \(axis)",
          mend: "give as many axes, and along the others no larger extents")
      }
    }

    /// The positions in order, and where each would stand in the data with position 0.
    static func walk(_ indices: Shape, data: Shape, _ attributes: Attributes) -> (walk: PartWalk, stride: Int) {
      let given = attributes.int("axis", default: 0)
      let axis = given < 0 ? given + data.rank : given
      var strides = data.strides
      let stride = strides[axis]
      strides[axis] = 0
      return (PartWalk(indices.dims, strides: strides), stride)
    }

    public static func gradient(_ builder: inout GradientBuilder) -> [Value?] {
      guard let g = builder.outputGradients[0], builder.needs(0) else { return [] }
      return builder.add(GatherElementsBackward.self, [g, builder.input(1), builder.input(0)], builder.attributes)
    }

    public static func receptiveField(_ site: NodeSite) -> FieldRule {
      let axis = site.attributes.int("axis", default: 0)
      return (axis < 0 ? axis + site.inputShape(0).rank : axis) >= 2 ? .everything : .pointwise
    }

    @specialized(where T == Float)
    @specialized(where T == Double)
    public static func reference<T: ReferenceScalar>(_ site: NodeSite, _ type: T.Type) -> ReferenceKernel {
      let data = site.inputShape(0)
      let (walk, stride) = walk(site.inputShape(1), data: data, site.attributes)
      let position = Positions(
        site.inputs[1]?.dtype, extent: AxisLoop(data, axis: site.attributes.int("axis", default: 0)).extent)
      let width = site.outputs[0].dtype.size
      return { buffers in
        let x = buffers.input(0, as: UInt8.self)
        let y = buffers.output(0, as: UInt8.self)
        walk.forEach { at, start in
          if let place = position(buffers.input(1, as: UInt8.self), at) {
            (y + at * width).update(from: x + (start + place * stride) * width, count: width)
          } else {
            (y + at * width).update(repeating: 0, count: width)
          }
        }
      }
    }

    public static func explain(_ site: NodeSite) -> String {
      "Takes \(site.outputShape().count) numbers of \(site.inputShape(0)) by their positions along axis "
        + "\(site.attributes.int("axis", default: 0))."
    }
  }

  /// The gradient of `GatherElements`: each gradient is added where its element was taken from.
  ///
  /// dY, indices, data (shape only) → like data. Attribute: `axis` (0).
  public enum GatherElementsBackward: Operator {
    public static let name = "GatherElementsBackward"
    public static let inputNames = ["dY", "indices", "data"]
    public static let nonFloatInputs: Set<Int> = [1]
    public static let shapeOnlyInputs: Set<Int> = [2]

    public static func infer(_ query: inout ShapeQuery) -> [TensorType] {
      query.requireFloat()
      GatherElements.check(&query, data: 2)
      query.requireShape(query.shape(1), ofInput: 0, mend: "give one gradient for each position")
      return [TensorType(query.dtype(0), query.shape(2))]
    }

    public static func gradient(_ builder: inout GradientBuilder) -> [Value?] {
      guard let g = builder.outputGradients[0], builder.needs(0) else { return [] }
      return builder.add(GatherElements.self, [g, builder.input(1)], builder.attributes)
    }

    @specialized(where T == Float)
    @specialized(where T == Double)
    public static func reference<T: ReferenceScalar>(_ site: NodeSite, _ type: T.Type) -> ReferenceKernel {
      let data = site.outputShape()
      let (walk, stride) = GatherElements.walk(site.inputShape(1), data: data, site.attributes)
      let position = Positions(
        site.inputs[1]?.dtype, extent: AxisLoop(data, axis: site.attributes.int("axis", default: 0)).extent)
      return { buffers in
        let dy = buffers.input(0, as: T.self)
        let dx = buffers.output(0, as: T.self)
        dx.update(repeating: 0, count: data.count)
        walk.forEach { at, start in
          if let place = position(buffers.input(1, as: UInt8.self), at) { dx[start + place * stride] += dy[at] }
        }
      }
    }

    public static func explain(_ site: NodeSite) -> String {
      "Adds each of the \(site.inputShape(0).count) gradients where in \(site.outputShape()) its number was taken from."
    }
  }
}
