import FoveaGraphs
import FoveaTensors
import Testing

struct GemmTests {
  @Test func byHand() throws {
    let y = try apply(
      Op.Gemm.self, [floats([1, 2, 3], [1, 3]), floats([1, 0, 1, 2, 1, 0], [2, 3]), floats([10, 20], [2])],
      ["transB": .int(1)])
    #expect(y[0].numbers == [14, 24])
  }

  @Test(arguments: UInt64(1)...32)
  func agreesWithPlainLoops(seed: UInt64) throws {
    var draws = Draws(seed: seed)
    let (m, k, n) = (draws.int(1...5), draws.int(0...7), draws.int(1...5))
    let (transA, transB) = (draws.int(0...1), draws.int(0...1))
    let (alpha, beta) = (draws.signed(), draws.signed())
    let a = draws.tensor(transA == 1 ? [k, m] : [m, k])
    let b = draws.tensor(transB == 1 ? [n, k] : [k, n])
    let kind = draws.int(0...5)
    let shapes: [Shape?] = [nil, [n], [1, n], [m, n], [m, 1], .scalar]
    let c = shapes[kind].map { draws.tensor($0) }
    var expected = [Double](repeating: 0, count: m * n)
    for i in 0..<m {
      for j in 0..<n {
        var sum = 0.0
        for l in 0..<k {
          sum += a.numbers[transA == 1 ? l * m + i : i * k + l] * b.numbers[transB == 1 ? j * k + l : l * n + j]
        }
        let bias = c.map { c in c.numbers[[0, j, j, i * n + j, i, 0][kind]] } ?? 0
        expected[i * n + j] = alpha * sum + beta * bias
      }
    }
    let attributes: Attributes = [
      "transA": .int(transA), "transB": .int(transB), "alpha": .float(alpha), "beta": .float(beta),
    ]
    for (dtype, tolerance) in [(DType.f64, 1e-13), (.f32, 2e-6)] {
      let y = try apply(Op.Gemm.self, [a, b, c].map { $0?.converted(to: dtype) }, attributes)
      #expect(difference(y[0].numbers, expected, least: 0.1) < tolerance, "seed \(seed) \(attributes.text)")
    }
  }

  @Test func gradient() throws {
    var draws = Draws(seed: 2)
    // The batch must be an outer axis of A here: transA is covered by the operands that do not depend on it.
    for transB in 0...1 {
      let w = draws.tensor(transB == 1 ? [2, 4] : [4, 2])
      try checkGradient(
        Op.Gemm.self, [draws.tensor([3, 4]), w, draws.tensor([2])], targets: [0, 1, 2],
        ["transB": .int(transB), "alpha": .float(0.5), "beta": .float(-2)])
    }
    for transA in 0...1 {
      for transB in 0...1 {
        try checkGradient(
          Op.Gemm.self,
          [
            draws.tensor(transA == 1 ? [4, 3] : [3, 4]), draws.tensor(transB == 1 ? [2, 4] : [4, 2]),
            draws.tensor([3, 1]),
          ], batched: [], targets: [0, 1, 2], ["transA": .int(transA), "transB": .int(transB)])
      }
    }
  }

  @Test func biasOfOneIsSummedWhateverTheBatch() throws {
    var draws = Draws(seed: 8)
    try checkGradient(
      Op.Gemm.self, [draws.tensor([3, 4]), draws.tensor([4, 2]), draws.tensor(.scalar)], targets: [2])
  }

  @Test func unknownExtents() {
    let (types, mistakes) = infer(Op.Gemm.self, [f32(nil, nil), f32(10, 5), f32(10)], ["transB": .int(1)])
    #expect(types == [f32(nil, 10)])
    #expect(mistakes.isEmpty)
    // What does not fit leaves the number of outputs known.
    #expect(infer(Op.Gemm.self, [f32(2, 3, 4), f32(10, 5)], ["transB": .int(1)]).types == [f32(nil, 10)])
  }

  @Test func cost() throws {
    var graph = Graph()
    let x = graph.addInput("x", TensorType(.f32, Shape([8, 5])))
    let w = graph.addInput("w", TensorType(.f32, Shape([3, 5])))
    let b = graph.addInput("b", TensorType(.f32, Shape([3])))
    graph.add(Op.Gemm.self, [x, w, b], ["transB": .int(1)])
    #expect(graph.analysis().total == Cost(multiplyAdds: 120, biasAdds: 24))
  }
}

struct ElementwiseTests {
  @Test func reluByHand() throws {
    let y = try apply(Op.Relu.self, [floats([-2, 0, 3, .nan, .infinity, -.infinity], [6])])[0].numbers
    #expect(difference(y, [0, 0, 3, .nan, .infinity, 0]) == 0)
    let dx = try apply(Op.ReluBackward.self, [floats([1, 2, 3, .nan], [4]), floats([0, 5, 0, 1], [4])])[0].numbers
    #expect(difference(dx, [0, 2, 0, .nan]) == 0)
  }

