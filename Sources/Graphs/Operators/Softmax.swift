import FoveaTensors

extension Op {
  /// Softmax: exponentials that sum to 1 along one axis.
  ///
  /// X of any shape → Y like X. Attribute: `axis` (−1).
  public enum Softmax: Operator {
    public static let name = "Softmax"
    public static let inputNames = ["X"]
    public static let inPlace = [(output: 0, input: 0)]

    public static func infer(_ query: inout ShapeQuery) -> [TensorType] {
      query.requireFloat()
      if let rank = query.shape(0).rank { _ = query.axis(default: -1, rank: rank) }
      return [TensorType(query.dtype(0), query.shape(0))]
    }

    public static func gradient(_ builder: inout GradientBuilder) -> [Value?] {
      Pointwise.gradient(&builder, SoftmaxBackward.self)
    }

    public static func receptiveField(_ site: NodeSite) -> FieldRule {
      let rank = site.inputShape(0).rank
      let axis = site.attributes.int("axis", default: -1)
      return (axis < 0 ? axis + rank : axis) >= 2 ? .everything : .pointwise
    }

    static func loop(_ site: NodeSite) -> AxisLoop {
      AxisLoop(site.outputShape(), axis: site.attributes.int("axis", default: -1))
    }

    @specialized(where T == Float)
    @specialized(where T == Double)
    public static func reference<T: ReferenceScalar>(_ site: NodeSite, _ type: T.Type) -> ReferenceKernel {
      let loop = loop(site)
      return { buffers in
        let x = buffers.input(0, as: T.self)
        let y = buffers.output(0, as: T.self)
        let step = loop.inner
        loop.forEachRow { start in
          // The largest is taken out first: exp would overflow from 89 in single precision.
          var largest = -T.infinity
          for index in 0..<loop.extent { largest = max(largest, x[start + index * step]) }
          var sum: T = 0
          for index in 0..<loop.extent {
            let power = T.exponential(x[start + index * step] - largest)
            y[start + index * step] = power
            sum += power
          }
          for index in 0..<loop.extent { y[start + index * step] /= sum }
        }
      }
    }

    public static func explain(_ site: NodeSite) -> String {
      let loop = loop(site)
      return
        "Turns each of \(loop.outer * loop.inner) rows of \(loop.extent) scores into probabilities: eˣ divided by the "
        + "row's sum."
    }
  }

  /// The gradient of `Softmax`, written in its output: dX = Y·(dY − Σ dY·Y).
  ///
  /// dY, Y → dX, all of one shape. Attribute: `axis` (−1).
  public enum SoftmaxBackward: Operator {
    public static let name = "SoftmaxBackward"
    public static let inputNames = ["dY", "Y"]
    public static let inPlace = [(output: 0, input: 0), (output: 0, input: 1)]

    public static func infer(_ query: inout ShapeQuery) -> [TensorType] {
      query.requireShape(query.shape(1), ofInput: 0, mend: "give the gradient of this very output")
      if let rank = query.shape(1).rank { _ = query.axis(default: -1, rank: rank) }
      return [TensorType(query.dtype(0), query.shape(1))]
    }

    public static var differentiability: Differentiability {
      .no(because: "second derivatives of softmax are not provided")
    }

    public static func gradient(_ builder: inout GradientBuilder) -> [Value?] { [] }

    @specialized(where T == Float)
    @specialized(where T == Double)
    public static func reference<T: ReferenceScalar>(_ site: NodeSite, _ type: T.Type) -> ReferenceKernel {
      let loop = Softmax.loop(site)
      return { buffers in
        let dy = buffers.input(0, as: T.self)
        let y = buffers.input(1, as: T.self)
        let dx = buffers.output(0, as: T.self)
        let step = loop.inner
        loop.forEachRow { start in
          var sum: T = 0
          for index in 0..<loop.extent { sum += dy[start + index * step] * y[start + index * step] }
          for index in 0..<loop.extent {
            let at = start + index * step
            dx[at] = y[at] * (dy[at] - sum)
          }
        }
      }
    }

    public static func explain(_ site: NodeSite) -> String {
      "Each probability's gradient less the row's mean gradient, times the probability, over rows of "
        + "\(Softmax.loop(site).extent)."
    }
  }
}
