import FoveaTensors

extension Op {
  /// A convolution whose kernels are not shared: every place has weights of its own (LeCun 1989; Taigman et al. 2014).
  ///
  /// X [N, C, spatial…], W [places, O, C·taps] (places in row-major order), B [O, spatial′…] (optional) → Y [N, O,
  /// spatial′…]. Attributes: `kernel_shape`, `strides`, `pads`, `dilations`, `auto_pad` as `Conv`'s. The weights
  /// fix the image size.
  public enum LocallyConnected: Operator {
    public static let name = "LocallyConnected"
    public static let inputNames = ["X", "W", "B"]
    public static let optionalInputs: Set<Int> = [2]
    public static let weightInput: Int? = 1

    public static func infer(_ query: inout ShapeQuery) -> [TensorType] {
      for index in 0..<3 { query.requireFloat(index) }
      let y = outputShape(&query, x: 0, w: 1)
      if let dims = y.dims {
        query.requireShape(
          PartialShape(Array(dims.dropFirst())), ofInput: 2, mend: "give a bias for each channel of each place")
      }
      return [TensorType(query.dtype(0), y)]
    }

    /// The shape rule for input and weights at the given positions.
    static func outputShape(_ query: inout ShapeQuery, x index: Int, w: Int) -> PartialShape {
      let columns = Im2Col.columns(&query, x: query.shape(index))
      let kernel = query.attributes.ints("kernel_shape", default: [])
      let weights = query.shape(w)
      guard (1...3).contains(kernel.count) else { return .unknown }
      _ = query.requireRank(3, ofInput: w, layout: "places×O×C·taps", mend: "give every place its own kernels")
      if let have = weights[0], let need = columns[2], have != need {
        query.reject(
          "the weights \(weights) are for \(have) places, the input \(query.shape(index)) has \(need)",
          mend: "keep the image size that the layer was declared with: its weights belong to places")
      }
      if let have = weights[2], let need = columns[1], have != need {
        query.reject(
          "the weights \(weights) take \(have) numbers per place, a window has \(need)",
          mend: "give weights [places×O×\(need)]")
      }
      let x = query.shape(index)
      let extents = places(x, query.attributes)?.map(Optional.some) ?? kernel.map { _ in nil }
      return PartialShape([x[0], weights[1]] + extents)
    }

    /// The extents of the output for an input of known size; nil where it is unknown or the kernel does not fit.
    package static func places(_ x: PartialShape, _ attributes: Attributes) -> [Int]? {
      let geometry = ConvGeometry(attributes, kernel: attributes.ints("kernel_shape", default: []))
      guard x.rank == geometry.axes + 2, geometry.attributeProblem() == nil else { return nil }
      var result: [Int] = []
      for axis in 0..<geometry.axes {
        guard let extent = x[axis + 2], (0...ConvGeometry.largest).contains(extent),
          let out = geometry.outputExtent(axis, extent: extent)
        else { return nil }
        result.append(out)
      }
      return result
    }

    public static func gradient(_ builder: inout GradientBuilder) -> [Value?] {
      guard let g = builder.outputGradients[0] else { return [] }
      var result: [Value?] = [nil, nil, nil]
      if builder.needs(0) {
        result[0] =
          builder.add(
            LocallyConnectedBackwardData.self, [g, builder.input(1), builder.input(0)], builder.attributes)[0]
      }
      if builder.needs(1) {
        result[1] =
          builder.add(
            LocallyConnectedBackwardWeights.self, [builder.input(0), g, builder.input(1)], builder.attributes)[0]
      }
      // A bias belongs to one place: its gradient is summed over the batch alone.
      if builder.needs(2) { result[2] = builder.add(SumToShape.self, [g, builder.input(2)])[0] }
      return result
    }

    public static func cost(_ site: NodeSite) -> Cost {
      let outputs = site.outputShape().count
      return Cost(multiplyAdds: Cost.product(outputs, site.inputShape(1)[2]), biasAdds: site.has(2) ? outputs : 0)
    }

    public static func receptiveField(_ site: NodeSite) -> FieldRule {
      MaxPool.geometry(site).fieldRule(site.inputShape(0))
    }

    @specialized(where T == Float)
    @specialized(where T == Double)
    public static func reference<T: ReferenceScalar>(_ site: NodeSite, _ type: T.Type) -> ReferenceKernel {
      let loop = WindowLoop(MaxPool.geometry(site), input: site.inputShape(0), output: site.outputShape())
      let plane = loop.outputPlane
      let perExample = loop.outChannels * plane
      let withBias = site.has(2)
      let step = loop.dilation.2
      return { buffers in
        let x = buffers.input(0, as: T.self)
        let w = buffers.input(1, as: T.self)
        let y = buffers.output(0, as: T.self)
        for n in 0..<loop.batch {
          if withBias {
            (y + n * perExample).update(from: buffers.input(2, as: T.self), count: perExample)
          } else {
            (y + n * perExample).update(repeating: 0, count: perExample)
          }
        }
        loop.forEachOwnRow { xAt, weightAt, yAt, count in
          var sum: T = 0
          for index in 0..<count { sum += w[weightAt &+ index] * x[xAt &+ index &* step] }
          y[yAt] += sum
        }
      }
    }

