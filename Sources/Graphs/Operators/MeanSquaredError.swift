import FoveaTensors

extension Op {
  /// Squared error: (prediction − target)², its mean or sum over all numbers.
  ///
  /// prediction, target of one shape → loss []. Attribute: `reduction` ("mean", the default, or "sum").
  public enum MeanSquaredError: Operator {
    public static let name = "MeanSquaredError"
    public static let inputNames = ["prediction", "target"]

    public static func infer(_ query: inout ShapeQuery) -> [TensorType] { ElementLoss.infer(&query) }

    public static func gradient(_ builder: inout GradientBuilder) -> [Value?] {
      guard let g = builder.outputGradients[0] else { return [] }
      // The loss looks at the difference alone: turning the operands around gives the other gradient.
      return [0, 1].map { index in
        guard builder.needs(index) else { return nil }
        return builder.add(
          MeanSquaredErrorBackward.self, [g, builder.input(index), builder.input(1 - index)], builder.attributes)[0]
      }
    }

    public static func receptiveField(_ site: NodeSite) -> FieldRule { .everything }

    @specialized(where T == Float)
    @specialized(where T == Double)
    public static func reference<T: ReferenceScalar>(_ site: NodeSite, _ type: T.Type) -> ReferenceKernel {
      let count = site.inputShape(0).count
      let factor = T(ElementLoss.factor(site, count: count))
      return { buffers in
        let x = buffers.input(0, as: T.self)
        let target = buffers.input(1, as: T.self)
        buffers.output(0, as: T.self)[0] =
          factor * ElementLoss.sum(count) { (x[$0] - target[$0]) * (x[$0] - target[$0]) }
      }
    }

    public static func explain(_ site: NodeSite) -> String {
      "The \(site.attributes.string("reduction", default: "mean")) over \(site.inputShape(0).count) numbers of the "
        + "squared difference to the target."
    }
  }

  /// The gradient of `MeanSquaredError`: twice the difference.
  ///
  /// dLoss [], prediction, target of one shape → dPrediction. Attribute: `reduction`.
  public enum MeanSquaredErrorBackward: Operator {
    public static let name = "MeanSquaredErrorBackward"
    public static let inputNames = ["dLoss", "prediction", "target"]
    public static let inPlace = [(output: 0, input: 1), (output: 0, input: 2)]

    public static func infer(_ query: inout ShapeQuery) -> [TensorType] { ElementLoss.inferBackward(&query) }

    public static var differentiability: Differentiability {
      .no(because: "second derivatives of the squared error are not provided")
    }

    public static func gradient(_ builder: inout GradientBuilder) -> [Value?] { [] }

    @specialized(where T == Float)
    @specialized(where T == Double)
    public static func reference<T: ReferenceScalar>(_ site: NodeSite, _ type: T.Type) -> ReferenceKernel {
      let count = site.outputShape().count
      let factor = T(2 * ElementLoss.factor(site, count: count))
      return { buffers in
        let scale = buffers.input(0, as: T.self)[0] * factor
        let x = buffers.input(1, as: T.self)
        let target = buffers.input(2, as: T.self)
        let dx = buffers.output(0, as: T.self)
        for index in 0..<count { dx[index] = (x[index] - target[index]) * scale }
      }
    }

    public static func explain(_ site: NodeSite) -> String {
      "Each of the \(site.outputShape().count) numbers gets twice its difference to the target."
    }
  }
}
