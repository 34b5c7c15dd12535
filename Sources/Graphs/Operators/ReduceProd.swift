import FoveaTensors

extension Op {
  /// The product along axes.
  ///
  /// X → Y with the reduced extents 1 (keepdims) or gone.
  /// Attributes: `axes` (missing: all; negative count from the end), `keepdims` (1).
  public enum ReduceProd: WholeOperator {
    public static let name = "ReduceProd"
    public static let inputNames = ["data"]

    public static func infer(_ query: inout ShapeQuery) -> [TensorType] { Reduction.infer(&query) }

    public static func gradient(_ builder: inout GradientBuilder) -> [Value?] {
      guard let g = builder.outputGradients[0], builder.needs(0) else { return [] }
      return builder.add(ReduceProdBackward.self, [g, builder.input(0)], builder.attributes)
    }

    public static func receptiveField(_ site: NodeSite) -> FieldRule { Reduction.field(site) }

    @specialized(where T == Float)
    @specialized(where T == Double)
    public static func reference<T: ReferenceScalar>(_ site: NodeSite, _ type: T.Type) -> ReferenceKernel {
      let walk = Reduction.walk(site.inputShape(0), site.attributes)
      return { buffers in
        let x = buffers.input(0, as: T.self)
        let y = buffers.output(0, as: T.self)
        y.update(repeating: 1, count: walk.smallCount)
        walk.forEach { full, small in y[small] *= x[full] }
      }
    }

    public static func whole<I: WholeScalar>(_ site: NodeSite, _ type: I.Type) -> ReferenceKernel {
      Reduction.whole(site, from: 1 as I) { $0 &* $1 }
    }

    public static func explain(_ site: NodeSite) -> String { Reduction.words(site, "product") }
  }

  /// The gradient of `ReduceProd`: each element's is the product of all others, with no division, so that zeros are
  /// numbers like any other.
  ///
  /// dY, X → dX like X. Attributes: `axes`, `keepdims`.
  public enum ReduceProdBackward: Operator {
    public static let name = "ReduceProdBackward"
    public static let inputNames = ["dY", "X"]

    public static func infer(_ query: inout ShapeQuery) -> [TensorType] { Reduction.inferBackward(&query) }

    public static var differentiability: Differentiability {
      .no(because: "second derivatives through a product along axes are not provided")
    }

    public static func gradient(_ builder: inout GradientBuilder) -> [Value?] { [] }

    @specialized(where T == Float)
    @specialized(where T == Double)
    public static func reference<T: ReferenceScalar>(_ site: NodeSite, _ type: T.Type) -> ReferenceKernel {
      let (starts, offsets) = Reduction.groups(site.outputShape(), site.attributes)
      return { buffers in
        let dy = buffers.input(0, as: T.self)
        let x = buffers.input(1, as: T.self)
        let dx = buffers.output(0, as: T.self)
        for group in 0..<starts.count {
          let start = starts[group]
          // The product of those before, then times the product of those behind.
          var before = dy[group]
          for offset in offsets {
            dx[start &+ offset] = before
            before *= x[start &+ offset]
          }
          var behind: T = 1
          for offset in offsets.reversed() {
            dx[start &+ offset] *= behind
            behind *= x[start &+ offset]
          }
        }
      }
    }

    public static func explain(_ site: NodeSite) -> String {
      "Multiplies each of the \(site.inputShape(0).count) gradients by all others of its group in \(site.outputShape())."
    }
  }
}
