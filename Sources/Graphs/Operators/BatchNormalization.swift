import FoveaTensors

extension Op {
  /// Batch normalization (Ioffe and Szegedy 2015): Y = scale·(X − mean)/√(var + epsilon) + B per channel.
  ///
  /// X [N, C, spatial…], scale [C], B [C], mean [C], var [C] → Y like X; in training also the running mean and
  /// variance after this batch [C] and, auxiliary, the batch's mean and biased variance [C].
  /// Attributes: `epsilon` (1e-5), `momentum` (0.9: running = running·momentum + batch·(1 − momentum)),
  /// `training_mode` (0), `frozen` (0; 1 uses the running statistics even in training).
  /// The running variance is the unbiased one, n/(n − 1) times the batch's, as PyTorch's; for n = 1 it is 0.
  public enum BatchNormalization: Operator {
    public static let name = "BatchNormalization"
    public static let inputNames = ["X", "scale", "B", "mean", "var"]
    public static let auxiliaryOutputs: Set<Int> = [3, 4]
    public static let inPlace = [(output: 0, input: 0), (output: 1, input: 3), (output: 2, input: 4)]

    /// Whether a node with these attributes normalizes with the batch's own statistics.
    public static func usesBatchStatistics(_ attributes: Attributes) -> Bool {
      attributes.flag("training_mode") && !attributes.flag("frozen")
    }

    public static func infer(_ query: inout ShapeQuery) -> [TensorType] {
      let x = query.shape(0)
      let channels = channels(&query, x: 0, vectors: 1...4)
      let dtype = query.dtype(0)
      let y = TensorType(dtype, x)
      let statistics = TensorType(dtype, PartialShape([channels]))
      return usesBatchStatistics(query.attributes) ? [y] + [TensorType](repeating: statistics, count: 4) : [y]
    }

    /// The number of channels, after a look at whether the vectors have as many.
    static func channels(_ query: inout ShapeQuery, x index: Int, vectors: ClosedRange<Int>) -> Int? {
      query.requireFloat(index)
      let x = query.shape(index)
      if let rank = x.rank, rank < 2 {
        query.reject("X \(x) has no channel axis", mend: "give an input N×C or N×C×spatial…")
      }
      var channels = x[1]
      for index in vectors {
        let own = query.shape(index)
        if let rank = own.rank, rank != 1 {
          query.reject("\(query.name(index)) is \(own)", mend: "give one number per channel")
        } else if let count = own[0], let channels, count != channels {
          query.reject(
            "\(query.name(index)) \(own) for an input \(x) of \(channels) channels",
            mend: "give \(query.name(index)) of shape [\(channels)]")
        }
        channels = channels ?? own[0]
      }
      return channels
    }

    public static func gradient(_ builder: inout GradientBuilder) -> [Value?] {
      guard let g = builder.outputGradients[0] else { return [] }
      var attributes: Attributes = [:]
      attributes["epsilon"] = builder.attributes["epsilon"]
      let batch = usesBatchStatistics(builder.attributes)
      if !batch { attributes["frozen"] = .int(1) }
      let (mean, variance) =
        batch ? (builder.outputs[3], builder.outputs[4]) : (builder.input(3), builder.input(4))
      let all = builder.add(
        BatchNormalizationBackward.self, [g, builder.input(0), builder.input(1), mean, variance], attributes)
      return [all[0], all[1], all[2], nil, nil]
    }

    @specialized(where T == Float)
    @specialized(where T == Double)
    public static func reference<T: ReferenceScalar>(_ site: NodeSite, _ type: T.Type) -> ReferenceKernel {
      let loop = AxisLoop(site.inputShape(0), axis: 1)
      let epsilon = T(site.attributes.float("epsilon", default: 1e-5))
      let momentum = T(site.attributes.float("momentum", default: 0.9))
      let batch = usesBatchStatistics(site.attributes)
      let count = loop.outer * loop.inner
      let unbiased = T(count) / T(max(count - 1, 1))
      return { buffers in
        let x = buffers.input(0, as: T.self)
        let scale = buffers.input(1, as: T.self)
        let shift = buffers.input(2, as: T.self)
        let running = buffers.input(3, as: T.self)
        let runningVariance = buffers.input(4, as: T.self)
        let y = buffers.output(0, as: T.self)
        for channel in 0..<loop.extent {
          var mean = running[channel]
          var variance = runningVariance[channel]
          if batch {
            (mean, variance) = statistics(x, loop, channel)
            let before = running[channel]
            let beforeVariance = runningVariance[channel]
            buffers.output(1, as: T.self)[channel] = before * momentum + mean * (1 - momentum)
            buffers.output(2, as: T.self)[channel] =
              beforeVariance * momentum + variance * unbiased * (1 - momentum)
            buffers.output(3, as: T.self)[channel] = mean
            buffers.output(4, as: T.self)[channel] = variance
          }
          let factor = scale[channel] / (variance + epsilon).squareRoot()
          let offset = shift[channel]
          for outer in 0..<loop.outer {
            let start = (outer * loop.extent + channel) * loop.inner
            for index in start..<(start + loop.inner) { y[index] = (x[index] - mean) * factor + offset }
          }
        }
      }
    }

