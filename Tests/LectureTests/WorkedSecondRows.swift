import Foundation
import Fovea
import Testing

/// Worked examples W32–W55.
@Suite struct WorkedSecondRows {
  /// The signal that one of the courses plots before and after.
  static let measured = [5.2, 5.3, 5.4, 5.1, 10.1, 10.3, 9.9, 10.3, 3.2, 3.4, 3.3, 3.1]

  @Test func w32_aMeanOfThree() throws {
    let found = try slide(Self.measured, [0.33, 0.33, 0.33], padding: 1)
    let expected = [3.465, 5.247, 5.214, 6.798, 8.415, 9.999, 10.065, 7.722, 5.577, 3.267, 3.234, 2.112]
    #expect(close(found, expected, 1e-6))
    #expect(abs(found.reduce(0, +) - 71.115) < 1e-6)
  }

  @Test func w33_threeWeightsAgainstAll() throws {
    #expect(try table([1, 6]) { Conv1D(1, kernel: 3, padding: 1) }.parameters == 3 + 1)
    #expect(try table([6]) { Dense(6) }.parameters == 36 + 6)
  }

  @Test func w34_theMatrixOfThreeTaps() throws {
    let found = try matrix(of: [1, 2, 3], n: 6, padding: 1)
    #expect(
      found == [
        [2, 3, 0, 0, 0, 0], [1, 2, 3, 0, 0, 0], [0, 1, 2, 3, 0, 0], [0, 0, 1, 2, 3, 0], [0, 0, 0, 1, 2, 3],
        [0, 0, 0, 0, 1, 2],
      ])
    #expect(found.flatMap { $0 }.count { $0 != 0 } == 16)
  }

  @Test func w35_itsMatrixWithStrideTwo() throws {
    let found = try matrix(of: [1, 2, 3], n: 6, stride: 2, padding: 1)
    #expect(found == [[2, 3, 0, 0, 0, 0], [0, 1, 2, 3, 0, 0], [0, 0, 0, 1, 2, 3]])
    #expect(found.flatMap { $0 }.count { $0 != 0 } == 8)
  }

  @Test func w36_aMatrixThatMayBeReadTwice() throws {
    // h₁ of x₁ alone and hᵢ of xᵢ₋₁ and xᵢ: two taps with a zero before; or, if a tap was lost in print, three.
    let two = try matrix(of: [1, 2], n: 8, padding: .causal)
    let three = try matrix(of: [1, 2, 3], n: 8, padding: .same)
    #expect(two.count == 8 && three.count == 8)
    #expect(two[0] == [2, 0, 0, 0, 0, 0, 0, 0] && two[4] == [0, 0, 0, 1, 2, 0, 0, 0])
    #expect(three[0] == [2, 3, 0, 0, 0, 0, 0, 0] && three[4] == [0, 0, 0, 1, 2, 3, 0, 0])
  }

  @Test func w37_aMatrixWithoutPadding() throws {
    let found = try matrix(of: [1, 2, 3], n: 8)
    #expect(found.count == 6)
    for (row, numbers) in found.enumerated() {
      #expect(numbers == (0..<8).map { (row...(row + 2)).contains($0) ? Double($0 - row + 1) : 0 })
    }
  }

  @Test func w38_aDiagonal() throws {
    let diagonal = try matrix(of: [5], n: 8)
    #expect(diagonal == (0..<8).map { row in (0..<8).map { $0 == row ? 5 : 0 } })
    // Of one tap neither dilation nor the rule of padding can be seen.
    #expect(try matrix(of: [5], n: 8, padding: .same, dilation: 4) == diagonal)
    #expect(try matrix(of: [5], n: 8, padding: .causal) == diagonal)
  }

  @Test func w39_supportOfKernelsInTurn() throws {
    #expect(try slide([1, 1, 1], [1, 1, 1], padding: .full) == [1, 2, 3, 2, 1])
    let five = try slide([1, 1, 1], [1, 1, 1], padding: .full)
    #expect(try slide(five, [1, 1, 1], padding: .full) == [1, 3, 6, 7, 6, 3, 1])
  }

  @Test(arguments: [1, 4]) func w40_fieldsOfThreeLayers(channels: Int) throws {
    let summary = try table([1, 30]) { for _ in 0..<3 { Conv1D(channels, kernel: 3) } }
    #expect(summary.fields(of: ["Conv1D"]) == [3, 5, 7])
  }

  @Test func w41_parametersByChannels() throws {
    for (inputs, outputs, kernel) in [(15, 15, 3), (1, 15, 3), (4, 7, 5)] {
      let line = try table(InputShape(Shape([inputs, 40]))) { Conv1D(outputs, kernel: kernel) }
      #expect(line.parameters == inputs * outputs * kernel + outputs)
      let plane = try table(InputShape(Shape([inputs, 40, 40]))) { Conv2D(outputs, kernel: kernel) }
      #expect(plane.parameters == inputs * outputs * kernel * kernel + outputs)
    }
    #expect(try table([15, 19]) { Conv1D(15, kernel: 3) }.parameters == 690)
  }

  @Test func w42_fromNumbersToAName() async throws {
    let names = ["Aardvark", "Apple", "Bee", "Bicycle", "Bridge", "Clown", "others"]
    let model = try Model(input: [1, 1, 1], classes: names) {
      Flatten()
      Dense(7).named("fc")
    }
    // The bias alone speaks: logarithms of the wanted probabilities.
    let wanted = [0.001, 0.001, 0.01, 0.89, 0.05, 0.001, 0.047]
    try model.store.set("fc.weight", to: Tensor(zeros: [7, 1]))
    try model.store.set("fc.bias", to: tensor(wanted.map { log($0) }, [7]).converted(to: .f32))
    let pixel = try Image8(height: 1, width: 1, channels: 1, pixels: [124])
    let answers = try await model.predict(pixel, top: 2, device: .reference)
    #expect(answers.map(\.name) == ["Bicycle", "Bridge"] && answers.map(\.index) == [3, 4])
    #expect(abs(answers[0].probability - 0.89) < 1e-5)
  }

  @Test func w44_placesOfACrop() throws {
    // (256 − 224)² places and their mirror images; 33² counted inclusively, as the pictures are really cut.
    let steps = 256 - 224
    #expect(steps * steps * 2 == 2048)
    var seen: Set<[Double]> = []
    let set = try InMemoryDataset(
      name: "one", pixels: (0..<64).map { UInt8($0) }, labels: [0], sampleShape: [1, 8, 8], classNames: ["it"])
    let loader = try Loader(
      set, batchSize: 1, order: .sequential, normalization: .unit, augmentation: Augmentation(crop: 1, flip: 0.5))
    defer { loader.stop() }
    for _ in 0..<600 {
      guard let batch = try loader.next() else { break }
      if let pixels = batch["input"] { seen.insert(pixels.numbers) }
      loader.recycle(batch)
    }
    // One pixel of black on each side: 3² places, twice.
    #expect(seen.count == 3 * 3 * 2)
  }

  @Test func w46_everyOtherPixel() throws {
    let x = ramp([4, 4]).rows
    let some: [[Double]] = [[0, 2], [8, 10]]
    #expect(try slide(x, [[1]], stride: 2) == some)
    #expect(try through(AveragePool2D(1, stride: 2), x) == some)
  }

  @Test func w47_upright() throws {
    // Bright to the right of an upright edge, and nothing along a level one.
    let upright: [[Double]] = [[0, 0, 1, 1], [0, 0, 1, 1]]
    #expect(try slide(upright, [[-1, 1]]) == [[0, 1, 0], [0, 1, 0]])
    #expect(try slide(transposed(upright), [[-1, 1]]) == [[0], [0], [0], [0]])
  }

  @Test func w48_paddingBySideOrInAll() {
    for n in 1..<40 {
      for (k, p, s) in [(1, 0, 1), (3, 1, 1), (3, 1, 2), (4, 2, 3), (5, 0, 2), (7, 3, 4), (11, 5, 5)]
      where n + 2 * p >= k {
        let found = length(n, Conv1D(1, kernel: k, stride: s, padding: .explicit(p)))
        #expect(found == (n - k + 2 * p) / s + 1 && found == (n - k + 2 * p + s) / s)
      }
    }
  }

  @Test func w49_softmaxAndItsGradient() throws {
    let p = try apply(tensor([1, 2, 3], [1, 3])) { Softmax() }.numbers
    #expect(close(p, [0.0900306, 0.2447285, 0.6652410], 1e-7))
    let loss = try run(
      Op.SoftmaxCrossEntropyLoss.self, [tensor([1, 2, 3], [1, 3]), Tensor([2 as Int32])], gradients: [0])
    #expect(close(loss.output.numbers, [0.4076060], 1e-7))
    #expect(close(loss.gradients[0].numbers, [0.0900306, 0.2447285, -0.3347590], 1e-7))
  }

  @Test func w50_fullPadding() { #expect(length(5, Conv1D(1, kernel: 3, padding: .full)) == 7) }

  @Test func w51_sizesOfLeNet() throws {
    let rows = try network("lenet5").rows.filter { $0.type != "ReLU" && $0.type != "Flatten" }
    #expect(rows.map { $0.output.dims.last ?? 0 } == [28, 14, 10, 5, 120, 84, 10])
    // On 32×32 without padding the same.
    #expect(extents([32, 32], Conv2D(6, kernel: 5)) == [28, 28])
  }

  @Test func w52_spanWithThreeWeights() throws {
    let five = try table([1, 20]) { Conv1D(1, kernel: 5, bias: false) }
    let three = try table([1, 20]) { Conv1D(1, kernel: 3, dilation: 2, bias: false) }
    #expect(five.fields(of: ["Conv1D"]) == [5] && three.fields(of: ["Conv1D"]) == [5])
    #expect(five.parameters == 5 && three.parameters == 3)
  }

  @Test func w53_inputsOfAHiddenUnit() throws {
    let rows = try matrix(of: [1, 1, 1], n: 6, padding: 1).map { $0.count { $0 != 0 } }
    #expect(rows == [2, 3, 3, 3, 3, 2])
    let dense = try table([6]) { Dense(6, bias: false) }
    #expect(dense.parameters / 6 == 6)
  }

  @Test func w54_aPatchTimesAKernel() throws {
    let (x, w) = (draw([5, 5], seed: 110), draw([1, 1, 3, 3], seed: 111))
    let found = try apply(tensor(x.numbers, [1, 1, 5, 5]), [w, tensor([0.5], [1])]) { Conv2D(1, kernel: 3) }
    let patch = (1...3).flatMap { i in (0...2).map { x.at(i, $0) } }
    #expect(abs(found.at(0, 0, 1, 0) - zip(w.numbers, patch).reduce(0.5) { $0 + $1.0 * $1.1 }) < 1e-12)
  }
}
