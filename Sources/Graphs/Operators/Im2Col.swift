import FoveaTensors

extension Op {
  /// Writes the windows of a convolution as the columns of matrices, so that the convolution becomes a matrix product
  /// (Chellapilla et al. 2006); PyTorch's `unfold`.
  ///
  /// X [N, C, spatial…] → Y [N, C·taps, windows]: row (channel, tap), column window, both in row-major order.
  /// Attributes: `kernel_shape`, `strides`, `pads`, `dilations`, `auto_pad` as `Conv`'s.
  public enum Im2Col: Operator {
    public static let name = "Im2Col"
    public static let inputNames = ["X"]

    public static func infer(_ query: inout ShapeQuery) -> [TensorType] {
      query.requireFloat()
      return [TensorType(query.dtype(0), columns(&query, x: query.shape(0)))]
    }

    /// The shape of the columns of a picture.
    static func columns(_ query: inout ShapeQuery, x: PartialShape) -> PartialShape {
      let kernel = query.attributes.ints("kernel_shape", default: [])
      guard (1...3).contains(kernel.count) else {
        query.reject("kernel_shape \(Attribute.ints(kernel))", mend: "give a kernel of 1 to 3 spatial axes")
        return .unknown(rank: 3)
      }
      let rank = kernel.count + 2
      var x = x
      if let found = x.rank, found != rank {
        query.reject(
          "\(x) has \(found) axes, a kernel \(Attribute.ints(kernel)) needs \(rank)",
          mend: "give kernel_shape one number per spatial axis")
        x = .unknown(rank: rank)
      }
      let extents = ConvGeometry(query.attributes, kernel: kernel).outputExtents(x, &query)
      return PartialShape([x[0], query.product([x[1]] + kernel), query.product(extents)])
    }

    public static func gradient(_ builder: inout GradientBuilder) -> [Value?] {
      guard let g = builder.outputGradients[0], builder.needs(0) else { return [] }
      return builder.add(Col2Im.self, [g, builder.input(0)], builder.attributes)
    }

    public static func receptiveField(_ site: NodeSite) -> FieldRule { .everything }

    /// The loop over rows; `Y` is the picture of windows that the columns hold.
    static func loop(_ site: NodeSite, picture x: Shape) -> WindowLoop {
      let geometry = MaxPool.geometry(site)
      let extents = (0..<geometry.axes).map { geometry.outputExtent($0, extent: x[$0 + 2]) ?? 0 }
      return WindowLoop(geometry, input: x, output: Shape([x[0], x[1]] + extents))
    }

    @specialized(where T == Float)
    @specialized(where T == Double)
    public static func reference<T: ReferenceScalar>(_ site: NodeSite, _ type: T.Type) -> ReferenceKernel {
      let loop = loop(site, picture: site.inputShape(0))
      let count = site.outputShape().count
      let step = loop.stride.2
      return { buffers in
        let x = buffers.input(0, as: T.self)
        let y = buffers.output(0, as: T.self)
        y.update(repeating: 0, count: count)
        loop.forEachTapRow { xAt, yAt, length in
          for index in 0..<length { y[yAt &+ index] = x[xAt &+ index &* step] }
        }
      }
    }

    public static func explain(_ site: NodeSite) -> String {
      let y = site.outputShape()
      return
        "Writes the \(y[2]) windows of \(site.inputShape(0)) as columns of \(y[1]) numbers: a convolution becomes a "
        + "matrix product."
    }
  }
}
