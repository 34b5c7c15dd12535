import FoveaGraphs
import FoveaTensors
import Testing

/// A convolution of random shape.
struct ConvCase: CustomStringConvertible {
  var x: [Int]
  var w: [Int]
  var strides: [Int]
  var pads: [Int]
  var dilations: [Int]
  var groups: Int
  var output: [Int]

  init(seed: UInt64) {
    var draws = Draws(seed: seed)
    let axes = draws.int(1...3)
    groups = draws.int(1...3)
    let perGroup = draws.int(1...2)
    let outputs = groups * draws.int(1...2)
    func list(_ range: ClosedRange<Int>, _ count: Int, _ draws: inout Draws) -> [Int] {
      (0..<count).map { _ in draws.int(range) }
    }
    let kernel = list(1...3, axes, &draws)
    strides = list(1...3, axes, &draws)
    dilations = list(1...2, axes, &draws)
    pads = list(0...2, 2 * axes, &draws)
    var extents: [Int] = []
    for axis in 0..<axes {
      let span = dilations[axis] * (kernel[axis] - 1) + 1
      extents.append(max(span - pads[axis] - pads[axes + axis], 1) + draws.int(0...4))
    }
    x = [draws.int(1...3), groups * perGroup] + extents
    w = [outputs, perGroup] + kernel
    output = [x[0], outputs]
    for axis in 0..<axes {
      let room = extents[axis] + pads[axis] + pads[axes + axis] - dilations[axis] * (kernel[axis] - 1) - 1
      output.append(room / strides[axis] + 1)
    }
  }

  var attributes: Attributes {
    ["strides": .ints(strides), "pads": .ints(pads), "dilations": .ints(dilations), "group": .int(groups)]
  }
  var description: String { "x \(x) w \(w) \(attributes.text)" }

  /// Calls `body` with the positions of (x, w, y) of every product, in plain index arithmetic.
  func forEachProduct(_ body: (Int, Int, Int) -> Void) {
    let axes = x.count - 2
    let perGroup = w[1]
    let outPerGroup = w[0] / groups
    for y in indices(of: output) {
      for k in indices(of: [perGroup] + w.dropFirst(2)) {
        var at = [y[0], y[1] / outPerGroup * perGroup + k[0]]
        for axis in 0..<axes { at.append(y[axis + 2] * strides[axis] - pads[axis] + k[axis + 1] * dilations[axis]) }
        let inside = (0..<axes).allSatisfy { at[$0 + 2] >= 0 && at[$0 + 2] < x[$0 + 2] }
        if inside { body(offset(at, x), offset([y[1]] + k, w), offset(y, output)) }
      }
    }
  }
}

struct ConvTests {
  @Test func byHand() throws {
    // 1·1 + 2·0 + 4·2 + 5·(−1) + 10 = 14, and so on.
    let y = try apply(
      Op.Conv.self,
      [
        floats([1, 2, 3, 4, 5, 6, 7, 8, 9], [1, 1, 3, 3]), floats([1, 0, 2, -1], [1, 1, 2, 2]), floats([10], [1]),
      ])
    #expect(y[0].numbers == [14, 16, 20, 22])
  }

  @Test(arguments: UInt64(1)...48)
  func agreesWithPlainLoops(seed: UInt64) throws {
    let c = ConvCase(seed: seed)
    var draws = Draws(seed: seed &+ 500)
    let x = draws.tensor(Shape(c.x))
    let w = draws.tensor(Shape(c.w))
    let b = draws.tensor([c.w[0]])
    let dy = draws.tensor(Shape(c.output))
    let plane = c.output.dropFirst(2).reduce(1, *)
    var y = (0..<c.output.reduce(1, *)).map { b.numbers[$0 / plane % c.w[0]] }
    var dx = [Double](repeating: 0, count: x.count)
    var dw = [Double](repeating: 0, count: w.count)
    let (xs, ws, dys) = (x.numbers, w.numbers, dy.numbers)
    c.forEachProduct { xAt, wAt, yAt in
      y[yAt] += xs[xAt] * ws[wAt]
      dx[xAt] += dys[yAt] * ws[wAt]
      dw[wAt] += dys[yAt] * xs[xAt]
    }
    var db = [Double](repeating: 0, count: c.w[0])
    for (index, g) in dys.enumerated() { db[index / plane % c.w[0]] += g }
    var withBias = c.attributes
    withBias["bias"] = .int(1)
    for (dtype, tolerance) in [(DType.f64, 1e-13), (.f32, 2e-6)] {
      let all = [x, w, b, dy].map { $0.converted(to: dtype) }
      let forward = try apply(Op.Conv.self, [all[0], all[1], all[2]], c.attributes)
      let data = try apply(Op.ConvBackwardData.self, [all[3], all[1], all[0]], c.attributes)
      let weights = try apply(Op.ConvBackwardWeights.self, [all[0], all[3], all[1]], withBias)
      #expect(forward[0].shape == Shape(c.output), "seed \(seed) \(c)")
      for (found, expected) in [(forward[0], y), (data[0], dx), (weights[0], dw), (weights[1], db)] {
        #expect(difference(found.numbers, expected, least: 0.1) < tolerance, "seed \(seed) \(c)")
      }
    }
  }

  @Test(arguments: UInt64(1)...8)
  func gradient(seed: UInt64) throws {
    var c = ConvCase(seed: seed)
    c.x[0] = 3
    c.output[0] = 3
    var draws = Draws(seed: seed &+ 700)
    let x = draws.tensor(Shape(c.x))
    let w = draws.tensor(Shape(c.w))
    let b = draws.tensor([c.w[0]])
    let dy = draws.tensor(Shape(c.output))
    try checkGradient(Op.Conv.self, [x, w, b], targets: [0, 1, 2], c.attributes, seed: seed)
    try checkGradient(
      Op.ConvBackwardData.self, [dy, w, x], batched: [0, 2], targets: [0, 1], c.attributes, seed: seed)
  }

