import FoveaTensors

extension Op {
  /// Max pooling that also gives the places of the winners, the "switches" that unpooling needs (ONNX: the second
  /// output of MaxPool).
  ///
  /// X [N, C, spatial…] → Y [N, C, spatial′…], Indices like Y (i32): each winner's position within its input
  /// plane, as PyTorch counts, −1 where a window holds no input at all. Attributes and ties as `MaxPool`'s, whose
  /// indices are a backend's own business; these are a value like any other.
  public enum MaxPoolWithIndices: WholeOperator {
    public static let name = "MaxPoolWithIndices"
    public static let inputNames = ["X"]

    public static func infer(_ query: inout ShapeQuery) -> [TensorType] { MaxPool.infer(&query) }

    /// The adjoint of picking winners is putting them back.
    public static func gradient(_ builder: inout GradientBuilder) -> [Value?] {
      guard let g = builder.outputGradients[0], builder.needs(0) else { return [] }
      return builder.add(MaxUnpool.self, [g, builder.outputs[1], builder.input(0)])
    }

    public static func receptiveField(_ site: NodeSite) -> FieldRule {
      MaxPool.geometry(site).fieldRule(site.inputShape(0))
    }

    @specialized(where T == Float)
    @specialized(where T == Double)
    public static func reference<T: ReferenceScalar>(_ site: NodeSite, _ type: T.Type) -> ReferenceKernel {
      MaxPool.reference(site, type)
    }

    public static func whole<I: WholeScalar>(_ site: NodeSite, _ type: I.Type) -> ReferenceKernel {
      MaxPool.whole(site, type)
    }

    public static func explain(_ site: NodeSite) -> String {
      "\(MaxPool.explain(site)) It also tells where each of the \(site.outputShape().count) stood."
    }
  }
}
