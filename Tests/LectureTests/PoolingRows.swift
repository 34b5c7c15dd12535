import Fovea
import Testing

/// Operations O51–O62 that need no operator but those of convolution and pooling.
@Suite struct PoolingRows {
  private let x = draw([6, 6], seed: 51).rows

  /// The windows of `size` at a stride, row by row.
  private func windows(_ x: [[Double]], _ size: Int, _ step: Int) -> [[[Double]]] {
    stride(from: 0, through: x.count - size, by: step).map { i in
      stride(from: 0, through: x[0].count - size, by: step).map { j in
        (0..<size).flatMap { x[i + $0][j..<(j + size)] }
      }
    }
  }

  @Test func o51_largestOfEachWindow() throws {
    for (size, step) in [(2, 2), (3, 1), (3, 2)] {
      let expected = windows(x, size, step).map { $0.map { $0.max() ?? 0 } }
      #expect(try through(MaxPool2D(size, stride: step), x) == expected)
    }
    // A maximum that stays in its window is found again.
    let still = try through(MaxPool1D(4), [0, 9, 0, 0, 0, 0, 0, 0])
    #expect(try through(MaxPool1D(4), [0, 0, 0, 9, 0, 0, 0, 0]) == still)
    #expect(try through(MaxPool1D(4), [0, 0, 0, 0, 9, 0, 0, 0]) != still)
  }

  @Test func o52_meanOfEachWindow() throws {
    for (size, step) in [(2, 2), (3, 1)] {
      let expected = windows(x, size, step).map { $0.map { $0.reduce(0, +) / Double(size * size) } }
      #expect(close(try through(AveragePool2D(size, stride: step), x), expected))
    }
  }

  @Test func o55_meanOfEachMap() throws {
    let maps = draw([1, 3, 4, 5], seed: 52)
    let means = (0..<3).map { maps.numbers[(20 * $0)..<(20 * $0 + 20)].reduce(0, +) / 20 }
    let found = try apply(maps) { GlobalAveragePool() }
    #expect(found.shape == [1, 3, 1, 1])
    #expect(close(found.numbers, means))
    // In place of flattening: 128 numbers reach the dense layer instead of 128·4·4.
    let flat = try network("generic-cnn").parameters
    let pooled = try network("generic-cnn-pool").parameters
    #expect(flat - pooled == 10 * (128 * 16 - 128))
  }

  @Test func o56_strideOfTheWindowUnlessGiven() throws {
    #expect(try table([5, 12, 12]) { MaxPool2D(3) }.rows[0].output == [1, 5, 4, 4])
    #expect(try table([5, 12, 12]) { AveragePool2D(3) }.rows[0].output == [1, 5, 4, 4])
    #expect(try table([5, 12, 12]) { MaxPool2D(3, stride: 1) }.rows[0].output == [1, 5, 10, 10])
    #expect(try table([5, 12, 12]) { MaxPool2D(2, stride: 5) }.rows[0].output == [1, 5, 3, 3])
    // Every map by itself.
    let maps = draw([1, 2, 4, 4], seed: 53)
    let first = try apply(tensor(Array(maps.numbers.prefix(16)), [1, 1, 4, 4])) { MaxPool2D(2) }
    #expect(Array(try apply(maps) { MaxPool2D(2) }.numbers.prefix(4)) == first.numbers)
  }

  @Test func o57_rectanglesAndPadding() throws {
    let x = ramp([4, 4]).rows
    #expect(try through(MaxPool2D([2, 3], stride: [2, 3], padding: .explicit([0, 1])), x) == [[5, 7], [13, 15]])
    // Padding never wins.
    let negative = x.map { $0.map { $0 - 100 } }
    #expect(try through(MaxPool2D(2, padding: 1), negative) == [[-100, -98, -97], [-92, -90, -89], [-88, -86, -85]])
  }

  @Test func o61_kernelOfThreeAtEverySecondPlace() throws {
    let k = [1.0, 2, 3]
    let down = try matrix(of: k, n: 6, stride: 2, padding: 1)
    #expect(down == [[2, 3, 0, 0, 0, 0], [0, 1, 2, 3, 0, 0], [0, 0, 0, 1, 2, 3]])
    let up = try (0..<3).map { place in
      try apply(signal((0..<3).map { $0 == place ? 1 : 0 }), [signal(k)]) {
        ConvTranspose1D(1, kernel: 3, stride: 2, padding: 1, outputPadding: 1, bias: false)
      }.numbers
    }
    // Its columns are the rows of the way down.
    #expect(up == down)
  }

  @Test func o62_strideInPlaceOfPooling() throws {
    let pooled = try table([16, 32, 32]) { MaxPool2D(2) }
    let strided = try table([16, 32, 32]) { Conv2D(16, kernel: 3, stride: 2, padding: .same) }
    #expect(pooled.rows[0].output == strided.rows[0].output)
    #expect(pooled.parameters == 0 && strided.parameters == 16 * 16 * 9 + 16)
    // It can learn to be a mean.
    let quarters = [[0.25, 0.25], [0.25, 0.25]]
    #expect(close(try slide(x, quarters, stride: 2), try through(AveragePool2D(2), x)))
  }
}