  @Test func gradientWithoutBias() throws {
    var draws = Draws(seed: 5)
    try checkGradient(
      Op.Conv.self, [draws.tensor([3, 2, 5]), draws.tensor([2, 2, 3])], targets: [0, 1],
      ["auto_pad": .string("SAME_LOWER")])
  }

  @Test(arguments: UInt64(1)...12)
  func isLinearAndHasItsAdjoint(seed: UInt64) throws {
    let c = ConvCase(seed: seed)
    var draws = Draws(seed: seed &+ 900)
    let x1 = draws.tensor(Shape(c.x))
    let x2 = draws.tensor(Shape(c.x))
    let w = draws.tensor(Shape(c.w))
    let y = draws.tensor(Shape(c.output))
    func conv(_ x: Tensor) throws -> [Double] { try apply(Op.Conv.self, [x, w], c.attributes)[0].numbers }
    let sum = doubles(zip(x1.numbers, x2.numbers).map { 2 * $0 - 3 * $1 }, Shape(c.x))
    let parts = try zip(conv(x1), conv(x2)).map { 2 * $0 - 3 * $1 }
    #expect(difference(try conv(sum), parts, least: 0.1) < 1e-12, "seed \(seed) \(c)")
    // ⟨Ax, y⟩ = ⟨x, Aᵀy⟩, and both equal the sum over the weights.
    func inner(_ a: [Double], _ b: [Double]) -> Double { zip(a, b).reduce(0) { $0 + $1.0 * $1.1 } }
    let left = inner(try conv(x1), y.numbers)
    let right = inner(x1.numbers, try apply(Op.ConvBackwardData.self, [y, w, x1], c.attributes)[0].numbers)
    let third = inner(w.numbers, try apply(Op.ConvBackwardWeights.self, [x1, y, w], c.attributes)[0].numbers)
    #expect(abs(left - right) < 1e-11 && abs(left - third) < 1e-11, "seed \(seed) \(c)")
  }

  @Test func deltaKernelCopies() throws {
    var draws = Draws(seed: 3)
    let x = draws.tensor([2, 1, 4, 5])
    let y = try apply(
      Op.Conv.self, [x, doubles([0, 0, 0, 0, 1, 0, 0, 0, 0], [1, 1, 3, 3])], ["pads": .ints([1, 1, 1, 1])])
    #expect(y[0].isIdentical(to: x))
  }

  @Test func oneByOneIsAMatrixProduct() throws {
    var draws = Draws(seed: 4)
    let x = draws.tensor([1, 3, 4, 5])
    let w = draws.tensor([2, 3, 1, 1])
    let y = try apply(Op.Conv.self, [x, w])[0].numbers
    let product = try apply(Op.Gemm.self, [w.reshaped(to: [2, 3]), x.reshaped(to: [3, 20])])[0].numbers
    #expect(difference(y, product) < 1e-14)
  }

  @Test func followsAShift() throws {
    var draws = Draws(seed: 6)
    let row = (0..<12).map { _ in draws.signed() }
    let w = draws.tensor([2, 1, 3])
    func conv(_ values: [Double]) throws -> [Double] {
      try apply(Op.Conv.self, [doubles(values, [1, 1, 12]), w])[0].numbers
    }
    let plain = try conv(row)
    let moved = try conv([9] + row.dropLast())
    for channel in 0..<2 {
      #expect(
        Array(moved[(channel * 10 + 1)..<(channel * 10 + 10)]) == Array(plain[(channel * 10)..<(channel * 10 + 9)]))
    }
  }

  @Test func symbolicPaddingFollowsTheSize() throws {
    // TensorFlow's SAME: ⌈n/s⌉ outputs; the odd one of the padding at the end or at the beginning.
    for (rule, expected) in [("SAME_UPPER", [6.0, 9]), ("SAME_LOWER", [3.0, 9])] {
      let y = try apply(
        Op.Conv.self, [doubles([1, 2, 3, 4], [1, 1, 4]), doubles([1, 1, 1], [1, 1, 3])],
        ["auto_pad": .string(rule), "strides": .ints([2])])[0]
      #expect(y.shape == [1, 1, 2])
      #expect(y.numbers == (rule == "SAME_UPPER" ? [6, 7] : expected))
    }
  }

  @Test func anEmptyBatchIsFine() throws {
    let y = try apply(Op.Conv.self, [Tensor(zeros: [0, 1, 5]), Tensor(zeros: [2, 1, 3])])
    #expect(y[0].shape == [0, 2, 3])
    let dw = try apply(
      Op.ConvBackwardWeights.self, [Tensor(zeros: [0, 1, 5]), Tensor(zeros: [0, 2, 3]), Tensor(zeros: [2, 1, 3])])
    #expect(dw[0].numbers.allSatisfy { $0 == 0 })
  }

  @Test func unknownExtentsStayUnknown() {
    let (types, mistakes) = infer(Op.Conv.self, [f32(nil, 3, nil, 8), f32(4, 3, 3, 3)])
    #expect(types == [f32(nil, 4, nil, 6)])
    #expect(mistakes.isEmpty)
    let (behind, none) = infer(Op.Conv.self, [TensorType(.f32, .unknown), f32(4, 3, 3, 3)])
    #expect(behind == [f32(nil, 4, nil, nil)])
    #expect(none.isEmpty)
    #expect(infer(Op.Conv.self, [TensorType(.f32, .unknown), TensorType(.f32, .unknown)]).types[0].shape == .unknown)
  }
}
