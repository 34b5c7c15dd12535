import FoveaTensors

extension Op {
  /// One step of RMSprop (Hinton 2012), as PyTorch's.
  ///
  /// W, dW, S (mean square), V (velocity, optional) of one shape; rate []; momentum [] (with V) → W', S', and
  /// with V also V'. g = dW + weight_decay·W; s = alpha·S + (1 − alpha)·g²; d = g/(√s + epsilon);
  /// with V: v = momentum·V + d, W' = W − rate·v; without: W' = W − rate·d.
  /// Attributes: `alpha` (0.99), `epsilon` (1e-8), `weight_decay` (0).
  public enum RMSpropUpdate: Operator {
    public static let name = "RMSpropUpdate"
    public static let inputNames = ["W", "dW", "S", "V", "rate", "momentum"]
    public static let optionalInputs: Set<Int> = [3, 5]
    public static let inPlace = [(output: 0, input: 0), (output: 1, input: 2), (output: 2, input: 3)]
    public static let isElementwise = true

    public static func infer(_ query: inout ShapeQuery) -> [TensorType] {
      UpdateRule.check(&query, moments: 2...3, scalars: 4...5)
      if query.has(3), !query.has(5) {
        query.reject("a velocity without momentum", mend: "give the momentum as a scalar, or leave the velocity out")
      }
      let alpha = query.attributes.float("alpha", default: 0.99)
      if !(alpha >= 0 && alpha < 1) { query.reject("an alpha of \(alpha)", mend: "give one of at least 0 and below 1") }
      let type = TensorType(query.dtype(0), query.shape(0))
      return query.has(3) ? [type, type, type] : [type, type]
    }

    public static var differentiability: Differentiability {
      .no(because: "an optimizer's step is not differentiated")
    }

    public static func gradient(_ builder: inout GradientBuilder) -> [Value?] { [] }

    @specialized(where T == Float)
    @specialized(where T == Double)
    public static func reference<T: ReferenceScalar>(_ site: NodeSite, _ type: T.Type) -> ReferenceKernel {
      let count = site.outputShape().count
      let decay = T(site.attributes.float("weight_decay", default: 0))
      let keep = site.attributes.float("alpha", default: 0.99)
      let (alpha, rest) = (T(keep), T(1 - keep))
      let epsilon = T(site.attributes.float("epsilon", default: 1e-8))
      let withVelocity = site.has(3)
      return { buffers in
        let w = buffers.input(0, as: T.self)
        let dw = buffers.input(1, as: T.self)
        let s = buffers.input(2, as: T.self)
        let rate = buffers.input(4, as: T.self)[0]
        let result = buffers.output(0, as: T.self)
        let squares = buffers.output(1, as: T.self)
        guard withVelocity else {
          for index in 0..<count {
            let g = dw[index] + decay * w[index]
            let next = alpha * s[index] + rest * g * g
            squares[index] = next
            result[index] = w[index] - rate * (g / (next.squareRoot() + epsilon))
          }
          return
        }
        let v = buffers.input(3, as: T.self)
        let momentum = buffers.input(5, as: T.self)[0]
        let velocity = buffers.output(2, as: T.self)
        for index in 0..<count {
          let g = dw[index] + decay * w[index]
          let next = alpha * s[index] + rest * g * g
          let moved = momentum * v[index] + g / (next.squareRoot() + epsilon)
          squares[index] = next
          velocity[index] = moved
          result[index] = w[index] - rate * moved
        }
      }
    }

    public static func explain(_ site: NodeSite) -> String {
      "Moves \(site.outputShape().count) weights against their gradient, each divided by how large it usually is"
        + (site.has(3) ? ", with momentum." : ".")
    }
  }
}
