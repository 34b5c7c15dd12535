import FoveaTensors

extension Op {
  /// Dropout (Srivastava et al. 2014), inverted: keeps each number with probability 1 − ratio and scales it by
  /// 1/(1 − ratio). Without training it is the identity.
  ///
  /// data, seed (i64 [], optional), step (i64 [], optional) → like data.
  /// Attributes: `ratio` (0.5), `training_mode` (0), `stream` (the layer's path), `drawn_axes` (all; the
  /// number of leading axes along which is drawn: 1 keeps or drops whole examples, 2 whole maps).
  /// What is dropped depends on seed, stream, step and the element's logical index alone; so the gradient is
  /// the same operator on the same seed and step, and no mask is kept.
  public enum Dropout: Operator {
    public static let name = "Dropout"
    public static let inputNames = ["data", "seed", "step"]
    public static let nonFloatInputs: Set<Int> = [1, 2]
    public static let optionalInputs: Set<Int> = [1, 2]
    public static let inPlace = [(output: 0, input: 0)]

    public static func infer(_ query: inout ShapeQuery) -> [TensorType] {
      query.requireFloat()
      let ratio = query.attributes.float("ratio", default: 0.5)
      if !(ratio >= 0 && ratio < 1) {
        query.reject("a ratio of \(ratio)", mend: "drop a fraction of at least 0 and less than 1")
      }
      let axes = query.attributes.int("drawn_axes", default: 1)
      if axes < 1 { query.reject("draws along \(axes) axes", mend: "draw along at least 1, the examples") }
      for index in 1...2 {
        query.require(.i64, ofInput: index, mend: "give it as i64")
        query.requireShape(PartialShape(.scalar), ofInput: index, mend: "give a single number")
      }
      return [TensorType(query.dtype(0), query.shape(0))]
    }

    public static func gradient(_ builder: inout GradientBuilder) -> [Value?] {
      guard let g = builder.outputGradients[0], builder.needs(0) else { return [] }
      return builder.add(Dropout.self, [g, builder.input(1), builder.input(2)], builder.attributes)
    }

    @specialized(where T == Float)
    @specialized(where T == Double)
    public static func reference<T: ReferenceScalar>(_ site: NodeSite, _ type: T.Type) -> ReferenceKernel {
      let (count, draws) = (site.outputShape().count, draws(site))
      // Numbers that share a draw stand one behind the other.
      let share = count / max(draws, 1)
      let ratio = site.attributes.float("ratio", default: 0.5)
      let training = site.attributes.flag("training_mode")
      let path = site.attributes.string("stream", default: "")
      let (withSeed, withStep) = (site.has(1), site.has(2))
      // Compared in single precision for every element type, so that all drop the same places.
      let threshold = Float(ratio)
      let factor = T(1 / (1 - ratio))
      return { buffers in
        let x = buffers.input(0, as: T.self)
        let y = buffers.output(0, as: T.self)
        guard training else {
          y.update(from: x, count: count)
          return
        }
        let seed = withSeed ? buffers.input(1, as: Int64.self)[0] : 0
        let step = withStep ? buffers.input(2, as: Int64.self)[0] : 0
        let stream = RandomStream(seed: UInt64(bitPattern: seed), purpose: "dropout", path: path)
        var index = 0
        while index < draws {
          let words = stream.words(step: UInt64(bitPattern: step), block: UInt64(index >> 2))
          for lane in 0..<min(4, draws - index) {
            // `RandomStream.uniform`, four at a time.
            let keep = Float(words[lane] >> 8) * 0x1p-24 >= threshold
            for place in (index + lane) * share..<(index + lane + 1) * share { y[place] = keep ? x[place] * factor : 0 }
          }
          index += 4
        }
      }
    }

    /// How often is drawn whether to keep or to drop.
    private static func draws(_ site: NodeSite) -> Int {
      let dims = site.outputShape().dims
      return dims.prefix(max(site.attributes.int("drawn_axes", default: dims.count), 1)).reduce(1, *)
    }

    public static func explain(_ site: NodeSite) -> String {
      let ratio = site.attributes.float("ratio", default: 0.5)
      let (count, draws) = (site.outputShape().count, draws(site))
      let what = draws == count ? "numbers" : "blocks of \(count / max(draws, 1)) numbers"
      return site.attributes.flag("training_mode")
        ? "Sets a random \(ratio) of the \(draws) \(what) to 0 and scales the others by "
          + "\(1 / (1 - ratio)), so that their mean stays."
        : "Passes \(site.outputShape()) unchanged: numbers are dropped only in training."
    }
  }
}
