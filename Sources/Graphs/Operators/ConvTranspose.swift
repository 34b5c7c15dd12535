import FoveaTensors

extension Op {
  /// Transposed convolution ("deconvolution"): the adjoint of `Conv`, which makes pictures larger.
  ///
  /// X [N, C, spatial…], W [C, O/groups, kernel…], B [O] → Y [N, O, spatial…] with
  /// (n − 1)·stride − pads + dilation·(kernel − 1) + 1 + output_padding along each axis.
  /// Attributes: `strides`, `pads`, `dilations`, `group`, `output_padding` (below the stride), `auto_pad`
  /// (SAME_UPPER and SAME_LOWER: n·stride).
  public enum ConvTranspose: Operator {
    public static let name = "ConvTranspose"
    public static let inputNames = ["X", "W", "B"]
    public static let optionalInputs: Set<Int> = [2]
    public static let weightInput: Int? = 1

    public static func infer(_ query: inout ShapeQuery) -> [TensorType] {
      for index in 0..<3 { query.requireFloat(index) }
      let y = outputShape(&query)
      if query.has(2), let outputs = y[1] {
        let bias = query.shape(2)
        if let dims = bias.dims, dims.count != 1 || (dims[0] ?? outputs) != outputs {
          query.reject("bias \(bias) for \(outputs) output channels", mend: "give a bias of shape [\(outputs)]")
        }
      }
      return [TensorType(query.dtype(0), y)]
    }

    private static func outputShape(_ query: inout ShapeQuery) -> PartialShape {
      let x = query.shape(0)
      let w = query.shape(1)
      guard let rank = w.rank ?? x.rank else { return .unknown }
      guard w.rank != nil else { return .unknown(rank: rank) }
      let kernel = (w.dims ?? []).dropFirst(2).compactMap { $0 }
      guard rank >= 3, rank <= 5, kernel.count == rank - 2 else {
        query.reject("weights \(w) have no kernel", mend: "give weights [C×O/groups×kernel…] with 1 to 3 kernel axes")
        return .unknown(rank: rank)
      }
      let geometry = ConvGeometry(query.attributes, kernel: Array(kernel))
      let outputs = w[1].flatMap { perGroup in
        geometry.groups > 0 ? query.product([perGroup, geometry.groups]) : nil
      }
      let unknown = PartialShape([x[0], outputs] + [Int?](repeating: nil, count: rank - 2))
      if let (problem, mend) = geometry.attributeProblem() {
        query.reject(problem, mend: mend)
        return unknown
      }
      if query.attributes["output_shape"] != nil {
        query.reject("output_shape is not supported", mend: "give pads and output_padding")
      }
      let extra = outputPadding(query.attributes, axes: kernel.count)
      guard extra.count == kernel.count, zip(extra, geometry.strides).allSatisfy({ $0 >= 0 && $0 < $1 }) else {
        query.reject(
          "output_padding \(Attribute.ints(extra)) for strides \(Attribute.ints(geometry.strides))",
          mend: "give one number for each spatial axis, less than its stride")
        return unknown
      }
      let layout = "N×C" + ["×L", "×H×W", "×D×H×W"][rank - 3]
      guard
        query.requireRank(
          rank, ofInput: 0, layout: layout,
          mend: "use the transposed convolution for \((x.rank ?? rank) - 2) spatial axes, or reshape the input")
      else { return PartialShape([nil, outputs] + [Int?](repeating: nil, count: rank - 2)) }
      if let channels = x[1], let taken = w[0], channels != taken {
        query.reject(
          "the input has \(channels) channels, the weights \(w) take \(taken)",
          mend: "give weights that take \(channels) channels")
      }
      if let taken = w[0], taken % geometry.groups != 0 {
        query.reject(
          "\(taken) input channels do not split into \(geometry.groups) groups",
          mend: "choose a number of groups that divides \(taken)")
      }
      let extents = (0..<kernel.count).map { axis -> Int? in
        guard let extent = x[axis + 2] else { return nil }
        guard (1...ConvGeometry.largest).contains(extent) else {
          query.reject("an extent of \(extent)", mend: "use extents from 1 to \(ConvGeometry.largest)")
          return nil
        }
        let result = outputExtent(geometry, axis, extent: extent, extra: extra[axis])
        if result > 0 { return result }
        query.reject(
          "a kernel of \(kernel[axis]) over \(extent) inputs leaves nothing after the padding is cut off",
          mend: "pad less, or use a larger kernel")
        return nil
      }
      return PartialShape([x[0], outputs] + extents)
    }

