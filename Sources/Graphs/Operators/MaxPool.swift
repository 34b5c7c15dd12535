import FoveaTensors

extension Op {
  /// The largest value of each window.
  ///
  /// X [N, C, spatial…] → Y [N, C, spatial…], Indices like Y (i32, auxiliary): the position of the winner
  /// within its input plane, −1 where a window holds no input at all. Of equal values the first wins, and
  /// NaN wins over every number, as in PyTorch. Padding never wins.
  /// Attributes: `kernel_shape`, `strides`, `pads`, `dilations`, `ceil_mode`, `auto_pad`.
  public enum MaxPool: WholeOperator {
    public static let name = "MaxPool"
    public static let inputNames = ["X"]
    public static let auxiliaryOutputs: Set<Int> = [1]

    public static func infer(_ query: inout ShapeQuery) -> [TensorType] {
      query.requireNumbers()
      let shape = windowShape(&query, x: 0)
      return [TensorType(query.dtype(0), shape), TensorType(.i32, shape)]
    }

    /// The shape rule of a pooling.
    static func windowShape(_ query: inout ShapeQuery, x index: Int) -> PartialShape {
      let kernel = query.attributes.ints("kernel_shape", default: [])
      guard (1...3).contains(kernel.count) else {
        query.reject("kernel_shape \(Attribute.ints(kernel))", mend: "give a kernel of 1 to 3 spatial axes")
        return query.shape(index).rank.map { .unknown(rank: $0) } ?? .unknown
      }
      let rank = kernel.count + 2
      let fits = query.requireRank(
        rank, ofInput: index, layout: "N×C" + ["×L", "×H×W", "×D×H×W"][rank - 3],
        mend: "give kernel_shape one number per spatial axis, or reshape the input")
      let x = fits ? query.shape(index) : .unknown(rank: rank)
      let geometry = ConvGeometry(query.attributes, kernel: kernel)
      if geometry.attributeProblem() == nil {
        for axis in 0..<kernel.count {
          // Explicit padding does not depend on the extent, and the symbolic rules never reach the span.
          let (before, after) = geometry.padding(axis, extent: 1)
          guard query.attributes.string("auto_pad", default: "NOTSET") == "NOTSET" else { continue }
          if max(before, after) >= geometry.span(axis) {
            query.reject(
              "padding \(max(before, after)) with a window of \(geometry.span(axis)): a window would see only padding",
              mend: "pad by at most \(geometry.span(axis) - 1)")
          }
        }
      }
      return PartialShape([x[0], x[1]] + geometry.outputExtents(x, &query))
    }

    public static func gradient(_ builder: inout GradientBuilder) -> [Value?] {
      guard let g = builder.outputGradients[0], builder.needs(0) else { return [] }
      return builder.add(MaxPoolBackward.self, [g, builder.outputs[1], builder.input(0)], builder.attributes)
    }

    public static func receptiveField(_ site: NodeSite) -> FieldRule { geometry(site).fieldRule(site.inputShape(0)) }

    static func geometry(_ site: NodeSite) -> ConvGeometry {
      ConvGeometry(site.attributes, kernel: site.attributes.ints("kernel_shape", default: []))
    }

    @specialized(where T == Float)
    @specialized(where T == Double)
    public static func reference<T: ReferenceScalar>(_ site: NodeSite, _ type: T.Type) -> ReferenceKernel {
      windows(site, least: -T.infinity) { (value: T, best: T) -> Bool in value > best || value.isNaN }
    }

    public static func whole<I: WholeScalar>(_ site: NodeSite, _ type: I.Type) -> ReferenceKernel {
      windows(site, least: I.min) { (value: I, best: I) -> Bool in value > best }
    }

    @inline(__always)
    private static func windows<T: Sendable>(
      _ site: NodeSite, least: T, _ wins: @escaping @Sendable (T, T) -> Bool
    ) -> ReferenceKernel {
      let loop = WindowLoop(geometry(site), input: site.inputShape(0), output: site.outputShape())
      return { buffers in
        let x = buffers.input(0, as: T.self)
        let y = buffers.output(0, as: T.self)
        let indices = buffers.output(1, as: Int32.self)
        var at = 0
        for plane in 0..<(loop.batch * loop.inChannels) {
          let source = x + plane * loop.inputPlane
          for d in 0..<loop.output.0 {
            for h in 0..<loop.output.1 {
              for w in 0..<loop.output.2 {
                let (value, index) = winner(source, loop, d, h, w, least, wins)
                y[at] = value
                indices[at] = index
                at += 1
              }
            }
          }
        }
      }
    }

