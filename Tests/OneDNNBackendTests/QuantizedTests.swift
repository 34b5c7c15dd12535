import FoveaExecution
import FoveaGraphs
import FoveaOneDNNBackend
import FoveaTensors
import Testing

/// Chains of 8 bits: fused, and run by oneDNN as the plain loops do, to one step of rounding.
@Suite struct QuantizedTests {
  /// A graph in 8 bits under construction.
  private struct Chain {
    var graph = Graph()
    private var count = 0

    mutating func input(_ shape: [Int], _ unit: Float, signed: Bool) -> Value {
      let x = graph.addInput("input\(graph.inputs.count)", TensorType(.f32, Shape(shape)))
      return again(whole(x, unit, signed: signed), unit, signed: signed)
    }

    private mutating func zero(_ signed: Bool) -> Value? {
      signed ? graph.addConstant(Tensor(scalar: 0 as Int8), name: "zero") : nil
    }

    mutating func whole(_ x: Value, _ unit: Float, signed: Bool) -> Value {
      graph.add(Op.QuantizeLinear.self, [x, graph.addConstant(Tensor(scalar: unit), name: "unit"), zero(signed)])[0]
    }

    mutating func again(_ x: Value, _ unit: Float, signed: Bool) -> Value {
      graph.add(Op.DequantizeLinear.self, [x, graph.addConstant(Tensor(scalar: unit), name: "unit"), zero(signed)])[0]
    }

    /// Whole numbers as parameters, with a unit for each place of `axis`.
    mutating func parameter(_ dtype: DType, _ shape: [Int], _ units: [Float], axis: Int = 0) -> Value {
      count += 1
      let value = graph.addParameter(
        Parameter(path: "w\(count)", role: .weight, initializer: .constant(0)), TensorType(dtype, Shape(shape)))
      let scale = graph.addConstant(Tensor(units), name: "units")
      return graph.add(Op.DequantizeLinear.self, [value, scale], ["axis": .int(axis)])[0]
    }
  }

  /// Compares all plans with the interpreter on the declared graph. `unit` is that of the results.
  private func check(
    _ graph: Graph, unit: Float, patterns: [String], isWhole: Bool = true, _ words: String,
    sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    try graph.check()
    let stream = RandomStream(seed: 3, purpose: "quantized test")
    let store = Store()
    for (number, (value, parameter)) in graph.parameters.enumerated() {
      let shape = graph.shape(value)
      let draws = (0..<shape.count).map { Int(stream.word(step: UInt64(number) + 50, index: $0) % 255) - 127 }
      try store.set(
        parameter.path,
        to: graph[value].type.dtype == .i8
          ? Tensor(draws.map { Int8($0) }, shape: shape) : Tensor(draws.map { Int32($0 * 9) }, shape: shape))
    }
    var feeds: [Value: Tensor] = [:]
    for (number, value) in graph.inputs.enumerated() {
      let shape = graph.shape(value)
      feeds[value] = try Tensor(
        (0..<shape.count).map { Float(stream.normal(step: UInt64(number), index: $0)) }, shape: shape)
    }
    var values = feeds
    for (value, parameter) in graph.parameters { values[value] = try store.tensor(parameter.path) }
    let expected = try Interpreter.run(graph, values)
    let prepared = try PlanRequest(mode: .inference).prepare(graph)
    let found = prepared.nodes.map { $0.attributes.string("pattern", default: "") }
    for pattern in patterns { #expect(found.contains(pattern), "\(words): \(found)", sourceLocation: sourceLocation) }
    // The pass keeps every answer to the bit.
    let fused = try Interpreter.run(prepared, values)
    for (a, b) in zip(prepared.outputs, graph.outputs) {
      #expect(
        try #require(fused[a.value]).isIdentical(to: try #require(expected[b.value])), "\(words)",
        sourceLocation: sourceLocation)
    }
    for backends in [OneDNNBackend().map { [$0] }, OneDNNBackend(precision: .bf16).map { [$0] }, []] {
      guard let backends else { continue }
      let plan = try Plan(prepared, mode: .inference, backends: backends, store: store.copy(), threads: 2)
      let context = try Context(plan, store: store)
      for (value, tensor) in feeds { try context.feed(graph[value].name, tensor) }
      try context.run()
      try context.run()
      let lines = plan.lines.joined(separator: "\n")
      for output in graph.outputs {
        let (x, y) = (try context.result(output.name), try #require(expected[output.value]))
        let gaps = zip(x.array(of: Double.self), y.array(of: Double.self)).map { abs($0 - $1) }
        let worst = gaps.max() ?? 0
        // The last step of rounding may fall the other way, seldom; results that stay floats are close.
        let step = isWhole ? Double(unit) : 1e-4 * (y.array(of: Double.self).map(abs).max() ?? 1)
        #expect(worst <= step * 1.001, "\(words): \(worst) of \(step)\n\(lines)", sourceLocation: sourceLocation)
        let off = gaps.filter { $0 > step * 0.5 }.count
        #expect(
          !isWhole || Double(off) <= 0.02 * Double(gaps.count) + 1, "\(words): \(off) of \(gaps.count)\n\(lines)",
          sourceLocation: sourceLocation)
      }
      if !backends.isEmpty {
        #expect(plan.fallbacks.isEmpty, "\(words): \(plan.fallbacks)", sourceLocation: sourceLocation)
      }
    }
  }

