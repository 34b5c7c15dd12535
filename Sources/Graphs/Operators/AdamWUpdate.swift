import FoveaTensors

extension Op {
  /// One step of AdamW (Loshchilov and Hutter 2019), as PyTorch's: weights shrink by rate·weight_decay on their
  /// own, apart from the gradient.
  ///
  /// Inputs and outputs as `AdamUpdate`'s. W shrinks first: W·(1 − rate·weight_decay); the rest is Adam without
  /// decay. Attributes: `beta1` (0.9), `beta2` (0.999), `epsilon` (1e-8), `weight_decay` (0.01).
  public enum AdamWUpdate: Operator {
    public static let name = "AdamWUpdate"
    public static let inputNames = AdamUpdate.inputNames
    public static let nonFloatInputs: Set<Int> = [5]
    public static let optionalInputs: Set<Int> = [6]
    public static let inPlace = AdamUpdate.inPlace
    public static let isElementwise = true

    public static func infer(_ query: inout ShapeQuery) -> [TensorType] { AdamMath.infer(&query) }

    public static var differentiability: Differentiability {
      .no(because: "an optimizer's step is not differentiated")
    }

    public static func gradient(_ builder: inout GradientBuilder) -> [Value?] { [] }

    @specialized(where T == Float)
    @specialized(where T == Double)
    public static func reference<T: ReferenceScalar>(_ site: NodeSite, _ type: T.Type) -> ReferenceKernel {
      let adam = AdamMath(site)
      return { adam.step($0, T.self, decoupled: true) }
    }

    public static func explain(_ site: NodeSite) -> String { AdamMath.words(site) }
  }
}
