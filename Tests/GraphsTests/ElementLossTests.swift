import FoveaGraphs
import FoveaTensors
import Testing

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

struct ElementLossTests {
  @Test func byHand() throws {
    let x = floats([1, 2, 3], [3])
    let target = floats([1, 0, 7], [3])
    #expect(abs(try apply(Op.MeanSquaredError.self, [x, target])[0].numbers[0] - 20.0 / 3) < 1e-6)
    #expect(try apply(Op.MeanSquaredError.self, [x, target], ["reduction": .string("sum")])[0].numbers == [20])
    let z = floats([0, 1000, -1000], [3])
    let found = try apply(
      Op.BinaryCrossEntropyWithLogits.self, [z, floats([1, 1, 1], [3])], ["reduction": .string("sum")])
    #expect(abs(found[0].numbers[0] - log(2) - 1000) < 1e-4, "ln 2, nothing, and all of the score")
  }

  @Test(arguments: UInt64(1)...16)
  func agreesWithPlainLoops(seed: UInt64) throws {
    var draws = Draws(seed: seed)
    let shape = Shape((0..<draws.int(1...4)).map { _ in draws.int(1...8) })
    let x = draws.tensor(shape, scale: 4)
    let target = draws.tensor(shape, scale: 0.5, offset: 0.5)
    for reduction in ["mean", "sum"] {
      let attributes: Attributes = ["reduction": .string(reduction)]
      let divisor = reduction == "sum" ? 1 : Double(shape.count)
      let squares = zip(x.numbers, target.numbers).map { ($0 - $1) * ($0 - $1) }.reduce(0, +) / divisor
      let cross =
        zip(x.numbers, target.numbers).map { z, t in
          let p = 1 / (1 + exp(-z))
          return -t * log(p) - (1 - t) * log(1 - p)
        }.reduce(0, +) / divisor
      for (dtype, tolerance) in [(DType.f64, 1e-13), (.f32, 3e-6)] {
        let operands = [x.converted(to: dtype), target.converted(to: dtype)]
        let found = [
          try apply(Op.MeanSquaredError.self, operands, attributes)[0].numbers,
          try apply(Op.BinaryCrossEntropyWithLogits.self, operands, attributes)[0].numbers,
        ]
        #expect(difference(found[0], [squares]) < tolerance, "seed \(seed) \(shape)")
        #expect(difference(found[1], [cross]) < tolerance, "seed \(seed) \(shape)")
      }
    }
  }

  @Test func aLongSumKeepsItsDigits() throws {
    // Three million times 0.01: added one by one in single precision it would be off by percents.
    let x = try apply(Op.Expand.self, [Tensor(scalar: Float(0.1))], ["shape": .ints([3_000_000])])[0]
    let zero = Tensor(zeros: [3_000_000])
    let sum = try apply(Op.MeanSquaredError.self, [x, zero], ["reduction": .string("sum")])[0].numbers[0]
    #expect(abs(sum - 30_000) < 1)
  }

  @Test func gradients() throws {
    var draws = Draws(seed: 8)
    for op in [Op.MeanSquaredError.self as any Operator.Type, Op.BinaryCrossEntropyWithLogits.self] {
      for reduction in ["mean", "sum"] {
        try checkGradient(
          op, [draws.tensor([3, 4]), draws.tensor([3, 4], scale: 0.5, offset: 0.5)], batched: [0, 1], targets: [0, 1],
          ["reduction": .string(reduction)], scalarLoss: true)
      }
    }
  }

  @Test func mistakes() {
    for op in [Op.MeanSquaredError.self as any Operator.Type, Op.BinaryCrossEntropyWithLogits.self] {
      let texts = infer(op, [f32(2, 3), f32(3)]).mistakes.map(\.mend)
      #expect(texts == ["give one target for each number of [2×3]"])
      #expect(infer(op, [f32(2), f32(2)], ["reduction": .string("none")]).mistakes.count == 1)
      #expect(infer(op, [f32(2), i32(2)]).mistakes.count == 1)
      #expect(infer(op, [f32(nil), f32(nil)]).types == [f32()])
    }
  }
}
