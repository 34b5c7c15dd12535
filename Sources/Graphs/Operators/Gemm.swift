import FoveaTensors

extension Op {
  /// Matrix product Y = alpha·A·B + beta·C; the dense layer with transB = 1, W [out, in] and bias [out].
  ///
  /// A [M, K] ([K, M] with transA), B [K, N] ([N, K] with transB), C (optional) broadcast to [M, N] → Y [M, N].
  /// Attributes: `alpha` (1), `beta` (1), `transA` (0), `transB` (0).
  public enum Gemm: Operator {
    public static let name = "Gemm"
    public static let inputNames = ["A", "B", "C"]
    public static let optionalInputs: Set<Int> = [2]
    public static let weightInput: Int? = 1

    public static func infer(_ query: inout ShapeQuery) -> [TensorType] {
      for index in 0..<3 { query.requireFloat(index) }
      let transA = query.attributes.flag("transA")
      let transB = query.attributes.flag("transB")
      let fitsA = query.requireRank(
        2, ofInput: 0, layout: transA ? "features×N" : "N×features", mend: "flatten it first")
      let fitsB = query.requireRank(
        2, ofInput: 1, layout: transB ? "out×in" : "in×out", mend: "give weights with two axes")
      let a = fitsA ? query.shape(0) : .unknown(rank: 2)
      let b = fitsB ? query.shape(1) : .unknown(rank: 2)
      let m = a[transA ? 1 : 0]
      let n = b[transB ? 0 : 1]
      if let given = a[transA ? 0 : 1], let taken = b[transB ? 1 : 0], given != taken {
        query.reject(
          "the input has \(given) features, the weights \(b) take \(taken)",
          mend: "give weights that take \(given) features, or change the layers before so that \(taken) arrive")
      }
      let result = PartialShape([m, n])
      if query.has(2), let c = query.shape(2).dims {
        // Aligned at the end, each axis 1 or the result's.
        let fits =
          c.count <= 2
          && zip(c.reversed(), [n, m]).allSatisfy { own, full in own == nil || full == nil || own == 1 || own == full }
        if !fits {
          let bias = n.map { "[\($0)]" } ?? "one number per output"
          query.reject("bias \(query.shape(2)) for the result \(result)", mend: "give a bias of shape \(bias)")
        }
      }
      return [TensorType(query.dtype(0), result)]
    }

    public static func gradient(_ builder: inout GradientBuilder) -> [Value?] {
      guard let g = builder.outputGradients[0] else { return [] }
      let a = builder.input(0)
      let b = builder.input(1)
      let transA = builder.attributes.flag("transA")
      let transB = builder.attributes.flag("transB")
      func product(_ first: Bool, _ second: Bool) -> Attributes {
        var result: Attributes = ["transA": .int(first ? 1 : 0), "transB": .int(second ? 1 : 0)]
        result["alpha"] = builder.attributes["alpha"]
        return result
      }
      var result: [Value?] = [nil, nil, nil]
      if builder.needs(0) {
        result[0] =
          transA
          ? builder.add(Gemm.self, [b, g], product(transB, true))[0]
          : builder.add(Gemm.self, [g, b], product(false, !transB))[0]
      }
      if builder.needs(1) {
        result[1] =
          transB
          ? builder.add(Gemm.self, [g, a], product(true, transA))[0]
          : builder.add(Gemm.self, [a, g], product(!transA, false))[0]
      }
      if builder.needs(2) {
        let beta = builder.attributes.float("beta", default: 1)
        let scaled = beta == 1 ? g : builder.add(Mul.self, [g, builder.constant(beta, like: g)])[0]
        result[2] = builder.add(SumToShape.self, [scaled, builder.input(2)])[0]
      }
      return result
    }

    public static func cost(_ site: NodeSite) -> Cost {
      let y = site.outputShape()
      return Cost(multiplyAdds: Cost.product(y.count, inner(site)), biasAdds: site.has(2) ? y.count : 0)
    }

    public static func receptiveField(_ site: NodeSite) -> FieldRule { .everything }

    /// The length of the sums: K.
    private static func inner(_ site: NodeSite) -> Int { site.inputShape(0)[site.attributes.flag("transA") ? 0 : 1] }

    @specialized(where T == Float)
    @specialized(where T == Double)
    public static func reference<T: ReferenceScalar>(_ site: NodeSite, _ type: T.Type) -> ReferenceKernel {
      let y = site.outputShape()
      let (rows, columns) = (y[0], y[1])
      let inner = inner(site)
      let (aRow, aStep) = site.attributes.flag("transA") ? (1, rows) : (inner, 1)
      let transB = site.attributes.flag("transB")
      let alpha = T(site.attributes.float("alpha", default: 1))
      let beta = T(site.attributes.float("beta", default: 1))
      let withC = site.has(2)
      let c = withC ? Broadcast.strides(of: site.inputShape(2), in: y) : [0, 0]
      let (cRow, cStep) = (c[0], c[1])
      return { buffers in
        let a = buffers.input(0, as: T.self)
        let b = buffers.input(1, as: T.self)
        let y = buffers.output(0, as: T.self)
        for row in 0..<rows {
          let left = a + row * aRow
          let target = y + row * columns
          if withC {
            let bias = buffers.input(2, as: T.self) + row * cRow
            for column in 0..<columns { target[column] = beta * bias[column &* cStep] }
          } else {
            target.update(repeating: 0, count: columns)
          }
          if transB {
            for column in 0..<columns {
              target[column] += alpha * dot(left, aStep, b + column * inner, inner)
            }
          } else {
            for k in 0..<inner {
              let factor = alpha * left[k &* aStep]
              let right = b + k * columns
              for column in 0..<columns { target[column] += factor * right[column] }
            }
          }
        }
      }
    }

    /// Σ a[k·step]·b[k], in four sums that do not wait for each other.
    @inline(__always)
    private static func dot<T: ReferenceScalar>(
      _ a: UnsafePointer<T>, _ step: Int, _ b: UnsafePointer<T>, _ count: Int
    ) -> T {
      var s0: T = 0
      var s1: T = 0
      var s2: T = 0
      var s3: T = 0
      var k = 0
      while k &+ 3 < count {
        s0 += a[k &* step] * b[k]
        s1 += a[(k &+ 1) &* step] * b[k &+ 1]
        s2 += a[(k &+ 2) &* step] * b[k &+ 2]
        s3 += a[(k &+ 3) &* step] * b[k &+ 3]
        k &+= 4
      }
      while k < count {
        s0 += a[k &* step] * b[k]
        k &+= 1
      }
      return (s0 + s1) + (s2 + s3)
    }

    public static func explain(_ site: NodeSite) -> String {
      let y = site.outputShape()
      let inner = inner(site)
      return
        "Each of the \(y[0])×\(y[1]) results is a sum of \(inner) products\(site.has(2) ? " plus a bias" : ""): "
        + "\(y[0])·\(y[1])·\(inner) = \(Cost.product(y.count, inner)) multiply-adds."
    }
  }
}
