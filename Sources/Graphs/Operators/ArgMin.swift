import FoveaTensors

extension Op {
  /// The position of the smallest number along an axis; of equal ones the first, and NaN is the smallest.
  ///
  /// X → positions (i64) with the extent 1 (keepdims) or gone.
  /// Attributes: `axis` (0), `keepdims` (1), `select_last_index` (0; 1: of equal ones the last).
  public enum ArgMin: WholeOperator {
    public static let name = "ArgMin"
    public static let inputNames = ["X"]

    public static func infer(_ query: inout ShapeQuery) -> [TensorType] { ArgMax.infer(&query) }

    public static var differentiability: Differentiability {
      .no(because: "a position does not change with small steps; differentiate the minimum instead")
    }

    public static func gradient(_ builder: inout GradientBuilder) -> [Value?] { [] }

    public static func receptiveField(_ site: NodeSite) -> FieldRule { ArgMax.receptiveField(site) }

    @specialized(where T == Float)
    @specialized(where T == Double)
    public static func reference<T: ReferenceScalar>(_ site: NodeSite, _ type: T.Type) -> ReferenceKernel {
      let loop = AxisLoop(site.inputShape(0), axis: site.attributes.int("axis", default: 0))
      let takesLast = site.attributes.flag("select_last_index")
      return { buffers in
        let x = buffers.input(0, as: T.self)
        let y = buffers.output(0, as: Int64.self)
        var place = 0
        loop.forEachRow { start in
          let row = x + start
          var best = 0
          for index in 1..<max(loop.extent, 1) {
            let value = row[index * loop.inner]
            let record = row[best * loop.inner]
            let isEqual = value == record || (value.isNaN && record.isNaN)
            if takesLast && isEqual || !isEqual && !record.isNaN && !(value > record) { best = index }
          }
          y[place] = Int64(best)
          place += 1
        }
      }
    }

    public static func whole<I: WholeScalar>(_ site: NodeSite, _ type: I.Type) -> ReferenceKernel {
      ArgMax.places(site, I.self) { $0 < $1 }
    }

    public static func explain(_ site: NodeSite) -> String {
      let loop = AxisLoop(site.inputShape(0), axis: site.attributes.int("axis", default: 0))
      return "Finds the place of the smallest of each \(loop.extent) numbers: \(site.outputShape().count) positions."
    }
  }
}
