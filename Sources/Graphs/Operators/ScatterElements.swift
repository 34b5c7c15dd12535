import FoveaTensors

extension Op {
  /// Writes numbers into a tensor by their positions along one axis: Y = data but for
  /// Y[…, indices[…, i, …], …] = updates[…, i, …]. The counterpart of `GatherElements`.
  ///
  /// data, indices (i32 or i64; as many axes, along the others at most as long), updates like indices → Y like data.
  /// Attributes: `axis` (0), `reduction` ("none": of several numbers for one place the last stays; "add": they are
  /// added). Negative positions count from the end; one outside writes nothing.
  public enum ScatterElements: WholeOperator {
    public static let name = "ScatterElements"
    public static let inputNames = ["data", "indices", "updates"]

    public static func infer(_ query: inout ShapeQuery) -> [TensorType] {
      GatherElements.check(&query, data: 0)
      query.requireNumbers(truths: !adds(query.attributes))
      Comparison.requireOneType(&query, 0, 2)
      query.requireShape(query.shape(1), ofInput: 2, mend: "give one number for each position")
      checkReduction(&query)
      return [TensorType(query.dtype(0), query.shape(0))]
    }

    /// Reports ways of joining numbers that have no gradient here.
    static func checkReduction(_ query: inout ShapeQuery) {
      let reduction = query.attributes.string("reduction", default: "none")
      if !["none", "add"].contains(reduction) {
        query.reject("reduction \"\(reduction)\"", mend: "use \"none\" or \"add\"")
      }
    }

    static func adds(_ attributes: Attributes) -> Bool { attributes.string("reduction", default: "none") == "add" }

    /// What was written over has no influence any more. Where one place got several numbers, each is taken for the
    /// one that stayed, as in PyTorch.
    public static func gradient(_ builder: inout GradientBuilder) -> [Value?] {
      guard let g = builder.outputGradients[0], let updates = builder.input(2) else { return [] }
      var result: [Value?] = [nil, nil, nil]
      if builder.needs(0) {
        result[0] =
          adds(builder.attributes)
          ? g
          : builder.add(
            ScatterElements.self, [g, builder.input(1), builder.zeros(like: updates)], builder.attributes)[0]
      }
      if builder.needs(2) {
        let axis = Attributes(["axis": .int(builder.attributes.int("axis", default: 0))])
        result[2] = builder.add(GatherElements.self, [g, builder.input(1)], axis)[0]
      }
      return result
    }

    public static func receptiveField(_ site: NodeSite) -> FieldRule { ArgMax.receptiveField(site) }

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
      let (walk, stride) = GatherElements.walk(site.inputShape(1), data: data, site.attributes)
      let position = Positions(
        site.inputs[1]?.dtype, extent: AxisLoop(data, axis: site.attributes.int("axis", default: 0)).extent)
      let adds = adds(site.attributes)
      return { buffers in
        let updates = buffers.input(2, as: T.self)
        let y = buffers.output(0, as: T.self)
        y.update(from: buffers.input(0, as: T.self), count: data.count)
        walk.forEach { at, start in
          guard let place = position(buffers.input(1, as: UInt8.self), at) else { return }
          let target = start + place * stride
          y[target] = adds ? add(y[target], updates[at]) : updates[at]
        }
      }
    }

    public static func explain(_ site: NodeSite) -> String {
      "\(adds(site.attributes) ? "Adds" : "Writes") \(site.inputShape(2).count) numbers into \(site.inputShape(0)) by their "
        + "positions along axis \(site.attributes.int("axis", default: 0))."
    }
  }
}
