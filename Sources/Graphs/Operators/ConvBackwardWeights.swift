import FoveaTensors

extension Op {
  /// The gradients of a convolution's weights and, with `bias` = 1, of its bias.
  ///
  /// X [N, C, spatial…], dY [N, O, spatial…], W (shape only) → dW like W, dB [O].
  /// Shared weights collect the sum over all positions and samples.
  public enum ConvBackwardWeights: Operator {
    public static let name = "ConvBackwardWeights"
    public static let inputNames = ["X", "dY", "W"]
    public static let shapeOnlyInputs: Set<Int> = [2]

    public static func infer(_ query: inout ShapeQuery) -> [TensorType] {
      let w = query.shape(2)
      let y = Conv.outputShape(&query, x: 0, w: 2)
      query.requireShape(y, ofInput: 1, mend: "give the gradient of this very convolution's output")
      var result = [TensorType(query.dtype(0), w)]
      if query.attributes.flag("bias") { result.append(TensorType(query.dtype(0), PartialShape([w[0]]))) }
      return result
    }

    public static var differentiability: Differentiability {
      .no(because: "second derivatives with respect to a convolution's weights are not provided")
    }

    public static func gradient(_ builder: inout GradientBuilder) -> [Value?] { [] }

    public static func cost(_ site: NodeSite) -> Cost {
      let w = site.outputShape()
      let dy = site.inputShape(1).count
      return Cost(
        multiplyAdds: Cost.product(dy, w.count / max(w[0], 1)), biasAdds: site.attributes.flag("bias") ? dy : 0)
    }

    @specialized(where T == Float)
    @specialized(where T == Double)
    public static func reference<T: ReferenceScalar>(_ site: NodeSite, _ type: T.Type) -> ReferenceKernel {
      let loop = WindowLoop(
        Conv.geometry(site, weights: 2), input: site.inputShape(0), output: site.inputShape(1))
      let total = site.outputShape().count
      let withBias = site.attributes.flag("bias")
      return { buffers in
        let x = buffers.input(0, as: T.self)
        let dy = buffers.input(1, as: T.self)
        let dw = buffers.output(0, as: T.self)
        dw.update(repeating: 0, count: total)
        let step = loop.stride.2
        loop.forEachRow { weight, xAt, yAt, count in
          var sum: T = 0
          for index in 0..<count { sum += dy[yAt &+ index] * x[xAt &+ index &* step] }
          dw[weight] += sum
        }
        guard withBias else { return }
        let db = buffers.output(1, as: T.self)
        let plane = loop.outputPlane
        for o in 0..<loop.outChannels {
          var sum: T = 0
          for n in 0..<loop.batch {
            let row = dy + (n * loop.outChannels + o) * plane
            var part: T = 0
            for index in 0..<plane { part += row[index] }
            sum += part
          }
          db[o] = sum
        }
      }
    }

    public static func explain(_ site: NodeSite) -> String {
      "Each of the \(site.outputShape().count) shared weights collects input × gradient over all "
        + "\(site.inputShape(1).dims.dropFirst(2).reduce(1, *)) positions and \(site.inputShape(1)[0]) samples."
    }
  }
}
