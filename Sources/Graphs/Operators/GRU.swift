import FoveaTensors

extension Op {
  /// Gated recurrent units (Cho et al. 2014).
  ///
  /// X, W, R, B, sequence_lens, initial_h → Y, Y_h, shaped as `Recurrence` says; the gates come in the order update, reset,
  /// candidate. Attributes: `hidden_size`, `direction` ("forward", "reverse", "bidirectional"), `activations`,
  /// `activation_alpha`, `activation_beta`, `clip`, `linear_before_reset` (0; 1 as in cuDNN and PyTorch), `layout` (0).
  public enum GRU: Operator {
    public static let name = "GRU"
    public static let inputNames = ["X", "W", "R", "B", "sequence_lens", "initial_h"]
    public static let optionalInputs: Set<Int> = [3, 4, 5]
    public static let nonFloatInputs: Set<Int> = [4]

    public static func infer(_ query: inout ShapeQuery) -> [TensorType] {
      Recurrence.infer(&query, gates: 3, states: 1)
    }

    public static var differentiability: Differentiability { Recurrence.noGradient }

    public static func gradient(_ builder: inout GradientBuilder) -> [Value?] { [] }

    public static func cost(_ site: NodeSite) -> Cost { Recurrence.cost(site) }

    public static func receptiveField(_ site: NodeSite) -> FieldRule { .everything }

    @specialized(where T == Float)
    @specialized(where T == Double)
    public static func reference<T: ReferenceScalar>(_ site: NodeSite, _ type: T.Type) -> ReferenceKernel {
      let hidden = RecurrentSizes(site).hidden
      let functions = RecurrentActivation.list(site.attributes, count: 3 * RecurrentSizes(site).ways) ?? []
      let clip = T(site.attributes.float("clip", default: .infinity))
      let isLinear = site.attributes.flag("linear_before_reset")
      let hasBias = site.has(3)
      return Recurrence.kernel(site, T.self, gates: 3) { inputs, states, h, room, way, buffers in
        let (gate, candidate) = (functions[2 * way], functions[2 * way + 1])
        func kept(_ x: T) -> T { Pointwise.between(-clip, clip, x) }
        func share(_ number: Int, _ index: Int) -> T {
          gate(kept(inputs[number * hidden + index] + states[number * hidden + index]))
        }
        if isLinear {
          for index in 0..<hidden {
            let z = share(0, index)
            let new = candidate(
              kept(inputs[2 * hidden + index] + share(1, index) * states[2 * hidden + index]))
            h[index] = (1 - z) * new + z * h[index]
          }
          return
        }
        // The state is reset before it is multiplied, which the sums of all gates did not know.
        for index in 0..<hidden { room[index] = share(1, index) * h[index] }
        let r = buffers.input(2, as: T.self) + (way * 3 + 2) * hidden * hidden
        let bias = hasBias ? buffers.input(3, as: T.self) + (way * 6 + 5) * hidden : nil
        for index in 0..<hidden {
          var sum = inputs[2 * hidden + index] + (bias.map { $0[index] } ?? 0)
          for k in 0..<hidden { sum += room[k] * r[index * hidden + k] }
          let z = share(0, index)
          // Its own old number is not read any more.
          h[index] = (1 - z) * candidate(kept(sum)) + z * h[index]
        }
      }
    }

    public static func explain(_ site: NodeSite) -> String {
      Recurrence.words(site, "each a share of what it was and of what is new")
    }
  }
}
