import FoveaTensors

extension Op {
  /// Blocks of pixels as channels: the inverse of `DepthToSpace`.
  ///
  /// X [N, C, d1…dk] → Y [N, C·bᵏ, d1/b…dk/b], k ≥ 1 (ONNX: 2). Attributes: `blocksize` b; `mode`, how the channels
  /// of Y are ordered: "DCR" (ONNX's only one) or "CRD" (PyTorch's pixel_unshuffle).
  public enum SpaceToDepth: Operator {
    public static let name = "SpaceToDepth"
    public static let inputNames = ["X"]
    public static let nonFloatInputs: Set<Int> = [0]

    public static func infer(_ query: inout ShapeQuery) -> [TensorType] {
      guard let blocks = Blocks(&query), let dims = query.shape(0).dims else {
        return [TensorType(query.dtype(0), query.shape(0).rank.map { .unknown(rank: $0) } ?? .unknown)]
      }
      let spatial = dims.dropFirst(2).map { extent in extent.flatMap { $0 % blocks.size == 0 ? $0 / blocks.size : nil }
      }
      if let bad = dims.dropFirst(2).first(where: { $0.map { $0 % blocks.size != 0 } ?? false }), let bad {
        query.reject(
          "\(bad) pixels of \(query.shape(0)) do not split into blocks of \(blocks.size)",
          mend: "pad to a multiple of \(blocks.size)")
      }
      let channels = dims[1].map { Cost.product($0, blocks.area) }
      return [TensorType(query.dtype(0), PartialShape([dims[0], channels] + spatial))]
    }

    public static func gradient(_ builder: inout GradientBuilder) -> [Value?] {
      guard let g = builder.outputGradients[0], builder.needs(0) else { return [] }
      return builder.add(DepthToSpace.self, [g], builder.attributes)
    }

    public static func receptiveField(_ site: NodeSite) -> FieldRule {
      let axes = site.inputShape(0).rank - 2
      let size = [Int](repeating: site.attributes.int("blocksize", default: 1), count: axes)
      return .window(span: size, stride: size, padding: [Int](repeating: 0, count: axes))
    }

    @specialized(where T == Float)
    @specialized(where T == Double)
    public static func reference<T: ReferenceScalar>(_ site: NodeSite, _ type: T.Type) -> ReferenceKernel {
      let (extents, deep, wide) = Blocks.walk(
        deep: site.outputShape(), wide: site.inputShape(0), site.attributes)
      let copy = StridedCopy(extents, from: wide, to: deep)
      let width = site.outputs[0].dtype.size
      return { buffers in
        copy.run(buffers.input(0, as: UInt8.self), buffers.output(0, as: UInt8.self), width: width)
      }
    }

    public static func explain(_ site: NodeSite) -> String {
      "Stacks blocks of \(site.outputShape()[1] / max(site.inputShape(0)[1], 1)) pixels as channels: "
        + "\(site.inputShape(0)) becomes \(site.outputShape())."
    }
  }
}
