import FoveaGraphs
import FoveaTensors
import Testing

/// What the courses say of convolutions, on random numbers.
struct PropertyTests {
  /// A shift to the right by `steps` along the last axis, zeros coming in.
  private func shifted(_ x: Tensor, by steps: Int) throws -> Tensor {
    let rank = x.shape.rank
    var pads = [Int](repeating: 0, count: 2 * rank)
    pads[rank - 1] = steps
    pads[2 * rank - 1] = -steps
    return try apply(Op.Pad.self, [x], ["pads": .ints(pads)])[0]
  }

  @Test func convolutionIsEquivariantAndPoolingOnlyByItsStride() throws {
    // M1: shift then convolve = convolve then shift, away from the rim.
    var draws = Draws(seed: 1)
    let x = draws.tensor([1, 2, 6, 12])
    let w = draws.tensor([3, 2, 3, 3])
    func differs(_ op: any Operator.Type, _ operands: [Tensor], _ attributes: Attributes, by steps: Int, out: Int)
      throws
      -> Double
    {
      let first = try apply(op, [try shifted(x, by: steps)] + operands, attributes)[0]
      let second = try shifted(try apply(op, [x] + operands, attributes)[0], by: out)
      // What the rim may change: the first places.
      let inner: Attributes = ["starts": .ints([out + 2]), "ends": .ints([.max - 1]), "axes": .ints([3])]
      let a = try apply(Op.Slice.self, [first], inner)[0]
      return difference(a.numbers, try apply(Op.Slice.self, [second], inner)[0].numbers)
    }
    #expect(try differs(Op.Conv.self, [w], [:], by: 2, out: 2) == 0)
    let strided: Attributes = ["strides": .ints([1, 2])]
    #expect(try differs(Op.Conv.self, [w], strided, by: 2, out: 1) == 0, "by a multiple of the stride")
    let pool: Attributes = ["kernel_shape": .ints([2, 2]), "strides": .ints([2, 2])]
    #expect(try differs(Op.MaxPool.self, [], pool, by: 2, out: 1) == 0)
    #expect(try differs(Op.MaxPool.self, [], pool, by: 1, out: 0) > 0.1, "one step is half a window")
    #expect(try differs(Op.AveragePool.self, [], pool, by: 1, out: 1) > 0.1)
  }

  @Test func aConvolutionIsADenseLayerWithTiedSparseWeights() throws {
    // M11: the matrix, column by column, gives the same as the convolution.
    var draws = Draws(seed: 2)
    let w = draws.tensor([2, 1, 3, 3])
    let attributes: Attributes = ["strides": .ints([2, 1]), "pads": .ints([1, 0, 1, 1])]
    var unit = [Double](repeating: 0, count: 20 * 20)
    for index in 0..<20 { unit[index * 21] = 1 }
    let columns = try apply(Op.Conv.self, [doubles(unit, [20, 1, 4, 5]), w], attributes)[0]
    let matrix = try columns.reshaped(to: [20, columns.count / 20])
    let x = draws.tensor([3, 1, 4, 5])
    let direct = try apply(Op.Conv.self, [x, w], attributes)[0]
    let dense = try apply(Op.Gemm.self, [try x.reshaped(to: [3, 20]), matrix])[0]
    #expect(difference(dense.numbers, direct.numbers) < 1e-14)
    #expect(Set(matrix.numbers).count <= 19, "18 weights and zero, in \(matrix.count) places")
    // And its transpose is the transposed convolution.
    let g = draws.tensor(direct.shape)
    let up = try apply(
      Op.Gemm.self, [try g.reshaped(to: [3, matrix.shape[1]]), matrix], ["transB": .int(1)])[0]
    let back = try apply(
      Op.ConvTranspose.self, [g, w],
      [
        "strides": .ints([2, 1]), "pads": .ints([1, 0, 1, 1]), "output_padding": .ints([1, 0]),
      ])[0]
    #expect(difference(back.numbers, up.numbers) < 1e-14)
  }

  @Test func twoConvolutionsWithoutAnythingBetweenAreOne() throws {
    // M14: the merged kernel is the full convolution of both: the second one painted with the first.
    var draws = Draws(seed: 3)
    let x = draws.tensor([2, 3, 9, 9])
    let first = draws.tensor([4, 3, 3, 3])
    let second = draws.tensor([2, 4, 3, 3])
    let two = try apply(Op.Conv.self, [try apply(Op.Conv.self, [x, first])[0], second])[0]
    let merged = try apply(Op.ConvTranspose.self, [second, first])[0]
    #expect(merged.shape == [2, 3, 5, 5])
    #expect(difference(try apply(Op.Conv.self, [x, merged])[0].numbers, two.numbers) < 1e-13)
  }

  @Test func aSharedWeightCollectsTheGradientOfEveryPlace() throws {
    // M19: the same convolution with weights of its own at each place; the shared gradient is the sum of theirs.
    var draws = Draws(seed: 4)
    let x = draws.tensor([1, 1, 6])
    let w = draws.tensor([1, 1, 3])
    let g = draws.tensor([1, 1, 4])
    var total = [0.0, 0.0, 0.0]
    for place in 0..<4 {
      let window = try apply(
        Op.Slice.self, [x], ["starts": .ints([place]), "ends": .ints([place + 3]), "axes": .ints([2])])[0]
      let own = try apply(
        Op.ConvBackwardWeights.self, [window, doubles([g.numbers[place]], [1, 1, 1]), w])[0].numbers
      for tap in 0..<3 { total[tap] += own[tap] }
    }
    let shared = try apply(Op.ConvBackwardWeights.self, [x, g, w])[0].numbers
    #expect(difference(shared, total) < 1e-14)
  }

  @Test func oneByOneIsTheSameDenseLayerAtEveryPlace() throws {
    // M22, with the saving of a bottleneck that the courses count: 28×28×192 to 32 channels of 5×5.
    var draws = Draws(seed: 5)
    let x = draws.tensor([2, 3, 4, 5])
    let w = draws.tensor([6, 3, 1, 1])
    let places = try apply(Op.Transpose.self, [x], ["perm": .ints([0, 2, 3, 1])])[0]
    let rows = try apply(
      Op.Gemm.self, [try places.reshaped(to: [40, 3]), try w.reshaped(to: [6, 3])], ["transB": .int(1)])[0]
    let back = try apply(Op.Transpose.self, [try rows.reshaped(to: [2, 4, 5, 6])], ["perm": .ints([0, 3, 1, 2])])[0]
    #expect(difference(try apply(Op.Conv.self, [x, w])[0].numbers, back.numbers) < 1e-14)

    func multiplies(_ layers: [(Int, Int, Int)]) -> Int {
      var graph = Graph()
      var value = graph.addInput("input", f32(1, 192, 28, 28))
      for (from, to, kernel) in layers {
        let weight = graph.addParameter(
          Parameter(path: "w\(to)", role: .weight, initializer: .constant(0)), f32(to, from, kernel, kernel))
        let pad = kernel / 2
        value = graph.add(Op.Conv.self, [value, weight], ["pads": .ints([pad, pad, pad, pad])])[0]
      }
      return graph.analysis().multiplyAddsPerExample
    }
    #expect(multiplies([(192, 32, 5)]) == 120_422_400)
    #expect(multiplies([(192, 16, 1), (16, 32, 5)]) == 12_443_648)
  }
}
