import FoveaGraphs
import FoveaTensors
import Testing

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// Pooling by norms, over everything, and to a size.
struct FurtherPoolTests {
  @Test func byHand() throws {
    // W74: L2 pooling of W13.
    let x = doubles([1, 1, 2, 4, 5, 6, 7, 8, 3, 2, 1, 0, 1, 2, 3, 4], [1, 1, 4, 4])
    let two: Attributes = ["kernel_shape": .ints([2, 2]), "strides": .ints([2, 2])]
    let norms = try apply(Op.LpPool.self, [x], two)[0].numbers
    #expect(difference(norms, [63.0, 133, 18, 26].map { $0.squareRoot() }) < 1e-15)
    var one = two
    one["p"] = .int(1)
    #expect(try apply(Op.LpPool.self, [x], one)[0].numbers == [13, 21, 8, 8])
    #expect(try apply(Op.GlobalMaxPool.self, [x]).map(\.numbers) == [[8], [7]])
    #expect(abs(try apply(Op.GlobalLpPool.self, [x])[0].numbers[0] - 240.0.squareRoot()) < 1e-13)
    // Five places in three windows: 0–1, 1–3, 3–4.
    let row = doubles([1, 2, 4, 8, 16], [1, 1, 5])
    let three: Attributes = ["output_size": .ints([3])]
    #expect(difference(try apply(Op.AdaptiveAveragePool.self, [row], three)[0].numbers, [1.5, 14.0 / 3, 12]) < 1e-15)
  }

