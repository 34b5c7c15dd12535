import FoveaExecution
import FoveaGraphs
import FoveaOneDNNBackend
import FoveaTensors
import Testing

/// NaN and infinities go through as they do in plain loops, and stay within their own examples.
@Suite(.enabled(if: OneDNNBackend.unavailable == nil, "there is no oneDNN")) struct NotANumberTests {
  /// Runs what `build` makes of x [2, channels, 9, 7], whose second example has NaN and infinities.
  private func check(
    _ channels: Int, _ words: String, spreads: Bool = false, _ build: (inout Bench, Value) throws -> Value
  ) throws {
    var bench = Bench()
    let shape: Shape = [2, channels, 9, 7]
    let x = bench.input(shape.dims)
    bench.graph.addOutput("y", try build(&bench, x))
    let prepared = try PlanRequest(mode: .inference).prepare(bench.graph)
    let store = Store()
    try store.initialize(prepared, seed: 3)
    var values = (0..<shape.count).map { Float(($0 * 7) % 23) / 8 - 1.5 }
    let half = shape.count / 2
    for place in stride(from: half, to: shape.count, by: 11) { values[place] = .nan }
    if !spreads { for place in stride(from: half + 3, to: shape.count, by: 13) { values[place] = -.infinity } }
    let tensor = try Tensor(values, shape: shape)
    var feeds: [Value: Tensor] = [prepared.inputs[0]: tensor]
    for (value, parameter) in prepared.parameters { feeds[value] = try store.tensor(parameter.path) }
    let wanted = try #require(try Interpreter.run(prepared, feeds)[prepared.outputs[0].value]).array(of: Float.self)
    for preference in OneDNNBackend.Preference.allCases {
      let own = try store.copy()
      let backend = try #require(OneDNNBackend(preference: preference))
      let plan = try Plan(prepared, mode: .inference, backends: [backend], store: own, threads: 2)
      let context = try Context(plan, store: own)
      try context.feed("input0", tensor)
      try context.run()
      let found = try context.result("y").array(of: Float.self)
      for (place, pair) in zip(found, wanted).enumerated() {
        let isSame = pair.0 == pair.1 || abs(pair.0 - pair.1) < 1e-4 || (pair.0.isNaN && pair.1.isNaN)
        // What a transform spreads stays in the example.
        let isSpread = spreads && place >= wanted.count / 2 && pair.0.isNaN
        #expect(isSame || isSpread, "\(words) \(preference) \(place): \(pair.0), not \(pair.1)\n\(plan.lines)")
        if !isSame, !isSpread { return }
      }
    }
  }

  @Test(arguments: ActivationTests.all, [1, 3, 16, 17, 40])
  func functions(use: ActivationTests.Use, channels: Int) throws {
    try check(channels, use.testDescription) { $0.graph.add(use.op, [$1], use.attributes)[0] }
    try check(channels, "conv, \(use.testDescription)", spreads: true) { bench, x in
      let w = bench.weights([channels, channels, 3, 3])
      let y = bench.graph.add(Op.Conv.self, [x, w, bench.weights([channels])], ["pads": .ints([1, 1, 1, 1])])[0]
      return bench.graph.add(use.op, [y], use.attributes)[0]
    }
  }

  @Test(arguments: 1...40)
  func poolingAndExtremes(channels: Int) throws {
    let attributes: Attributes = [
      "kernel_shape": .ints([3, 2]), "strides": .ints([2, 1]), "pads": .ints([1, 0, 1, 0]),
    ]
    try check(channels, "pooling") { $0.graph.add(Op.MaxPool.self, [$1], attributes)[0] }
    try check(channels, "conv, pooling", spreads: true) { bench, x in
      bench.graph.add(Op.MaxPool.self, [bench.mixed(x, to: channels)], attributes)[0]
    }
    for op in [Op.Max.self, Op.Min.self] as [any Operator.Type] {
      try check(channels, op.name) { bench, x in
        let half = try bench.graph.addConstant(Tensor([0.5] as [Float], shape: []))
        return bench.graph.add(op, [x, half])[0]
      }
    }
  }

  @Test func aParameterIsNamed() throws {
    var bench = Bench()
    bench.graph.addOutput("y", bench.mixed(bench.input([1, 2, 3, 3]), to: 4))
    let prepared = try PlanRequest(mode: .inference).prepare(bench.graph)
    let store = Store()
    try store.initialize(prepared, seed: 1)
    let plan = try Plan(
      prepared, mode: .inference, backends: [try #require(OneDNNBackend())], store: store, threads: 2)
    let context = try Context(plan, store: store)
    try context.run()
    try store.set("w1", to: Tensor([0, 1, 2, .nan, 4, .nan, 6, 7] as [Float], shape: [4, 2, 1, 1]))
    #expect {
      try context.run()
    } throws: { error in
      "\(error)".contains("\"w1\" has 2 of 8 values that are not numbers (NaN), the first at [1, 1, 0, 0]")
    }
  }
}
