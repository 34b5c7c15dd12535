import FoveaTensors

extension Op {
  /// Slices of a tensor along one axis, by their positions: rows of a table, channels in another order.
  ///
  /// data [a…, D, b…], indices [i…] (i32 or i64) → Y [a…, i…, b…]. Attribute: `axis` (0). Negative positions count
  /// from the end; one outside gives zeros.
  public enum Gather: Operator {
    public static let name = "Gather"
    public static let inputNames = ["data", "indices"]
    public static let nonFloatInputs: Set<Int> = [0, 1]

    public static func infer(_ query: inout ShapeQuery) -> [TensorType] {
      Positions.require(&query, 1)
      return [TensorType(query.dtype(0), result(&query, data: 0))]
    }

    /// The shape of the slices.
    static func result(_ query: inout ShapeQuery, data: Int) -> PartialShape {
      guard let dims = query.shape(data).dims, let axis = query.axis(of: data, default: 0, rank: dims.count),
        let places = query.shape(1).dims
      else { return .unknown }
      return PartialShape(Array(dims[..<axis]) + places + Array(dims[(axis + 1)...]))
    }

    public static func gradient(_ builder: inout GradientBuilder) -> [Value?] {
      guard let g = builder.outputGradients[0], builder.needs(0) else { return [] }
      return builder.add(GatherBackward.self, [g, builder.input(1), builder.input(0)], builder.attributes)
    }

    /// Slices from along a spatial axis may come from anywhere.
    public static func receptiveField(_ site: NodeSite) -> FieldRule {
      let axis = site.attributes.int("axis", default: 0)
      return (axis < 0 ? axis + site.inputShape(0).rank : axis) >= 2 || site.inputShape(1).rank != 1
        ? .everything : .pointwise
    }

    @specialized(where T == Float)
    @specialized(where T == Double)
    public static func reference<T: ReferenceScalar>(_ site: NodeSite, _ type: T.Type) -> ReferenceKernel {
      let loop = AxisLoop(site.inputShape(0), axis: site.attributes.int("axis", default: 0))
      let position = Positions(site.inputs[1]?.dtype, extent: loop.extent)
      let count = site.inputShape(1).count
      let bytes = loop.inner * site.outputs[0].dtype.size
      // However many slices of nothing there are.
      if bytes == 0 { return { _ in } }
      return { buffers in
        let x = buffers.input(0, as: UInt8.self)
        let y = buffers.output(0, as: UInt8.self)
        for outer in 0..<loop.outer {
          for index in 0..<count {
            let target = y + (outer * count + index) * bytes
            if let place = position(buffers.input(1, as: UInt8.self), index) {
              target.update(from: x + (outer * loop.extent + place) * bytes, count: bytes)
            } else {
              target.update(repeating: 0, count: bytes)
            }
          }
        }
      }
    }

    public static func explain(_ site: NodeSite) -> String {
      "Takes \(site.inputShape(1).count) slices of \(site.inputShape(0)) along axis \(site.attributes.int("axis", default: 0)): "
        + "\(site.outputShape())."
    }
  }

  /// The gradient of `Gather`: each slice's gradient is added where it was taken from.
  ///
  /// dY, indices, data (shape only) → like data. Attribute: `axis` (0).
  public enum GatherBackward: Operator {
    public static let name = "GatherBackward"
    public static let inputNames = ["dY", "indices", "data"]
    public static let nonFloatInputs: Set<Int> = [1]
    public static let shapeOnlyInputs: Set<Int> = [2]

    public static func infer(_ query: inout ShapeQuery) -> [TensorType] {
      query.requireFloat()
      Positions.require(&query, 1)
      let slices = Gather.result(&query, data: 2)
      query.requireShape(slices, ofInput: 0, mend: "give the gradient of these very slices")
      return [TensorType(query.dtype(0), query.shape(2))]
    }

    public static func gradient(_ builder: inout GradientBuilder) -> [Value?] {
      guard let g = builder.outputGradients[0], builder.needs(0) else { return [] }
      return builder.add(Gather.self, [g, builder.input(1)], builder.attributes)
    }

    @specialized(where T == Float)
    @specialized(where T == Double)
    public static func reference<T: ReferenceScalar>(_ site: NodeSite, _ type: T.Type) -> ReferenceKernel {
      let loop = AxisLoop(site.outputShape(), axis: site.attributes.int("axis", default: 0))
      let position = Positions(site.inputs[1]?.dtype, extent: loop.extent)
      let count = site.inputShape(1).count
      let total = site.outputShape().count
      return { buffers in
        let dy = buffers.input(0, as: T.self)
        let dx = buffers.output(0, as: T.self)
        dx.update(repeating: 0, count: total)
        for outer in 0..<loop.outer {
          for index in 0..<count {
            guard let place = position(buffers.input(1, as: UInt8.self), index) else { continue }
            let source = dy + (outer * count + index) * loop.inner
            let target = dx + (outer * loop.extent + place) * loop.inner
            for inner in 0..<loop.inner { target[inner] += source[inner] }
          }
        }
      }
    }

    public static func explain(_ site: NodeSite) -> String {
      "Adds the gradients of \(site.inputShape(1).count) slices where in \(site.outputShape()) they were taken from."
    }
  }
}
