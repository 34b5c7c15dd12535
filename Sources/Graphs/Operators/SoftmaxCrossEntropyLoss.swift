import FoveaTensors

extension Op {
  /// Softmax and cross-entropy in one: −log of the probability of the right class.
  ///
  /// scores [N, C] or [N, C, d1…], labels (i32) [N] or [N, d1…] → loss [] and, auxiliary, the
  /// log-probabilities like scores. Attribute: `reduction` ("mean", the default, or "sum").
  /// A label outside 0..<C makes the loss NaN.
  public enum SoftmaxCrossEntropyLoss: Operator {
    public static let name = "SoftmaxCrossEntropyLoss"
    public static let inputNames = ["scores", "labels"]
    public static let nonFloatInputs: Set<Int> = [1]
    public static let auxiliaryOutputs: Set<Int> = [1]

    public static func infer(_ query: inout ShapeQuery) -> [TensorType] {
      requireLabels(&query, scores: 0, labels: 1)
      let reduction = query.attributes.string("reduction", default: "mean")
      if !["mean", "sum"].contains(reduction) {
        query.reject("reduction \"\(reduction)\"", mend: "use \"mean\" or \"sum\"")
      }
      if query.attributes["ignore_index"] != nil {
        query.reject("ignore_index is not supported", mend: "leave it out and keep ignored places from the loss")
      }
      return [TensorType(query.dtype(0), Shape.scalar), TensorType(query.dtype(0), query.shape(0))]
    }

    /// One class number for each row of scores.
    static func requireLabels(_ query: inout ShapeQuery, scores index: Int, labels: Int) {
      query.requireFloat(index)
      query.require(.i32, ofInput: labels, mend: "give class numbers as i32")
      let scores = query.shape(index)
      guard let dims = scores.dims else { return }
      if dims.count < 2 {
        query.reject("\(query.name(index)) \(scores) has no class axis", mend: "give scores N×C or N×C×d1…")
      } else {
        query.requireShape(
          PartialShape([dims[0]] + dims.dropFirst(2)), ofInput: labels,
          mend: "give one class number for each row of scores \(scores)")
      }
    }

    public static func gradient(_ builder: inout GradientBuilder) -> [Value?] {
      guard let g = builder.outputGradients[0], builder.needs(0) else { return [] }
      return builder.add(
        SoftmaxCrossEntropyLossBackward.self, [g, builder.outputs[1], builder.input(1)], builder.attributes)
    }

    public static func receptiveField(_ site: NodeSite) -> FieldRule { .everything }

    /// 1 / number of labels for the mean, 1 for the sum.
    static func factor(_ site: NodeSite, _ loop: AxisLoop) -> Double {
      site.attributes.string("reduction", default: "mean") == "sum" ? 1 : 1 / Double(loop.outer * loop.inner)
    }

    @specialized(where T == Float)
    @specialized(where T == Double)
    public static func reference<T: ReferenceScalar>(_ site: NodeSite, _ type: T.Type) -> ReferenceKernel {
      let loop = AxisLoop(site.inputShape(0), axis: 1)
      let factor = T(factor(site, loop))
      return { buffers in
        let x = buffers.input(0, as: T.self)
        let labels = buffers.input(1, as: Int32.self)
        let logs = buffers.output(1, as: T.self)
        let step = loop.inner
        var loss: T = 0
        for outer in 0..<loop.outer {
          for inner in 0..<loop.inner {
            let start = outer * loop.extent * step + inner
            var largest = -T.infinity
            for index in 0..<loop.extent { largest = max(largest, x[start + index * step]) }
            var sum: T = 0
            for index in 0..<loop.extent { sum += T.exponential(x[start + index * step] - largest) }
            let shift = T.logarithm(sum)
            for index in 0..<loop.extent { logs[start + index * step] = (x[start + index * step] - largest) - shift }
            let label = Int(labels[outer * loop.inner + inner])
            // A wrong label must be seen, and must not read elsewhere.
            loss -= label >= 0 && label < loop.extent ? logs[start + label * step] : .nan
          }
        }
        buffers.output(0, as: T.self)[0] = loss * factor
      }
    }

    public static func explain(_ site: NodeSite) -> String {
      let loop = AxisLoop(site.inputShape(0), axis: 1)
      let kind = site.attributes.string("reduction", default: "mean")
      return
        "The \(kind) over \(loop.outer * loop.inner) labels of −log p(right class), p the softmax of \(loop.extent) "
        + "scores; guessing blindly costs ln \(loop.extent)."
    }
  }

  /// The gradient of `SoftmaxCrossEntropyLoss`: probability less 1 at the right class.
  ///
  /// dLoss [], logProb [N, C, d1…], labels (i32) [N, d1…] → dScores like logProb. Attribute: `reduction`.
  public enum SoftmaxCrossEntropyLossBackward: Operator {
    public static let name = "SoftmaxCrossEntropyLossBackward"
    public static let inputNames = ["dLoss", "logProb", "labels"]
    public static let nonFloatInputs: Set<Int> = [2]
    public static let inPlace = [(output: 0, input: 1)]

    public static func infer(_ query: inout ShapeQuery) -> [TensorType] {
      SoftmaxCrossEntropyLoss.requireLabels(&query, scores: 1, labels: 2)
      query.requireShape(PartialShape(.scalar), ofInput: 0, mend: "give the gradient of the loss, a single number")
      return [TensorType(query.dtype(0), query.shape(1))]
    }

    public static var differentiability: Differentiability {
      .no(because: "second derivatives of the cross-entropy are not provided")
    }

    public static func gradient(_ builder: inout GradientBuilder) -> [Value?] { [] }

    @specialized(where T == Float)
    @specialized(where T == Double)
    public static func reference<T: ReferenceScalar>(_ site: NodeSite, _ type: T.Type) -> ReferenceKernel {
      let loop = AxisLoop(site.inputShape(1), axis: 1)
      let factor = T(SoftmaxCrossEntropyLoss.factor(site, loop))
      return { buffers in
        let scale = buffers.input(0, as: T.self)[0] * factor
        let logs = buffers.input(1, as: T.self)
        let labels = buffers.input(2, as: Int32.self)
        let dx = buffers.output(0, as: T.self)
        let step = loop.inner
        for outer in 0..<loop.outer {
          for inner in 0..<loop.inner {
            let start = outer * loop.extent * step + inner
            let label = Int(labels[outer * loop.inner + inner])
            let valid = label >= 0 && label < loop.extent
            for index in 0..<loop.extent {
              let at = start + index * step
              dx[at] = valid ? T.exponential(logs[at]) * scale : .nan
            }
            if valid { dx[start + label * step] -= scale }
          }
        }
      }
    }

    public static func explain(_ site: NodeSite) -> String {
      let loop = AxisLoop(site.inputShape(1), axis: 1)
      return
        "Each of \(loop.outer * loop.inner) rows of \(loop.extent) scores gets probability − 1 at the right class and "
        + "probability elsewhere."
    }
  }
}
