import FoveaTensors

extension Op {
  /// The sums of all numbers up to each one along an axis.
  ///
  /// X → Y like X. Attributes: `axis` (0; in ONNX an input), `exclusive` (0; 1 leaves the number itself out),
  /// `reverse` (0; 1 sums from the end).
  public enum CumSum: WholeOperator {
    public static let name = "CumSum"
    public static let inputNames = ["X"]

    public static func infer(_ query: inout ShapeQuery) -> [TensorType] {
      query.requireNumbers()
      if let rank = query.shape(0).rank { _ = query.axis(default: 0, rank: rank) }
      return [TensorType(query.dtype(0), query.shape(0))]
    }

    /// A number is in the sums of all places behind it: the same sums from the other end.
    public static func gradient(_ builder: inout GradientBuilder) -> [Value?] {
      guard let g = builder.outputGradients[0], builder.needs(0) else { return [] }
      var attributes = builder.attributes
      attributes["reverse"] = .int(attributes.flag("reverse") ? 0 : 1)
      return builder.add(CumSum.self, [g], attributes)
    }

    public static func receptiveField(_ site: NodeSite) -> FieldRule { ArgMax.receptiveField(site) }

    @specialized(where T == Float)
    @specialized(where T == Double)
    public static func reference<T: ReferenceScalar>(_ site: NodeSite, _ type: T.Type) -> ReferenceKernel {
      let loop = AxisLoop(site.inputShape(0), axis: site.attributes.int("axis", default: 0))
      let isExclusive = site.attributes.flag("exclusive")
      let isReversed = site.attributes.flag("reverse")
      return { buffers in
        let x = buffers.input(0, as: T.self)
        let y = buffers.output(0, as: T.self)
        loop.forEachRow { start in
          var sum: T = 0
          for step in 0..<loop.extent {
            let at = start &+ (isReversed ? loop.extent &- 1 &- step : step) &* loop.inner
            let value = x[at]
            y[at] = isExclusive ? sum : sum + value
            sum += value
          }
        }
      }
    }

    public static func whole<I: WholeScalar>(_ site: NodeSite, _ type: I.Type) -> ReferenceKernel {
      let loop = AxisLoop(site.inputShape(0), axis: site.attributes.int("axis", default: 0))
      let isExclusive = site.attributes.flag("exclusive")
      let isReversed = site.attributes.flag("reverse")
      return { buffers in
        let x = buffers.input(0, as: I.self)
        let y = buffers.output(0, as: I.self)
        loop.forEachRow { start in
          var sum: I = 0
          for step in 0..<loop.extent {
            let at = start &+ (isReversed ? loop.extent &- 1 &- step : step) &* loop.inner
            let next = sum &+ x[at]
            y[at] = isExclusive ? sum : next
            sum = next
          }
        }
      }
    }

    public static func explain(_ site: NodeSite) -> String {
      let loop = AxisLoop(site.inputShape(0), axis: site.attributes.int("axis", default: 0))
      return "Sums each row of \(loop.extent) of the \(site.outputShape().count) numbers up to every place."
    }
  }
}
