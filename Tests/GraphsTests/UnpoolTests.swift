import FoveaGraphs
import FoveaTensors
import Testing

struct UnpoolTests {
  private let two: Attributes = ["kernel_shape": .ints([2, 2]), "strides": .ints([2, 2])]

  @Test func theCoursesExample() throws {
    // W67 and W68: pooled with switches, and back.
    let x = floats([1, 3, 5, 3, 6, 2, 0, 8, 4, 6, 1, 4, 2, 8, 0, 3], [1, 1, 4, 4])
    let pooled = try apply(Op.MaxPoolWithIndices.self, [x], two)
    #expect(pooled[0].numbers == [6, 8, 8, 4])
    #expect(pooled[1].numbers == [4, 7, 13, 11])
    let back = try apply(Op.MaxUnpool.self, [pooled[0], pooled[1], x])[0]
    #expect(back.numbers == [0, 0, 0, 0, 6, 0, 0, 8, 0, 0, 0, 4, 0, 8, 0, 0])
    #expect(try apply(Op.MaxUnpoolBackward.self, [x, pooled[1]])[0].numbers == [6, 8, 8, 4])
  }

  @Test func placesThatAreNone() throws {
    let found = try apply(
      Op.MaxUnpool.self, [floats([1, 2, 3], [1, 1, 3]), ints([-1, 9, 0], [1, 1, 3]), floats([0, 0], [1, 1, 2])])
    #expect(found[0].numbers == [3, 0])
    let back = try apply(Op.MaxUnpoolBackward.self, [floats([5, 6], [1, 1, 2]), ints([-1, 9, 1], [1, 1, 3])])
    #expect(back[0].numbers == [0, 0, 6])
  }

  @Test(arguments: UInt64(1)...24)
  func agreesWithPooling(seed: UInt64) throws {
    var draws = Draws(seed: seed)
    let c = PoolCase(&draws)
    let x = draws.tensor(Shape(c.x))
    let both = try apply(Op.MaxPoolWithIndices.self, [x], c.attributes)
    let plain = try apply(Op.MaxPool.self, [x], c.attributes)
    #expect(both[0].numbers == plain[0].numbers && both[1].numbers == plain[1].numbers, "seed \(seed) \(c)")
    // Putting back is the adjoint of picking: the pooling's own gradient.
    let g = draws.tensor(both[0].shape)
    let back = try apply(Op.MaxUnpool.self, [g, both[1], x])[0]
    let gradient = try apply(Op.MaxPoolBackward.self, [g, plain[1], x], c.attributes)[0]
    #expect(difference(back.numbers, gradient.numbers) < 1e-14, "seed \(seed) \(c)")
    let picked = try apply(Op.MaxUnpoolBackward.self, [x, both[1]])[0]
    let left = zip(back.numbers, x.numbers).reduce(0) { $0 + $1.0 * $1.1 }
    let right = zip(g.numbers, picked.numbers).reduce(0) { $0 + $1.0 * $1.1 }
    #expect(abs(left - right) < 1e-12, "seed \(seed) \(c)")
  }

  @Test func gradients() throws {
    var draws = Draws(seed: 3)
    let x = draws.tensor([3, 2, 5, 6])
    let overlapping: Attributes = ["kernel_shape": .ints([3, 2]), "strides": .ints([2, 1])]
    try checkGradient(Op.MaxPoolWithIndices.self, [x], overlapping)
    let places = try apply(Op.MaxPoolWithIndices.self, [x], overlapping)[1]
    try checkGradient(Op.MaxUnpool.self, [draws.tensor(places.shape), places, x], batched: [0, 1, 2])
    try checkGradient(Op.MaxUnpoolBackward.self, [x, places], batched: [0, 1])
  }

  @Test func shapesAndMistakes() {
    #expect(infer(Op.MaxUnpool.self, [f32(nil, 4, 2), i32(nil, 4, 2), f32(1, 9, nil)]).types == [f32(nil, 4, nil)])
    #expect(
      infer(Op.MaxUnpool.self, [f32(1, 4, 2), i32(1, 4, 3), f32(1, 4, 4)]).mistakes.map(\.problem)
        == ["Indices is [1×4×3], but [1×4×2] is needed"])
    #expect(infer(Op.MaxUnpool.self, [f32(1, 4, 2), f32(1, 4, 2), f32(1, 4, 4)]).mistakes.count == 1)
    #expect(infer(Op.MaxUnpool.self, [f32(1, 4, 2), i32(1, 4, 2), f32(1, 4, 4, 4)]).mistakes.count == 1)
    #expect(infer(Op.MaxUnpoolBackward.self, [f32(2, 4, 4), i32(1, 4, 2)]).mistakes.count == 1)
  }
}
