import FoveaTensors

extension Op {
  /// The largest value along axes; NaN wins over every number.
  ///
  /// X → Y with the reduced extents 1 (keepdims) or gone.
  /// Attributes: `axes` (missing: all; negative count from the end), `keepdims` (1).
  public enum ReduceMax: WholeOperator {
    public static let name = "ReduceMax"
    public static let inputNames = ["data"]

    public static func infer(_ query: inout ShapeQuery) -> [TensorType] { Reduction.infer(&query) }

    public static func gradient(_ builder: inout GradientBuilder) -> [Value?] {
      guard let g = builder.outputGradients[0], builder.needs(0) else { return [] }
      return builder.add(ReduceMaxBackward.self, [g, builder.input(0), builder.outputs[0]], builder.attributes)
    }

    public static func receptiveField(_ site: NodeSite) -> FieldRule { Reduction.field(site) }

    @specialized(where T == Float)
    @specialized(where T == Double)
    public static func reference<T: ReferenceScalar>(_ site: NodeSite, _ type: T.Type) -> ReferenceKernel {
      let walk = Reduction.walk(site.inputShape(0), site.attributes)
      return { buffers in
        let x = buffers.input(0, as: T.self)
        let y = buffers.output(0, as: T.self)
        y.update(repeating: -T.infinity, count: walk.smallCount)
        walk.forEachRow { full, small, count, moves in
          let step = moves ? 1 : 0
          for index in 0..<count {
            let value = x[full &+ index]
            if value > y[small &+ index &* step] || value.isNaN { y[small &+ index &* step] = value }
          }
        }
      }
    }

    public static func whole<I: WholeScalar>(_ site: NodeSite, _ type: I.Type) -> ReferenceKernel {
      // Of no truths none is true; a byte's least number is its 0.
      return Reduction.whole(site, from: I.min) { Swift.max($0, $1) }
    }

    public static func explain(_ site: NodeSite) -> String { Reduction.words(site, "largest") }
  }

  /// The gradient of `ReduceMax`: it goes to the largest element, in equal parts to equal ones.
  ///
  /// dY, X, Y → dX like X. Attributes: `axes`, `keepdims`.
  public enum ReduceMaxBackward: Operator {
    public static let name = "ReduceMaxBackward"
    public static let inputNames = ["dY", "X", "Y"]

    public static func infer(_ query: inout ShapeQuery) -> [TensorType] { Reduction.inferBackward(&query, result: 2) }

    public static var differentiability: Differentiability {
      .no(because: "second derivatives through a maximum are not provided")
    }

    public static func gradient(_ builder: inout GradientBuilder) -> [Value?] { [] }

    @specialized(where T == Float)
    @specialized(where T == Double)
    public static func reference<T: ReferenceScalar>(_ site: NodeSite, _ type: T.Type) -> ReferenceKernel {
      let (starts, offsets) = Reduction.groups(site.outputShape(), site.attributes)
      return { buffers in
        let dy = buffers.input(0, as: T.self)
        let x = buffers.input(1, as: T.self)
        let y = buffers.input(2, as: T.self)
        let dx = buffers.output(0, as: T.self)
        for group in 0..<starts.count {
          let start = starts[group]
          var equal: T = 0
          for offset in offsets where x[start &+ offset] == y[group] { equal += 1 }
          let share = dy[group] / equal
          for offset in offsets { dx[start &+ offset] = x[start &+ offset] == y[group] ? share : 0 }
        }
      }
    }

    public static func explain(_ site: NodeSite) -> String {
      "Sends each of the \(site.inputShape(0).count) gradients to the largest elements of its group in "
        + "\(site.outputShape())."
    }
  }
}
