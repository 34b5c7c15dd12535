import Foundation
import Fovea
import Testing

/// Operations and examples of true convolution: the kernel turned around.
@Suite struct FlippedRows {
  /// The true convolution of two signals, every overlap.
  private func convolved(_ x: [Double], _ k: [Double]) throws -> [Double] {
    try apply(signal(x), [signal(k)]) {
      Conv1D(1, kernel: k.count, padding: .full, bias: false, flipped: true)
    }.numbers
  }

  @Test func o3_trueConvolution() throws {
    let (x, k) = (draw([9], seed: 321).numbers, draw([4], seed: 322).numbers)
    let expected = (0..<12).map { t in
      (0..<9).reduce(0) { (0..<4).contains(t - $1) ? $0 + x[$1] * k[t - $1] : $0 }
    }
    #expect(close(try convolved(x, k), expected))
    // Either may be called the kernel.
    #expect(close(try convolved(k, x), expected))
  }

  @Test func o4_theIntegral() throws {
    // A box of length 1 with e⁻ᵗ: 1 − e⁻ˣ inside, e⁻ˣ·(e − 1) behind it; sampled, the error goes with the step.
    func error(_ step: Double) throws -> Double {
      let box = [Double](repeating: 1, count: Int(1 / step))
      let fall = (0..<Int(3 / step)).map { exp(-(Double($0) + 0.5) * step) }
      let found = try convolved(fall, box)
      return (0..<Int(3 / step)).map { place in
        let x = Double(place + 1) * step
        return abs(found[place] * step - (x <= 1 ? 1 - exp(-x) : exp(-x) * (exp(1) - 1)))
      }.max() ?? 1
    }
    let (coarse, fine) = (try error(0.1), try error(0.025))
    #expect(fine < coarse / 3 && fine < 1e-3)
  }

  @Test func o6_trueConvolutionOfAPicture() throws {
    let (x, k) = (draw([5, 6], seed: 323).rows, draw([3, 2], seed: 324).rows)
    let found = try apply(picture(x), [picture(k)]) { Conv2D(1, kernel: [3, 2], bias: false, flipped: true) }.rows
    for i in 0..<3 {
      for j in 0..<5 {
        var sum = 0.0
        for m in 0..<3 { for n in 0..<2 { sum += x[i + 2 - m][j + 1 - n] * k[m][n] } }
        #expect(abs(found[i][j] - sum) < 1e-12)
      }
    }
  }

  @Test func o7_turnedAround() throws {
    let (x, k) = (draw([5, 6], seed: 325).rows, draw([3, 3], seed: 326).rows)
    let turned = Array(k.map { Array($0.reversed()) }.reversed())
    let convolution = try apply(picture(x), [picture(k)]) { Conv2D(1, kernel: 3, bias: false, flipped: true) }.rows
    #expect(close(convolution, try slide(x, turned)))
    #expect(!close(convolution, try slide(x, k), 1e-3))
    // Learning does not care: the gradient is turned around too.
    let weights = draw([1, 1, 3, 4], seed: 327)
    func slope(_ isFlipped: Bool, _ kernel: [[Double]]) throws -> [Double] {
      try differentiate(picture(x), [picture(kernel)], weights: weights) {
        Conv2D(1, kernel: 3, bias: false, flipped: isFlipped)
      }.byParameters[0].numbers
    }
    #expect(close(try slope(true, k), try slope(false, turned).reversed()))
  }

  @Test func w81_trueConvolutionByHand() throws {
    #expect(try convolved([1, 2, 3, 4, 5], [1, 0, -1]) == [1, 2, 2, 2, 2, -4, -5])
  }
}
