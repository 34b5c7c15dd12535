import FoveaTensors

extension Op {
  /// 1 where the largest number along an axis stands, of equal ones the first, and 0 elsewhere.
  ///
  /// X → Y like X. Attribute: `axis` (−1). NaN is the largest.
  public enum Hardmax: Operator {
    public static let name = "Hardmax"
    public static let inputNames = ["X"]

    public static func infer(_ query: inout ShapeQuery) -> [TensorType] { Softmax.infer(&query) }

    public static var differentiability: Differentiability {
      .no(because: "it does not change with small steps; softmax is the smooth one")
    }

    public static func gradient(_ builder: inout GradientBuilder) -> [Value?] { [] }

    public static func receptiveField(_ site: NodeSite) -> FieldRule { Softmax.receptiveField(site) }

    @specialized(where T == Float)
    @specialized(where T == Double)
    public static func reference<T: ReferenceScalar>(_ site: NodeSite, _ type: T.Type) -> ReferenceKernel {
      let loop = AxisLoop(site.inputShape(0), axis: site.attributes.int("axis", default: -1))
      return { buffers in
        let x = buffers.input(0, as: T.self)
        let y = buffers.output(0, as: T.self)
        loop.forEachRow { start in
          var best = 0
          for index in 0..<loop.extent {
            let value = x[start &+ index &* loop.inner]
            let record = x[start &+ best &* loop.inner]
            if value > record || value.isNaN && !record.isNaN { best = index }
            y[start &+ index &* loop.inner] = 0
          }
          if loop.extent > 0 { y[start &+ best &* loop.inner] = 1 }
        }
      }
    }

    public static func explain(_ site: NodeSite) -> String {
      let loop = AxisLoop(site.inputShape(0), axis: site.attributes.int("axis", default: -1))
      return "Writes a 1 for the largest of each \(loop.extent) numbers of \(site.inputShape(0)) and 0 for the others."
    }
  }
}
