import FoveaGraphs
import FoveaTensors
import Testing

/// A pooling of random shape, and what its windows hold.
struct PoolCase: CustomStringConvertible {
  let x: [Int]
  let output: [Int]
  let attributes: Attributes
  private let kernel: [Int]
  private let strides: [Int]
  private let dilations: [Int]
  private let pads: [Int]
  private let countsPadding: Bool

  init(_ draws: inout Draws) {
    let axes = draws.int(1...3)
    kernel = (0..<axes).map { _ in draws.int(1...3) }
    strides = (0..<axes).map { _ in draws.int(1...3) }
    dilations = (0..<axes).map { _ in draws.int(1...2) }
    let span = zip(kernel, dilations).map { $1 * ($0 - 1) + 1 }
    pads = (0..<(2 * axes)).map { draws.int(0...min(2, span[$0 % axes] - 1)) }
    let up = draws.int(0...1)
    countsPadding = draws.int(0...1) == 1
    let extents = span.map { $0 + draws.int(0...4) }
    x = [draws.int(1...2), draws.int(1...3)] + extents
    var output = Array(x.prefix(2))
    for axis in 0..<axes {
      let room = extents[axis] + pads[axis] + pads[axes + axis] - span[axis]
      var count = room / strides[axis] + 1
      if up == 1, room % strides[axis] != 0, count * strides[axis] < extents[axis] + pads[axis] { count += 1 }
      output.append(count)
    }
    self.output = output
    attributes = [
      "kernel_shape": .ints(kernel), "strides": .ints(strides), "pads": .ints(pads), "dilations": .ints(dilations),
      "ceil_mode": .int(up), "count_include_pad": .int(countsPadding ? 1 : 0),
    ]
  }

  var description: String { "\(x) \(attributes.text)" }

  /// For each output position the inputs of its window and the number to divide by.
  func forEachWindow(_ body: (_ y: Int, _ inputs: [Int], _ divisor: Int) -> Void) {
    let axes = kernel.count
    for y in indices(of: output) {
      var inputs: [Int] = []
      var divisor = 0
      for k in indices(of: kernel) {
        var at: [Int] = []
        for axis in 0..<axes { at.append(y[axis + 2] * strides[axis] - pads[axis] + k[axis] * dilations[axis]) }
        var (inside, within) = (true, true)
        for axis in 0..<axes {
          let extent = x[axis + 2]
          if at[axis] < 0 || at[axis] >= extent { inside = false }
          if at[axis] >= extent + pads[axes + axis] { within = false }
        }
        if inside { inputs.append(offset(Array(y.prefix(2)) + at, x)) }
        if countsPadding ? within : inside { divisor += 1 }
      }
      body(offset(y, output), inputs, divisor)
    }
  }
}

struct AveragePoolTests {
  @Test func byHand() throws {
    let x = floats([1, 2, 3, 4, 5, 6, 7, 8, 9], [1, 1, 3, 3])
    let kernel: Attributes = ["kernel_shape": .ints([2, 2])]
    #expect(try apply(Op.AveragePool.self, [x], kernel)[0].numbers == [3, 4, 6, 7])
    var padded = kernel
    padded["pads"] = .ints([1, 1, 0, 0])
    padded["strides"] = .ints([2, 2])
    #expect(try apply(Op.AveragePool.self, [x], padded)[0].numbers == [1, 2.5, 5.5, 7])
    padded["count_include_pad"] = .int(1)
    #expect(try apply(Op.AveragePool.self, [x], padded)[0].numbers == [0.25, 1.25, 2.75, 7])
    #expect(try apply(Op.GlobalAveragePool.self, [x])[0].numbers == [5])
  }

  @Test func aWindowWithoutNumbersGivesZero() throws {
    let attributes: Attributes = ["kernel_shape": .ints([2]), "dilations": .ints([2]), "pads": .ints([1, 1])]
    #expect(try apply(Op.AveragePool.self, [floats([7], [1, 1, 1])], attributes)[0].numbers == [0])
    let back = try apply(Op.AveragePoolBackward.self, [floats([5], [1, 1, 1]), floats([7], [1, 1, 1])], attributes)
    #expect(back[0].numbers == [0])
  }

