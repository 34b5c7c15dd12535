import FoveaTensors

extension Op {
  /// The mean of each window.
  ///
  /// X [N, C, spatial…] → Y [N, C, spatial…]. Attributes: `kernel_shape`, `strides`, `pads`, `dilations`,
  /// `ceil_mode`, `auto_pad`, and `count_include_pad` (0: the mean of the numbers; 1: padding counts as zeros,
  /// which is what PyTorch does unless told otherwise). A window without any number gives 0.
  public enum AveragePool: Operator {
    public static let name = "AveragePool"
    public static let inputNames = ["X"]

    public static func infer(_ query: inout ShapeQuery) -> [TensorType] {
      query.requireFloat()
      return [TensorType(query.dtype(0), MaxPool.windowShape(&query, x: 0))]
    }

    public static func gradient(_ builder: inout GradientBuilder) -> [Value?] {
      guard let g = builder.outputGradients[0], builder.needs(0) else { return [] }
      return builder.add(AveragePoolBackward.self, [g, builder.input(0)], builder.attributes)
    }

    public static func receptiveField(_ site: NodeSite) -> FieldRule {
      MaxPool.geometry(site).fieldRule(site.inputShape(0))
    }

    @specialized(where T == Float)
    @specialized(where T == Double)
    public static func reference<T: ReferenceScalar>(_ site: NodeSite, _ type: T.Type) -> ReferenceKernel {
      let windows = PoolWindows(site, input: site.inputShape(0), output: site.outputShape())
      return { buffers in
        let x = buffers.input(0, as: T.self)
        let y = buffers.output(0, as: T.self)
        windows.forEach { yAt, divisor, rows in
          var sum: T = 0
          rows.forEach { start, count, step in
            for index in 0..<count { sum += x[start &+ index &* step] }
          }
          y[yAt] = divisor == 0 ? 0 : sum / T(divisor)
        }
      }
    }

    public static func explain(_ site: NodeSite) -> String {
      let geometry = MaxPool.geometry(site)
      let kernel = geometry.kernel.map(String.init).joined(separator: "×")
      let stride = geometry.strides.map(String.init).joined(separator: "×")
      return
        "Takes the mean of each window of \(kernel), \(stride) apart: \(site.inputShape(0)) becomes "
        + "\(site.outputShape())."
    }
  }

  /// The gradient of `AveragePool`: each output's gradient in equal parts to the inputs of its window.
  ///
  /// dY, X (shape only) → dX like X. Attributes as `AveragePool`'s.
  public enum AveragePoolBackward: Operator {
    public static let name = "AveragePoolBackward"
    public static let inputNames = ["dY", "X"]
    public static let shapeOnlyInputs: Set<Int> = [1]

    public static func infer(_ query: inout ShapeQuery) -> [TensorType] {
      let y = MaxPool.windowShape(&query, x: 1)
      query.requireShape(y, ofInput: 0, mend: "give what belongs to this very pooling's output")
      return [TensorType(query.dtype(0), query.shape(1))]
    }

    /// Pooling is linear: the adjoint of its adjoint is itself.
    public static func gradient(_ builder: inout GradientBuilder) -> [Value?] {
      guard let g = builder.outputGradients[0], builder.needs(0) else { return [] }
      return builder.add(AveragePool.self, [g], builder.attributes)
    }

    @specialized(where T == Float)
    @specialized(where T == Double)
    public static func reference<T: ReferenceScalar>(_ site: NodeSite, _ type: T.Type) -> ReferenceKernel {
      let windows = PoolWindows(site, input: site.outputShape(), output: site.inputShape(0))
      let total = site.outputShape().count
      return { buffers in
        let dy = buffers.input(0, as: T.self)
        let dx = buffers.output(0, as: T.self)
        dx.update(repeating: 0, count: total)
        windows.forEach { yAt, divisor, rows in
          let share = divisor == 0 ? 0 : dy[yAt] / T(divisor)
          rows.forEach { start, count, step in
            for index in 0..<count { dx[start &+ index &* step] += share }
          }
        }
      }
    }

    public static func explain(_ site: NodeSite) -> String {
      "Spreads each of the \(site.inputShape(0).count) gradients evenly over its window of \(site.outputShape())."
    }
  }
}
