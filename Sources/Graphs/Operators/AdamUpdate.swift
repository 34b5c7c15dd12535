import FoveaTensors

extension Op {
  /// One step of Adam (Kingma and Ba 2015), as PyTorch's: weight decay is added to the gradient.
  ///
  /// W, dW, M, V (moments) of one shape; rate []; step (i64 [], counted from 0); beta1 [] (optional, in place of
  /// the attribute, for schedules that move it) → W', M', V'.
  /// g = dW + weight_decay·W; m = β₁M + (1 − β₁)g; v = β₂V + (1 − β₂)g²;
  /// W' = W − rate·m/(1 − β₁ᵗ) / (√(v/(1 − β₂ᵗ)) + epsilon), t = step + 1.
  /// Attributes: `beta1` (0.9), `beta2` (0.999), `epsilon` (1e-8), `weight_decay` (0).
  public enum AdamUpdate: Operator {
    public static let name = "AdamUpdate"
    public static let inputNames = ["W", "dW", "M", "V", "rate", "step", "beta1"]
    public static let nonFloatInputs: Set<Int> = [5]
    public static let optionalInputs: Set<Int> = [6]
    public static let inPlace = [(output: 0, input: 0), (output: 1, input: 2), (output: 2, input: 3)]
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
      return { adam.step($0, T.self, decoupled: false) }
    }

    public static func explain(_ site: NodeSite) -> String { AdamMath.words(site) }
  }
}
