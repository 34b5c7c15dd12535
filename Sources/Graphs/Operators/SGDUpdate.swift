import FoveaTensors

extension Op {
  /// One step of stochastic gradient descent, with PyTorch's meaning of momentum and weight decay.
  ///
  /// W, dW, V (the velocity, optional), all of one shape; rate [], momentum [] (with V) → W', and with V also V'.
  /// g = dW + weight_decay·W; v = momentum·V + g; W' = W − rate·(nesterov ? g + momentum·v : v); without V
  /// W' = W − rate·g. Attributes: `nesterov` (0), `weight_decay` (0).
  public enum SGDUpdate: Operator {
    public static let name = "SGDUpdate"
    public static let inputNames = ["W", "dW", "V", "rate", "momentum"]
    public static let optionalInputs: Set<Int> = [2, 4]
    public static let inPlace = [(output: 0, input: 0), (output: 1, input: 2)]
    public static let isElementwise = true

    public static func infer(_ query: inout ShapeQuery) -> [TensorType] {
      let w = query.shape(0)
      query.requireFloat()
      query.requireShape(w, ofInput: 1, mend: "give the gradient of this very parameter")
      query.requireShape(w, ofInput: 2, mend: "give the velocity of this very parameter")
      for index in 1...4 { query.require(query.dtype(0), ofInput: index, mend: "give it in the type of the weights") }
      for index in 3...4 { query.requireShape(PartialShape(.scalar), ofInput: index, mend: "give a single number") }
      if query.has(2), !query.has(4) {
        query.reject("a velocity without momentum", mend: "give the momentum as a scalar, or leave the velocity out")
      }
      let type = TensorType(query.dtype(0), w)
      return query.has(2) ? [type, type] : [type]
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
      let nesterov = site.attributes.flag("nesterov")
      let withVelocity = site.has(2)
      return { buffers in
        let w = buffers.input(0, as: T.self)
        let dw = buffers.input(1, as: T.self)
        let rate = buffers.input(3, as: T.self)[0]
        let result = buffers.output(0, as: T.self)
        guard withVelocity else {
          for index in 0..<count { result[index] = w[index] - rate * (dw[index] + decay * w[index]) }
          return
        }
        let v = buffers.input(2, as: T.self)
        let momentum = buffers.input(4, as: T.self)[0]
        let velocity = buffers.output(1, as: T.self)
        for index in 0..<count {
          let g = dw[index] + decay * w[index]
          let next = momentum * v[index] + g
          velocity[index] = next
          result[index] = w[index] - rate * (nesterov ? g + momentum * next : next)
        }
      }
    }

    public static func explain(_ site: NodeSite) -> String {
      let decay = site.attributes.float("weight_decay", default: 0)
      return
        "Moves \(site.outputShape().count) weights against their gradient by the learning rate"
        + (site.has(2) ? ", with \(site.attributes.flag("nesterov") ? "Nesterov's momentum" : "momentum")" : "")
        + (decay == 0 ? "." : ", and toward 0 by weight decay \(decay).")
    }
  }
}
