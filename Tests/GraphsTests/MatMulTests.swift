import FoveaGraphs
import FoveaTensors
import Testing

/// Products of matrices, stacks of them, rows and columns.
@Suite struct MatMulTests {
  @Test func byHand() throws {
    let a = floats([1, 2, 3, 4, 5, 6], [2, 3])
    let y = try apply(Op.MatMul.self, [a, floats([1, 0, 2, 1, 0, -1], [3, 2])])[0]
    #expect(y.shape == [2, 2] && y.numbers == [5, -1, 14, -1])
    let column = try apply(Op.MatMul.self, [a, floats([1, 0, -1], [3])])[0]
    #expect(column.shape == [2] && column.numbers == [-2, -2])
    let row = try apply(Op.MatMul.self, [floats([1, -1], [2]), a])[0]
    #expect(row.shape == [3] && row.numbers == [-3, -3, -3])
    let number = try apply(Op.MatMul.self, [floats([1, 2], [2]), floats([3, 4], [2])])[0]
    #expect(number.shape == [] && number.numbers == [11])
  }

  /// Element by element, with positions counted by hand.
  private func plain(_ a: Tensor, _ b: Tensor) -> (shape: [Int], numbers: [Double]) {
    let left = a.shape.rank == 1 ? [1] + a.shape.dims : a.shape.dims
    let right = b.shape.rank == 1 ? b.shape.dims + [1] : b.shape.dims
    let lead = max(left.count, right.count) - 2
    func padded(_ dims: [Int]) -> [Int] { [Int](repeating: 1, count: lead - (dims.count - 2)) + dims }
    let (l, r) = (padded(left), padded(right))
    let batch = (0..<lead).map { max(l[$0], r[$0]) }
    let (rows, inner, columns) = (l[lead], l[lead + 1], r[lead + 1])
    var numbers: [Double] = []
    for at in indices(of: batch + [rows, columns]) {
      var sum = 0.0
      for k in 0..<inner {
        let i = at.prefix(lead).enumerated().map { l[$0.offset] == 1 ? 0 : $0.element } + [at[lead], k]
        let j = at.prefix(lead).enumerated().map { r[$0.offset] == 1 ? 0 : $0.element } + [k, at[lead + 1]]
        sum += a.numbers[offset(i, l)] * b.numbers[offset(j, r)]
      }
      numbers.append(sum)
    }
    let own = (a.shape.rank == 1 ? [] : [rows]) + (b.shape.rank == 1 ? [] : [columns])
    return (batch + own, numbers)
  }

  private static let shapes: [(Shape, Shape)] = [
    ([3, 4], [4, 2]), ([4], [4]), ([4], [4, 3]), ([2, 4], [4]), ([3, 2, 4], [4, 5]), ([2, 3], [5, 3, 4]),
    ([3, 2, 4], [3, 4, 1]), ([2, 1, 3, 2], [4, 2, 3]), ([3], [2, 3, 2]), ([2, 3, 2], [2]), ([1, 1], [1, 1]),
  ]

  @Test func agreesWithPlainSums() throws {
    for (index, (a, b)) in MatMulTests.shapes.enumerated() {
      var draws = Draws(seed: UInt64(index))
      let (left, right) = (draws.tensor(a), draws.tensor(b))
      let expected = plain(left, right)
      for type in [DType.f64, .f32] {
        let found = try apply(Op.MatMul.self, [left.converted(to: type), right.converted(to: type)])[0]
        #expect(found.shape.dims == expected.shape, "\(a) \(b)")
        let worst = difference(found.numbers, expected.numbers)
        #expect(worst < (type == .f64 ? 1e-14 : 1e-5), "\(a) \(b) seed \(index): \(worst)")
      }
    }
  }

  @Test func gradients() throws {
    for (index, (a, b)) in MatMulTests.shapes.enumerated() {
      var draws = Draws(seed: UInt64(100 + index))
      let isOpen = a.rank > b.rank || (a.rank == b.rank && a.rank == 2)
      try checkGradient(
        Op.MatMul.self, [draws.tensor(a), draws.tensor(b)], batched: isOpen ? [0] : [], targets: [0, 1],
        seed: UInt64(index))
    }
  }

  @Test func isTheMatrixProductOfDenseLayers() throws {
    var draws = Draws(seed: 5)
    let (a, b) = (draws.tensor([5, 7]), draws.tensor([7, 3]))
    let found = try apply(Op.MatMul.self, [a, b])[0]
    #expect(difference(found.numbers, try apply(Op.Gemm.self, [a, b])[0].numbers) < 1e-14)
    let one = doubles((0..<49).map { $0 % 8 == 0 ? 1 : 0 }, [7, 7])
    #expect(try apply(Op.MatMul.self, [a, one])[0].numbers == a.numbers)
  }

  @Test func whatDoesNotFitIsSaid() {
    #expect(
      infer(Op.MatMul.self, [f32(2, 3), f32(4, 2)]).mistakes.map(\.problem) == [
        "A [2×3] has 3 columns, B [4×2] has 4 rows"
      ])
    #expect(infer(Op.MatMul.self, [f32(), f32(4, 2)]).mistakes.count == 1)
    #expect(infer(Op.MatMul.self, [f32(3, 2, 4), f32(2, 4, 2)]).mistakes.count == 1)
    let open = infer(Op.MatMul.self, [f32(nil, 3, 4), f32(4, nil)])
    #expect(open.mistakes.isEmpty && open.types[0].shape == PartialShape([nil, 3, nil]))
  }
}
