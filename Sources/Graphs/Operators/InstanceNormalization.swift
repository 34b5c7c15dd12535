import FoveaTensors

extension Op {
  /// Instance normalization (Ulyanov et al. 2016): each channel of each example to mean 0 and variance 1, then
  /// scaled and shifted per channel.
  ///
  /// X [N, C, spatial…], scale and B [C] (optional) → Y like X and, auxiliary, mean and 1/√(variance + epsilon)
  /// [N, C]. Attribute: `epsilon` (1e-5).
  public enum InstanceNormalization: Operator {
    public static let name = "InstanceNormalization"
    public static let inputNames = ["X", "scale", "B"]
    public static let optionalInputs: Set<Int> = [1, 2]
    public static let auxiliaryOutputs: Set<Int> = [1, 2]

    public static func infer(_ query: inout ShapeQuery) -> [TensorType] {
      if let rank = query.shape(0).rank, rank == 2 {
        query.reject("X \(query.shape(0)) has no spatial axes", mend: "give an input N×C×spatial…")
      }
      return GroupNormalization.types(&query, x: 0, vectors: 1...2, groups: query.shape(0)[1])
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
      let x = site.inputShape(0)
      let norm = RowNorm(groups: x[1], of: x, site.attributes)
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
      return
        "Brings each of the \(x[1]) channels of each example to mean 0 and variance 1 by its own "
        + "\(x.dims.dropFirst(2).reduce(1, *)) numbers, then scales and shifts it."
    }
  }
}
