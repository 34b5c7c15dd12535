import Fovea
import Testing

/// Formulas O32–O39: sizes of outputs and numbers of parameters.
@Suite struct SizeRows {
  /// Kernel, padding on each side and stride, over signals into which the kernel fits.
  private func everyWindow(_ body: (_ n: Int, _ k: Int, _ p: Int, _ s: Int) -> Void) {
    for n in [1, 2, 5, 7, 12, 28, 39] {
      for k in 1...11 { for p in 0...5 where n + 2 * p >= k { for s in 1...5 { body(n, k, p, s) } } }
    }
  }

  @Test func o32_paddedAndStrided() {
    everyWindow { n, k, p, s in
      #expect(length(n, Conv1D(1, kernel: k, stride: s, padding: .explicit(p))) == (n - k + 2 * p) / s + 1)
    }
    // Each axis has its own numbers.
    let layer = Conv2D(1, kernel: [5, 3], stride: [3, 2], padding: .explicit([2, 0]))
    #expect(extents([30, 17], layer) == [(30 - 5 + 4) / 3 + 1, (17 - 3) / 2 + 1])
  }

  @Test func o33_withPaddingCountedInAll() {
    everyWindow { n, k, p, s in
      let total = 2 * p
      #expect(length(n, Conv1D(1, kernel: k, stride: s, padding: .explicit(p))) == (n - k + total + s) / s)
    }
    // An odd number in all needs sides that differ.
    let odd = Conv1D(1, kernel: 4, stride: 2, padding: .explicit(before: [1], after: [2]))
    #expect(length(9, odd) == (9 - 4 + 3 + 2) / 2)
  }

  @Test func o34_noPadding() {
    for (n, k) in [(5, 3), (32, 5), (7, 7), (100, 1)] { #expect(length(n, Conv1D(1, kernel: k)) == n - k + 1) }
    #expect(extents([10, 8], Conv2D(1, kernel: [3, 2])) == [8, 7])
  }

  @Test func o35_paddedWithStrideOne() {
    for (n, k, p) in [(5, 3, 2), (3, 2, 2), (8, 5, 4)] {
      #expect(length(n, Conv1D(1, kernel: k, padding: .explicit(p / 2))) == n - k + p + 1)
    }
  }

  @Test func o36_pooled() {
    for (n, k, s) in [(4, 2, 2), (5, 2, 2), (13, 3, 2), (55, 3, 2), (28, 3, 3), (6, 2, 1)] {
      let expected = (n - k) / s + 1
      #expect(length(n, MaxPool1D(k, stride: s)) == expected)
      #expect(length(n, AveragePool1D(k, stride: s)) == expected)
    }
  }

  @Test func o37_dilatedAndTransposed() {
    everyWindow { n, k, p, s in
      for d in 1...3 where n + 2 * p > d * (k - 1) {
        let layer = Conv1D(1, kernel: k, stride: s, padding: .explicit(p), dilation: d)
        #expect(length(n, layer) == (n + 2 * p - d * (k - 1) - 1) / s + 1)
      }
    }
    for (i, k, s, p, d, op) in [(2, 2, 2, 0, 1, 0), (3, 3, 2, 1, 1, 1), (5, 4, 3, 1, 2, 2), (7, 5, 1, 2, 1, 0)] {
      let layer = ConvTranspose1D(
        1, kernel: k, stride: s, padding: .explicit(p), outputPadding: op, dilation: d)
      #expect(length(i, layer) == (i - 1) * s - 2 * p + d * (k - 1) + op + 1)
    }
  }

  @Test(arguments: [16, 32, 224]) func o38_parametersOfAConvolution(size: Int) throws {
    let input = InputShape(Shape([3, size, size]))
    #expect(try table(input) { Conv2D(32, kernel: 5) }.parameters == 5 * 5 * 3 * 32 + 32)
    #expect(try table(input) { Conv2D(8, kernel: [1, 7]) }.parameters == 1 * 7 * 3 * 8 + 8)
  }

  @Test(arguments: [6, 40, 1000]) func o39_parametersAlongASignal(n: Int) throws {
    #expect(try table(InputShape(Shape([4, n]))) { Conv1D(5, kernel: 3) }.parameters == 4 * 5 * 3 + 5)
    // Between D numbers and D numbers: all with all, or three shared weights.
    #expect(try table(InputShape(Shape([n]))) { Dense(n) }.parameters == n * n + n)
    #expect(try table(InputShape(Shape([1, n]))) { Conv1D(1, kernel: 3, padding: .same) }.parameters == 3 + 1)
  }
}
