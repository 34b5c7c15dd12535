import FoveaTensors

extension Op {
  /// Group normalization (Wu and He 2018): the channels of each example in groups, each group to mean 0 and
  /// variance 1, then scaled and shifted per channel. It needs no batch.
  ///
  /// X [N, C, spatial…], scale and bias [C] (optional) → Y like X and, auxiliary, mean and 1/√(variance + epsilon)
  /// [N, groups]. Attributes: `num_groups`, `epsilon` (1e-5).
  public enum GroupNormalization: Operator {
    public static let name = "GroupNormalization"
    public static let inputNames = ["X", "scale", "bias"]
    public static let optionalInputs: Set<Int> = [1, 2]
    public static let auxiliaryOutputs: Set<Int> = [1, 2]

    public static func infer(_ query: inout ShapeQuery) -> [TensorType] {
      let groups = checkedGroups(&query, x: 0)
      return types(&query, x: 0, vectors: 1...2, groups: groups)
    }

    /// The number of groups, nil (and reported) where the channels do not split into it.
    static func checkedGroups(_ query: inout ShapeQuery, x index: Int) -> Int? {
      let groups = query.attributes.int("num_groups", default: 0)
      guard (1...ConvGeometry.largest).contains(groups) else {
        query.reject("\(groups) groups", mend: "give at least 1 group")
        return nil
      }
      guard let channels = query.shape(index)[1], channels % groups != 0 else { return groups }
      query.reject(
        "\(channels) channels do not split into \(groups) groups",
        mend: "choose a number of groups that divides \(channels)")
      return nil
    }

    /// The types of the result and the statistics, after a look at the vectors.
    static func types(
      _ query: inout ShapeQuery, x index: Int, vectors: ClosedRange<Int>, groups: Int?
    ) -> [TensorType] {
      query.requireFloat(index)
      LayerNormalization.checkEpsilon(&query)
      let x = query.shape(index)
      if let rank = x.rank, rank < 2 {
        query.reject("X \(x) has no channel axis", mend: "give an input N×C or N×C×spatial…")
      }
      if x[1] == 0 { query.reject("X \(x) has no channels", mend: "give an input of at least 1 channel") }
      for vector in vectors {
        query.requireShape(PartialShape([x[1]]), ofInput: vector, mend: "give one number per channel")
      }
      let statistics = TensorType(query.dtype(index), PartialShape([x[0], groups]))
      return [TensorType(query.dtype(index), x), statistics, statistics]
    }

    public static func gradient(_ builder: inout GradientBuilder) -> [Value?] {
      guard let g = builder.outputGradients[0] else { return [] }
      let all = builder.add(
        GroupNormalizationBackward.self,
        [g, builder.input(0), builder.outputs[1], builder.outputs[2], builder.input(1)], builder.attributes)
      return [all[0], all[1], all[2]]
    }

    @specialized(where T == Float)
    @specialized(where T == Double)
    public static func reference<T: ReferenceScalar>(_ site: NodeSite, _ type: T.Type) -> ReferenceKernel {
      let groups = site.attributes.int("num_groups", default: 1)
      let norm = RowNorm(groups: groups, of: site.inputShape(0), site.attributes)
      let (hasScale, hasShift) = (site.has(1), site.has(2))
      return { buffers in
        norm.forward(
          buffers.input(0, as: T.self), hasScale ? buffers.input(1, as: T.self) : nil,
          hasShift ? buffers.input(2, as: T.self) : nil, buffers.output(0, as: T.self), buffers.output(1, as: T.self),
          buffers.output(2, as: T.self))
      }
    }

    public static func explain(_ site: NodeSite) -> String {
      let x = site.inputShape(0)
      let groups = site.attributes.int("num_groups", default: 1)
      return
        "Brings each example's \(groups) groups of \(x[1] / groups) channels to mean 0 and variance 1, then scales and "
        + "shifts each channel."
    }
  }

  /// The gradients of `GroupNormalization` and `InstanceNormalization` (one group per channel).
  ///
  /// dY, X [N, C, spatial…], Mean, InvStdDev [N, groups], scale [C] (optional) → dX like X, dScale and dBias [C].
  /// Attributes: `num_groups` (missing: one per channel), `epsilon`.
  public enum GroupNormalizationBackward: Operator {
    public static let name = "GroupNormalizationBackward"
    public static let inputNames = ["dY", "X", "Mean", "InvStdDev", "scale"]
    public static let optionalInputs: Set<Int> = [4]

    public static func infer(_ query: inout ShapeQuery) -> [TensorType] {
      let isInstance = query.attributes["num_groups"] == nil
      let groups = isInstance ? query.shape(1)[1] : GroupNormalization.checkedGroups(&query, x: 1)
      let types = GroupNormalization.types(&query, x: 1, vectors: 4...4, groups: groups)
      query.requireShape(query.shape(1), ofInput: 0, mend: "give the gradient of this very normalization's output")
      for index in 2...3 {
        query.requireShape(types[1].shape, ofInput: index, mend: "give what belongs to this very normalization")
      }
      let vector = TensorType(types[0].dtype, PartialShape([query.shape(1)[1]]))
      return [types[0], vector, vector]
    }

    public static var differentiability: Differentiability {
      .no(because: "second derivatives of group normalization are not provided")
    }

    public static func gradient(_ builder: inout GradientBuilder) -> [Value?] { [] }

    @specialized(where T == Float)
    @specialized(where T == Double)
    public static func reference<T: ReferenceScalar>(_ site: NodeSite, _ type: T.Type) -> ReferenceKernel {
      let x = site.inputShape(1)
      let norm = RowNorm(groups: site.attributes.int("num_groups", default: x[1]), of: x, site.attributes)
      let hasScale = site.has(4)
      return { buffers in
        norm.backward(
          buffers.input(0, as: T.self), buffers.input(1, as: T.self), hasScale ? buffers.input(4, as: T.self) : nil,
          buffers.input(2, as: T.self), buffers.input(3, as: T.self), buffers.output(0, as: T.self),
          buffers.output(1, as: T.self), buffers.output(2, as: T.self))
      }
    }

    public static func explain(_ site: NodeSite) -> String {
      let x = site.inputShape(1)
      return
        "Sends the gradient back through the normalization of \(site.attributes.int("num_groups", default: x[1])) groups "
        + "of channels, taking off what moved the mean and the variance."
    }
  }
}