  @Test func gradients() throws {
    var draws = Draws(seed: 11)
    let x = draws.tensor([3, 4, 2])
    try checkGradient(Op.Relu.self, [x])
    try checkGradient(Op.ReluBackward.self, [draws.tensor([3, 5]), draws.tensor([3, 5])], batched: [0, 1])
    for op in [Op.Add.self, Op.Mul.self] as [any Operator.Type] {
      try checkGradient(op, [x, draws.tensor([4, 1])], targets: [0, 1])
      try checkGradient(op, [x, draws.tensor([1, 1, 2])], targets: [0, 1])
      try checkGradient(op, [draws.tensor([4, 2]), x], batched: [1], targets: [0, 1])
      try checkGradient(op, [x, draws.tensor([3, 4, 2])], batched: [0, 1], targets: [0, 1])
    }
    // A batch of one is not a broadcast: the gradient of an operand with a batch keeps it.
    try checkGradient(Op.SumToShape.self, [draws.tensor([3, 4]), draws.tensor([4])])
    try checkGradient(Op.SumToShape.self, [draws.tensor([3, 4]), draws.tensor([3, 1])], batched: [0, 1])
    try checkGradient(Op.BroadcastToShape.self, [draws.tensor([4]), draws.tensor([3, 4])], batched: [1])
    try checkGradient(Op.BroadcastToShape.self, [draws.tensor([3, 1]), draws.tensor([3, 4])], batched: [0, 1])
  }

  @Test(arguments: UInt64(1)...32)
  func broadcastingAgreesWithPlainIndices(seed: UInt64) throws {
    var draws = Draws(seed: seed)
    let full = (0..<draws.int(1...4)).map { _ in draws.int(1...4) }
    func part(_ draws: inout Draws) -> [Int] {
      let kept = full.map { draws.int(0...2) == 0 ? 1 : $0 }
      return Array(kept.dropFirst(draws.int(0...full.count)))
    }
    let (aShape, bShape) = (part(&draws), part(&draws))
    let a = draws.tensor(Shape(aShape))
    let b = draws.tensor(Shape(bShape))
    let like = draws.tensor(Shape(full))
    func at(_ index: [Int], _ shape: [Int]) -> Int {
      offset(zip(index.suffix(shape.count), shape).map { $1 == 1 ? 0 : $0 }, shape)
    }
    let sum = try apply(Op.Add.self, [a, b])[0]
    let product = try apply(Op.Mul.self, [a, b])[0]
    let all = indices(of: sum.shape.dims)
    #expect(sum.numbers == all.map { a.numbers[at($0, aShape)] + b.numbers[at($0, bShape)] }, "seed \(seed)")
    #expect(product.numbers == all.map { a.numbers[at($0, aShape)] * b.numbers[at($0, bShape)] }, "seed \(seed)")

    let repeated = try apply(Op.BroadcastToShape.self, [a, like])[0].numbers
    #expect(repeated == indices(of: full).map { a.numbers[at($0, aShape)] }, "seed \(seed) \(aShape) to \(full)")
    var collected = [Double](repeating: 0, count: a.count)
    for index in indices(of: full) { collected[at(index, aShape)] += like.numbers[offset(index, full)] }
    let summed = try apply(Op.SumToShape.self, [like, a])[0].numbers
    #expect(difference(summed, collected, least: 0.1) < 1e-13, "seed \(seed) \(full) to \(aShape)")
  }
}

struct FlattenTests {
  @Test func shapes() {
    for (axis, expected) in [
      (0, [1, 120]), (1, [2, 60]), (2, [6, 20]), (-1, [24, 5]), (4, [120, 1]), (-4, [1, 120]),
    ] {
      #expect(
        infer(Op.Flatten.self, [f32(2, 3, 4, 5)], ["axis": .int(axis)]).types[0].shape == PartialShape(Shape(expected)))
    }
    #expect(infer(Op.Flatten.self, [f32(nil, 3, 4)]).types == [f32(nil, 12)])
    #expect(infer(Op.Flatten.self, [f32(2, nil, 4)]).types == [f32(2, nil)])
    #expect(infer(Op.Flatten.self, [TensorType(.f32, .unknown)]).types == [f32(nil, nil)])
  }

  @Test func keepsTheOrderOfAnyType() throws {
    let x = ints([1, 2, 3, 4, 5, 6, 7, 8], [2, 2, 2])
    #expect(try apply(Op.Flatten.self, [x])[0].isIdentical(to: x.reshaped(to: [2, 4])))
    let wide = x.converted(to: .i64)
    #expect(try apply(Op.Flatten.self, [wide])[0].isIdentical(to: wide.reshaped(to: [2, 4])))
  }

  @Test func gradient() throws {
    var draws = Draws(seed: 1)
    try checkGradient(Op.Flatten.self, [draws.tensor([3, 2, 4])])
    try checkGradient(Op.ReshapeLike.self, [draws.tensor([3, 8]), draws.tensor([3, 2, 4])], batched: [0, 1])
  }
}