  @Test func nothingIsSteepestAtZero() throws {
    let zeros = doubles([0, 0, 0, 0], [1, 1, 4])
    for p in [1.0, 2, 3.5] {
      let attributes: Attributes = ["kernel_shape": .ints([2]), "p": .float(p)]
      let g = doubles([1, 1, 1], [1, 1, 3])
      let y = try apply(Op.LpPool.self, [zeros], attributes)[0]
      #expect(y.numbers == [0, 0, 0])
      #expect(try apply(Op.LpPoolBackward.self, [g, zeros, y], attributes)[0].numbers == [0, 0, 0, 0])
      let all = doubles([0], [1, 1, 1])
      #expect(
        try apply(Op.GlobalLpPoolBackward.self, [all, zeros, all], ["p": .float(p)])[0].numbers == [0, 0, 0, 0])
    }
  }

  @Test(arguments: UInt64(1)...32)
  func normsAgreeWithPlainLoops(seed: UInt64) throws {
    var draws = Draws(seed: seed)
    let c = PoolCase(&draws)
    let x = draws.tensor(Shape(c.x))
    let p = [1, 2, 3, 2.5][draws.int(0...3)]
    var attributes = c.attributes
    attributes["p"] = .float(p)
    attributes["count_include_pad"] = nil
    let dy = draws.tensor(Shape(c.output))
    var y = [Double](repeating: 0, count: dy.count)
    var dx = [Double](repeating: 0, count: x.count)
    c.forEachWindow { at, inputs, _ in
      y[at] = pow(inputs.reduce(0) { $0 + pow(abs(x.numbers[$1]), p) }, 1 / p)
      for input in inputs where y[at] > 0 {
        let value = x.numbers[input]
        dx[input] += dy.numbers[at] * (value < 0 ? -1 : 1) * pow(abs(value) / y[at], p - 1)
      }
    }
    let plane = c.x.dropFirst(2).reduce(1, *)
    let planes = (0..<(c.x[0] * c.x[1])).map { Array(x.numbers[($0 * plane)..<(($0 + 1) * plane)]) }
    for (dtype, tolerance) in [(DType.f64, 1e-12), (.f32, 2e-5)] {
      let typed = x.converted(to: dtype)
      let forward = try apply(Op.LpPool.self, [typed], attributes)[0]
      #expect(forward.shape == Shape(c.output), "seed \(seed) \(c)")
      #expect(difference(forward.numbers, y, least: 0.1) < tolerance, "seed \(seed) \(c)")
      let back = try apply(Op.LpPoolBackward.self, [dy.converted(to: dtype), typed, forward], attributes)[0]
      #expect(difference(back.numbers, dx, least: 0.1) < tolerance, "seed \(seed) \(c)")
      let whole = try apply(Op.GlobalLpPool.self, [typed], ["p": .float(p)])[0]
      let expected = planes.map { pow($0.reduce(0) { $0 + pow(abs($1), p) }, 1 / p) }
      #expect(difference(whole.numbers, expected, least: 0.1) < tolerance, "seed \(seed) \(c)")
      let largest = try apply(Op.GlobalMaxPool.self, [typed])
      #expect(difference(largest[0].numbers, planes.map { $0.max() ?? 0 }) < 1e-7, "seed \(seed) \(c)")
      #expect(largest[1].numbers == planes.map { Double($0.firstIndex(of: $0.max() ?? 0) ?? -1) }, "seed \(seed) \(c)")
    }
  }

  @Test(arguments: UInt64(1)...24)
  func adaptivePoolingAgreesWithPlainLoops(seed: UInt64) throws {
    var draws = Draws(seed: seed)
    let axes = draws.int(1...3)
    let x = [draws.int(1...2), draws.int(1...2)] + (0..<axes).map { _ in draws.int(1...8) }
    let sizes = (0..<axes).map { _ in draws.int(1...5) }
    let y = Array(x.prefix(2)) + sizes
    let input = draws.tensor(Shape(x))
    let dy = draws.tensor(Shape(y))
    var means = [Double](repeating: 0, count: dy.count)
    var back = [Double](repeating: 0, count: input.count)
    for at in indices(of: y) {
      var places: [[Int]] = [Array(at.prefix(2))]
      for axis in 0..<axes {
        let (n, m, i) = (Double(x[axis + 2]), Double(sizes[axis]), Double(at[axis + 2]))
        let window = Int(floor(i * n / m))..<Int(ceil((i + 1) * n / m))
        places = places.flatMap { place in window.map { place + [$0] } }
      }
      for place in places {
        means[offset(at, y)] += input.numbers[offset(place, x)] / Double(places.count)
        back[offset(place, x)] += dy.numbers[offset(at, y)] / Double(places.count)
      }
    }
    let attributes: Attributes = ["output_size": .ints(sizes)]
    for (dtype, tolerance) in [(DType.f64, 1e-13), (.f32, 2e-6)] {
      let found = try apply(Op.AdaptiveAveragePool.self, [input.converted(to: dtype)], attributes)[0]
      #expect(found.shape == Shape(y))
      #expect(difference(found.numbers, means, least: 0.1) < tolerance, "seed \(seed) \(x) \(sizes)")
      let gradient = try apply(
        Op.AdaptiveAveragePoolBackward.self, [dy.converted(to: dtype), input.converted(to: dtype)], attributes)[0]
      #expect(difference(gradient.numbers, back, least: 0.1) < tolerance, "seed \(seed) \(x) \(sizes)")
    }
  }

  @Test func gradients() throws {
    var draws = Draws(seed: 5)
    let x = draws.tensor([3, 2, 5, 6])
    let window: Attributes = ["kernel_shape": .ints([3, 2]), "strides": .ints([2, 1]), "pads": .ints([1, 0, 0, 1])]
    for p in [2.0, 3] {
      var attributes = window
      attributes["p"] = .float(p)
      try checkGradient(Op.LpPool.self, [x], attributes, tolerance: 1e-6)
      try checkGradient(Op.GlobalLpPool.self, [x], ["p": .float(p)], tolerance: 1e-6)
    }
    try checkGradient(Op.GlobalMaxPool.self, [x])
    let sizes: Attributes = ["output_size": .ints([2, 4])]
    try checkGradient(Op.AdaptiveAveragePool.self, [x], sizes)
    try checkGradient(Op.AdaptiveAveragePoolBackward.self, [draws.tensor([3, 2, 2, 4]), x], batched: [0, 1], sizes)
  }

  @Test func aPoolingToTheSameSizeIsTheSame() throws {
    var draws = Draws(seed: 6)
    let x = draws.tensor([2, 3, 7, 6])
    #expect(try apply(Op.AdaptiveAveragePool.self, [x], ["output_size": .ints([7, 6])])[0].numbers == x.numbers)
    let mean = try apply(Op.AdaptiveAveragePool.self, [x], ["output_size": .ints([1, 1])])[0]
    #expect(difference(mean.numbers, try apply(Op.GlobalAveragePool.self, [x])[0].numbers) < 1e-14)
  }

  @Test func shapesAndMistakes() {
    func said(_ op: any Operator.Type, _ type: TensorType, _ attributes: Attributes) -> [String] {
      infer(op, [type], attributes).mistakes.map(\.problem)
    }
    #expect(
      infer(Op.AdaptiveAveragePool.self, [f32(nil, 4, nil, 9)], ["output_size": .ints([7, 7])]).types
        == [f32(nil, 4, 7, 7)])
    #expect(said(Op.AdaptiveAveragePool.self, f32(1, 4, 8), ["output_size": .ints([0])]) == ["an output size of 0"])
    #expect(said(Op.AdaptiveAveragePool.self, f32(1, 4, 8), [:]) == ["output_size []"])
    #expect(said(Op.AdaptiveAveragePool.self, f32(1, 4, 8), ["output_size": .ints([2, 2])]).count == 1)
    #expect(said(Op.LpPool.self, f32(1, 4, 8), ["kernel_shape": .ints([2]), "p": .float(0.5)]) == ["p 0.5"])
    #expect(said(Op.GlobalLpPool.self, f32(1, 4), [:]) == ["X [1×4] has no spatial axes"])
    #expect(said(Op.GlobalMaxPool.self, f32(1, 4), [:]).count == 1)
    #expect(infer(Op.GlobalMaxPool.self, [f32(nil, 4, nil)]).types == [f32(nil, 4, 1), i32(nil, 4, 1)])
  }
}