    /// Mean and biased variance of one channel, in two passes: E[x²] − E[x]² would cancel.
    @inline(__always)
    private static func statistics<T: ReferenceScalar>(
      _ x: UnsafePointer<T>, _ loop: AxisLoop, _ channel: Int
    ) -> (T, T) {
      let count = T(loop.outer * loop.inner)
      var total: T = 0
      for outer in 0..<loop.outer {
        let row = x + (outer * loop.extent + channel) * loop.inner
        var part: T = 0
        for index in 0..<loop.inner { part += row[index] }
        total += part
      }
      let mean = total / count
      var squares: T = 0
      for outer in 0..<loop.outer {
        let row = x + (outer * loop.extent + channel) * loop.inner
        var part: T = 0
        for index in 0..<loop.inner { part += (row[index] - mean) * (row[index] - mean) }
        squares += part
      }
      return (mean, squares / count)
    }

    public static func explain(_ site: NodeSite) -> String {
      let loop = AxisLoop(site.inputShape(0), axis: 1)
      let source =
        usesBatchStatistics(site.attributes)
        ? "the \(loop.outer * loop.inner) numbers of this batch" : "the running statistics"
      return
        "Brings each of \(loop.extent) channels to mean 0 and variance 1 by \(source), then scales and shifts it by "
        + "two learned numbers."
    }
  }

  /// The gradients of `BatchNormalization`.
  ///
  /// dY, X [N, C, spatial…], scale [C], mean [C], var [C] (biased) → dX like X, dScale [C], dB [C].
  /// Attributes: `epsilon` (1e-5), `frozen` (0; 1 when the statistics were constants and not the batch's).
  public enum BatchNormalizationBackward: Operator {
    public static let name = "BatchNormalizationBackward"
    public static let inputNames = ["dY", "X", "scale", "mean", "var"]
    public static let inPlace = [(output: 0, input: 0), (output: 0, input: 1)]

    public static func infer(_ query: inout ShapeQuery) -> [TensorType] {
      let dtype = query.dtype(0)
      let scale = TensorType(
        dtype, PartialShape([BatchNormalization.channels(&query, x: 1, vectors: 2...4)]))
      query.requireShape(query.shape(1), ofInput: 0, mend: "give the gradient of this very normalization's output")
      return [TensorType(dtype, query.shape(1)), scale, scale]
    }

    public static var differentiability: Differentiability {
      .no(because: "second derivatives of batch normalization are not provided")
    }

    public static func gradient(_ builder: inout GradientBuilder) -> [Value?] { [] }

    @specialized(where T == Float)
    @specialized(where T == Double)
    public static func reference<T: ReferenceScalar>(_ site: NodeSite, _ type: T.Type) -> ReferenceKernel {
      let loop = AxisLoop(site.inputShape(1), axis: 1)
      let epsilon = T(site.attributes.float("epsilon", default: 1e-5))
      let frozen = site.attributes.flag("frozen")
      let count = T(loop.outer * loop.inner)
      return { buffers in
        let dy = buffers.input(0, as: T.self)
        let x = buffers.input(1, as: T.self)
        let dx = buffers.output(0, as: T.self)
        for channel in 0..<loop.extent {
          let mean = buffers.input(3, as: T.self)[channel]
          let inverse = 1 / (buffers.input(4, as: T.self)[channel] + epsilon).squareRoot()
          var sum: T = 0
          var product: T = 0
          for outer in 0..<loop.outer {
            let start = (outer * loop.extent + channel) * loop.inner
            var part: T = 0
            var partProduct: T = 0
            for index in start..<(start + loop.inner) {
              part += dy[index]
              partProduct += dy[index] * (x[index] - mean)
            }
            sum += part
            product += partProduct
          }
          let factor = buffers.input(2, as: T.self)[channel] * inverse
          // The batch's own mean and variance depend on every element: their share is taken off.
          let meanShare = frozen ? 0 : sum / count
          let slope = frozen ? 0 : product * inverse * inverse / count
          for outer in 0..<loop.outer {
            let start = (outer * loop.extent + channel) * loop.inner
            for index in start..<(start + loop.inner) {
              dx[index] = factor * (dy[index] - meanShare - (x[index] - mean) * slope)
            }
          }
          buffers.output(1, as: T.self)[channel] = product * inverse
          buffers.output(2, as: T.self)[channel] = sum
        }
      }
    }

    public static func explain(_ site: NodeSite) -> String {
      let loop = AxisLoop(site.inputShape(1), axis: 1)
      return
        "Sends the gradient back through the normalization of \(loop.extent) channels"
        + (site.attributes.flag("frozen")
          ? ", whose statistics are constants." : ", taking off what moved the mean and the variance.")
    }
  }
}
