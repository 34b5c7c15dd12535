import FoveaTensors

extension Op {
  /// The sum along axes.
  ///
  /// X → Y with the reduced extents 1 (keepdims) or gone.
  /// Attributes: `axes` (missing: all; negative count from the end), `keepdims` (1).
  public enum ReduceSum: WholeOperator {
    public static let name = "ReduceSum"
    public static let inputNames = ["data"]

    public static func infer(_ query: inout ShapeQuery) -> [TensorType] { Reduction.infer(&query) }

    public static func gradient(_ builder: inout GradientBuilder) -> [Value?] {
      guard let g = builder.outputGradients[0], builder.needs(0) else { return [] }
      return builder.add(ReduceSumBackward.self, [g, builder.input(0)], builder.attributes)
    }

    public static func receptiveField(_ site: NodeSite) -> FieldRule { Reduction.field(site) }

    @specialized(where T == Float)
    @specialized(where T == Double)
    public static func reference<T: ReferenceScalar>(_ site: NodeSite, _ type: T.Type) -> ReferenceKernel {
      let walk = Reduction.walk(site.inputShape(0), site.attributes)
      return { buffers in sum(buffers.input(0, as: T.self), buffers.output(0, as: T.self), walk) }
    }

    @inline(__always)
    static func sum<T: ReferenceScalar>(_ x: UnsafePointer<T>, _ y: UnsafeMutablePointer<T>, _ walk: RepeatWalk) {
      y.update(repeating: 0, count: walk.smallCount)
      walk.forEachRow { full, small, count, moves in
        if moves {
          for index in 0..<count { y[small &+ index] += x[full &+ index] }
        } else {
          var sum: T = 0
          for index in 0..<count { sum += x[full &+ index] }
          y[small] += sum
        }
      }
    }

    public static func whole<I: WholeScalar>(_ site: NodeSite, _ type: I.Type) -> ReferenceKernel {
      Reduction.whole(site, from: 0 as I) { $0 &+ $1 }
    }

    public static func explain(_ site: NodeSite) -> String { Reduction.words(site, "sum") }
  }

  /// The gradient of `ReduceSum`: every element of a sum gets the sum's gradient.
  ///
  /// dY, X (shape only) → dX like X. Attributes: `axes`, `keepdims`.
  public enum ReduceSumBackward: Operator {
    public static let name = "ReduceSumBackward"
    public static let inputNames = ["dY", "X"]
    public static let shapeOnlyInputs: Set<Int> = [1]

    public static func infer(_ query: inout ShapeQuery) -> [TensorType] { Reduction.inferBackward(&query) }

    public static func gradient(_ builder: inout GradientBuilder) -> [Value?] {
      guard let g = builder.outputGradients[0], builder.needs(0) else { return [] }
      return builder.add(ReduceSum.self, [g], builder.attributes)
    }

    @specialized(where T == Float)
    @specialized(where T == Double)
    public static func reference<T: ReferenceScalar>(_ site: NodeSite, _ type: T.Type) -> ReferenceKernel {
      let walk = Reduction.walk(site.outputShape(), site.attributes)
      return { buffers in
        let dy = buffers.input(0, as: T.self)
        let dx = buffers.output(0, as: T.self)
        walk.forEachRow { full, small, count, moves in
          if moves {
            (dx + full).update(from: dy + small, count: count)
          } else {
            (dx + full).update(repeating: dy[small], count: count)
          }
        }
      }
    }

    public static func explain(_ site: NodeSite) -> String {
      "Repeats the gradient \(site.inputShape(0)) of a sum for every summand of \(site.outputShape())."
    }
  }
}
