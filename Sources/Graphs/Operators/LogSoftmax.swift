import FoveaTensors

extension Op {
  /// The logarithm of softmax, without the loss of digits of doing one after the other.
  ///
  /// X of any shape → Y like X. Attribute: `axis` (−1).
  public enum LogSoftmax: Operator {
    public static let name = "LogSoftmax"
    public static let inputNames = ["X"]
    public static let inPlace = [(output: 0, input: 0)]

    public static func infer(_ query: inout ShapeQuery) -> [TensorType] { Softmax.infer(&query) }

    public static func gradient(_ builder: inout GradientBuilder) -> [Value?] {
      Pointwise.gradient(&builder, LogSoftmaxBackward.self)
    }

    public static func receptiveField(_ site: NodeSite) -> FieldRule { Softmax.receptiveField(site) }

    @specialized(where T == Float)
    @specialized(where T == Double)
    public static func reference<T: ReferenceScalar>(_ site: NodeSite, _ type: T.Type) -> ReferenceKernel {
      let loop = Softmax.loop(site)
      return { buffers in
        let x = buffers.input(0, as: T.self)
        let y = buffers.output(0, as: T.self)
        let step = loop.inner
        loop.forEachRow { start in
          var largest = -T.infinity
          for index in 0..<loop.extent { largest = max(largest, x[start + index * step]) }
          var sum: T = 0
          for index in 0..<loop.extent { sum += T.exponential(x[start + index * step] - largest) }
          let shift = T.logarithm(sum)
          for index in 0..<loop.extent {
            y[start + index * step] = (x[start + index * step] - largest) - shift
          }
        }
      }
    }

    public static func explain(_ site: NodeSite) -> String {
      let loop = Softmax.loop(site)
      return
        "Turns each of \(loop.outer * loop.inner) rows of \(loop.extent) scores into logarithms of probabilities: the "
        + "score less the logarithm of the row's sum of eˣ."
    }
  }

  /// The gradient of `LogSoftmax`, written in its output: dX = dY − eʸ·Σ dY.
  ///
  /// dY, Y → dX, all of one shape. Attribute: `axis` (−1).
  public enum LogSoftmaxBackward: Operator {
    public static let name = "LogSoftmaxBackward"
    public static let inputNames = ["dY", "Y"]
    public static let inPlace = [(output: 0, input: 0), (output: 0, input: 1)]

    public static func infer(_ query: inout ShapeQuery) -> [TensorType] { SoftmaxBackward.infer(&query) }

    public static var differentiability: Differentiability {
      .no(because: "second derivatives of log-softmax are not provided")
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
          for index in 0..<loop.extent { sum += dy[start + index * step] }
          for index in 0..<loop.extent {
            let at = start + index * step
            dx[at] = dy[at] - T.exponential(y[at]) * sum
          }
        }
      }
    }

    public static func explain(_ site: NodeSite) -> String {
      "Each gradient less its probability times the row's sum of gradients, over rows of \(Softmax.loop(site).extent)."
    }
  }
}
