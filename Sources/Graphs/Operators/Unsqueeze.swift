import FoveaTensors

extension Op {
  /// Puts axes of extent 1 in.
  ///
  /// X → Y with the same numbers. Attribute: `axes`, their places in Y (in ONNX an input from opset 13 on).
  public enum Unsqueeze: Operator {
    public static let name = "Unsqueeze"
    public static let inputNames = ["X"]
    public static let nonFloatInputs: Set<Int> = [0]
    public static let isView = true
    public static let inPlace = [(output: 0, input: 0)]

    public static func infer(_ query: inout ShapeQuery) -> [TensorType] {
      let count = query.attributes.ints("axes", default: []).count
      guard let dims = query.shape(0).dims, let axes = query.axes(rank: dims.count + count) else {
        return [TensorType(query.dtype(0), .unknown)]
      }
      var rest = dims[...]
      let result = (0..<(dims.count + count)).map { axes.contains($0) ? 1 : rest.removeFirst() }
      return [TensorType(query.dtype(0), PartialShape(result))]
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
      "Puts \(site.outputShape().rank - site.inputShape(0).rank) axes of extent 1 into \(site.inputShape(0)): "
        + "\(site.outputShape())."
    }
  }
}
