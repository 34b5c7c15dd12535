import FoveaTensors

extension Op {
  /// Puts columns back as windows of a picture and adds up where they overlap: the adjoint of `Im2Col`; PyTorch's
  /// `fold`.
  ///
  /// X [N, C·taps, windows], like [·, ·, spatial…] (optional, shape only) → Y [N, C, spatial…]. Attributes:
  /// `image_shape` (the spatial extents, unless `like` is connected), `kernel_shape`, `strides`, `pads`, `dilations`,
  /// `auto_pad` as `Conv`'s. (ONNX has image_shape and block_shape as inputs.)
  public enum Col2Im: Operator {
    public static let name = "Col2Im"
    public static let inputNames = ["X", "like"]
    public static let optionalInputs: Set<Int> = [1]
    public static let shapeOnlyInputs: Set<Int> = [1]

    public static func infer(_ query: inout ShapeQuery) -> [TensorType] {
      query.requireFloat()
      let kernel = query.attributes.ints("kernel_shape", default: [])
      let columns = query.shape(0)
      let extents: [Int?]
      if query.has(1) {
        extents = query.shape(1).dims.map { Array($0.dropFirst(2)) } ?? kernel.map { _ in nil }
      } else {
        extents = query.attributes.ints("image_shape", default: [])
      }
      guard (1...3).contains(kernel.count), extents.count == kernel.count else {
        query.reject(
          "a picture \(PartialShape(extents)) for a kernel \(Attribute.ints(kernel))",
          mend: "give image_shape and kernel_shape one number for each of 1 to 3 spatial axes")
        return [TensorType(query.dtype(0), .unknown)]
      }
      let fits = query.requireRank(3, ofInput: 0, layout: "N×C·taps×windows", mend: "give the columns of Im2Col")
      var channels: Int?
      if fits, let rows = columns[1], let taps = query.product(kernel), taps > 0 {
        channels = rows % taps == 0 ? rows / taps : nil
        if channels == nil {
          query.reject("\(rows) rows for kernels of \(taps) taps", mend: "give a multiple of \(taps) rows")
        }
      }
      let picture = PartialShape([fits ? columns[0] : nil, channels] + extents)
      let wanted = Im2Col.columns(&query, x: picture)
      if fits, let have = columns[2], let need = wanted[2], have != need {
        query.reject(
          "\(have) columns for the \(need) windows of \(picture)", mend: "give one column for each window")
      }
      return [TensorType(query.dtype(0), picture)]
    }

    public static func gradient(_ builder: inout GradientBuilder) -> [Value?] {
      guard let g = builder.outputGradients[0], builder.needs(0) else { return [] }
      var attributes = builder.attributes
      attributes["image_shape"] = nil
      return builder.add(Im2Col.self, [g], attributes)
    }

    public static func receptiveField(_ site: NodeSite) -> FieldRule { .everything }

    @specialized(where T == Float)
    @specialized(where T == Double)
    public static func reference<T: ReferenceScalar>(_ site: NodeSite, _ type: T.Type) -> ReferenceKernel {
      let loop = Im2Col.loop(site, picture: site.outputShape())
      let count = site.outputShape().count
      let step = loop.stride.2
      return { buffers in
        let x = buffers.input(0, as: T.self)
        let y = buffers.output(0, as: T.self)
        y.update(repeating: 0, count: count)
        loop.forEachTapRow { yAt, xAt, length in
          for index in 0..<length { y[yAt &+ index &* step] += x[xAt &+ index] }
        }
      }
    }

    public static func explain(_ site: NodeSite) -> String {
      let x = site.inputShape(0)
      return "Adds the \(x[2]) columns of \(x[1]) numbers up at the places of their windows in \(site.outputShape())."
    }
  }
}
