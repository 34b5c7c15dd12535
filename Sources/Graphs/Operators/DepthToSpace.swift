import FoveaTensors

extension Op {
  /// Channels laid out as blocks of pixels: the sub-pixel convolution's last step (Shi et al. 2016).
  ///
  /// X [N, C·bᵏ, d1…dk] → Y [N, C, d1·b…dk·b], k ≥ 1 (ONNX: 2). Attributes: `blocksize` b; `mode`, how the
  /// channels of X are ordered: "DCR" (the place in the block outermost) or "CRD" (innermost, PyTorch's
  /// pixel_shuffle).
  public enum DepthToSpace: Operator {
    public static let name = "DepthToSpace"
    public static let inputNames = ["X"]
    public static let nonFloatInputs: Set<Int> = [0]

    public static func infer(_ query: inout ShapeQuery) -> [TensorType] {
      guard let blocks = Blocks(&query), let dims = query.shape(0).dims else {
        return [TensorType(query.dtype(0), query.shape(0).rank.map { .unknown(rank: $0) } ?? .unknown)]
      }
      var channels: Int?
      if let deep = dims[1] {
        channels = deep % blocks.area == 0 ? deep / blocks.area : nil
        if channels == nil {
          query.reject(
            "\(deep) channels do not make blocks of \(blocks.area) pixels",
            mend: "give a multiple of \(blocks.area) channels")
        }
      }
      let spatial = dims.dropFirst(2).map { extent in extent.map { Cost.product($0, blocks.size) } }
      return [TensorType(query.dtype(0), PartialShape([dims[0], channels] + spatial))]
    }

    public static func gradient(_ builder: inout GradientBuilder) -> [Value?] {
      guard let g = builder.outputGradients[0], builder.needs(0) else { return [] }
      return builder.add(SpaceToDepth.self, [g], builder.attributes)
    }

    public static func receptiveField(_ site: NodeSite) -> FieldRule {
      let size = [Int](
        repeating: site.attributes.int("blocksize", default: 1), count: site.inputShape(0).rank - 2)
      return .transposed(span: size, stride: size)
    }

    @specialized(where T == Float)
    @specialized(where T == Double)
    public static func reference<T: ReferenceScalar>(_ site: NodeSite, _ type: T.Type) -> ReferenceKernel {
      let (extents, deep, wide) = Blocks.walk(
        deep: site.inputShape(0), wide: site.outputShape(), site.attributes)
      let copy = StridedCopy(extents, from: deep, to: wide)
      let width = site.outputs[0].dtype.size
      return { buffers in
        copy.run(buffers.input(0, as: UInt8.self), buffers.output(0, as: UInt8.self), width: width)
      }
    }

    public static func explain(_ site: NodeSite) -> String {
      "Lays groups of \(site.inputShape(0)[1] / max(site.outputShape()[1], 1)) channels out as blocks of pixels: "
        + "\(site.inputShape(0)) becomes \(site.outputShape())."
    }
  }
}
