import FoveaTensors

extension Op {
  /// The largest value of each channel over all places.
  ///
  /// X [N, C, spatial…] → Y [N, C, 1…] and, auxiliary, where in its plane each stood (i32). Of equal values the
  /// first wins and takes the whole gradient, and NaN wins over every number, as in PyTorch.
  public enum GlobalMaxPool: Operator {
    public static let name = "GlobalMaxPool"
    public static let inputNames = ["X"]
    public static let auxiliaryOutputs: Set<Int> = [1]

    public static func infer(_ query: inout ShapeQuery) -> [TensorType] {
      query.requireFloat()
      let shape = GlobalAveragePool.pooled(&query, x: 0)
      return [TensorType(query.dtype(0), shape), TensorType(.i32, shape)]
    }

    public static func gradient(_ builder: inout GradientBuilder) -> [Value?] {
      guard let g = builder.outputGradients[0], builder.needs(0) else { return [] }
      return builder.add(MaxUnpool.self, [g, builder.outputs[1], builder.input(0)])
    }

    public static func receptiveField(_ site: NodeSite) -> FieldRule { .everything }

    @specialized(where T == Float)
    @specialized(where T == Double)
    public static func reference<T: ReferenceScalar>(_ site: NodeSite, _ type: T.Type) -> ReferenceKernel {
      let x = site.inputShape(0)
      let planes = x[0] * x[1]
      let plane = x.dims.dropFirst(2).reduce(1, *)
      return { buffers in
        let y = buffers.output(0, as: T.self)
        let places = buffers.output(1, as: Int32.self)
        for index in 0..<planes {
          let source = buffers.input(0, as: T.self) + index * plane
          var best = -T.infinity
          var place = -1
          for at in 0..<plane where source[at] > best || source[at].isNaN || place < 0 {
            best = source[at]
            place = at
            if best.isNaN { break }
          }
          y[index] = best
          places[index] = Int32(truncatingIfNeeded: place)
        }
      }
    }

    public static func explain(_ site: NodeSite) -> String {
      let x = site.inputShape(0)
      return
        "Keeps the largest of the \(x.dims.dropFirst(2).reduce(1, *)) places of each of \(x[1]) channels: \(x) becomes "
        + "\(site.outputShape()), whether it was seen, not where."
    }
  }
}
