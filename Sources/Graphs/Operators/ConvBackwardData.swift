import FoveaTensors

extension Op {
  /// The gradient of a convolution's input: a transposed convolution, the adjoint of `Conv`.
  ///
  /// dY [N, O, spatial…], W [O, C/groups, kernel…], X (shape only) → dX like X.
  public enum ConvBackwardData: Operator {
    public static let name = "ConvBackwardData"
    public static let inputNames = ["dY", "W", "X"]
    public static let shapeOnlyInputs: Set<Int> = [2]

    public static func infer(_ query: inout ShapeQuery) -> [TensorType] {
      let y = Conv.outputShape(&query, x: 2, w: 1)
      query.requireShape(y, ofInput: 0, mend: "give the gradient of this very convolution's output")
      return [TensorType(query.dtype(0), query.shape(2))]
    }

    /// The adjoint is linear in both operands: its own gradients are the convolution and the weights' gradient.
    public static func gradient(_ builder: inout GradientBuilder) -> [Value?] {
      guard let g = builder.outputGradients[0] else { return [] }
      let dy = builder.input(0)
      let w = builder.input(1)
      return [
        builder.needs(0) ? builder.add(Conv.self, [g, w], builder.attributes)[0] : nil,
        builder.needs(1) ? builder.add(ConvBackwardWeights.self, [g, dy, w], builder.attributes)[0] : nil,
        nil,
      ]
    }

    public static func cost(_ site: NodeSite) -> Cost {
      let w = site.inputShape(1)
      return Cost(multiplyAdds: Cost.product(site.inputShape(0).count, w.count / max(w[0], 1)))
    }

    @specialized(where T == Float)
    @specialized(where T == Double)
    public static func reference<T: ReferenceScalar>(_ site: NodeSite, _ type: T.Type) -> ReferenceKernel {
      let loop = WindowLoop(
        Conv.geometry(site, weights: 1), input: site.outputShape(), output: site.inputShape(0))
      let total = site.outputShape().count
      return { buffers in
        let dy = buffers.input(0, as: T.self)
        let w = buffers.input(1, as: T.self)
        let dx = buffers.output(0, as: T.self)
        dx.update(repeating: 0, count: total)
        let step = loop.stride.2
        loop.forEachRow { weight, xAt, yAt, count in
          let factor = w[weight]
          for index in 0..<count { dx[xAt &+ index &* step] += factor * dy[yAt &+ index] }
        }
      }
    }

    public static func explain(_ site: NodeSite) -> String {
      "Sends the gradient \(site.inputShape(0)) back through the same kernels to the input \(site.outputShape()): "
        + "each input position collects from every output position that read it."
    }
  }
}