  @Test(arguments: UInt64(1)...48)
  func agreesWithPlainLoops(seed: UInt64) throws {
    var draws = Draws(seed: seed)
    let c = PoolCase(&draws)
    let x = draws.tensor(Shape(c.x))
    let dy = draws.tensor(Shape(c.output))
    var y = [Double](repeating: 0, count: dy.count)
    var dx = [Double](repeating: 0, count: x.count)
    c.forEachWindow { at, inputs, divisor in
      for input in inputs {
        y[at] += x.numbers[input] / Double(divisor)
        dx[input] += dy.numbers[at] / Double(divisor)
      }
    }
    for (dtype, tolerance) in [(DType.f64, 1e-13), (.f32, 2e-6)] {
      let forward = try apply(Op.AveragePool.self, [x.converted(to: dtype)], c.attributes)[0]
      #expect(forward.shape == Shape(c.output), "seed \(seed) \(c)")
      #expect(difference(forward.numbers, y, least: 0.1) < tolerance, "seed \(seed) \(c)")
      let back = try apply(
        Op.AveragePoolBackward.self, [dy.converted(to: dtype), x.converted(to: dtype)], c.attributes)[0]
      #expect(difference(back.numbers, dx, least: 0.1) < tolerance, "seed \(seed) \(c)")
    }
    // Over everything.
    let plane = c.x.dropFirst(2).reduce(1, *)
    let means = (0..<(c.x[0] * c.x[1])).map { p in
      x.numbers[(p * plane)..<((p + 1) * plane)].reduce(0, +) / Double(plane)
    }
    let global = try apply(Op.GlobalAveragePool.self, [x])[0]
    #expect(global.shape == Shape(Array(c.x.prefix(2)) + c.x.dropFirst(2).map { _ in 1 }))
    #expect(difference(global.numbers, means, least: 0.1) < 1e-14, "seed \(seed) \(c)")
  }

  @Test func gradients() throws {
    var draws = Draws(seed: 3)
    let attributes: Attributes = [
      "kernel_shape": .ints([3, 2]), "strides": .ints([2, 1]), "pads": .ints([1, 0, 0, 1]),
    ]
    try checkGradient(Op.AveragePool.self, [draws.tensor([3, 2, 5, 6])], attributes)
    try checkGradient(
      Op.AveragePool.self, [draws.tensor([3, 2, 7])],
      ["kernel_shape": .ints([3]), "auto_pad": .string("SAME_LOWER"), "count_include_pad": .int(1)])
    let x = draws.tensor([3, 2, 5, 6])
    let y = try apply(Op.AveragePool.self, [x], attributes)[0]
    try checkGradient(Op.AveragePoolBackward.self, [draws.tensor(y.shape), x], batched: [0, 1], attributes)
    try checkGradient(Op.GlobalAveragePool.self, [draws.tensor([3, 2, 2, 3])])
    try checkGradient(
      Op.GlobalAveragePoolBackward.self, [draws.tensor([3, 2, 1]), draws.tensor([3, 2, 5])], batched: [0, 1])
  }

  @Test func shapes() {
    let pool: Attributes = ["kernel_shape": .ints([2, 2]), "strides": .ints([2, 2])]
    #expect(infer(Op.AveragePool.self, [f32(nil, nil, 8, nil)], pool).types == [f32(nil, nil, 4, nil)])
    #expect(infer(Op.AveragePool.self, [f32(1, 1, 1, 8)], pool).mistakes.count == 1)
    #expect(infer(Op.AveragePool.self, [f32(1, 1, 8)], pool).mistakes.count == 1)
    #expect(infer(Op.GlobalAveragePool.self, [f32(nil, 4, nil, nil)]).types == [f32(nil, 4, 1, 1)])
    #expect(infer(Op.GlobalAveragePool.self, [TensorType(.f32, .unknown)]).types == [TensorType(.f32, .unknown)])
    #expect(
      infer(Op.GlobalAveragePool.self, [f32(2, 4)]).mistakes.map(\.problem) == ["X [2×4] has no spatial axes"])
    #expect(infer(Op.GlobalAveragePoolBackward.self, [f32(2, 4, 2), f32(2, 4, 8)]).mistakes.count == 1)
  }
}
