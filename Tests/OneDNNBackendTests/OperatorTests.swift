import FoveaExecution
import FoveaGraphs
import FoveaOneDNNBackend
import FoveaTensors
import Testing

/// Numbers for a random test; its seed belongs in the failure's message.
struct Choices {
  let seed: UInt64
  private let stream: RandomStream
  private var index = 0

  init(seed: UInt64) {
    self.seed = seed
    stream = RandomStream(seed: seed, purpose: "operator test")
  }

  mutating func int(_ range: ClosedRange<Int>) -> Int {
    index += 1
    return range.lowerBound + min(Int(stream.uniform(index: index) * Float(range.count)), range.count - 1)
  }
  mutating func pick<T>(_ list: [T]) -> T { list[int(0...(list.count - 1))] }
}

/// A graph under construction, with named weights, whose plan is compared with the interpreter.
struct Bench {
  var graph = Graph()
  private var parameters = 0

  mutating func input(_ shape: [Int]) -> Value {
    graph.addInput("input\(graph.inputs.count)", TensorType(.f32, Shape(shape)))
  }

  mutating func weights(_ shape: [Int]) -> Value {
    parameters += 1
    return graph.addParameter(
      Parameter(
        path: "w\(parameters)", role: .weight,
        initializer: .fan(.standard, fanIn: max(shape.dropFirst().reduce(1, *), 2), fanOut: shape[0])),
      TensorType(.f32, Shape(shape)))
  }

  /// A 1×1 convolution: behind it values lie as the backend likes them.
  mutating func mixed(_ x: Value, to channels: Int) -> Value {
    let shape = graph.shape(x)
    let w = weights([channels, shape[1]] + shape.dims.dropFirst(2).map { _ in 1 })
    return graph.add(Op.Conv.self, [x, w, weights([channels])])[0]
  }

  /// The named values, and in training the gradients of a random sum of them, from every backend and mode.
  ///
  /// - Parameter fusesInTraining: false where the value between is read again by the gradient.
  func check(
    _ results: [Value], runs ops: [String], _ words: String, fuses: String? = nil, fusesInTraining: Bool = true,
    sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    var graph = graph
    for (index, value) in results.enumerated() {
      graph.addOutput("y\(index)", value)
      // In the value's own order: what fills its blocks must be zeros.
      graph.addOutput("norm\(index)", graph.add(Op.SquaredNorm.self, [value])[0])
    }
    try graph.check()
    for mode in [Mode.inference, .training] {
      var request = PlanRequest(mode: mode)
      if mode == .training {
        let shapes = results.map { graph.shape($0) }
        request.differentiation = { (graph) throws(GraphError) in
          var loss: Value?
          for (index, value) in results.enumerated() {
            let factors = graph.addInput("factors\(index)", TensorType(.f32, shapes[index]))
            let product = graph.add(Op.Mul.self, [value, factors])[0]
            let part = graph.add(Op.ReduceSum.self, [product], ["keepdims": .int(0)])[0]
            loss = loss.map { graph.add(Op.Add.self, [$0, part])[0] } ?? part
          }
          guard let loss else { return }
          let inputs = graph.inputs.filter { graph[$0].name.hasPrefix("input") }
          let targets = graph.parameters.map(\.value) + inputs
          let gradients = try graph.differentiate(loss, withRespectTo: targets)
          for target in targets {
            if let gradient = gradients[target] { graph.addOutput("d \(graph[target].name)", gradient) }
          }
        }
      }
      let prepared = try request.prepare(graph)
      if let fuses, mode == .inference || fusesInTraining {
        let patterns = prepared.nodes.map { $0.attributes.string("pattern", default: "") }
        #expect(patterns.contains(fuses), "\(words): \(patterns)", sourceLocation: sourceLocation)
      }
      try compare(prepared, mode, ops, words, sourceLocation)
    }
  }

  /// Every order, and bf16 where the library has it.
  static let ways: [(OneDNNBackend.Preference, OneDNNBackend.Precision)] = OneDNNBackend.Precision.allCases
    .filter { $0 == .f32 || OneDNNBackend.bf16Support != .none }
    .flatMap { precision in OneDNNBackend.Preference.allCases.map { ($0, precision) } }

  private static let corners: Set<String> = [
    Op.Relu.name, Op.LeakyRelu.name, Op.PRelu.name, Op.Clip.name, Op.Abs.name, Op.HardSigmoid.name, Op.HardSwish.name,
    Op.Max.name, Op.Min.name, Op.MaxPool.name, Op.MaxPoolWithIndices.name, Op.Selu.name,
    Op.Elu.name,
  ]

