import FoveaTensors

extension Op {
  /// The mean along axes; over all spatial axes it is global average pooling. Of whole numbers without the rest.
  ///
  /// X → Y with the reduced extents 1 (keepdims) or gone.
  /// Attributes: `axes` (missing: all; negative count from the end), `keepdims` (1).
  public enum ReduceMean: WholeOperator {
    public static let name = "ReduceMean"
    public static let inputNames = ["data"]

    public static func infer(_ query: inout ShapeQuery) -> [TensorType] { Reduction.infer(&query) }

    public static func gradient(_ builder: inout GradientBuilder) -> [Value?] {
      guard let g = builder.outputGradients[0], builder.needs(0) else { return [] }
      return builder.add(ReduceMeanBackward.self, [g, builder.input(0)], builder.attributes)
    }

    public static func receptiveField(_ site: NodeSite) -> FieldRule { Reduction.field(site) }

    @specialized(where T == Float)
    @specialized(where T == Double)
    public static func reference<T: ReferenceScalar>(_ site: NodeSite, _ type: T.Type) -> ReferenceKernel {
      let walk = Reduction.walk(site.inputShape(0), site.attributes)
      let divisor = T(walk.count / max(walk.smallCount, 1))
      return { buffers in
        let y = buffers.output(0, as: T.self)
        ReduceSum.sum(buffers.input(0, as: T.self), y, walk)
        for index in 0..<walk.smallCount { y[index] /= divisor }
      }
    }

    public static func whole<I: WholeScalar>(_ site: NodeSite, _ type: I.Type) -> ReferenceKernel {
      let (starts, offsets) = Reduction.groups(site.inputShape(0), site.attributes)
      return { buffers in
        let x = buffers.input(0, as: I.self)
        let y = buffers.output(0, as: I.self)
        for (group, start) in starts.enumerated() {
          // Summed in 64 bits, so that a byte's mean is one.
          var sum: Int64 = 0
          for offset in offsets { sum &+= Int64(truncatingIfNeeded: x[start &+ offset]) }
          y[group] = I(truncatingIfNeeded: Whole.quotient(sum, Int64(offsets.count)))
        }
      }
    }

    public static func explain(_ site: NodeSite) -> String { Reduction.words(site, "mean") }
  }

  /// The gradient of `ReduceMean`: every element gets the mean's gradient divided by their number, which is
  /// counted from the reference operand when the plan is made.
  ///
  /// dY, X (shape only) → dX like X. Attributes: `axes`, `keepdims`.
  public enum ReduceMeanBackward: Operator {
    public static let name = "ReduceMeanBackward"
    public static let inputNames = ["dY", "X"]
    public static let shapeOnlyInputs: Set<Int> = [1]

    public static func infer(_ query: inout ShapeQuery) -> [TensorType] { Reduction.inferBackward(&query) }

    /// The adjoint of spreading g/n over n elements is their mean.
    public static func gradient(_ builder: inout GradientBuilder) -> [Value?] {
      guard let g = builder.outputGradients[0], builder.needs(0) else { return [] }
      return builder.add(ReduceMean.self, [g], builder.attributes)
    }

    @specialized(where T == Float)
    @specialized(where T == Double)
    public static func reference<T: ReferenceScalar>(_ site: NodeSite, _ type: T.Type) -> ReferenceKernel {
      let walk = Reduction.walk(site.outputShape(), site.attributes)
      let divisor = T(walk.count / max(walk.smallCount, 1))
      return { buffers in
        let dy = buffers.input(0, as: T.self)
        let dx = buffers.output(0, as: T.self)
        walk.forEachRow { full, small, count, moves in
          if moves {
            for index in 0..<count { dx[full &+ index] = dy[small &+ index] / divisor }
          } else {
            (dx + full).update(repeating: dy[small] / divisor, count: count)
          }
        }
      }
    }

    public static func explain(_ site: NodeSite) -> String {
      "Spreads the gradient \(site.inputShape(0)) of a mean evenly over \(site.outputShape())."
    }
  }
}
