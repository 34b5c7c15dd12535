import Fovea
import Testing

/// Operations O1–O20: what a convolution layer computes.
@Suite struct ConvolutionRows {
  private let x = draw([20], seed: 1).numbers

  @Test func o1_slidingSum() throws {
    let w = draw([4], seed: 2).numbers
    let expected = (0...16).map { t in (0..<4).reduce(0) { $0 + w[$1] * x[t + $1] } }
    #expect(close(try slide(x, w), expected))
  }

  @Test func o2_threeCentredTaps() throws {
    let (a, b, c) = (0.5, -2.0, 3.0)
    let expected = x.indices.map { t in
      (t > 0 ? a * x[t - 1] : 0) + b * x[t] + (t < x.count - 1 ? c * x[t + 1] : 0)
    }
    #expect(close(try slide(x, [a, b, c], padding: .same), expected))
  }

  @Test func o5_slidingSumOverAPicture() throws {
    let x = draw([6, 7], seed: 3).rows
    let k = draw([3, 2], seed: 4).rows
    let expected = (0..<4).map { i in
      (0..<6).map { j in
        (0..<3).reduce(0) { sum, m in (0..<2).reduce(sum) { $0 + x[i + m][j + $1] * k[m][$1] } }
      }
    }
    #expect(close(try slide(x, k), expected))
  }

  @Test(arguments: [1, 2]) func o8_centredWithReach(delta: Int) throws {
    let x = draw([6, 5], seed: 5)
    let v = draw([1, 1, 2 * delta + 1, 2 * delta + 1], seed: 6)
    let found = try apply(tensor(x.numbers, [1, 1, 6, 5]), [v, tensor([0.75], [1])]) {
      Conv2D(1, kernel: 2 * delta + 1, padding: .same)
    }
    for i in 0..<6 {
      for j in 0..<5 {
        var h = 0.75
        for a in -delta...delta {
          for b in -delta...delta where (0..<6).contains(i + a) && (0..<5).contains(j + b) {
            h += v.at(0, 0, a + delta, b + delta) * x.at(i + a, j + b)
          }
        }
        #expect(abs(found.at(0, 0, i, j) - h) < 1e-12)
      }
    }
  }

  @Test func o9_biasThenActivation() throws {
    let w = [0.5, -1, 2]
    let found = try apply(signal(x), [signal(w), tensor([-0.25], [1])]) {
      Conv1D(1, kernel: 3)
      ReLU()
    }.numbers
    let sums = (0..<18).map { t in -0.25 + (0..<3).reduce(0) { $0 + w[$1] * x[t + $1] } }
    #expect(close(found, sums.map { max(0, $0) }))
    #expect(found.contains(0) && found.contains { $0 > 0 })
  }

  @Test func o10_nineSharedWeights() throws {
    for (height, width) in [(3, 3), (28, 28), (224, 100)] {
      #expect(try table(InputShape(Shape([1, height, width]))) { Conv2D(1, kernel: 3) }.parameters == 9 + 1)
    }
    // The same local product at every place.
    let w = draw([1, 1, 3, 3], seed: 7)
    let found = try apply(tensor([Double](repeating: 0.5, count: 30), [1, 1, 5, 6]), [w, tensor([2], [1])]) {
      Conv2D(1, kernel: 3)
    }
    #expect(close(found.numbers, .init(repeating: 2 + 0.5 * w.numbers.reduce(0, +), count: 12)))
  }

  @Test func o11_channelsOfASignal() throws {
    let x = draw([1, 3, 9], seed: 8)
    let w = draw([2, 3, 4], seed: 9)
    let found = try apply(x, [w]) { Conv1D(2, kernel: 4, bias: false) }
    #expect(found.shape == [1, 2, 6])
    for o in 0..<2 {
      for t in 0..<6 {
        // At each tap the product of two vectors with a number for each channel.
        let sum = (0..<4).reduce(0) { sum, k in (0..<3).reduce(sum) { $0 + w.at(o, $1, k) * x.at(0, $1, t + k) } }
        #expect(abs(found.at(0, o, t) - sum) < 1e-12)
      }
    }
  }

  @Test func o12_bankOfKernels() throws {
    let x = draw([1, 2, 5, 6], seed: 10)
    let w = draw([4, 2, 3, 2], seed: 11)
    let b = draw([4], seed: 12)
    let found = try apply(x, [w, b]) { Conv2D(4, kernel: [3, 2]) }
    #expect(found.shape == [1, 4, 3, 5])
    for o in 0..<4 {
      for i in 0..<3 {
        for j in 0..<5 {
          var sum = b.at(o)
          for c in 0..<2 {
            for m in 0..<3 { for n in 0..<2 { sum += x.at(0, c, i + m, j + n) * w.at(o, c, m, n) } }
          }
          #expect(abs(found.at(0, o, i, j) - sum) < 1e-12)
        }
      }
    }
  }

