import Fovea
import Testing

/// Operations O21–O31: convolutions as other things, and other things as convolutions.
@Suite struct KernelRows {
  private let x = draw([20], seed: 21).numbers

  @Test func o21_oneByOne() throws {
    let x = draw([1, 3, 4, 5], seed: 22)
    let w = draw([2, 3, 1, 1], seed: 23)
    let b = draw([2], seed: 24)
    let found = try apply(x, [w, b]) { Conv2D(2, kernel: 1) }
    // A dense layer that is given the channels of one place.
    for i in 0..<4 {
      for j in 0..<5 {
        let place = tensor((0..<3).map { x.at(0, $0, i, j) }, [1, 3])
        let dense = try apply(place, [try w.reshaped(to: [2, 3]), b]) { Dense(2) }
        #expect(close((0..<2).map { found.at(0, $0, i, j) }, dense.numbers))
      }
    }
  }

  @Test func o22_theTransposedMatrix() throws {
    let k = [1.0, -2, 0.5]
    let a = try matrix(of: k, n: 8, stride: 2, padding: 1)
    let y = draw([4], seed: 25).numbers
    let back = try apply(signal(y), [signal(k)]) {
      ConvTranspose1D(1, kernel: 3, stride: 2, padding: 1, outputPadding: 1, bias: false)
    }.numbers
    #expect(close(back, product(transposed(a), y)))
    // Zeros between the numbers, then a convolution with the kernel turned around.
    let spread: [Double] = y.flatMap { number -> [Double] in [number, 0] }
    let full = try slide(spread, k.reversed(), padding: .full)
    #expect(close(back, Array(full[1..<9])))
    // The sizes come back, the numbers do not.
    let eight = Array(x.prefix(8))
    #expect(!close(product(transposed(a), product(a, eight)), eight, 0.1))
  }

  @Test func o23_aMatrixWithBands() throws {
    let k = [0.5, -1, 2]
    let a = try matrix(of: k, n: 20, padding: .same)
    #expect(close(try slide(x, k, padding: .same), product(a, x)))
    for (row, numbers) in a.enumerated() {
      for (column, number) in numbers.enumerated() {
        #expect(number == (abs(row - column) <= 1 ? k[column - row + 1] : 0))
      }
    }
    // A dense layer with these weights is the convolution.
    let dense = try apply(tensor(x, [1, 20]), [tensor(a.flatMap { $0 }, [20, 20])]) { Dense(20, bias: false) }
    #expect(close(dense.numbers, try slide(x, k, padding: .same)))
  }

  @Test func o26_aWeightForEveryPairOfPixels() throws {
    let x = draw([1, 1, 3, 4], seed: 26)
    let w = draw([12, 12], seed: 27)
    let u = draw([12], seed: 28)
    let found = try apply(x, [w, u]) {
      Flatten()
      Dense(12)
      Reshape([1, 3, 4])
    }
    for i in 0..<3 {
      for j in 0..<4 {
        var h = u.at(4 * i + j)
        for k in 0..<3 { for l in 0..<4 { h += w.at(4 * i + j, 4 * k + l) * x.at(0, 0, k, l) } }
        #expect(abs(found.at(0, 0, i, j) - h) < 1e-12)
      }
    }
  }

  @Test func o27_twoKernelsAreOne() throws {
    let a = draw([3], seed: 29).numbers
    let b = draw([5], seed: 30).numbers
    // The true convolution of the two: one of them turned around, every overlap.
    let both = try slide(a, b.reversed(), padding: .full)
    #expect(both.count == 7)
    #expect(close(try slide(try slide(x, a), b), try slide(x, both)))
    #expect(try slide(a, a.reversed(), padding: .full).count == 5)
  }

  @Test func o28_groupsDoNotSeeEachOther() throws {
    let x = draw([1, 4, 5, 5], seed: 31)
    let w = draw([6, 2, 3, 3], seed: 32)
    let found = try apply(x, [w]) { Conv2D(6, kernel: 3, groups: 2, bias: false) }
    let halves = try (0..<2).map { half in
      try apply(
        tensor(Array(x.numbers[(half * 50)..<(half * 50 + 50)]), [1, 2, 5, 5]),
        [tensor(Array(w.numbers[(half * 54)..<(half * 54 + 54)]), [3, 2, 3, 3])]
      ) { Conv2D(3, kernel: 3, bias: false) }
    }
    #expect(close(found.numbers, halves.flatMap(\.numbers)))
    let whole = try table([4, 5, 5]) { Conv2D(6, kernel: 3, bias: false) }
    #expect(w.count == 108 && whole.parameters == 216)
  }

  @Test func o29_thePeakIsThePlace() throws {
    var scene = draw([40], seed: 33).numbers.map { 0.2 * $0 }
    let pattern = [1.0, -1, 2, 0, -2]
    for (offset, value) in pattern.enumerated() { scene[17 + offset] += value }
    let answers = try slide(scene, pattern)
    #expect(answers.indices.max { answers[$0] < answers[$1] } == 17)
    // A bright area beats a pattern whose mean is not zero, and not one whose mean is.
    let bright = scene.enumerated().map { $0.offset < 8 ? 2 : $0.element }
    func place(_ template: [Double]) throws -> Int? {
      let answers = try slide(bright, template)
      return answers.indices.max { answers[$0] < answers[$1] }
    }
    #expect(try place(pattern) == 17)
    #expect(try place(pattern.map { $0 + 2 }) ?? 99 < 8)
  }

  @Test func o30_everyOtherNumber() throws {
    let every = stride(from: 0, to: 20, by: 2).map { x[$0] }
    #expect(try slide(x, [1], stride: 2) == every)
    #expect(try through(AveragePool1D(1, stride: 2), x) == every)
  }

  /// The loop that the course writes, with NumPy's slices.
  private func reference(_ x: [Double], _ w: [Double], _ s: Int) -> [Double] {
    let length = (x.count - w.count) / s + 1
    return (0..<length).map { i in zip(x[(i * s)..<(i * s + w.count)], w).reduce(0) { $0 + $1.0 * $1.1 } }
  }

  @Test func o31_theLoopOfTheCourse() throws {
    for kernel in 1...6 {
      let w = draw([kernel], seed: UInt64(40 + kernel)).numbers
      for stride in 1...4 { #expect(close(try slide(x, w, stride: stride), reference(x, w, stride))) }
    }
  }
}
