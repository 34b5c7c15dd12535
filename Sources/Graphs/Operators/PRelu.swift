import FoveaTensors

extension Op {
  /// ReLU whose negative side has a learned slope: x ≥ 0 ? x : slope·x (He et al. 2015).
  ///
  /// X [N, C, …], slope → Y like X. The slope is one number ([] or [1]) or one per channel ([C]).
  public enum PRelu: Operator {
    public static let name = "PRelu"
    public static let inputNames = ["X", "slope"]
    public static let inPlace = [(output: 0, input: 0)]
    /// On any layout with a single slope.
    public static let isElementwise = true

    public static func infer(_ query: inout ShapeQuery) -> [TensorType] {
      query.requireFloat(0)
      query.requireFloat(1)
      checkSlope(&query, x: 0, slope: 1)
      return [TensorType(query.dtype(0), query.shape(0))]
    }

    /// Reports a slope that is neither one number nor one per channel.
    static func checkSlope(_ query: inout ShapeQuery, x: Int, slope: Int) {
      guard let dims = query.shape(slope).dims else { return }
      let x = query.shape(x)
      let isSingle = dims.allSatisfy { $0 == nil || $0 == 1 } && dims.count <= 1
      let isPerChannel = dims.count == 1 && (x.rank ?? 2) >= 2 && (x[1] == nil || dims[0] == nil || dims[0] == x[1])
      if !isSingle, !isPerChannel {
        query.reject(
          "a slope \(query.shape(slope)) for \(x)",
          mend: "give one number" + (x[1].map { ", or \($0): one per channel" } ?? ""))
      }
    }

    /// The tensor as rows that share a slope: `extent` slopes, `inner` numbers a row.
    static func loop(_ x: Shape, _ slope: Shape) -> AxisLoop {
      slope.count == 1 ? AxisLoop([1, 1, x.count], axis: 1) : AxisLoop(x, axis: 1)
    }

    public static func gradient(_ builder: inout GradientBuilder) -> [Value?] {
      guard let g = builder.outputGradients[0] else { return [] }
      return builder.add(PReluBackward.self, [g, builder.input(0), builder.input(1)])
    }

    @specialized(where T == Float)
    @specialized(where T == Double)
    public static func reference<T: ReferenceScalar>(_ site: NodeSite, _ type: T.Type) -> ReferenceKernel {
      let loop = loop(site.inputShape(0), site.inputShape(1))
      return { buffers in
        let x = buffers.input(0, as: T.self)
        let y = buffers.output(0, as: T.self)
        for row in 0..<(loop.outer * loop.extent) {
          let slope = buffers.input(1, as: T.self)[row % loop.extent]
          for index in (row * loop.inner)..<((row + 1) * loop.inner) {
            y[index] = x[index] < 0 ? slope * x[index] : x[index]
          }
        }
      }
    }

    public static func explain(_ site: NodeSite) -> String {
      let count = site.inputShape(1).count
      return
        "Keeps what is positive of \(site.inputShape(0)) and multiplies the rest by "
        + (count == 1 ? "1 learned slope." : "\(count) learned slopes, one per channel.")
    }
  }

  /// The gradients of `PRelu`, written in its input, since a learned slope may become negative.
  ///
  /// dY, X, slope → dX = X > 0 ? dY : slope·dY like X, dslope = Σ min(X, 0)·dY like slope.
  public enum PReluBackward: Operator {
    public static let name = "PReluBackward"
    public static let inputNames = ["dY", "X", "slope"]
    public static let inPlace = [(output: 0, input: 0), (output: 0, input: 1)]

    public static func infer(_ query: inout ShapeQuery) -> [TensorType] {
      for index in 0...2 { query.requireFloat(index) }
      query.requireShape(query.shape(1), ofInput: 0, mend: "give the gradient of this very output")
      PRelu.checkSlope(&query, x: 1, slope: 2)
      return [TensorType(query.dtype(0), query.shape(1)), TensorType(query.dtype(0), query.shape(2))]
    }

    public static var differentiability: Differentiability {
      .no(because: "second derivatives of PReLU are not provided")
    }

    public static func gradient(_ builder: inout GradientBuilder) -> [Value?] { [] }

    @specialized(where T == Float)
    @specialized(where T == Double)
    public static func reference<T: ReferenceScalar>(_ site: NodeSite, _ type: T.Type) -> ReferenceKernel {
      let loop = PRelu.loop(site.inputShape(1), site.inputShape(2))
      return { buffers in
        let dy = buffers.input(0, as: T.self)
        let x = buffers.input(1, as: T.self)
        let dx = buffers.output(0, as: T.self)
        let change = buffers.output(1, as: T.self)
        change.update(repeating: 0, count: loop.extent)
        for row in 0..<(loop.outer * loop.extent) {
          let slope = buffers.input(2, as: T.self)[row % loop.extent]
          let start = row * loop.inner
          change[row % loop.extent] += ElementLoss.sum(loop.inner) { index in
            // Read before dX is written: it may lie where dY or X does.
            let (g, value) = (dy[start + index], x[start + index])
            dx[start + index] = value > 0 ? g : slope * g
            return value < 0 ? value * g : 0
          }
        }
      }
    }

    public static func explain(_ site: NodeSite) -> String {
      "Lets the gradient \(site.inputShape(0)) pass where the input was positive and the slope's part of it elsewhere; "
        + "sums what the \(site.inputShape(2).count) slopes did."
    }
  }
}
