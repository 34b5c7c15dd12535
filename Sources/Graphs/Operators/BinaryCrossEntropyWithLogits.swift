import FoveaTensors

extension Op {
  /// Binary cross-entropy on scores: −t·log σ(z) − (1 − t)·log(1 − σ(z)), its mean or sum over all numbers;
  /// computed as max(z, 0) − z·t + log(1 + e^−|z|), which never overflows.
  ///
  /// scores, targets (0 … 1) of one shape → loss []. Attribute: `reduction` ("mean", the default, or "sum").
  public enum BinaryCrossEntropyWithLogits: Operator {
    public static let name = "BinaryCrossEntropyWithLogits"
    public static let inputNames = ["scores", "targets"]

    public static func infer(_ query: inout ShapeQuery) -> [TensorType] { ElementLoss.infer(&query) }

    public static func gradient(_ builder: inout GradientBuilder) -> [Value?] {
      guard let g = builder.outputGradients[0] else { return [] }
      return [0, 1].map { index in
        guard builder.needs(index) else { return nil }
        var attributes = builder.attributes
        attributes["operand"] = .int(index)
        return builder.add(
          BinaryCrossEntropyWithLogitsBackward.self, [g, builder.input(0), builder.input(1)], attributes)[0]
      }
    }

    public static func receptiveField(_ site: NodeSite) -> FieldRule { .everything }

    @specialized(where T == Float)
    @specialized(where T == Double)
    public static func reference<T: ReferenceScalar>(_ site: NodeSite, _ type: T.Type) -> ReferenceKernel {
      let count = site.inputShape(0).count
      let factor = T(ElementLoss.factor(site, count: count))
      return { buffers in
        let z = buffers.input(0, as: T.self)
        let target = buffers.input(1, as: T.self)
        buffers.output(0, as: T.self)[0] =
          factor
          * ElementLoss.sum(count) { index in
            let score = z[index]
            let positive = score < 0 ? 0 : score
            return positive - score * target[index] + T.logarithm(onePlus: T.exponential(-abs(score)))
          }
      }
    }

    public static func explain(_ site: NodeSite) -> String {
      "The \(site.attributes.string("reduction", default: "mean")) over \(site.inputShape(0).count) yes-or-no questions "
        + "of −log p(right answer), p the sigmoid of the score; guessing blindly costs ln 2 each."
    }
  }

  /// The gradients of `BinaryCrossEntropyWithLogits`: σ(z) − t for the scores (operand 0), −z for the targets
  /// (operand 1).
  ///
  /// dLoss [], scores, targets of one shape → like scores. Attributes: `reduction`, `operand` (0).
  public enum BinaryCrossEntropyWithLogitsBackward: Operator {
    public static let name = "BinaryCrossEntropyWithLogitsBackward"
    public static let inputNames = ["dLoss", "scores", "targets"]
    public static let inPlace = [(output: 0, input: 1), (output: 0, input: 2)]

    public static func infer(_ query: inout ShapeQuery) -> [TensorType] {
      let operand = query.attributes.int("operand", default: 0)
      if !(0...1).contains(operand) { query.reject("operand \(operand)", mend: "use 0 (scores) or 1 (targets)") }
      return ElementLoss.inferBackward(&query)
    }

    public static var differentiability: Differentiability {
      .no(because: "second derivatives of the binary cross-entropy are not provided")
    }

    public static func gradient(_ builder: inout GradientBuilder) -> [Value?] { [] }

    @specialized(where T == Float)
    @specialized(where T == Double)
    public static func reference<T: ReferenceScalar>(_ site: NodeSite, _ type: T.Type) -> ReferenceKernel {
      let count = site.outputShape().count
      let factor = T(ElementLoss.factor(site, count: count))
      let ofScores = site.attributes.int("operand", default: 0) == 0
      return { buffers in
        let scale = buffers.input(0, as: T.self)[0] * factor
        let z = buffers.input(1, as: T.self)
        let target = buffers.input(2, as: T.self)
        let dx = buffers.output(0, as: T.self)
        guard ofScores else {
          for index in 0..<count { dx[index] = -z[index] * scale }
          return
        }
        for index in 0..<count {
          let power = T.exponential(-abs(z[index]))
          dx[index] = ((z[index] >= 0 ? 1 : power) / (1 + power) - target[index]) * scale
        }
      }
    }

    public static func explain(_ site: NodeSite) -> String {
      site.attributes.int("operand", default: 0) == 0
        ? "Each of the \(site.outputShape().count) scores gets its probability less its target."
        : "Each of the \(site.outputShape().count) targets gets the score with its sign turned around."
    }
  }
}
