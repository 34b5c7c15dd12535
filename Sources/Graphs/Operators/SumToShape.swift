import FoveaTensors

extension Op {
  /// Sums a tensor down to the shape of a reference operand: the adjoint of broadcasting.
  ///
  /// A gradient rule emits it whatever the sizes are; simplification removes it where nothing is summed.
  public enum SumToShape: Operator {
    public static let name = "SumToShape"
    public static let inputNames = ["X", "like"]
    public static let shapeOnlyInputs: Set<Int> = [1]

    public static func infer(_ query: inout ShapeQuery) -> [TensorType] { [TensorType(query.dtype(0), query.shape(1))] }

    public static func gradient(_ builder: inout GradientBuilder) -> [Value?] {
      guard let g = builder.outputGradients[0] else { return [] }
      return [builder.needs(0) ? builder.add(BroadcastToShape.self, [g, builder.input(0)])[0] : nil, nil]
    }

    public static func reference<T: ReferenceScalar>(_ site: NodeSite, _ type: T.Type) -> ReferenceKernel {
      let full = site.inputShape(0)
      let strides = Broadcast.strides(of: site.outputShape(), in: full)
      let total = site.outputShape().count
      let extents = full.dims
      return { buffers in
        let x = buffers.input(0, as: T.self)
        let y = buffers.output(0, as: T.self)
        y.update(repeating: 0, count: total)
        for index in 0..<full.count {
          var rest = index
          var at = 0
          var axis = extents.count - 1
          while axis >= 0 {
            at += rest % extents[axis] * strides[axis]
            rest /= extents[axis]
            axis -= 1
          }
          y[at] += x[index]
        }
      }
    }

    public static func explain(_ site: NodeSite) -> String {
      "Sums \(site.inputShape(0)) over the axes that had been repeated, down to \(site.outputShape())."
    }
  }

  /// Repeats a tensor to the shape of a reference operand: the adjoint of `SumToShape`.
  public enum BroadcastToShape: Operator {
    public static let name = "BroadcastToShape"
    public static let inputNames = ["X", "like"]
    public static let shapeOnlyInputs: Set<Int> = [1]

    public static func infer(_ query: inout ShapeQuery) -> [TensorType] { [TensorType(query.dtype(0), query.shape(1))] }

    public static func gradient(_ builder: inout GradientBuilder) -> [Value?] {
      guard let g = builder.outputGradients[0] else { return [] }
      return [builder.needs(0) ? builder.add(SumToShape.self, [g, builder.input(0)])[0] : nil, nil]
    }

    public static func reference<T: ReferenceScalar>(_ site: NodeSite, _ type: T.Type) -> ReferenceKernel {
      let full = site.outputShape()
      let strides = Broadcast.strides(of: site.inputShape(0), in: full)
      let extents = full.dims
      return { buffers in
        let x = buffers.input(0, as: T.self)
        let y = buffers.output(0, as: T.self)
        for index in 0..<full.count {
          var rest = index
          var at = 0
          var axis = extents.count - 1
          while axis >= 0 {
            at += rest % extents[axis] * strides[axis]
            rest /= extents[axis]
            axis -= 1
          }
          y[index] = x[at]
        }
      }
    }

    public static func explain(_ site: NodeSite) -> String {
      "Repeats \(site.inputShape(0)) to \(site.outputShape())."
    }
  }
}