  private static func hasCorners(_ graph: Graph) -> Bool {
    graph.nodes.contains { corners.contains($0.op) || $0.body.map(hasCorners) == true }
  }

  /// What three quarters of the differences stay below, over the largest magnitude.
  private static func commonDifference(_ a: Tensor, _ b: Tensor) -> Double {
    let (x, y) = (a.array(of: Double.self), b.array(of: Double.self))
    let scale = max(x.map(abs).max() ?? 0, y.map(abs).max() ?? 0, 1e-6)
    let gaps = zip(x, y).map { abs($0 - $1) / scale }.sorted()
    return gaps.isEmpty ? 0 : gaps[(gaps.count - 1) * 3 / 4]
  }

  private func compare(
    _ prepared: Graph, _ mode: Mode, _ ops: [String], _ words: String, _ sourceLocation: SourceLocation
  ) throws {
    let initial = Store()
    try initial.initialize(prepared, seed: 11)
    var feeds: [String: Tensor] = [:]
    var values: [Value: Tensor] = [:]
    let stream = RandomStream(seed: 12, purpose: "operator test")
    for (number, value) in prepared.inputs.enumerated() {
      let shape = prepared.shape(value)
      let tensor = try Tensor(
        (0..<shape.count).map { Float(stream.normal(step: UInt64(number), index: $0)) }, shape: shape)
      feeds[prepared[value].name] = tensor
      values[value] = tensor
    }
    for (value, parameter) in prepared.parameters { values[value] = try initial.tensor(parameter.path) }
    let expected = try Interpreter.run(prepared, values)
    for (preference, precision) in Bench.ways {
      guard let backend = OneDNNBackend(preference: preference, precision: precision) else { return }
      let words = "\(words) \(precision)"
      let store = try initial.copy()
      let plan = try Plan(prepared, mode: mode, backends: [backend], store: store, threads: 2)
      let context = try Context(plan, store: store)
      for (name, tensor) in feeds where context.reads(name) { try context.feed(name, tensor) }
      // Twice: what a run leaves behind must not matter.
      try context.run()
      try context.run()
      for output in prepared.outputs {
        let (found, wanted) = (try context.result(output.name), try #require(expected[output.value]))
        // Rounded, a number may lie on the other side of a corner, or be the larger one of two: then single places of
        // a gradient, or of what goes back to its place, are wrong altogether, but never many.
        let isCornered = precision == .bf16 && Bench.hasCorners(prepared)
        let gap = isCornered ? Bench.commonDifference(found, wanted) : difference(found, wanted)
        #expect(
          gap < (isCornered && mode == .training ? 0.25 : precision == .bf16 ? 0.05 : 1e-4),
          "\(words) \(preference) \(mode) \(output.name): \(gap)\n\(plan.lines.joined(separator: "\n"))",
          sourceLocation: sourceLocation)
      }
      for op in ops where mode == .training || !(op.contains("Backward") || op == "ReduceSum") {
        let own = plan.lines.filter { $0.contains(" = \(op) [") }
        let fused = plan.lines.contains { $0.contains(" = Fused [oneDNN") }
        #expect(
          own.contains { $0.contains("[oneDNN") || $0.contains("[any order") } || (own.isEmpty && fused),
          "\(words) \(preference) \(mode): \(op) \(own)\n\(plan.fallbacks)", sourceLocation: sourceLocation)
      }
    }
  }
}