    public static func explain(_ site: NodeSite) -> String {
      let (w, y) = (site.inputShape(1), site.outputShape())
      return
        "Each of \(w[0]) places has \(w[1]) kernels of its own over \(w[2]) numbers: \(site.inputShape(0)) becomes \(y), "
        + "with \(w.count) weights where a convolution has \(w[1] * w[2])."
    }
  }

  /// The gradient of `LocallyConnected` by its input.
  ///
  /// dY, W, X (shape only) → dX like X. Attributes as `LocallyConnected`'s.
  public enum LocallyConnectedBackwardData: Operator {
    public static let name = "LocallyConnectedBackwardData"
    public static let inputNames = ["dY", "W", "X"]
    public static let shapeOnlyInputs: Set<Int> = [2]

    public static func infer(_ query: inout ShapeQuery) -> [TensorType] {
      let y = LocallyConnected.outputShape(&query, x: 2, w: 1)
      query.requireShape(y, ofInput: 0, mend: "give the gradient of this very layer's output")
      return [TensorType(query.dtype(0), query.shape(2))]
    }

    public static var differentiability: Differentiability {
      .no(because: "second derivatives of locally connected layers are not provided")
    }

    public static func gradient(_ builder: inout GradientBuilder) -> [Value?] { [] }

    @specialized(where T == Float)
    @specialized(where T == Double)
    public static func reference<T: ReferenceScalar>(_ site: NodeSite, _ type: T.Type) -> ReferenceKernel {
      let loop = WindowLoop(MaxPool.geometry(site), input: site.outputShape(), output: site.inputShape(0))
      let total = site.outputShape().count
      let step = loop.dilation.2
      return { buffers in
        let dy = buffers.input(0, as: T.self)
        let w = buffers.input(1, as: T.self)
        let dx = buffers.output(0, as: T.self)
        dx.update(repeating: 0, count: total)
        loop.forEachOwnRow { xAt, weightAt, yAt, count in
          let g = dy[yAt]
          for index in 0..<count { dx[xAt &+ index &* step] += g * w[weightAt &+ index] }
        }
      }
    }

    public static func explain(_ site: NodeSite) -> String {
      "Sends the gradient \(site.inputShape(0)) back through each place's own kernels to \(site.outputShape())."
    }
  }

  /// The gradient of `LocallyConnected` by its weights.
  ///
  /// X, dY, W (shape only) → dW like W. Attributes as `LocallyConnected`'s.
  public enum LocallyConnectedBackwardWeights: Operator {
    public static let name = "LocallyConnectedBackwardWeights"
    public static let inputNames = ["X", "dY", "W"]
    public static let shapeOnlyInputs: Set<Int> = [2]

    public static func infer(_ query: inout ShapeQuery) -> [TensorType] {
      let y = LocallyConnected.outputShape(&query, x: 0, w: 2)
      query.requireShape(y, ofInput: 1, mend: "give the gradient of this very layer's output")
      return [TensorType(query.dtype(0), query.shape(2))]
    }

    public static var differentiability: Differentiability {
      .no(because: "second derivatives of locally connected layers are not provided")
    }

    public static func gradient(_ builder: inout GradientBuilder) -> [Value?] { [] }

    @specialized(where T == Float)
    @specialized(where T == Double)
    public static func reference<T: ReferenceScalar>(_ site: NodeSite, _ type: T.Type) -> ReferenceKernel {
      let loop = WindowLoop(MaxPool.geometry(site), input: site.inputShape(0), output: site.inputShape(1))
      let total = site.outputShape().count
      let step = loop.dilation.2
      return { buffers in
        let x = buffers.input(0, as: T.self)
        let dy = buffers.input(1, as: T.self)
        let dw = buffers.output(0, as: T.self)
        dw.update(repeating: 0, count: total)
        loop.forEachOwnRow { xAt, weightAt, yAt, count in
          let g = dy[yAt]
          for index in 0..<count { dw[weightAt &+ index] += g * x[xAt &+ index &* step] }
        }
      }
    }

    public static func explain(_ site: NodeSite) -> String {
      "Collects the gradient of each of the \(site.outputShape().count) weights from its one place in "
        + "\(site.inputShape(0)[0]) examples."
    }
  }
}
