import FoveaTensors

extension Op {
  /// Long short-term memory (Hochreiter and Schmidhuber 1997; with a forget gate, Gers et al. 2000).
  ///
  /// X, W, R, B, sequence_lens, initial_h, initial_c, P (peepholes [D, 3·H]: input, output, forget) → Y, Y_h, Y_c, shaped
  /// as `Recurrence` says; the gates come in the order input, output, forget, cell. Attributes: `hidden_size`, `direction`
  /// ("forward", "reverse", "bidirectional"), `activations`, `activation_alpha`, `activation_beta`, `clip`, `input_forget`
  /// (0), `layout` (0).
  public enum LSTM: Operator {
    public static let name = "LSTM"
    public static let inputNames = ["X", "W", "R", "B", "sequence_lens", "initial_h", "initial_c", "P"]
    public static let optionalInputs: Set<Int> = [3, 4, 5, 6, 7]
    public static let nonFloatInputs: Set<Int> = [4]

    public static func infer(_ query: inout ShapeQuery) -> [TensorType] {
      Recurrence.infer(&query, gates: 4, states: 2)
    }

    public static var differentiability: Differentiability { Recurrence.noGradient }

    public static func gradient(_ builder: inout GradientBuilder) -> [Value?] { [] }

    public static func cost(_ site: NodeSite) -> Cost { Recurrence.cost(site) }

    public static func receptiveField(_ site: NodeSite) -> FieldRule { .everything }

    @specialized(where T == Float)
    @specialized(where T == Double)
    public static func reference<T: ReferenceScalar>(_ site: NodeSite, _ type: T.Type) -> ReferenceKernel {
      let hidden = RecurrentSizes(site).hidden
      let functions = RecurrentActivation.list(site.attributes, count: 4 * RecurrentSizes(site).ways) ?? []
      let clip = T(site.attributes.float("clip", default: .infinity))
      let couples = site.attributes.flag("input_forget")
      let peeks = site.has(7)
      return Recurrence.kernel(site, T.self, gates: 4) { inputs, states, h, c, way, buffers in
        let (gate, candidate, out) = (functions[3 * way], functions[3 * way + 1], functions[3 * way + 2])
        let p = peeks ? buffers.input(7, as: T.self) + way * 3 * hidden : nil
        func sum(_ number: Int, _ index: Int) -> T { inputs[number * hidden + index] + states[number * hidden + index] }
        func kept(_ x: T) -> T { Pointwise.between(-clip, clip, x) }
        for index in 0..<hidden {
          let old = c[index]
          let i = gate(kept(sum(0, index) + (p.map { $0[index] * old } ?? 0)))
          let f = couples ? 1 - i : gate(kept(sum(2, index) + (p.map { $0[2 * hidden + index] * old } ?? 0)))
          let new = f * old + i * candidate(kept(sum(3, index)))
          let o = gate(kept(sum(1, index) + (p.map { $0[hidden + index] * new } ?? 0)))
          c[index] = new
          h[index] = o * out(new)
        }
      }
    }

    public static func explain(_ site: NodeSite) -> String {
      Recurrence.words(site, "each kept, changed and shown as three gates say")
    }
  }
}