    static func outputPadding(_ attributes: Attributes, axes: Int) -> [Int] {
      attributes.ints("output_padding", default: [Int](repeating: 0, count: axes))
    }

    private static func outputExtent(_ geometry: ConvGeometry, _ axis: Int, extent: Int, extra: Int) -> Int {
      if geometry.dependsOnExtent { return Cost.product(extent, geometry.strides[axis]) }
      let (before, after) = geometry.padding(axis, extent: extent)
      let reach = Cost.sum(Cost.product(extent - 1, geometry.strides[axis]), geometry.span(axis) + extra)
      return reach - before - after
    }

    /// The adjoint's adjoint is the convolution; weights and inputs change places.
    public static func gradient(_ builder: inout GradientBuilder) -> [Value?] {
      guard let g = builder.outputGradients[0] else { return [] }
      let x = builder.input(0)
      let w = builder.input(1)
      var attributes = builder.attributes
      attributes["output_padding"] = nil
      var result: [Value?] = [nil, nil, nil]
      if builder.needs(0) { result[0] = builder.add(Conv.self, [g, w], attributes)[0] }
      if builder.needs(1) { result[1] = builder.add(ConvBackwardWeights.self, [g, x, w], attributes)[0] }
      if builder.needs(2) {
        let others = [0] + Array(2..<max(builder.graph[g].type.shape.rank ?? 2, 2))
        result[2] = builder.add(ReduceSum.self, [g], ["axes": .ints(others), "keepdims": .int(0)])[0]
      }
      return result
    }

    public static func cost(_ site: NodeSite) -> Cost {
      let w = site.inputShape(1)
      return Cost(
        multiplyAdds: Cost.product(site.inputShape(0).count, w.count / max(w[0], 1)),
        biasAdds: site.has(2) ? site.outputShape().count : 0)
    }

    public static func receptiveField(_ site: NodeSite) -> FieldRule {
      let geometry = Conv.geometry(site, weights: 1)
      return .transposed(span: (0..<geometry.axes).map(geometry.span), stride: geometry.strides)
    }

    @specialized(where T == Float)
    @specialized(where T == Double)
    public static func reference<T: ReferenceScalar>(_ site: NodeSite, _ type: T.Type) -> ReferenceKernel {
      // The convolution that this is the adjoint of goes from Y to X.
      let loop = WindowLoop(
        Conv.geometry(site, weights: 1), input: site.outputShape(), output: site.inputShape(0))
      let withBias = site.has(2)
      return { buffers in
        let x = buffers.input(0, as: T.self)
        let w = buffers.input(1, as: T.self)
        let bias = withBias ? buffers.input(2, as: T.self) : nil
        let y = buffers.output(0, as: T.self)
        let plane = loop.inputPlane
        for n in 0..<loop.batch {
          for o in 0..<loop.inChannels {
            (y + (n * loop.inChannels + o) * plane).update(repeating: bias?[o] ?? 0, count: plane)
          }
        }
        let step = loop.stride.2
        loop.forEachRow { weight, yAt, xAt, count in
          let factor = w[weight]
          for index in 0..<count { y[yAt &+ index &* step] += factor * x[xAt &+ index] }
        }
      }
    }

    public static func explain(_ site: NodeSite) -> String {
      let x = site.inputShape(0)
      let w = site.inputShape(1)
      let y = site.outputShape()
      let geometry = Conv.geometry(site, weights: 1)
      let kernel = geometry.kernel.map(String.init).joined(separator: "×")
      let stride = geometry.strides.map(String.init).joined(separator: "×")
      return
        "Each of the \(x.dims.dropFirst(2).reduce(1, *)) places of \(w[0]) channels paints its number times a kernel of "
        + "\(kernel) into \(y[1]) channels, \(stride) apart\(site.has(2) ? ", plus a bias" : ""): \(x) becomes \(y)."
    }
  }
}