  @Test func o13_shapesOfKernels() {
    func shapes(_ graph: Graph) -> [Shape] { graph.parameters.map { graph.shape($0.value) } }
    #expect(shapes(Model.draft(input: [4, 9]) { Conv1D(6, kernel: 3) }) == [[6, 4, 3], [6]])
    #expect(shapes(Model.draft(input: [4, 9, 9]) { Conv2D(6, kernel: 3) }) == [[6, 4, 3, 3], [6]])
    #expect(shapes(Model.draft(input: [3, 9, 9]) { Conv2D(1, kernel: [5, 2], bias: false) }) == [[1, 3, 5, 2]])
  }

  @Test func o14_strideKeepsEveryOtherAnswer() throws {
    let x = draw([1, 2, 11, 13], seed: 13)
    let w = draw([3, 2, 3, 3], seed: 14)
    for dilation in [1, 2] {
      let all = try apply(x, [w]) { Conv2D(3, kernel: 3, padding: .same, dilation: dilation, bias: false) }
      let some = try apply(x, [w]) {
        Conv2D(3, kernel: 3, stride: [2, 3], padding: .same, dilation: dilation, bias: false)
      }
      #expect(some.shape == [1, 3, 6, 5])
      for o in 0..<3 {
        for i in 0..<6 { for j in 0..<5 { #expect(some.at(0, o, i, j) == all.at(0, o, 2 * i, 3 * j)) } }
      }
    }
  }

  @Test func o15_zerosAround() throws {
    let x = draw([1, 2, 4, 5], seed: 15)
    let w = draw([1, 2, 3, 3], seed: 16)
    let inside = try apply(x, [w]) { Conv2D(1, kernel: 3, padding: .explicit([1, 2]), bias: false) }
    let before = try apply(x, [w]) {
      ZeroPad(before: [0, 1, 2], after: [0, 1, 2])
      Conv2D(1, kernel: 3, bias: false)
    }
    #expect(inside.shape == [1, 1, 4, 7])
    #expect(close(inside.numbers, before.numbers))
  }

  @Test func o16_validStaysInside() throws {
    let ones = [Double](repeating: 1, count: 6)
    #expect(try slide(ones, [1, 1, 1]) == [3, 3, 3, 3])
    #expect(try slide(ones, [1, 1, 1], padding: .same) == [2, 3, 3, 3, 3, 2])
    #expect(length(2, Conv1D(1, kernel: 3)) == nil, "a kernel must fit")
  }

  @Test(arguments: 1...8) func o17_sameLength(kernel: Int) {
    // k − 1 zeros in all; for odd kernels (k − 1) / 2 on each side.
    for n in [8, 31, 32] {
      #expect(length(n, Conv1D(1, kernel: kernel, padding: .same)) == n)
      if kernel % 2 == 1 {
        #expect(length(n, Conv1D(1, kernel: kernel, padding: .explicit((kernel - 1) / 2))) == n)
      }
    }
  }

  @Test func o18_everyOverlap() throws {
    let k = [1.0, 2, -4]
    let full = try slide(x, k, padding: .full)
    #expect(full.count == x.count + 2)
    // Every tap meets every number once.
    let (all, signal, kernel) = (full.reduce(0, +), x.reduce(0, +), k.reduce(0, +))
    #expect(abs(all - signal * kernel) < 1e-12)
  }

  @Test func o19_dilatedKernel() throws {
    let found = try slide(x, [1, 2, 3], dilation: 2)
    #expect(close(found, try slide(x, [1, 0, 2, 0, 3])))
    let dilated = try table([1, 20]) { Conv1D(1, kernel: 3, dilation: 2) }
    #expect(dilated.parameters == 4)
    #expect(dilated.fields(of: ["Conv1D"]) == [5])
  }

  @Test(arguments: [1, 3]) func o20_causal(dilation: Int) throws {
    let w = [0.5, -1, 2]
    let found = try slide(x, w, padding: .causal, dilation: dilation)
    let expected = x.indices.map { t in
      (0..<3).reduce(0.0) { sum, k in
        let past = t - dilation * (2 - k)
        return past < 0 ? sum : sum + w[k] * x[past]
      }
    }
    #expect(close(found, expected))
    // What comes later changes nothing before.
    let changed = x.prefix(12) + [9, 9, 9, 9, 9, 9, 9, 9]
    let after = try slide(Array(changed), w, padding: .causal, dilation: dilation)
    #expect(after.prefix(12) == found.prefix(12) && after != found)
  }
}
