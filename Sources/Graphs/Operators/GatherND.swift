import FoveaTensors

extension Op {
  /// Parts of a tensor by their positions along its first axes: each row of `indices` names one.
  ///
  /// data [b…, D1…Dk, r…], indices [b…, i…, k] (i32 or i64) → Y [b…, i…, r…]. Attribute: `batch_dims` (0), how many
  /// leading axes b… both share. Negative positions count from the end; one outside gives zeros.
  public enum GatherND: Operator {
    public static let name = "GatherND"
    public static let inputNames = ["data", "indices"]
    public static let nonFloatInputs: Set<Int> = [0, 1]

    public static func infer(_ query: inout ShapeQuery) -> [TensorType] {
      Positions.require(&query, 1)
      let batch = query.attributes.int("batch_dims", default: 0)
      return [TensorType(query.dtype(0), parts(&query, data: 0, batch: batch))]
    }

    /// The shape of the parts that rows of positions name.
    static func parts(_ query: inout ShapeQuery, data: Int, batch: Int) -> PartialShape {
      guard let dims = query.shape(data).dims, let places = query.shape(1).dims else { return .unknown }
      guard batch >= 0, batch < dims.count, batch < places.count else {
        query.reject(
          "\(batch) shared axes of \(query.shape(data)) and \(query.shape(1))",
          mend: "let both share fewer axes than either has")
        return .unknown
      }
      for axis in 0..<batch {
        if let own = dims[axis], let other = places[axis], own != other {
          query.reject(
            "axis \(axis) is shared, but \(query.shape(data)) has \(own) places there and \(query.shape(1)) has \(other)",
            mend: "give both the same extent")
        }
      }
      guard let depth = places[places.count - 1] else { return .unknown }
      guard depth >= 1, batch + depth <= dims.count else {
        query.reject(
          "positions along \(depth) axes of \(query.shape(data))",
          mend: "let the last axis of indices have from 1 to \(dims.count - batch) places")
        return .unknown
      }
      return PartialShape(Array(places.dropLast()) + Array(dims[(batch + depth)...]))
    }

    public static func gradient(_ builder: inout GradientBuilder) -> [Value?] {
      guard let g = builder.outputGradients[0], builder.needs(0) else { return [] }
      return builder.add(GatherNDBackward.self, [g, builder.input(1), builder.input(0)], builder.attributes)
    }

    public static func receptiveField(_ site: NodeSite) -> FieldRule { .everything }

    @specialized(where T == Float)
    @specialized(where T == Double)
    public static func reference<T: ReferenceScalar>(_ site: NodeSite, _ type: T.Type) -> ReferenceKernel {
      let rows = PositionRows(site, data: site.inputShape(0), indices: 1)
      let width = rows.part * site.outputs[0].dtype.size
      return { buffers in
        let x = buffers.input(0, as: UInt8.self)
        let y = buffers.output(0, as: UInt8.self)
        rows.forEach(buffers.input(1, as: UInt8.self)) { row, place in
          if let place {
            (y + row * width).update(from: x + place * width, count: width)
          } else {
            (y + row * width).update(repeating: 0, count: width)
          }
        }
      }
    }

    public static func explain(_ site: NodeSite) -> String {
      let rows = PositionRows(site, data: site.inputShape(0), indices: 1)
      return "Takes \(rows.count) parts of \(rows.part) numbers out of \(site.inputShape(0)) by their positions."
    }
  }

  /// The gradient of `GatherND`: each part's gradient is added where the part was taken from.
  ///
  /// dY, indices, data (shape only) → like data. Attribute: `batch_dims` (0).
  public enum GatherNDBackward: Operator {
    public static let name = "GatherNDBackward"
    public static let inputNames = ["dY", "indices", "data"]
    public static let nonFloatInputs: Set<Int> = [1]
    public static let shapeOnlyInputs: Set<Int> = [2]

    public static func infer(_ query: inout ShapeQuery) -> [TensorType] {
      query.requireFloat()
      Positions.require(&query, 1)
      let parts = GatherND.parts(&query, data: 2, batch: query.attributes.int("batch_dims", default: 0))
      query.requireShape(parts, ofInput: 0, mend: "give the gradient of these very parts")
      return [TensorType(query.dtype(0), query.shape(2))]
    }

    public static func gradient(_ builder: inout GradientBuilder) -> [Value?] {
      guard let g = builder.outputGradients[0], builder.needs(0) else { return [] }
      return builder.add(GatherND.self, [g, builder.input(1)], builder.attributes)
    }

    @specialized(where T == Float)
    @specialized(where T == Double)
    public static func reference<T: ReferenceScalar>(_ site: NodeSite, _ type: T.Type) -> ReferenceKernel {
      let rows = PositionRows(site, data: site.outputShape(), indices: 1)
      let total = site.outputShape().count
      return { buffers in
        let dy = buffers.input(0, as: T.self)
        let dx = buffers.output(0, as: T.self)
        dx.update(repeating: 0, count: total)
        rows.forEach(buffers.input(1, as: UInt8.self)) { row, place in
          guard let place else { return }
          for index in 0..<rows.part { dx[place * rows.part + index] += dy[row * rows.part + index] }
        }
      }
    }

    public static func explain(_ site: NodeSite) -> String {
      "Adds each of the \(site.inputShape(0).count) gradients where in \(site.outputShape()) its number was taken from."
    }
  }
}

/// Rows of positions along several axes of a tensor, and the parts that they name.
struct PositionRows: Sendable {
  /// How many rows there are.
  let count: Int
  /// Numbers in a part.
  let part: Int
  private let depth: Int
  private let perBatch: Int
  private let partsPerBatch: Int
  private let axes: [Positions]

  init(_ site: NodeSite, data: Shape, indices index: Int) {
    let places = site.inputShape(index)
    let batch = site.attributes.int("batch_dims", default: 0)
    depth = places[places.rank - 1]
    count = places.dims.dropLast().reduce(1, *)
    part = data.dims.dropFirst(batch + depth).reduce(1, *)
    perBatch = max(places.dims[batch..<(places.rank - 1)].reduce(1, *), 1)
    axes = data.dims[batch..<(batch + depth)].map { Positions(site.inputs[index]?.dtype, extent: $0) }
    partsPerBatch = axes.reduce(1) { $0 * $1.extent }
  }

  /// Calls `body` with each row and the number of the part that it names; nil when that lies outside.
  @inline(__always)
  func forEach(_ indices: UnsafePointer<UInt8>, _ body: (_ row: Int, _ part: Int?) -> Void) {
    for row in 0..<count {
      var place: Int? = 0
      for axis in 0..<depth {
        let position = axes[axis](indices, row * depth + axis)
        place = place.flatMap { before in position.map { before * axes[axis].extent + $0 } }
      }
      body(row, place.map { row / perBatch * partsPerBatch + $0 })
    }
  }
}
