import FoveaTensors

extension Op {
  /// The p-norm of each window, (Σ|x|ᵖ)^(1/p); with p = 2, L2 pooling.
  ///
  /// X [N, C, spatial…] → Y [N, C, spatial′…]. Attributes: `p` (2, at least 1), and `kernel_shape`, `strides`,
  /// `pads`, `dilations`, `ceil_mode`, `auto_pad` as `MaxPool`'s; padding counts as zeros.
  public enum LpPool: Operator {
    public static let name = "LpPool"
    public static let inputNames = ["X"]

    public static func infer(_ query: inout ShapeQuery) -> [TensorType] {
      query.requireFloat()
      checkPower(&query)
      return [TensorType(query.dtype(0), MaxPool.windowShape(&query, x: 0))]
    }

    /// Reports a power below 1, which makes no norm.
    static func checkPower(_ query: inout ShapeQuery) {
      let p = query.attributes.float("p", default: 2)
      if !(p >= 1 && p.isFinite) { query.reject("p \(p)", mend: "give a power of at least 1, such as 2") }
    }

    public static func gradient(_ builder: inout GradientBuilder) -> [Value?] {
      guard let g = builder.outputGradients[0], builder.needs(0) else { return [] }
      return builder.add(LpPoolBackward.self, [g, builder.input(0), builder.outputs[0]], builder.attributes)
    }

    public static func receptiveField(_ site: NodeSite) -> FieldRule {
      MaxPool.geometry(site).fieldRule(site.inputShape(0))
    }

    @specialized(where T == Float)
    @specialized(where T == Double)
    public static func reference<T: ReferenceScalar>(_ site: NodeSite, _ type: T.Type) -> ReferenceKernel {
      let windows = PoolWindows(site, input: site.inputShape(0), output: site.outputShape())
      let norm = PowerNorm<T>(site.attributes)
      return { buffers in
        let x = buffers.input(0, as: T.self)
        let y = buffers.output(0, as: T.self)
        windows.forEach { yAt, _, rows in
          var sum: T = 0
          rows.forEach { start, count, step in
            for index in 0..<count { sum += norm.term(x[start &+ index &* step]) }
          }
          y[yAt] = norm.root(sum)
        }
      }
    }

    public static func explain(_ site: NodeSite) -> String {
      let geometry = MaxPool.geometry(site)
      let kernel = geometry.kernel.map(String.init).joined(separator: "×")
      let stride = geometry.strides.map(String.init).joined(separator: "×")
      return
        "Takes the \(PowerNorm<Double>(site.attributes).p)-norm of each window of \(kernel), \(stride) apart: "
        + "\(site.inputShape(0)) becomes \(site.outputShape())."
    }
  }

  /// The gradient of `LpPool`: dY·sign(x)·(|x|/Y)^(p − 1) to each input of the window, 0 where Y is 0.
  ///
  /// dY, X, Y (like dY) → dX like X. Attributes as `LpPool`'s.
  public enum LpPoolBackward: Operator {
    public static let name = "LpPoolBackward"
    public static let inputNames = ["dY", "X", "Y"]

    public static func infer(_ query: inout ShapeQuery) -> [TensorType] {
      LpPool.checkPower(&query)
      let y = MaxPool.windowShape(&query, x: 1)
      for index in [0, 2] {
        query.requireShape(y, ofInput: index, mend: "give what belongs to this very pooling's output")
      }
      return [TensorType(query.dtype(0), query.shape(1))]
    }

    public static var differentiability: Differentiability {
      .no(because: "second derivatives through a pooling by norms are not provided")
    }

    public static func gradient(_ builder: inout GradientBuilder) -> [Value?] { [] }

    @specialized(where T == Float)
    @specialized(where T == Double)
    public static func reference<T: ReferenceScalar>(_ site: NodeSite, _ type: T.Type) -> ReferenceKernel {
      let windows = PoolWindows(site, input: site.outputShape(), output: site.inputShape(0))
      let norm = PowerNorm<T>(site.attributes)
      let total = site.outputShape().count
      return { buffers in
        let dy = buffers.input(0, as: T.self)
        let x = buffers.input(1, as: T.self)
        let y = buffers.input(2, as: T.self)
        let dx = buffers.output(0, as: T.self)
        dx.update(repeating: 0, count: total)
        windows.forEach { yAt, _, rows in
          let (g, whole) = (dy[yAt], y[yAt])
          rows.forEach { start, count, step in
            for index in 0..<count {
              let at = start &+ index &* step
              dx[at] += g * norm.slope(x[at], whole)
            }
          }
        }
      }
    }

    public static func explain(_ site: NodeSite) -> String {
      "Gives each input of \(site.outputShape()) its part in the \(site.inputShape(0).count) norms' gradients."
    }
  }
}

/// The terms of a p-norm and its slope.
struct PowerNorm<T: ReferenceScalar>: Sendable {
  let p: T

  init(_ attributes: Attributes) { p = T(attributes.float("p", default: 2)) }

  /// |x|ᵖ.
  @inline(__always)
  func term(_ x: T) -> T { p == 2 ? x * x : p == 1 ? x.magnitude : T.power(x.magnitude, p) }

  /// The norm of a sum of terms.
  @inline(__always)
  func root(_ sum: T) -> T { p == 2 ? sum.squareRoot() : p == 1 ? sum : T.power(sum, 1 / p) }

  /// How the norm `whole` changes with `x`; 0 where all are 0 and no direction is steepest.
  @inline(__always)
  func slope(_ x: T, _ whole: T) -> T {
    if whole == 0 || x == 0 { return 0 }
    if p == 2 { return x / whole }
    let size = p == 1 ? 1 : T.power(x.magnitude / whole, p - 1)
    return x < 0 ? -size : size
  }
}
