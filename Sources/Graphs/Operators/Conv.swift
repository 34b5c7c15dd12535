import FoveaTensors

extension Op {
  /// Convolution as networks mean it: cross-correlation, plus an optional bias per output channel.
  ///
  /// X [N, C, spatial…], W [O, C/groups, kernel…], B [O] → Y [N, O, spatial…].
  /// Attributes: `strides`, `pads`, `dilations`, `group`, `auto_pad`.
  public enum Conv: Operator {
    public static let name = "Conv"
    public static let inputNames = ["X", "W", "B"]
    public static let optionalInputs: Set<Int> = [2]
    public static let weightInput: Int? = 1

    public static func infer(_ query: inout ShapeQuery) -> [TensorType] {
      let y = outputShape(&query, x: 0, w: 1)
      if query.has(2), let outputs = query.shape(1)[0] {
        let bias = query.shape(2)
        if let dims = bias.dims, dims.count != 1 || (dims[0] ?? outputs) != outputs {
          query.reject("bias \(bias) for \(outputs) output channels", mend: "give a bias of shape [\(outputs)]")
        }
      }
      for index in 0..<3 { query.requireFloat(index) }
      return [TensorType(query.dtype(0), y)]
    }

    /// The shape rule for input and weights at the given positions.
    static func outputShape(_ query: inout ShapeQuery, x xIndex: Int, w wIndex: Int) -> PartialShape {
      let x = query.shape(xIndex)
      let w = query.shape(wIndex)
      guard let rank = w.rank ?? x.rank else { return .unknown }
      // Weights of unknown extents come from a layer that was rejected before: nothing more to say.
      guard w.rank != nil else { return .unknown(rank: rank) }
      let kernel = (w.dims ?? []).dropFirst(2).compactMap { $0 }
      guard rank >= 3, rank <= 5, kernel.count == rank - 2 else {
        query.reject("weights \(w) have no kernel", mend: "give weights [O×C/groups×kernel…] with 1 to 3 kernel axes")
        return .unknown(rank: rank)
      }
      let layout = "N×C" + ["×L", "×H×W", "×D×H×W"][rank - 3]
      let fits = query.requireRank(
        rank, ofInput: xIndex, layout: layout,
        mend: "use the convolution for \((x.rank ?? rank) - 2) spatial axes, or reshape the input")
      let geometry = ConvGeometry(query.attributes, kernel: Array(kernel))
      if let channels = x[1], let perGroup = w[1], fits, geometry.groups > 0,
        let taken = query.product([perGroup, geometry.groups]), channels != taken
      {
        query.reject(
          "the input has \(channels) channels, the weights \(w) with \(geometry.groups) groups take \(taken)",
          mend: channels % geometry.groups == 0
            ? "give weights with \(channels / geometry.groups) input channels"
            : "choose a number of groups that divides \(channels)")
      }
      if let outputs = w[0], geometry.groups > 0, outputs % geometry.groups != 0 {
        query.reject(
          "\(outputs) output channels do not split into \(geometry.groups) groups",
          mend: "choose a number of channels that \(geometry.groups) divides")
      }
      let extents = geometry.outputExtents(fits ? x : .unknown(rank: rank), &query)
      return PartialShape([fits ? x[0] : nil, w[0]] + extents)
    }

    public static func gradient(_ builder: inout GradientBuilder) -> [Value?] {
      guard let dy = builder.outputGradients[0] else { return [] }
      let x = builder.input(0)
      let w = builder.input(1)
      var result: [Value?] = [nil, nil, nil]
      if builder.needs(0) {
        result[0] = builder.add(ConvBackwardData.self, [dy, w, x], builder.attributes)[0]
      }
      if builder.needs(1) || builder.needs(2) {
        var attributes = builder.attributes
        if builder.input(2) != nil { attributes["bias"] = .int(1) }
        let both = builder.add(ConvBackwardWeights.self, [x, dy, w], attributes)
        result[1] = both[0]
        if both.count > 1 { result[2] = both[1] }
      }
      return result
    }

    public static func cost(_ site: NodeSite) -> Cost {
      let w = site.inputShape(1)
      let outputs = site.outputShape().count
      return Cost(multiplyAdds: Cost.product(outputs, w.count / max(w[0], 1)), biasAdds: site.has(2) ? outputs : 0)
    }

    public static func receptiveField(_ site: NodeSite) -> FieldRule {
      geometry(site, weights: 1).fieldRule(site.inputShape(0))
    }

    /// The geometry of a node whose weights are the operand at `index`.
    public static func geometry(_ site: NodeSite, weights index: Int) -> ConvGeometry {
      ConvGeometry(site.attributes, kernel: Array(site.inputShape(index).dims.dropFirst(2)))
    }

    @specialized(where T == Float)
    @specialized(where T == Double)
    public static func reference<T: ReferenceScalar>(_ site: NodeSite, _ type: T.Type) -> ReferenceKernel {
      let loop = WindowLoop(geometry(site, weights: 1), input: site.inputShape(0), output: site.outputShape())
      let withBias = site.has(2)
      return { buffers in
        let x = buffers.input(0, as: T.self)
        let w = buffers.input(1, as: T.self)
        let bias = withBias ? buffers.input(2, as: T.self) : nil
        let y = buffers.output(0, as: T.self)
        let plane = loop.outputPlane
        for n in 0..<loop.batch {
          for o in 0..<loop.outChannels {
            (y + (n * loop.outChannels + o) * plane).update(repeating: bias?[o] ?? 0, count: plane)
          }
        }
        let step = loop.stride.2
        loop.forEachRow { weight, xAt, yAt, count in
          let factor = w[weight]
          for index in 0..<count { y[yAt &+ index] += factor * x[xAt &+ index &* step] }
        }
      }
    }

    public static func explain(_ site: NodeSite) -> String {
      let x = site.inputShape(0)
      let w = site.inputShape(1)
      let y = site.outputShape()
      let geometry = geometry(site, weights: 1)
      let axes = (0..<geometry.axes).map { axis in
        let (before, after) = geometry.padding(axis, extent: x[axis + 2])
        return
          "(\(x[axis + 2]) + \(before) + \(after) − \(geometry.span(axis)))/\(geometry.strides[axis]) + 1 = \(y[axis + 2])"
      }
      let kernel = geometry.kernel.map(String.init).joined(separator: "×")
      return
        "Each of \(w[0]) kernels of \(kernel) over \(w[1]) channels slides over the input \(x) and sums products"
        + "\(site.has(2) ? " plus a bias" : ""); output size \(axes.joined(separator: ", "))."
    }
  }
}
