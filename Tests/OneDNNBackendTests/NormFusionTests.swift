import FoveaExecution
import FoveaGraphs
import FoveaOneDNNBackend
import FoveaTensors
import Testing

/// Training steps in which norms take the sum and the ReLU behind them along, against the same step in `Double` without.
@Suite struct NormFusionTests {
  enum Kind: Int, CaseIterable {
    /// Norm and ReLU.
    case plain
    /// A shortcut between them, as in a residual block; its gradient is what passed the ReLU.
    case shortcut
    /// A shortcut that is a norm's result itself.
    case projection
    /// A sum without ReLU, as in an inverted residual block.
    case sum
    /// The normalized value is read elsewhere: the norm stays alone, but its gradient does not read it.
    case seen
    /// The ReLU's input is read elsewhere, so the gradient that passed the ReLU is not that of the norm.
    case divided
  }

  private struct Net {
    let kind: Kind
    let shape: [Int]
    let channels: Int

    init(_ choices: inout Choices, _ kind: Kind) {
      self.kind = kind
      shape = [choices.int(2...4), 16, choices.int(3...13), choices.int(3...13)]
      channels = choices.pick([16, 32, 40, 7, 64])
    }

    func graph(_ dtype: DType) -> Graph {
      var graph = Graph()
      func parameter(_ path: String, _ shape: [Int], _ value: Double? = nil) -> Value {
        let initializer: Initializer =
          value.map { .constant($0) } ?? .fan(.standard, fanIn: 16, fanOut: channels)
        return graph.addParameter(
          Parameter(path: path, role: .weight, initializer: initializer), TensorType(dtype, Shape(shape)))
      }
      func normalized(_ path: String, _ x: Value) -> Value {
        let conv = graph.add(Op.Conv.self, [x, parameter("\(path).w", [channels, 16, 1, 1])])[0]
        let (scale, shift) = (parameter("\(path).scale", [channels], 1.25), parameter("\(path).shift", [channels]))
        func state(_ name: String, _ value: Double) -> Value {
          graph.addState(
            Parameter(path: "\(path).\(name)", role: .other, initializer: .constant(value)),
            TensorType(dtype, Shape([channels])))
        }
        return graph.add(
          Op.BatchNormalization.self, [conv, scale, shift, state("mean", 0.5), state("var", 2)],
          origin: Origin(path: path))[0]
      }
      let x = graph.addInput("input", TensorType(dtype, Shape(shape)))
      var y = normalized("first", x)
      let before = y
      switch kind {
      case .shortcut, .sum:
        y = graph.add(Op.Add.self, [y, graph.addInput("shortcut", TensorType(dtype, graph.shape(y)))])[0]
      case .projection: y = graph.add(Op.Add.self, [normalized("second", x), y])[0]
      default: break
      }
      if kind != .sum { y = graph.add(Op.Relu.self, [y])[0] }
      if kind == .seen { graph.addOutput("before", before) }
      if kind == .divided { y = graph.add(Op.Mul.self, [y, before])[0] }
      // So that gradients differ from place to place.
      let factor = graph.addInput("factor", TensorType(dtype, graph.shape(y)))
      graph.addOutput("y", graph.add(Op.Mul.self, [y, factor])[0])
      return graph
    }

    func request(_ dtype: DType) -> PlanRequest {
      var request = PlanRequest(mode: .training)
      request.precision = dtype
      request.differentiation = { (graph) throws(GraphError) in
        guard let y = graph.output("y") else { return }
        let loss = graph.add(Op.SquaredNorm.self, [y])[0]
        let targets = graph.parameters.map(\.value) + graph.inputs.filter { graph[$0].name != "factor" }
        let gradients = try graph.differentiate(loss, withRespectTo: targets)
        for target in targets {
          if let gradient = gradients[target] { graph.addOutput("d \(graph[target].name)", gradient) }
        }
      }
      return request
    }
  }

  /// The patterns of fused norms in a graph.
  private func patterns(_ graph: Graph) -> [String] {
    graph.nodes.filter { $0.op == Op.Fused.name }.compactMap { node in
      node.attributes.string("pattern", default: "")
    }.filter { $0.contains("BatchNormalization") }
  }

  private static let expected: [Kind: [String]] = [
    .plain: ["BatchNormalization+Relu", "ReluBackward+BatchNormalizationBackward"],
    .shortcut: ["BatchNormalization+Add+Relu", "ReluBackward+BatchNormalizationBackward"],
    .projection: ["BatchNormalization+Add+Relu", "ReluBackward+BatchNormalizationBackward"],
    .sum: ["BatchNormalization+Add"],
    .seen: ["ReluBackward+BatchNormalizationBackward"],
    .divided: [],
  ]

  @Test(arguments: Kind.allCases, UInt64(1)...5)
  func agreesWithDoubleWithoutFusion(kind: Kind, seed: UInt64) throws {
    var choices = Choices(seed: seed)
    let net = Net(&choices, kind)
    let prepared = try net.request(.f32).prepare(net.graph(.f32))
    #expect(patterns(prepared) == NormFusionTests.expected[kind])
    var exact = net.graph(.f64)
    for pass in net.request(.f64).passes where pass.name != "norms" { exact = try pass.run(exact) }
    #expect(patterns(exact).isEmpty)

    let store = Store()
    try store.initialize(prepared, seed: seed)
    var feeds: [String: Tensor] = [:]
    var values: [Value: Tensor] = [:]
    let stream = RandomStream(seed: seed, purpose: "norm fusion")
    for (number, value) in exact.inputs.enumerated() {
      let shape = exact.shape(value)
      let tensor = try Tensor(
        (0..<shape.count).map { Float(stream.normal(step: UInt64(number), index: $0)) }, shape: shape)
      feeds[exact[value].name] = tensor
      values[value] = tensor.converted(to: .f64)
    }
    for index in exact.values.indices {
      switch exact.values[index].source {
      case .parameter(let parameter), .state(let parameter):
        values[Value(id: index)] = try store.tensor(parameter.path).converted(to: .f64)
      default: break
      }
    }
    let expected = try Interpreter.run(exact, values)
    for preference in OneDNNBackend.Preference.allCases.map(Optional.some) + [nil] {
      let own = try store.copy()
      let backends: [any Backend] = preference.flatMap { OneDNNBackend(preference: $0) }.map { [$0] } ?? []
      let threads = Int(seed % 2) + 1
      let plan = try Plan(prepared, mode: .training, backends: backends, store: own, threads: threads)
      let words =
        "seed \(seed) \(net) \(preference.map { "\($0)" } ?? "reference")\n"
        + plan.lines.joined(separator: "\n")
      if preference == .blocked, !backends.isEmpty {
        #expect(plan.lines.contains { $0.contains("oneDNN norm:") }, "\(words)")
        #expect(!plan.fallbacks.contains { $0.op == Op.Fused.name }, "\(plan.fallbacks)")
      }
      let context = try Context(plan, store: own)
      for (name, tensor) in feeds where context.reads(name) { try context.feed(name, tensor) }
      try context.run()
      for (output, reference) in zip(prepared.outputs, exact.outputs) {
        let gap = difference(try context.result(output.name), try #require(expected[reference.value]))
        #expect(gap < 2e-5, "\(output.name): \(gap) \(words)")
      }
      for update in exact.updates {
        guard case .state(let state) = exact[update.before].source else { continue }
        let gap = difference(try own.tensor(state.path), try #require(expected[update.after]))
        #expect(gap < 1e-5, "\(state.path): \(gap) \(words)")
      }
    }
  }
}
