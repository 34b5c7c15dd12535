import FoveaTensors

extension Op {
  /// What gradients are multiplied by so that their common norm is at most `max_norm` (Pascanu et al. 2013), as
  /// PyTorch's `clip_grad_norm_`: min(1, max_norm/(√Σ + 1e-6)).
  ///
  /// The squared norms [] of all gradients → factor []. Attribute: `max_norm`. A norm that is NaN stays one.
  public enum ClipScale: Operator {
    public static let name = "ClipScale"
    public static let inputNames = ["squared norm"]
    public static let isVariadic = true

    public static func infer(_ query: inout ShapeQuery) -> [TensorType] {
      for index in query.inputs.indices {
        query.requireFloat(index)
        query.requireShape(PartialShape(.scalar), ofInput: index, mend: "give a single number")
      }
      let limit = query.attributes.float("max_norm", default: 0)
      if !(limit > 0 && limit.isFinite) { query.reject("a norm of at most \(limit)", mend: "give a max_norm above 0") }
      return [TensorType(query.dtype(0), Shape.scalar)]
    }

    public static var differentiability: Differentiability {
      .no(because: "gradients are clipped after everything has been differentiated")
    }

    public static func gradient(_ builder: inout GradientBuilder) -> [Value?] { [] }

    @specialized(where T == Float)
    @specialized(where T == Double)
    public static func reference<T: ReferenceScalar>(_ site: NodeSite, _ type: T.Type) -> ReferenceKernel {
      let count = site.inputs.count
      let limit = T(site.attributes.float("max_norm", default: 0))
      return { buffers in
        var sum: T = 0
        for index in 0..<count { sum += buffers.input(index, as: T.self)[0] }
        let factor = limit / (sum.squareRoot() + 1e-6)
        buffers.output(0, as: T.self)[0] = factor > 1 ? 1 : factor
      }
    }

    public static func explain(_ site: NodeSite) -> String {
      "Scales the gradients of \(site.inputs.count) parameters down where their common norm exceeds "
        + "\(site.attributes.float("max_norm", default: 0))."
    }
  }
}
