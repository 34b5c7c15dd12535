import FoveaTensors

extension Op {
  /// Writes parts into a tensor by their positions along its first axes. The counterpart of `GatherND`.
  ///
  /// data [D1…Dk, r…], indices [i…, k] (i32 or i64), updates [i…, r…] → Y like data. Attribute: `reduction` ("none":
  /// of several parts for one place the last stays; "add": they are added). Negative positions count from the end; one
  /// outside writes nothing.
  public enum ScatterND: WholeOperator {
    public static let name = "ScatterND"
    public static let inputNames = ["data", "indices", "updates"]

    public static func infer(_ query: inout ShapeQuery) -> [TensorType] {
      Positions.require(&query, 1)
      query.requireNumbers(truths: !ScatterElements.adds(query.attributes))
      Comparison.requireOneType(&query, 0, 2)
      let parts = GatherND.parts(&query, data: 0, batch: 0)
      query.requireShape(parts, ofInput: 2, mend: "give one part for each row of positions")
      ScatterElements.checkReduction(&query)
      return [TensorType(query.dtype(0), query.shape(0))]
    }

    /// As `ScatterElements`'s.
    public static func gradient(_ builder: inout GradientBuilder) -> [Value?] {
      guard let g = builder.outputGradients[0], let updates = builder.input(2) else { return [] }
      var result: [Value?] = [nil, nil, nil]
      if builder.needs(0) {
        result[0] =
          ScatterElements.adds(builder.attributes)
          ? g
          : builder.add(ScatterND.self, [g, builder.input(1), builder.zeros(like: updates)], builder.attributes)[0]
      }
      if builder.needs(2) { result[2] = builder.add(GatherND.self, [g, builder.input(1)])[0] }
      return result
    }

    public static func receptiveField(_ site: NodeSite) -> FieldRule { .everything }

    @specialized(where T == Float)
    @specialized(where T == Double)
    public static func reference<T: ReferenceScalar>(_ site: NodeSite, _ type: T.Type) -> ReferenceKernel {
      scatter(site, T.self) { $0 + $1 }
    }

    public static func whole<I: WholeScalar>(_ site: NodeSite, _ type: I.Type) -> ReferenceKernel {
      scatter(site, I.self) { $0 &+ $1 }
    }

    @inline(__always)
    private static func scatter<T>(
      _ site: NodeSite, _ type: T.Type, _ add: @escaping @Sendable (T, T) -> T
    ) -> ReferenceKernel {
      let data = site.inputShape(0)
      let rows = PositionRows(site, data: data, indices: 1)
      let adds = ScatterElements.adds(site.attributes)
      return { buffers in
        let updates = buffers.input(2, as: T.self)
        let y = buffers.output(0, as: T.self)
        y.update(from: buffers.input(0, as: T.self), count: data.count)
        rows.forEach(buffers.input(1, as: UInt8.self)) { row, place in
          guard let place else { return }
          for index in 0..<rows.part {
            let target = place * rows.part + index
            y[target] = adds ? add(y[target], updates[row * rows.part + index]) : updates[row * rows.part + index]
          }
        }
      }
    }

    public static func explain(_ site: NodeSite) -> String {
      let rows = PositionRows(site, data: site.inputShape(0), indices: 1)
      return
        "\(ScatterElements.adds(site.attributes) ? "Adds" : "Writes") \(rows.count) parts of \(rows.part) numbers into "
        + "\(site.inputShape(0)) by their positions."
    }
  }
}
