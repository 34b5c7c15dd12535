import FoveaGraphs
import FoveaOneDNNBackend
import FoveaTensors
import Testing

/// Activations: by themselves, behind a convolution in one kernel, and with learned slopes.
@Suite(.enabled(if: OneDNNBackend.unavailable == nil, "there is no oneDNN")) struct ActivationTests {
  /// `readsInput`: the gradient reads the input, so that training does not fuse.
  struct Use: Sendable, CustomTestStringConvertible {
    let op: any Operator.Type
    var attributes: Attributes = [:]
    var readsInput = false
    var testDescription: String { "\(op.name) \(attributes.text)" }

    /// The gradient's operator, when it is one of its own that the library has.
    var backward: [String] {
      op.name == "Selu" ? [] : Registry.standard["\(op.name)Backward"].map { [$0.name] } ?? []
    }
  }

  static let all = [
    Use(op: Op.Relu.self), Use(op: Op.LeakyRelu.self, attributes: ["alpha": .float(0.2)]), Use(op: Op.Sigmoid.self),
    Use(op: Op.Tanh.self), Use(op: Op.Elu.self, attributes: ["alpha": .float(0.7)]), Use(op: Op.Selu.self),
    Use(op: Op.Clip.self, attributes: ["min": .float(0), "max": .float(0.5)]),
    Use(op: Op.Clip.self, attributes: ["min": .float(0.25)]), Use(op: Op.HardSigmoid.self),
    Use(op: Op.HardSwish.self, readsInput: true), Use(op: Op.Swish.self, readsInput: true),
    Use(op: Op.Swish.self, attributes: ["alpha": .float(1.5)], readsInput: true),
    Use(op: Op.Gelu.self, readsInput: true),
    Use(op: Op.Gelu.self, attributes: ["approximate": .string("tanh")], readsInput: true),
    Use(op: Op.Mish.self, readsInput: true), Use(op: Op.Softplus.self, readsInput: true),
    Use(op: Op.Abs.self, readsInput: true),
  ]

  @Test(arguments: all, [3, 16, 20])
  func byThemselvesAndFused(use: Use, channels: Int) throws {
    for axes in 1...3 {
      var choices = Choices(seed: UInt64(channels))
      var bench = Bench()
      let y = bench.mixed(bench.input(OperatorTests.shape(&choices, channels: 4, axes: axes)), to: channels)
      // Read twice, so that it is not fused with the convolution.
      let z = bench.graph.add(use.op, [y], use.attributes)[0]
      let words = "\(use.testDescription) \(bench.graph.shape(y))"
      try bench.check([z, y], runs: [use.op.name] + use.backward, words)
      var single = Bench()
      let x = single.mixed(single.input(bench.graph.shape(y).dims), to: channels)
      let fused = single.graph.add(use.op, [x], use.attributes)[0]
      try single.check(
        [fused], runs: use.backward, words, fuses: "Conv+\(use.op.name)", fusesInTraining: !use.readsInput)
    }
  }

  @Test(arguments: all, [3, 20])
  func behindAShortcut(use: Use, channels: Int) throws {
    var bench = Bench()
    let shape = [2, channels, 6, 5]
    let x = bench.mixed(bench.input([2, 3, 6, 5]), to: channels)
    let y = bench.graph.add(
      Op.Conv.self, [x, bench.weights([channels, channels, 3, 3]), bench.weights([channels])],
      ["pads": .ints([1, 1, 1, 1])])[0]
    let sum = bench.graph.add(Op.Add.self, [y, bench.input(shape)])[0]
    let z = bench.graph.add(use.op, [sum], use.attributes)[0]
    try bench.check(
      [z], runs: use.backward, use.testDescription, fuses: "Conv+Add+\(use.op.name)", fusesInTraining: !use.readsInput)
  }

  @Test(arguments: all, [16, 20])
  func behindADepthwiseConvolution(use: Use, channels: Int) throws {
    var bench = Bench()
    let x = bench.mixed(bench.input([2, 3, 6, 5]), to: channels)
    let y = bench.graph.add(
      Op.Conv.self, [x, bench.weights([channels, 1, 3, 3]), bench.weights([channels])],
      ["pads": .ints([1, 1, 1, 1]), "group": .int(channels)])[0]
    let z = bench.graph.add(use.op, [y], use.attributes)[0]
    try bench.check(
      [z], runs: use.backward, use.testDescription, fuses: "Conv+\(use.op.name)", fusesInTraining: !use.readsInput)
  }

  @Test(arguments: [3, 16, 20], [true, false])
  func learnedSlopes(channels: Int, perChannel: Bool) throws {
    // For a single slope the library has no generated code.
    let runs = perChannel ? ["PRelu", "PReluBackward"] : []
    for axes in 1...3 {
      var choices = Choices(seed: UInt64(channels))
      var bench = Bench()
      let y = bench.mixed(bench.input(OperatorTests.shape(&choices, channels: 4, axes: axes)), to: channels)
      let z = bench.graph.add(Op.PRelu.self, [y, bench.weights([perChannel ? channels : 1])])[0]
      try bench.check(
        [z, y], runs: runs, "PRelu \(bench.graph.shape(y)) per channel \(perChannel)")
    }
    // Behind Flatten.
    var bench = Bench()
    let x = bench.input([3, channels])
    let y = bench.graph.add(Op.PRelu.self, [x, bench.weights([perChannel ? channels : 1])])[0]
    try bench.check([y], runs: runs, "PRelu [3×\(channels)] per channel \(perChannel)")
  }
}