  @Test(arguments: UInt64(1)...40)
  func convolutions(seed: UInt64) throws {
    var choices = Choices(seed: seed)
    let axes = choices.pick([1, 2, 2, 2, 3])
    let groups = choices.pick([1, 1, 1, 2, 16])
    let (from, to) =
      groups == 16 ? (16, 16) : (groups * choices.pick([3, 8, 16, 20]), groups * choices.pick([5, 16, 24]))
    let isSigned = choices.int(0...1) == 1
    var chain = Chain()
    let x = chain.input(
      [choices.int(1...2), from] + (0..<axes).map { _ in choices.int(5...9) }, 0.02, signed: isSigned)
    let kernel = (0..<axes).map { _ in choices.int(1...3) }
    let units = (0..<to).map { _ in 0.001 + 0.002 * Float(choices.int(0...10)) / 10 }
    let w = chain.parameter(.i8, [to, from / groups] + kernel, units)
    let bias = choices.int(0...2) == 0 ? nil : chain.parameter(.i32, [to], units.map { $0 * 0.02 })
    let attributes: Attributes = [
      "strides": .ints((0..<axes).map { _ in choices.int(1...2) }),
      "pads": .ints((0..<(2 * axes)).map { _ in choices.int(0...1) }), "group": .int(groups),
    ]
    var y = chain.graph.add(Op.Conv.self, [x, w, bias], attributes)[0]
    var pattern = "8 bits: Conv"
    // A shortcut of whole numbers, of floats, or none.
    let shortcut = choices.int(0...2)
    let shape = chain.graph.shape(y).dims
    if shortcut > 0 {
      let other =
        shortcut == 1
        ? chain.input(shape, 0.05, signed: choices.int(0...1) == 1)
        : chain.graph.addInput("shortcut", TensorType(.f32, Shape(shape)))
      y = chain.graph.add(Op.Add.self, choices.int(0...1) == 0 ? [y, other] : [other, y])[0]
      pattern += "+Add"
    }
    let after = choices.int(0...2)
    if after == 1 {
      y = chain.graph.add(Op.Relu.self, [y])[0]
      pattern += "+Relu"
    } else if after == 2 {
      y = chain.graph.add(Op.Clip.self, [y], ["min": .float(0), "max": .float(1.5)])[0]
      pattern += "+Clip"
    }
    let end = choices.int(0...2)
    let unit: Float = 0.013
    if end < 2 {
      let signed = after == 0 || end == 1
      y = chain.again(chain.whole(y, unit, signed: signed), unit, signed: signed)
      pattern += "+QuantizeLinear"
    }
    chain.graph.addOutput("y", y)
    try check(
      chain.graph, unit: unit, patterns: [pattern], isWhole: end < 2,
      "seed \(seed) \(shape) from \(from) kernel \(kernel) \(attributes.text) \(pattern)")
  }

