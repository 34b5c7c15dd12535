import FoveaTensors

extension Op {
  /// The p-norm of each channel over all places, (Σ|x|ᵖ)^(1/p).
  ///
  /// X [N, C, spatial…] → Y [N, C, 1…]. Attribute: `p` (2, at least 1).
  public enum GlobalLpPool: Operator {
    public static let name = "GlobalLpPool"
    public static let inputNames = ["X"]

    public static func infer(_ query: inout ShapeQuery) -> [TensorType] {
      query.requireFloat()
      LpPool.checkPower(&query)
      return [TensorType(query.dtype(0), GlobalAveragePool.pooled(&query, x: 0))]
    }

    public static func gradient(_ builder: inout GradientBuilder) -> [Value?] {
      guard let g = builder.outputGradients[0], builder.needs(0) else { return [] }
      return builder.add(GlobalLpPoolBackward.self, [g, builder.input(0), builder.outputs[0]], builder.attributes)
    }

    public static func receptiveField(_ site: NodeSite) -> FieldRule { .everything }

    @specialized(where T == Float)
    @specialized(where T == Double)
    public static func reference<T: ReferenceScalar>(_ site: NodeSite, _ type: T.Type) -> ReferenceKernel {
      let x = site.inputShape(0)
      let planes = x[0] * x[1]
      let plane = x.dims.dropFirst(2).reduce(1, *)
      let norm = PowerNorm<T>(site.attributes)
      return { buffers in
        let y = buffers.output(0, as: T.self)
        for index in 0..<planes {
          let source = buffers.input(0, as: T.self) + index * plane
          y[index] = norm.root(ElementLoss.sum(plane) { norm.term(source[$0]) })
        }
      }
    }

    public static func explain(_ site: NodeSite) -> String {
      let x = site.inputShape(0)
      return
        "Takes the \(PowerNorm<Double>(site.attributes).p)-norm of each of the \(x[1]) channels over its "
        + "\(x.dims.dropFirst(2).reduce(1, *)) places: \(x) becomes \(site.outputShape())."
    }
  }

  /// The gradient of `GlobalLpPool`.
  ///
  /// dY [N, C, 1…], X, Y (like dY) → dX like X. Attribute: `p`.
  public enum GlobalLpPoolBackward: Operator {
    public static let name = "GlobalLpPoolBackward"
    public static let inputNames = ["dY", "X", "Y"]

    public static func infer(_ query: inout ShapeQuery) -> [TensorType] {
      LpPool.checkPower(&query)
      let y = GlobalAveragePool.pooled(&query, x: 1)
      for index in [0, 2] {
        query.requireShape(y, ofInput: index, mend: "give what belongs to this very pooling's output")
      }
      return [TensorType(query.dtype(0), query.shape(1))]
    }

    public static var differentiability: Differentiability {
      .no(because: "second derivatives through a pooling by norms are not provided")
    }

    public static func gradient(_ builder: inout GradientBuilder) -> [Value?] { [] }

    @specialized(where T == Float)
    @specialized(where T == Double)
    public static func reference<T: ReferenceScalar>(_ site: NodeSite, _ type: T.Type) -> ReferenceKernel {
      let x = site.outputShape()
      let planes = x[0] * x[1]
      let plane = x.dims.dropFirst(2).reduce(1, *)
      let norm = PowerNorm<T>(site.attributes)
      return { buffers in
        let dy = buffers.input(0, as: T.self)
        let y = buffers.input(2, as: T.self)
        for index in 0..<planes {
          let source = buffers.input(1, as: T.self) + index * plane
          let target = buffers.output(0, as: T.self) + index * plane
          for at in 0..<plane { target[at] = dy[index] * norm.slope(source[at], y[index]) }
        }
      }
    }

    public static func explain(_ site: NodeSite) -> String {
      "Gives each input of \(site.outputShape()) its part in the \(site.inputShape(0).count) norms' gradients."
    }
  }
}
