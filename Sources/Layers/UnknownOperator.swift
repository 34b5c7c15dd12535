import FoveaGraphs
import FoveaTensors

extension Op {
  /// Stands in a draft where a layer does not fit: its output is what is still known about that layer's.
  ///
  /// A graph with such a node always has a mistake too, so no model and no plan ever holds one.
  enum Unknown: Operator {
    static let name = "Unknown"
    static let inputNames = ["X"]
    static let optionalInputs: Set<Int> = [0]
    static let nonFloatInputs: Set<Int> = [0]
    static let differentiability = Differentiability.no(because: "the layer does not fit")

    static func attributes(_ shape: PartialShape) -> Attributes {
      guard let dims = shape.dims else { return [:] }
      return ["shape": .ints(dims.map { $0 ?? -1 }), "ranked": .int(1)]
    }

    static func infer(_ query: inout ShapeQuery) -> [TensorType] {
      guard query.attributes.flag("ranked") else { return [TensorType(query.dtype(0), .unknown)] }
      let dims = query.attributes.ints("shape", default: []).map { $0 < 0 ? nil : $0 }
      return [TensorType(query.dtype(0), PartialShape(dims))]
    }

    static func gradient(_ builder: inout GradientBuilder) -> [Value?] { [] }
    static func reference<T: ReferenceScalar>(_ site: NodeSite, _ type: T.Type) -> ReferenceKernel { { _ in } }
    static func explain(_ site: NodeSite) -> String { "Nothing can be computed here: the layer does not fit." }
  }
}