  @Test(arguments: [true, false], [true, false])
  func matrixProducts(transposed: Bool, withBias: Bool) throws {
    var chain = Chain()
    let x = chain.input([3, 40], 0.03, signed: transposed)
    let units = (0..<10).map { 0.002 + 0.001 * Float($0) }
    let w = chain.parameter(.i8, transposed ? [10, 40] : [40, 10], units, axis: transposed ? 0 : 1)
    let bias = withBias ? chain.parameter(.i32, [10], units.map { $0 * 0.03 }) : nil
    let y = chain.graph.add(Op.Gemm.self, [x, w, bias], ["transB": .int(transposed ? 1 : 0)])[0]
    let hidden = chain.graph.add(Op.Relu.self, [y])[0]
    chain.graph.addOutput("scores", y)
    let whole = chain.again(chain.whole(hidden, 0.02, signed: false), 0.02, signed: false)
    let v = chain.parameter(
      .i8, transposed ? [5, 10] : [10, 5], [Float](repeating: 0.01, count: 5), axis: transposed ? 0 : 1)
    chain.graph.addOutput("y", chain.graph.add(Op.Gemm.self, [whole, v], ["transB": .int(transposed ? 1 : 0)])[0])
    // Of the second product the operands may be one step apart.
    try check(
      chain.graph, unit: 0.02 * 0.01 * 127 * 3, patterns: ["8 bits: Gemm"], "transposed \(transposed) bias \(withBias)")
  }

  @Test(arguments: [8, 16, 20])
  func poolingKeepsTheUnit(channels: Int) throws {
    var chain = Chain()
    let x = chain.input([2, 3, 9, 8], 0.02, signed: true)
    let units = [Float](repeating: 0.003, count: channels)
    var y = chain.graph.add(Op.Conv.self, [x, chain.parameter(.i8, [channels, 3, 3, 3], units)])[0]
    y = chain.graph.add(Op.Relu.self, [y])[0]
    y = chain.again(chain.whole(y, 0.03, signed: false), 0.03, signed: false)
    y =
      chain.graph.add(
        Op.MaxPool.self, [y], ["kernel_shape": .ints([3, 3]), "strides": .ints([2, 2]), "pads": .ints([1, 1, 1, 1])])[0]
    y = chain.again(chain.whole(y, 0.03, signed: false), 0.03, signed: false)
    chain.graph.addOutput("y", y)
    try check(
      chain.graph, unit: 0.03, patterns: ["8 bits: Conv+Relu+QuantizeLinear", "8 bits: MaxPool+QuantizeLinear"],
      "\(channels) channels")
  }

  @Test func whatIsNotFusedRunsOnThePlainLoops() throws {
    // A zero point, and weights whose units lie along the axis that is summed.
    var chain = Chain()
    let x = chain.graph.addInput("input0", TensorType(.f32, [1, 4, 6, 6] as Shape))
    let unit = chain.graph.addConstant(Tensor(scalar: 0.02 as Float), name: "unit")
    let zero = chain.graph.addConstant(Tensor(scalar: 7 as UInt8), name: "zero")
    let whole = chain.graph.add(Op.QuantizeLinear.self, [x, unit, zero])[0]
    let again = chain.graph.add(Op.DequantizeLinear.self, [whole, unit, zero])[0]
    let w = chain.parameter(.i8, [8, 4, 3, 3], [0.001, 0.002, 0.003, 0.004], axis: 1)
    chain.graph.addOutput("y", chain.graph.add(Op.Conv.self, [again, w])[0])
    let store = Store()
    try store.set("w1", to: Tensor((0..<288).map { Int8($0 % 250 - 125) }, shape: [8, 4, 3, 3]))
    let prepared = try PlanRequest(mode: .inference).prepare(chain.graph)
    let input = try Tensor((0..<144).map { Float($0 % 17) / 8 - 1 }, shape: [1, 4, 6, 6])
    var values = [x: input]
    for (value, parameter) in chain.graph.parameters { values[value] = try store.tensor(parameter.path) }
    let expected = try Interpreter.run(chain.graph, values)
    let plan = try Plan(prepared, mode: .inference, backends: StepTests.backends[0], store: store, threads: 1)
    let context = try Context(plan, store: store)
    try context.feed("input0", input)
    try context.run()
    let gap = difference(try context.result("y"), try #require(expected[chain.graph.outputs[0].value]))
    #expect(gap < 1e-4, "\(plan.lines.joined(separator: "\n"))")
  }
}
