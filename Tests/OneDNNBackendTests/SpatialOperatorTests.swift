import FoveaGraphs
import FoveaOneDNNBackend
import FoveaTensors
import Testing

/// Operators that move, pool or normalize maps: every backend and order against the interpreter, with gradients.
@Suite(.enabled(if: OneDNNBackend.unavailable == nil, "there is no oneDNN")) struct SpatialOperatorTests {
  private static func shape(_ choices: inout Choices, channels: Int, axes: Int) -> [Int] {
    [choices.int(1...3), channels] + (0..<axes).map { _ in choices.int(axes == 3 ? 3...5 : 3...9) }
  }

  @Test(arguments: UInt64(1)...24)
  func responseNorms(seed: UInt64) throws {
    var choices = Choices(seed: seed)
    let axes = seed % 4 == 0 ? 1 : 2
    var bench = Bench()
    let channels = choices.pick([3, 16, 20, 32])
    let y = bench.mixed(bench.input(Self.shape(&choices, channels: 3, axes: axes)), to: channels)
    let size = choices.pick([3, 5, 5, 7, 4])
    let attributes: Attributes = [
      "size": .int(size), "alpha": .float(choices.pick([0.5, 2])), "beta": .float(choices.pick([0.75, 0.75, 0.5])),
      "bias": .float(choices.pick([1, 2])),
    ]
    let z = bench.graph.add(Op.LRN.self, [y], attributes)[0]
    let own = size % 2 == 1 && axes == 2 && (size <= 5 || channels % 16 == 0)
    try bench.check(
      [z], runs: own ? ["LRN", "LRNBackward"] : [], "seed \(seed) \(bench.graph.shape(y)) \(attributes.text)")
  }

  @Test(arguments: UInt64(1)...60)
  func resizing(seed: UInt64) throws {
    var choices = Choices(seed: seed)
    let axes = Int(seed % 3) + 1
    var bench = Bench()
    let y = bench.mixed(
      bench.input(Self.shape(&choices, channels: 3, axes: axes)), to: choices.pick([3, 16, 20, 32]))
    let linear = choices.int(0...1) == 1
    var attributes: Attributes = ["mode": .string(linear ? "linear" : "nearest")]
    let rule = choices.pick(["half_pixel", "half_pixel", "asymmetric", "align_corners"])
    attributes["coordinate_transformation_mode"] = .string(rule)
    attributes["nearest_mode"] = .string(choices.pick(["round_prefer_floor", "round_prefer_ceil", "floor"]))
    let factors = (0..<axes).map { _ in choices.pick([2.0, 3, 1.5, 0.5, 1]) }
    let kind = choices.int(0...1)
    var operands = [y]
    if kind == 0 {
      attributes["scales"] = .floats(factors)
    } else {
      let extents = (0..<axes).map { max(Int(Double(bench.graph.shape(y)[$0 + 2]) * factors[$0]), 1) }
      operands.append(bench.input([2, 1] + extents))
    }
    let z = bench.graph.add(Op.Resize.self, operands, attributes)[0]
    // Whole factors by centres of pixels are the library's own.
    let own = linear && rule == "half_pixel" && factors.allSatisfy { $0 == $0.rounded() } && factors.contains { $0 > 1 }
    try bench.check(
      [z], runs: own ? ["Resize", "ResizeBackward"] : [], "seed \(seed) \(bench.graph.shape(y)) \(attributes.text)")
  }

  @Test func repeatingPixelsIsTheLibrarysOwnHoweverItIsSaid() throws {
    for (rule, rounding) in [("asymmetric", "floor"), ("half_pixel", "round_prefer_floor")] {
      var bench = Bench()
      let y = bench.mixed(bench.input([2, 3, 5, 4]), to: 16)
      let attributes: Attributes = [
        "coordinate_transformation_mode": .string(rule), "nearest_mode": .string(rounding), "scales": .floats([2, 3]),
      ]
      let z = bench.graph.add(Op.Resize.self, [y], attributes)[0]
      try bench.check([z], runs: ["Resize", "ResizeBackward"], attributes.text)
    }
  }

  @Test(arguments: UInt64(1)...16)
  func layerNorms(seed: UInt64) throws {
    var choices = Choices(seed: seed)
    var bench = Bench()
    let shape = Self.shape(&choices, channels: choices.pick([3, 16, 40]), axes: choices.int(1...3))
    // The squashing keeps the convolution's bias from being taken off with the mean, its gradient from being nothing.
    let mixed = bench.mixed(bench.input(shape), to: choices.pick([3, 16]))
    let y = bench.graph.add(Op.Tanh.self, [mixed])[0]
    let full = bench.graph.shape(y).dims
    let axis = choices.int(1...(full.count - 1))
    let vector = Array(full[axis...])
    let affine = seed % 4 != 0
    let operands = [y] + (affine ? [bench.weights(vector), bench.weights(vector)] : [])
    let z = bench.graph.add(
      Op.LayerNormalization.self, operands, ["axis": .int(axis), "epsilon": .float(0.1)])[0]
    try bench.check(
      [z], runs: affine ? ["LayerNormalization", "LayerNormalizationBackward"] : [],
      "seed \(seed) \(full) axis \(axis)")
  }

  /// Maps as stacks of matrices: by one matrix the library multiplies them, by several the plain loops do.
  @Test(arguments: UInt64(1)...12)
  func matrixProducts(seed: UInt64) throws {
    var choices = Choices(seed: seed)
    var bench = Bench()
    let axes = choices.int(1...2)
    let y = bench.mixed(bench.input(Self.shape(&choices, channels: 3, axes: axes)), to: choices.pick([3, 16]))
    let dims = bench.graph.shape(y).dims
    let columns = choices.int(1...9)
    let several = axes == 2 && choices.int(0...2) == 0
    let w = bench.weights((several ? [dims[1]] : []) + [dims[axes + 1], columns])
    let z = bench.graph.add(Op.MatMul.self, [y, w])[0]
    try bench.check([z], runs: several ? [] : ["MatMul"], "seed \(seed) \(dims) to \(columns)")
  }

  /// No kernels of the library's own: here the plain loops meet values in other orders.
  @Test(arguments: UInt64(1)...12)
  func groupNorms(seed: UInt64) throws {
    var choices = Choices(seed: seed)
    var bench = Bench()
    let mixed = bench.mixed(bench.input(Self.shape(&choices, channels: 3, axes: choices.int(1...3))), to: 16)
    let y = bench.graph.add(Op.Tanh.self, [mixed])[0]
    let vectors = [bench.weights([16]), bench.weights([16])]
    let z = bench.graph.add(
      Op.GroupNormalization.self, [y] + vectors, ["num_groups": .int(choices.pick([1, 4])), "epsilon": .float(0.1)])[0]
    let w = bench.graph.add(Op.InstanceNormalization.self, [y], ["epsilon": .float(0.1)])[0]
    try bench.check([z, w], runs: [], "seed \(seed) \(bench.graph.shape(y))")
  }

  @Test(arguments: UInt64(1)...24)
  func maxPoolingRoundedUp(seed: UInt64) throws {
    var choices = Choices(seed: seed)
    let axes = Int(seed % 3) + 1
    var bench = Bench()
    let y = bench.mixed(bench.input(Self.shape(&choices, channels: 3, axes: axes)), to: choices.pick([3, 16, 20]))
    let attributes: Attributes = [
      "kernel_shape": .ints((0..<axes).map { _ in choices.int(2...3) }),
      "strides": .ints((0..<axes).map { _ in choices.int(1...4) }),
      "pads": .ints((0..<(2 * axes)).map { _ in choices.int(0...1) }), "ceil_mode": .int(1),
    ]
    let z = bench.graph.add(Op.MaxPool.self, [y], attributes)[0]
    try bench.check([z], runs: ["MaxPool"], "seed \(seed) \(bench.graph.shape(y)) \(attributes.text)")
  }

  @Test(arguments: UInt64(1)...12)
  func unpooling(seed: UInt64) throws {
    var choices = Choices(seed: seed)
    let axes = Int(seed % 3) + 1
    var bench = Bench()
    let y = bench.mixed(bench.input(Self.shape(&choices, channels: 3, axes: axes)), to: choices.pick([3, 16, 20]))
    let kernel = (0..<axes).map { _ in choices.int(1...2) }
    let pooled = bench.graph.add(
      Op.MaxPoolWithIndices.self, [y], ["kernel_shape": .ints(kernel), "strides": .ints(kernel)])
    let channels = bench.graph.shape(pooled[0])[1]
    let inner = bench.mixed(pooled[0], to: channels)
    let z = bench.graph.add(Op.MaxUnpool.self, [inner, pooled[1], y])[0]
    try bench.check([z], runs: [], "seed \(seed) \(bench.graph.shape(y)) \(kernel)")
  }

  @Test func poolingsCutsAndOwnWeightsMeetOtherOrders() throws {
    var bench = Bench()
    let y = bench.mixed(bench.input([2, 3, 6, 7]), to: 16)
    let small = bench.mixed(bench.input([2, 3, 4, 3]), to: 16)
    let window: Attributes = ["kernel_shape": .ints([3, 2]), "strides": .ints([2, 1])]
    let graph = { (op: any Operator.Type, operands: [Value], attributes: Attributes) in
      bench.graph.add(op, operands, attributes)[0]
    }
    let results = [
      graph(Op.LpPool.self, [y], window), graph(Op.GlobalMaxPool.self, [y], [:]), graph(Op.GlobalLpPool.self, [y], [:]),
      graph(Op.AdaptiveAveragePool.self, [y], ["output_size": .ints([4, 3])]), graph(Op.Crop.self, [y, small], [:]),
      graph(Op.LocallyConnected.self, [y, bench.weights([12, 4, 96])], window),
    ]
    try bench.check(results, runs: [], "a blocked value read by plain loops")
  }

  /// oneDNN 2.6 computes a wrong gradient for wide windows over channels that do not fill its blocks.
  @Test(arguments: [3, 16, 20, 32, 33], [3, 5, 7, 11])
  func responseNormsOfAnyWidth(channels: Int, size: Int) throws {
    var bench = Bench()
    let y = bench.mixed(bench.input([2, 3, 4, 6]), to: channels)
    let z = bench.graph.add(Op.LRN.self, [y], ["size": .int(size), "alpha": .float(2)])[0]
    let own = size <= 5 || channels % 16 == 0
    try bench.check([z], runs: own ? ["LRN", "LRNBackward"] : [], "\(channels) channels, \(size) summed")
  }
}