    /// The first largest value of one window, and its place in the plane.
    @inline(__always)
    private static func winner<T>(
      _ x: UnsafePointer<T>, _ loop: WindowLoop, _ d: Int, _ h: Int, _ w: Int, _ least: T, _ wins: (T, T) -> Bool
    ) -> (T, Int32) {
      var best = least
      var place = -1
      for kd in 0..<loop.kernel.0 {
        let xd = d * loop.stride.0 - loop.pad.0 + kd * loop.dilation.0
        if xd < 0 || xd >= loop.input.0 { continue }
        for kh in 0..<loop.kernel.1 {
          let xh = h * loop.stride.1 - loop.pad.1 + kh * loop.dilation.1
          if xh < 0 || xh >= loop.input.1 { continue }
          let row = (xd * loop.input.1 + xh) * loop.input.2
          for kw in 0..<loop.kernel.2 {
            let xw = w * loop.stride.2 - loop.pad.2 + kw * loop.dilation.2
            if xw < 0 || xw >= loop.input.2 { continue }
            let value = x[row + xw]
            if place < 0 || wins(value, best) {
              best = value
              place = row + xw
            }
          }
        }
      }
      return (best, Int32(truncatingIfNeeded: place))
    }

    public static func explain(_ site: NodeSite) -> String {
      let geometry = geometry(site)
      let kernel = geometry.kernel.map(String.init).joined(separator: "×")
      let stride = geometry.strides.map(String.init).joined(separator: "×")
      let y = site.outputShape()
      return
        "Keeps the largest of each window of \(kernel), \(stride) apart: \(site.inputShape(0)) becomes \(y), and a "
        + "small shift of the picture changes little."
    }
  }

  /// The gradient of `MaxPool`: each output's gradient goes to the input that won.
  ///
  /// dY, Indices like dY, X (shape only) → dX like X. Attributes as `MaxPool`'s.
  public enum MaxPoolBackward: Operator {
    public static let name = "MaxPoolBackward"
    public static let inputNames = ["dY", "Indices", "X"]
    public static let nonFloatInputs: Set<Int> = [1]
    public static let shapeOnlyInputs: Set<Int> = [2]

    public static func infer(_ query: inout ShapeQuery) -> [TensorType] {
      let y = MaxPool.windowShape(&query, x: 2)
      query.require(.i32, ofInput: 1, mend: "give the positions that the pooling found")
      for index in 0...1 {
        query.requireShape(y, ofInput: index, mend: "give what belongs to this very pooling's output")
      }
      return [TensorType(query.dtype(0), query.shape(2))]
    }

    public static var differentiability: Differentiability {
      .no(because: "second derivatives through a maximum pooling are not provided")
    }

    public static func gradient(_ builder: inout GradientBuilder) -> [Value?] { [] }

    @specialized(where T == Float)
    @specialized(where T == Double)
    public static func reference<T: ReferenceScalar>(_ site: NodeSite, _ type: T.Type) -> ReferenceKernel {
      let x = site.outputShape()
      let planes = x[0] * x[1]
      let inputPlane = x.dims.dropFirst(2).reduce(1, *)
      let outputPlane = site.inputShape(0).dims.dropFirst(2).reduce(1, *)
      return { buffers in
        let dy = buffers.input(0, as: T.self)
        let indices = buffers.input(1, as: Int32.self)
        let dx = buffers.output(0, as: T.self)
        dx.update(repeating: 0, count: planes * inputPlane)
        for plane in 0..<planes {
          let target = dx + plane * inputPlane
          for at in (plane * outputPlane)..<((plane + 1) * outputPlane) where indices[at] >= 0 {
            target[Int(indices[at])] += dy[at]
          }
        }
      }
    }

    public static func explain(_ site: NodeSite) -> String {
      "Sends each of the \(site.inputShape(0).count) gradients to the one input of \(site.outputShape()) that was the "
        + "largest of its window."
    }
  }
}
