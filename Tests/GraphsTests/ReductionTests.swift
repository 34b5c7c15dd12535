import FoveaGraphs
import FoveaTensors
import Testing

struct ReductionTests {
  static let all: [any Operator.Type] = [Op.ReduceSum.self, Op.ReduceMean.self, Op.ReduceMax.self]

  @Test func byHand() throws {
    let x = floats([1, 2, 3, 4, 5, 6], [2, 3])
    #expect(try apply(Op.ReduceSum.self, [x], ["axes": .ints([1])])[0].numbers == [6, 15])
    #expect(try apply(Op.ReduceMean.self, [x], ["axes": .ints([0])])[0].numbers == [2.5, 3.5, 4.5])
    #expect(try apply(Op.ReduceMax.self, [x])[0].numbers == [6])
    #expect(try apply(Op.ReduceMax.self, [floats([1, .nan, 3], [3])])[0].numbers[0].isNaN)
    #expect(
      try apply(Op.ReduceMax.self, [Tensor(zeros: [2, 0])], ["axes": .ints([1])])[0].numbers == [
        -.infinity, -.infinity,
      ])
    #expect(try apply(Op.ReduceSum.self, [Tensor(zeros: [2, 0])], ["axes": .ints([1])])[0].numbers == [0, 0])
  }

  @Test(arguments: UInt64(1)...48)
  func agreesWithPlainIndices(seed: UInt64) throws {
    var draws = Draws(seed: seed)
    let shape = (0..<draws.int(1...5)).map { _ in draws.int(1...4) }
    let axes = (0..<shape.count).filter { _ in draws.int(0...1) == 1 }
    let keep = draws.int(0...1)
    let x = draws.tensor(Shape(shape))
    let reduced = axes.isEmpty ? Array(shape.indices) : axes
    let small: [Int] = shape.indices.map { reduced.contains($0) ? 1 : shape[$0] }
    var groups = [[Double]](repeating: [], count: small.reduce(1, *))
    for index in indices(of: shape) {
      let place: [Int] = small.indices.map { small[$0] == 1 ? 0 : index[$0] }
      groups[offset(place, small)].append(x.numbers[offset(index, shape)])
    }
    let named: [Int] = axes.map { draws.int(0...1) == 0 ? $0 : $0 - shape.count }
    let attributes: Attributes = [
      "axes": .ints(named), "keepdims": .int(keep),
    ]
    let left: [Int] = shape.indices.filter { !reduced.contains($0) }.map { shape[$0] }
    let expectedShape = keep == 1 ? small : left
    let sums: [Double] = groups.map { $0.reduce(0, +) }
    let means: [Double] = groups.map { $0.reduce(0, +) / Double($0.count) }
    let largest: [Double] = groups.map { $0.max() ?? 0 }
    let expected = [sums, means, largest]
    for (op, values) in zip(Self.all, expected) {
      for (dtype, tolerance) in [(DType.f64, 1e-13), (.f32, 2e-6)] {
        let y = try apply(op, [x.converted(to: dtype)], attributes)[0]
        #expect(y.shape == Shape(expectedShape), "seed \(seed) \(shape) \(attributes.text)")
        #expect(
          difference(y.numbers, values, least: 0.1) < tolerance, "\(op.name) seed \(seed) \(shape) \(attributes.text)")
      }
    }
  }

  @Test func gradients() throws {
    var draws = Draws(seed: 6)
    for op in Self.all {
      for axes in [[], [1], [2, 3], [0], [0, 2], [-1], [0, 1, 2, 3]] {
        for keep in 0...1 {
          try checkGradient(
            op, [draws.tensor([3, 2, 2, 3])], ["axes": .ints(axes), "keepdims": .int(keep)], seed: UInt64(keep))
        }
      }
    }
    for op in [Op.ReduceSumBackward.self, Op.ReduceMeanBackward.self] as [any Operator.Type] {
      try checkGradient(op, [draws.tensor([3, 1]), draws.tensor([3, 4])], batched: [0, 1], ["axes": .ints([1])])
      try checkGradient(op, [draws.tensor([1, 4]), draws.tensor([3, 4])], batched: [1], ["axes": .ints([0])])
    }
  }

  @Test func unknownExtents() {
    #expect(infer(Op.ReduceMean.self, [f32(nil, 64, nil, 7)], ["axes": .ints([2, 3])]).types == [f32(nil, 64, 1, 1)])
    #expect(
      infer(Op.ReduceSum.self, [f32(nil, 64, nil, 7)], ["axes": .ints([-1]), "keepdims": .int(0)]).types
        == [f32(nil, 64, nil)])
    #expect(infer(Op.ReduceMax.self, [TensorType(.f32, .unknown)]).types[0].shape == .unknown)
  }
}
