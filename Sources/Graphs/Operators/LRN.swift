import FoveaTensors

extension Op {
  /// Local response normalization across channels (Krizhevsky et al. 2012): Y = X / (bias + alpha/size·Σx²)^beta.
  ///
  /// X [N, C, spatial…] → Y like X and, auxiliary, the number in parentheses like X. The sum goes over `size`
  /// neighbouring channels: ⌊(size − 1)/2⌋ before and the rest after, as ONNX has it (PyTorch's
  /// `LocalResponseNorm` agrees where `size` is odd). The paper's alpha is not divided by `size`.
  /// Attributes: `size`, `alpha` (1e-4), `beta` (0.75), `bias` (1).
  public enum LRN: Operator {
    public static let name = "LRN"
    public static let inputNames = ["X"]
    public static let auxiliaryOutputs: Set<Int> = [1]

    public static func infer(_ query: inout ShapeQuery) -> [TensorType] {
      query.requireFloat()
      check(&query, x: 0)
      let type = TensorType(query.dtype(0), query.shape(0))
      return [type, type]
    }

    /// Reports attributes and ranks that make no sense.
    static func check(_ query: inout ShapeQuery, x index: Int) {
      let size = query.attributes.int("size", default: 0)
      if !(1...ConvGeometry.largest).contains(size) {
        query.reject("a size of \(size)", mend: "give the number of neighbouring channels, at least 1")
      }
      if let rank = query.shape(index).rank, rank < 2 {
        query.reject("X \(query.shape(index)) has no channel axis", mend: "give an input N×C or N×C×spatial…")
      }
      for (name, value) in [("alpha", 1e-4), ("beta", 0.75), ("bias", 1)] {
        let found = query.attributes.float(name, default: value)
        if !found.isFinite { query.reject("\(name) \(found)", mend: "give a number such as \(value)") }
      }
    }

    public static func gradient(_ builder: inout GradientBuilder) -> [Value?] {
      guard let g = builder.outputGradients[0], builder.needs(0) else { return [] }
      return builder.add(LRNBackward.self, [g, builder.input(0), builder.outputs[1]], builder.attributes)
    }

    /// The attributes as numbers.
    struct Numbers<T: ReferenceScalar>: Sendable {
      let before: Int
      let after: Int
      let alpha: T
      let beta: T
      let bias: T

      init(_ attributes: Attributes, channels: Int) {
        let size = attributes.int("size", default: 1)
        // No window is wider than all channels.
        before = min((size - 1) / 2, channels)
        after = min(size - 1 - (size - 1) / 2, channels)
        alpha = T(attributes.float("alpha", default: 1e-4) / Double(size))
        beta = T(attributes.float("beta", default: 0.75))
        bias = T(attributes.float("bias", default: 1))
      }
    }

    @specialized(where T == Float)
    @specialized(where T == Double)
    public static func reference<T: ReferenceScalar>(_ site: NodeSite, _ type: T.Type) -> ReferenceKernel {
      let loop = AxisLoop(site.inputShape(0), axis: 1)
      let numbers = Numbers<T>(site.attributes, channels: loop.extent)
      return { buffers in
        for outer in 0..<loop.outer {
          let start = outer * loop.extent * loop.inner
          let x = buffers.input(0, as: T.self) + start
          let y = buffers.output(0, as: T.self) + start
          let sums = buffers.output(1, as: T.self) + start
          for channel in 0..<loop.extent {
            let at = channel * loop.inner
            (sums + at).update(repeating: numbers.bias, count: loop.inner)
            for other in max(channel - numbers.before, 0)...min(channel + numbers.after, loop.extent - 1) {
              let row = x + other * loop.inner
              for index in 0..<loop.inner { sums[at &+ index] += numbers.alpha * row[index] * row[index] }
            }
            for index in at..<(at + loop.inner) { y[index] = x[index] * T.power(sums[index], -numbers.beta) }
          }
        }
      }
    }

    public static func explain(_ site: NodeSite) -> String {
      "Divides each of the \(site.outputShape().count) numbers by a power of the sum of squares of its "
        + "\(site.attributes.int("size", default: 1)) neighbouring channels: strong answers damp those beside them."
    }
  }

  /// The gradient of `LRN`.
  ///
  /// dY, X, Sums (auxiliary output of `LRN`), all of one shape → dX. Attributes as `LRN`'s.
  public enum LRNBackward: Operator {
    public static let name = "LRNBackward"
    public static let inputNames = ["dY", "X", "Sums"]

    public static func infer(_ query: inout ShapeQuery) -> [TensorType] {
      LRN.check(&query, x: 1)
      for index in [0, 2] {
        query.requireShape(query.shape(1), ofInput: index, mend: "give what belongs to this very normalization")
      }
      return [TensorType(query.dtype(0), query.shape(1))]
    }

    public static var differentiability: Differentiability {
      .no(because: "second derivatives of local response normalization are not provided")
    }

    public static func gradient(_ builder: inout GradientBuilder) -> [Value?] { [] }

    @specialized(where T == Float)
    @specialized(where T == Double)
    public static func reference<T: ReferenceScalar>(_ site: NodeSite, _ type: T.Type) -> ReferenceKernel {
      let loop = AxisLoop(site.outputShape(), axis: 1)
      let numbers = LRN.Numbers<T>(site.attributes, channels: loop.extent)
      let slope = 2 * numbers.alpha * numbers.beta
      let (step, channels) = (loop.inner, loop.extent)
      return { buffers in
        buffers.output(0, as: T.self).update(repeating: 0, count: loop.outer * channels * step)
        for outer in 0..<loop.outer {
          let start = outer * channels * step
          let dy = buffers.input(0, as: T.self) + start
          let x = buffers.input(1, as: T.self) + start
          let sums = buffers.input(2, as: T.self) + start
          let dx = buffers.output(0, as: T.self) + start
          for channel in 0..<channels {
            let (first, last) = (max(channel - numbers.before, 0), min(channel + numbers.after, channels - 1))
            for index in 0..<step {
              let at = channel &* step &+ index
              let factor = T.power(sums[at], -numbers.beta)
              dx[at] += dy[at] * factor
              // This output's sum saw every channel of its window.
              let share = slope * dy[at] * x[at] * factor / sums[at]
              for other in first...last { dx[other &* step &+ index] -= share * x[other &* step &+ index] }
            }
          }
        }
      }
    }

    public static func explain(_ site: NodeSite) -> String {
      "Sends the gradient \(site.inputShape(0)) back through sums over "
        + "\(site.attributes.int("size", default: 1)) neighbouring channels."
    }
  }
}
