import FoveaTensors

extension Op {
  /// Folds a batch normalization with fixed statistics into the convolution before it.
  ///
  /// W [O, …], bias [O] (optional), scale [O], B [O], mean [O], var [O] → W' like W, B' [O]:
  /// f = scale/√(var + epsilon), W' = f·W, B' = f·(bias − mean) + B. Attribute: `epsilon` (1e-5).
  public enum BatchNormFold: Operator {
    public static let name = "BatchNormFold"
    public static let inputNames = ["W", "bias", "scale", "B", "mean", "var"]
    public static let optionalInputs: Set<Int> = [1]

    public static func infer(_ query: inout ShapeQuery) -> [TensorType] {
      let w = query.shape(0)
      if w.rank == 0 { query.reject("W \(w) has no channel axis", mend: "give weights O×…") }
      for index in 1...5 {
        query.requireShape(PartialShape([w[0]]), ofInput: index, mend: "give one number per output channel")
      }
      let dtype = query.dtype(0)
      return [TensorType(dtype, w), TensorType(dtype, PartialShape([w[0]]))]
    }

    public static var differentiability: Differentiability {
      .no(because: "norms are folded for inference only, after everything has been differentiated")
    }

    public static func gradient(_ builder: inout GradientBuilder) -> [Value?] { [] }

    @specialized(where T == Float)
    @specialized(where T == Double)
    public static func reference<T: ReferenceScalar>(_ site: NodeSite, _ type: T.Type) -> ReferenceKernel {
      let loop = AxisLoop(site.inputShape(0), axis: 0)
      let epsilon = T(site.attributes.float("epsilon", default: 1e-5))
      let withBias = site.has(1)
      return { buffers in
        let w = buffers.input(0, as: T.self)
        let folded = buffers.output(0, as: T.self)
        for channel in 0..<loop.extent {
          let factor =
            buffers.input(2, as: T.self)[channel] / (buffers.input(5, as: T.self)[channel] + epsilon).squareRoot()
          let start = channel * loop.inner
          for index in start..<(start + loop.inner) { folded[index] = w[index] * factor }
          let bias = withBias ? buffers.input(1, as: T.self)[channel] : 0
          buffers.output(1, as: T.self)[channel] =
            (bias - buffers.input(4, as: T.self)[channel]) * factor + buffers.input(3, as: T.self)[channel]
        }
      }
    }

    public static func explain(_ site: NodeSite) -> String {
      "Multiplies the normalization of \(site.inputShape(0)[0]) channels into the weights \(site.inputShape(0)), so that "
        + "it costs nothing when the network runs."
    }
  }
}