@Suite(.enabled(if: OneDNNBackend.unavailable == nil, "there is no oneDNN")) struct OperatorTests {
  static func shape(_ choices: inout Choices, channels: Int, axes: Int? = nil) -> [Int] {
    let axes = axes ?? choices.int(1...3)
    return [choices.int(1...3), channels] + (0..<axes).map { _ in choices.int(axes == 3 ? 3...5 : 4...9) }
  }

  @Test(arguments: UInt64(1)...24)
  func convolutions(seed: UInt64) throws {
    var choices = Choices(seed: seed)
    let axes = Int(seed % 3) + 1
    let groups = choices.pick([1, 1, 2, 4])
    let (from, to) = (groups * choices.pick([1, 4, 8, 16]), groups * choices.pick([1, 4, 5, 16]))
    var bench = Bench()
    let x = bench.input(Self.shape(&choices, channels: 3, axes: axes))
    let y = bench.mixed(x, to: from)
    let kernel = (0..<axes).map { _ in choices.int(1...3) }
    let attributes: Attributes = [
      "strides": .ints((0..<axes).map { _ in choices.int(1...2) }),
      "pads": .ints((0..<(2 * axes)).map { _ in choices.int(0...1) }),
      "dilations": .ints(kernel.map { $0 == 1 ? 1 : choices.int(1...(axes == 3 ? 1 : 2)) }), "group": .int(groups),
    ]
    let z = bench.graph.add(
      Op.Conv.self, [y, bench.weights([to, from / groups] + kernel), bench.weights([to])], attributes)[0]
    try bench.check(
      [z], runs: ["Conv", "ConvBackwardData", "ConvBackwardWeights"],
      "seed \(seed) \(bench.graph.shape(y)) \(kernel) to \(to) \(attributes.text)")
  }

  @Test(arguments: UInt64(1)...24)
  func transposedConvolutions(seed: UInt64) throws {
    var choices = Choices(seed: seed)
    let axes = Int(seed % 3) + 1
    let groups = choices.pick([1, 1, 2])
    let (from, to) = (groups * choices.pick([3, 8, 16]), groups * choices.pick([1, 5, 16]))
    var bench = Bench()
    let x = bench.input(Self.shape(&choices, channels: 3, axes: axes))
    let y = bench.mixed(x, to: from)
    let kernel = (0..<axes).map { _ in choices.int(2...3) }
    let strides = (0..<axes).map { _ in choices.int(1...2) }
    let attributes: Attributes = [
      "strides": .ints(strides), "pads": .ints((0..<(2 * axes)).map { _ in choices.int(0...1) }),
      "output_padding": .ints(strides.map { choices.int(0...($0 - 1)) }), "group": .int(groups),
    ]
    let bias = choices.int(0...1) == 0 ? nil : bench.weights([to])
    let z = bench.graph.add(
      Op.ConvTranspose.self, [y, bench.weights([from, to / groups] + kernel), bias], attributes)[0]
    try bench.check(
      [z], runs: ["ConvTranspose", "Conv", "ConvBackwardWeights"] + (bias == nil ? [] : ["ReduceSum"]),
      "seed \(seed) \(bench.graph.shape(y)) \(kernel) to \(to) \(attributes.text)")
  }

  @Test(arguments: UInt64(1)...24)
  func averagePooling(seed: UInt64) throws {
    var choices = Choices(seed: seed)
    let axes = Int(seed % 3) + 1
    var bench = Bench()
    let x = bench.input(Self.shape(&choices, channels: 3, axes: axes))
    let y = bench.mixed(x, to: choices.pick([3, 16, 20, 32]))
    let kernel = (0..<axes).map { _ in choices.int(2...3) }
    let attributes: Attributes = [
      "kernel_shape": .ints(kernel), "strides": .ints((0..<axes).map { _ in choices.int(1...3) }),
      "pads": .ints((0..<(2 * axes)).map { _ in choices.int(0...1) }), "ceil_mode": .int(choices.int(0...1)),
      "count_include_pad": .int(choices.int(0...1)),
    ]
    let z = bench.graph.add(Op.AveragePool.self, [y], attributes)[0]
    let words = "seed \(seed) \(bench.graph.shape(y)) \(attributes.text)"
    // Windows that reach behind their padding are left to the reference.
    try bench.check([z], runs: attributes.flag("ceil_mode") ? [] : ["AveragePool", "AveragePoolBackward"], words)
  }

  @Test(arguments: [1, 2, 3], [3, 16, 20])
  func globalPooling(axes: Int, channels: Int) throws {
    var choices = Choices(seed: 5)
    var bench = Bench()
    let x = bench.input(Self.shape(&choices, channels: 3, axes: axes))
    let y = bench.graph.add(Op.GlobalAveragePool.self, [bench.mixed(x, to: channels)])[0]
    let flat = bench.graph.add(Op.Flatten.self, [y])[0]
    try bench.check(
      [flat], runs: ["GlobalAveragePool", "GlobalAveragePoolBackward"], "\(bench.graph.shape(x)) to \(channels)")
  }

  @Test(arguments: [1, 2, 3], [3, 16, 20])
  func shortcuts(axes: Int, channels: Int) throws {
    for withRelu in [true, false] {
      for first in [true, false] {
        // A plain shortcut, one that is the convolution's own input, and one that another convolution made.
        for kind in 0...2 {
          var choices = Choices(seed: 9)
          var bench = Bench()
          let x = bench.mixed(bench.input(Self.shape(&choices, channels: 4, axes: axes)), to: channels)
          let shape = bench.graph.shape(x).dims
          let shortcut = kind == 0 ? bench.input(shape) : kind == 1 ? x : bench.mixed(x, to: channels)
          let pads = [Int](repeating: 1, count: 2 * axes)
          let kernel = [Int](repeating: 3, count: axes)
          var y = bench.graph.add(
            Op.Conv.self, [x, bench.weights([channels, channels] + kernel), bench.weights([channels])],
            ["pads": .ints(pads)])[0]
          y = bench.graph.add(Op.Add.self, first ? [y, shortcut] : [shortcut, y])[0]
          if withRelu { y = bench.graph.add(Op.Relu.self, [y])[0] }
          let pattern = withRelu ? "Conv+Add+Relu" : "Conv+Add"
          try bench.check(
            [y], runs: withRelu ? ["ReluBackward"] : [], "axes \(axes) channels \(channels) kind \(kind)",
            fuses: kind == 1 ? nil : pattern)
        }
      }
    }
  }

  @Test func aRepeatingShortcutIsNotFused() throws {
    var bench = Bench()
    let x = bench.mixed(bench.input([2, 4, 5, 5]), to: 16)
    let y = bench.graph.add(Op.Add.self, [bench.mixed(x, to: 16), bench.weights([1, 16, 1, 1])])[0]
    let z = bench.graph.add(Op.Relu.self, [y])[0]
    try bench.check([z], runs: ["Conv", "Relu"], "bias as a sum")
  }

  @Test(arguments: UInt64(1)...16)
  func arithmetic(seed: UInt64) throws {
    var choices = Choices(seed: seed)
    let op = choices.pick([
      Op.Add.self as any Operator.Type, Op.Sub.self, Op.Mul.self, Op.Div.self, Op.Max.self, Op.Min.self,
    ])
    let channels = choices.pick([3, 16, 20, 32])
    var bench = Bench()
    let x = bench.mixed(bench.input(Self.shape(&choices, channels: 3)), to: channels)
    let words = "seed \(seed) \(op.name) \(bench.graph.shape(x))"
    // Divided by something away from zero: e^(…)
    let other = bench.graph.add(Op.Exp.self, [bench.graph.add(Op.Tanh.self, [x])[0]])[0]
    let y = bench.graph.add(op, [x, other])[0]
    // And with a single number.
    let number = bench.graph.addConstant(Tensor(scalar: Float(2.5)))
    let z = bench.graph.add(op, [y, number])[0]
    try bench.check([z, y], runs: op.name == "Div" && channels % 16 != 0 ? [] : [op.name], words)
  }

  @Test(arguments: ["Add", "Sub", "Max", "Min"])
  func aNumberDoesNotReachThePadding(op: String) throws {
    // 20 channels in blocks of 16: with the number first no primitive takes it, and the loop must not either.
    var bench = Bench()
    let x = bench.mixed(bench.input([2, 3, 5, 5]), to: 20)
    let number = bench.graph.addConstant(Tensor(scalar: Float(op == "Min" ? -2.5 : 2.5)))
    let y = bench.graph.add(try #require(Registry.standard[op]), [number, x])[0]
    try bench.check([y, x], runs: [], "\(op) of a number and a tensor")
  }

  @Test(arguments: UInt64(1)...16)
  func sideBySide(seed: UInt64) throws {
    var choices = Choices(seed: seed)
    var bench = Bench()
    let x = bench.input(Self.shape(&choices, channels: 3))
    let rank = bench.graph.shape(x).rank
    let sizes = seed % 2 == 0 ? [16, 32, 48] : [3, 16, 20]
    let axis = choices.pick([1, 1, 1, 0, rank - 1])
    let same = choices.pick(sizes)
    let parts = (0..<choices.int(1...4)).map { _ in bench.mixed(x, to: axis == 1 ? choices.pick(sizes) : same) }
    let whole = bench.graph.add(Op.Concat.self, parts, ["axis": .int(axis)])[0]
    let mixed = bench.mixed(whole, to: 16)
    let channels = bench.graph.shape(whole)[1]
    let cut = choices.pick([16, 3].filter { $0 < channels } + [1])
    let pieces =
      channels > 1
      ? bench.graph.add(
        Op.Split.self, [mixed], ["axis": .int(1), "split": .ints([cut == 16 ? 8 : cut, cut == 16 ? 8 : 16 - cut])])
      : [mixed]
    try bench.check(
      pieces + [whole], runs: ["Concat", "ConcatBackward"],
      "seed \(seed) axis \(axis) \(parts.map { bench.graph.shape($0) })")
  }
}
