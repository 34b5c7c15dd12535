import FoveaTensors

extension Op {
  /// The plain recurrent layer (Elman 1990): H = f(X·Wᵀ + H·Rᵀ + biases).
  ///
  /// X, W, R, B, sequence_lens, initial_h → Y, Y_h, shaped as `Recurrence` says. Attributes: `hidden_size`, `direction`
  /// ("forward", "reverse", "bidirectional"), `activations` (Tanh), `activation_alpha`, `activation_beta`, `clip`, `layout`
  /// (0).
  public enum RNN: Operator {
    public static let name = "RNN"
    public static let inputNames = ["X", "W", "R", "B", "sequence_lens", "initial_h"]
    public static let optionalInputs: Set<Int> = [3, 4, 5]
    public static let nonFloatInputs: Set<Int> = [4]

    public static func infer(_ query: inout ShapeQuery) -> [TensorType] {
      Recurrence.infer(&query, gates: 1, states: 1)
    }

    public static var differentiability: Differentiability { Recurrence.noGradient }

    public static func gradient(_ builder: inout GradientBuilder) -> [Value?] { [] }

    public static func cost(_ site: NodeSite) -> Cost { Recurrence.cost(site) }

    public static func receptiveField(_ site: NodeSite) -> FieldRule { .everything }

    @specialized(where T == Float)
    @specialized(where T == Double)
    public static func reference<T: ReferenceScalar>(_ site: NodeSite, _ type: T.Type) -> ReferenceKernel {
      let hidden = RecurrentSizes(site).hidden
      let functions = RecurrentActivation.list(site.attributes, count: RecurrentSizes(site).ways) ?? []
      let clip = T(site.attributes.float("clip", default: .infinity))
      return Recurrence.kernel(site, T.self, gates: 1) { inputs, states, h, _, way, _ in
        for index in 0..<hidden {
          h[index] = functions[way](Pointwise.between(-clip, clip, inputs[index] + states[index]))
        }
      }
    }

    public static func explain(_ site: NodeSite) -> String {
      Recurrence.words(site, "all made anew in each step")
    }
  }
}
