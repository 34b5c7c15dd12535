import Fovea
import FoveaLanesBackend
import Testing

/// Inference of few examples, channels or rows in the lanes, and of many.
@Suite struct InferenceTests {
  /// The outputs of one run, and the plan's lines.
  private static func run(
    _ model: Model, batch: Int, _ backends: [any Backend], _ precision: DType = .f32
  ) throws -> (output: [Double], lines: [String]) {
    let sample = try #require(model.graph.inputs.first.flatMap { model.graph[$0].type.shape.dims }).dropFirst()
    let shape = Shape([batch] + sample.compactMap { $0 })
    var request = PlanRequest(mode: .inference, sizes: ["input": shape])
    request.precision = precision
    let graph = try request.prepare(model.graph)
    let random = RandomStream(seed: 9, purpose: "lanes inference")
    let input = try Tensor((0..<shape.count).map { Double(random.normal(index: $0)) }, shape: shape)
    if precision == .f64 {
      var values: [Value: Tensor] = [:]
      for value in graph.inputs { values[value] = input }
      for (value, parameter) in graph.parameters + graph.states {
        values[value] = try model.store.tensor(parameter.path).converted(to: .f64)
      }
      let output = try #require(graph.output("output"))
      return (try #require(Interpreter.run(graph, values)[output]).array(of: Double.self), [])
    }
    let store = try model.store.copy()
    let plan = try Plan(graph, mode: .inference, backends: backends, store: store, threads: 2)
    let context = try Context(plan, store: store)
    try context.feed("input", input.converted(to: .f32))
    // Twice: memory that the first run leaves must not matter.
    try context.run()
    try context.run()
    return (try context.result("output").converted(to: .f64).array(of: Double.self), plan.lines)
  }

  static func networks() throws -> [(String, Model)] {
    try StepTests.networks().filter { !$0.0.contains("windows") } + [
      (
        "few maps along rows, padding, dilation",
        try Model(input: [2, 20, 19]) {
          Conv2D(4, kernel: 3, padding: 2, dilation: 2)
          ReLU()
          MaxPool2D(2)
          Conv2D(18, kernel: 3, stride: 2, padding: 1)
          Tanh()
          MaxPool2D(3, stride: 1, padding: 1)
          Conv2D(33, kernel: 2)
          Sigmoid()
          GlobalAveragePool()
          Flatten()
          Dense(6)
        }
      ),
      (
        "a signal",
        try Model(input: [3, 40]) {
          Conv1D(17, kernel: 5, stride: 2, padding: 2)
          ReLU()
          MaxPool1D(2)
          Conv1D(5, kernel: 3)
          ReLU()
          Flatten()
          Dense(70)
          ReLU()
          Dense(4)
        }
      ),
    ]
  }

  @Test func outputsAreThoseOfThePlainLoopsInDoublePrecision() throws {
    for (name, model) in try Self.networks() {
      for batch in [1, 3, 8, 21] {
        let exact = try Self.run(model, batch: batch, [], .f64).output
        let largest = exact.map(abs).max() ?? 0
        for set in StepTests.sets {
          let backend = LanesBackend(set, takesAll: true)
          let (found, lines) = try Self.run(model, batch: batch, [backend])
          let words = "\(name), \(batch) examples, \(set):"
          #expect(lines.filter { !$0.hasPrefix("once per version") }.count == 1, "\(words) \(lines)")
          #expect(lines.contains { $0.contains(backend.name) }, "\(words) \(lines)")
          let off = zip(found, exact).map { abs($0 - $1) }.max() ?? .infinity
          #expect(found.count == exact.count && off <= 1e-5 * largest, "\(words) \(off) of \(largest)")
        }
      }
    }
  }

  /// A store that a plan of few examples and one of many read in turn: weights are there in both orders.
  @Test func plansOfAllSizesShareAStore() throws {
    let model = try Zoo.standard.model("lenet5")
    let backend = LanesBackend(.best, takesAll: true)
    let many = try Self.run(model, batch: 8, [backend]).output
    let few = try Self.run(model, batch: 3, [backend]).output
    // The same examples come first.
    #expect(zip(few, many).allSatisfy { abs($0 - $1) < 1e-5 })
  }
}
