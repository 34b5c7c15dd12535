import FoveaTensors

extension Op {
  /// Leaves axes of extent 1 out.
  ///
  /// X → Y with the same numbers. Attribute: `axes`, which must be named: with a batch of one, all axes of extent 1
  /// would take the batch along (in ONNX an input from opset 13 on).
  public enum Squeeze: Operator {
    public static let name = "Squeeze"
    public static let inputNames = ["X"]
    public static let nonFloatInputs: Set<Int> = [0]
    public static let isView = true
    public static let inPlace = [(output: 0, input: 0)]

    public static func infer(_ query: inout ShapeQuery) -> [TensorType] {
      guard let dims = query.shape(0).dims, let axes = query.axes(rank: dims.count) else {
        return [TensorType(query.dtype(0), .unknown)]
      }
      for axis in axes.sorted() {
        if let extent = dims[axis], extent != 1 {
          query.reject(
            "axis \(axis) of \(query.shape(0)) has the extent \(extent)", mend: "leave only axes of extent 1 out")
        }
      }
      return [TensorType(query.dtype(0), PartialShape(dims.indices.filter { !axes.contains($0) }.map { dims[$0] }))]
    }

    public static func gradient(_ builder: inout GradientBuilder) -> [Value?] {
      guard let g = builder.outputGradients[0], builder.needs(0) else { return [] }
      return builder.add(ReshapeLike.self, [g, builder.input(0)])
    }

    public static func receptiveField(_ site: NodeSite) -> FieldRule { .everything }

    @specialized(where T == Float)
    @specialized(where T == Double)
    public static func reference<T: ReferenceScalar>(_ site: NodeSite, _ type: T.Type) -> ReferenceKernel {
      ReshapeLike.copy(site)
    }

    public static func explain(_ site: NodeSite) -> String {
      "Leaves \(site.inputShape(0).rank - site.outputShape().rank) axes of extent 1 out of \(site.inputShape(0)): "
        + "\(site.outputShape())."
    }
  }
}
