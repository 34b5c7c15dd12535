import Fovea
import Testing

/// Worked examples W1–W31.
@Suite struct WorkedFirstRows {
  @Test func w1_differencesTwoApart() throws {
    #expect(try slide([1, 2, 3, 4, 5], [1, 0, -1]) == [-2, -2, -2])
  }

  @Test func w2_lengthOfTheOutput() throws {
    #expect(try slide([1, 2, 3, 4, 5], [1, 0, -1]).count == 3)
    #expect(try slide([1, 2, 3, 4, 5], [1, 0, -1], stride: 2) == [-2, -2])
  }

  @Test(arguments: [15_000, 150_000]) func w3_denseLayerOnASignal(inputs: Int) throws {
    #expect(try table(InputShape(Shape([inputs]))) { Dense(100, bias: false) }.parameters == inputs * 100)
  }

  @Test func w4_costOfAPerceptron() throws {
    let widths = [40, 285, 135, 60, 10]
    let summary = try network("mnist-1d-fc")
    let products = zip(widths, widths.dropFirst()).reduce(0) { $0 + $1.0 * $1.1 }
    #expect(products == 58_575 && summary.multiplyAdds == products)
    #expect(summary.parameters == 59_065)
    let kept = summary.rows.filter { $0.type == "Dense" }.reduce(40) { $0 + $1.output.count }
    #expect(kept == 530)
    // Backward: for each layer one product for the weights and, but for the first, one for what came in.
    let entry = try Zoo.standard.entry("mnist-1d-fc")
    var graph = Model.draft(input: entry.input) { entry.network(10) }
    let output = try #require(graph.output("output"))
    let sum = graph.add(Op.ReduceSum.self, [output], ["keepdims": .int(0)])[0]
    _ = try graph.differentiate(sum, withRespectTo: graph.parameters.map(\.value))
    #expect(graph.analysis().total.multiplyAdds - products == 2 * products - 40 * 285)
  }

  /// The convolutions of 2012, the first on 224×224 with the padding that it needs.
  private func front() throws -> [SummaryTable.Row] {
    try table([3, 224, 224]) {
      Conv2D(96, kernel: 11, stride: 4, padding: 2)
      MaxPool2D(3, stride: 2)
      Conv2D(256, kernel: 5, padding: 2, groups: 2)
      MaxPool2D(3, stride: 2)
      Conv2D(384, kernel: 3, padding: 1)
      Conv2D(384, kernel: 3, padding: 1, groups: 2)
      Conv2D(256, kernel: 3, padding: 1, groups: 2)
    }.rows
  }

  @Test func w5_numbersOfAPicture() {
    let graph = Model.draft(input: [3, 224, 224]) { Identity() }
    #expect(graph.shape(graph.inputs[0]).count == 150_528)
  }

  @Test func w6_neuronsOfLaterLayers() throws {
    let sizes = try front().filter { $0.type == "Conv2D" }.map(\.output.count)
    #expect(Array(sizes.dropFirst()) == [186_624, 64_896, 64_896, 43_264])
  }

  @Test func w7_neuronsOfTheFirstLayer() throws {
    // 55·55·96, and not the often printed 55·48·96 = 253,440.
    let rows = try front()
    #expect(rows[0].output == [1, 96, 55, 55] && rows[0].output.count == 290_400)
    let neurons = rows.filter { $0.type == "Conv2D" }.reduce(4096 + 4096 + 1000) { $0 + $1.output.count }
    #expect(neurons == 659_272)
    // Without padding 224 does not go up evenly; 227 does.
    #expect(extents([224], Conv1D(1, kernel: 11, stride: 4)) == [54])
    #expect(extents([227], Conv1D(1, kernel: 11, stride: 4)) == [55])
  }

  @Test func w8_weightsOfTheFirstLayer() throws {
    #expect(try front()[0].parameters == 34_848 + 96)
  }

  @Test func w9_sevenByStrideTwo() { #expect(extents([7, 7], Conv2D(1, kernel: 3, stride: 2)) == [3, 3]) }

  @Test func w10_sevenByStrideOne() { #expect(extents([7, 7], Conv2D(1, kernel: 3)) == [5, 5]) }

  @Test(arguments: [1, 3, 5, 7]) func w11_halfOfTheKernelKeepsTheSize(kernel: Int) {
    #expect(extents([32, 32], Conv2D(1, kernel: kernel, padding: .explicit((kernel - 1) / 2))) == [32, 32])
  }

  @Test func w12_poolingHalves() { #expect(extents([4, 4], MaxPool2D(2, stride: 2)) == [2, 2]) }

  static let windows: [[Double]] = [[1, 1, 2, 4], [5, 6, 7, 8], [3, 2, 1, 0], [1, 2, 3, 4]]

  @Test func w13_largestOfFourWindows() throws {
    #expect(try through(MaxPool2D(2, stride: 2), Self.windows) == [[6, 8], [3, 4]])
  }

  @Test(arguments: [5, 32, 224]) func w14_parametersWithoutThePicture(size: Int) throws {
    let input = InputShape(Shape([3, size, size]))
    let summary = try table(input) { Conv2D(32, kernel: 5) }
    #expect(summary.parameters == 2432)
    #expect(try table(input) { Conv2D(32, kernel: 5, bias: false) }.parameters == 2400)
  }

  @Test func w15_shapesAlongTheWay() throws {
    let shapes = try network("shape-tracking").rows.filter { $0.type != "ReLU" }.map(\.output)
    #expect(
      shapes == [[1, 32, 28, 28], [1, 32, 14, 14], [1, 64, 10, 10], [1, 64, 5, 5], [1, 1600], [1, 10]])
  }

  @Test func w16_smallKernelsInTurn() throws {
    func stack(_ kernels: [Int]) throws -> SummaryTable {
      try table([8, 20, 20]) { for kernel in kernels { Conv2D(8, kernel: kernel, bias: false) } }
    }
    let (two, five) = (try stack([3, 3]), try stack([5]))
    #expect(
      two.rows.last?.receptiveField == [[5, 5], [5, 5]] && five.rows.last?.receptiveField == [[5, 5], [5, 5]])
    #expect(two.parameters == 18 * 64 && five.parameters == 25 * 64)
    let (three, seven) = (try stack([3, 3, 3]), try stack([7]))
    #expect(three.rows.last?.receptiveField == seven.rows.last?.receptiveField)
    #expect(three.parameters == 27 * 64 && seven.parameters == 49 * 64)
  }

  @Test func w17_anyMeanAndSpread() throws {
    let x = draw([40, 1], seed: 101)
    let y = try apply(x, [tensor([2.5], [1]), tensor([-7], [1])], mode: .training) { BatchNorm(epsilon: 1e-12) }.numbers
    let mean = y.reduce(0, +) / 40
    let variance = y.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / 40
    #expect(abs(mean + 7) < 1e-9 && abs(variance.squareRoot() - 2.5) < 1e-6)
  }

  @Test func w18_sevenFilters() throws {
    let ramp = ramp([5, 5]).rows
    let constant = [[Double]](repeating: [Double](repeating: 3, count: 5), count: 5)
    let inside: [[Double]] = [[6, 7, 8], [11, 12, 13], [16, 17, 18]]
    for (name, kernel, sum) in filterBank {
      #expect(abs(kernel.flatMap { $0 }.reduce(0, +) - sum) < 1e-12, "\(name)")
      let flat = [[Double]](repeating: [Double](repeating: 3 * sum, count: 3), count: 3)
      #expect(close(try slide(constant, kernel), flat), "\(name)")
      // A ramp has no edges, and a mean of neighbours is the middle.
      #expect(close(try slide(ramp, kernel), sum == 0 ? flat : inside), "\(name)")
    }
  }

  @Test func w19_twoByTwoOnThreeByThree() throws {
    #expect(try slide(ramp([3, 3]).rows, [[0, 1], [2, 3]]) == [[19, 25], [37, 43]])
    #expect(try slide(ramp([3, 3]).rows, [[3, 2], [1, 0]]) == [[5, 11], [23, 29]], "the kernel turned around")
  }

  @Test func w20_twoByTwoTakesOneAway() { #expect(extents([9, 6], Conv2D(1, kernel: 2)) == [8, 5]) }

  @Test func w21_paddedByOne() throws {
    let expected: [[Double]] = [[0, 3, 8, 4], [9, 19, 25, 10], [21, 37, 43, 16], [6, 7, 8, 0]]
    #expect(try slide(ramp([3, 3]).rows, [[0, 1], [2, 3]], padding: 1) == expected)
  }

  @Test func w22_strideOfThreeAndTwo() throws {
    #expect(try slide(ramp([3, 3]).rows, [[0, 1], [2, 3]], stride: [3, 2], padding: 1) == [[0, 8], [6, 8]])
  }

  @Test func w23_aMegapixelToAMegapixel() throws {
    let dense = try table([1, 1000, 1000]) {
      Flatten()
      Dense(1_000_000, bias: false)
    }
    #expect(dense.parameters == 1_000_000_000_000)
  }

  @Test func w24_windowsSideBySide() { #expect(extents([4, 4], MaxPool2D(2)) == [2, 2]) }

  @Test func w25_threeChannelsToFive() throws {
    let graph = Model.draft(input: [3, 8, 8]) { Conv2D(5, kernel: 3) }
    #expect(graph.parameters.map { graph.shape($0.value) } == [[5, 3, 3, 3], [5]])
    #expect(graph.analysis().parameters == 135 + 5)
  }

  @Test func w26_threeKernelsOnTwoChannels() throws {
    let summary = try table([2, 5, 5]) { Conv2D(3, kernel: 3, bias: false) }
    #expect(summary.rows[0].output == [1, 3, 3, 3] && summary.parameters == 54)
  }

  @Test(arguments: [4, 28, 224]) func w27_strideTwoHalves(size: Int) {
    #expect(length(size, Conv1D(1, kernel: 2, stride: 2)) == size / 2)
    #expect(length(size, Conv1D(1, kernel: 3, stride: 2, padding: .same)) == size / 2)
  }

  @Test func w28_whatPoolingForgives() throws {
    func pooled(_ place: Int) throws -> [Double] {
      try through(MaxPool1D(2), (0..<8).map { $0 == place ? 9 : 0 })
    }
    #expect(try pooled(3) == [0, 9, 0, 0])
    #expect(try pooled(2) == [0, 9, 0, 0], "a step inside the window is not seen")
    #expect(try pooled(5) == [0, 0, 9, 0], "two steps are one of the output")
  }

  @Test func w29_everyPixelToEveryPixel() throws {
    let dense = try table([3, 224, 224]) {
      Flatten()
      Dense(150_528, bias: false)
    }
    #expect(dense.parameters == 22_658_678_784)
  }

  @Test func w30_aFewParametersAgainstMany() throws {
    let convolutional = try network("mnist-1d-conv").parameters
    let rival = try table([1, 40]) { MLP(hidden: [360, 365], classes: 10) }.parameters
    #expect(convolutional == 2_050 && rival == 150_185)
    #expect(rival / convolutional == 73)
  }

  @Test func w31_theTableOfASmallNetwork() throws {
    let summary = try Zoo.standard.model("mnist-1d-conv").summary(batch: 100)
    #expect(summary.learned.map(\.output) == [[100, 15, 19], [100, 15, 9], [100, 15, 4], [100, 10]])
    #expect(summary.rows.map(\.parameters) == [60, 0, 690, 0, 690, 0, 0, 610])
    #expect(summary.parameters == 2_050 && summary.trainableParameters == 2_050)
    #expect(summary.multiplyAdds == 10_230 && summary.multiplyAddsWithBiases == 1_072_000)
    #expect([summary.inputBytes, summary.activationBytes, summary.parameterBytes] == [16_000, 392_000, 8_200])
    #expect("\(summary)".contains("0.42 MB in all"))
  }
}

/// The seven filters that are taught first, with the sums of their numbers.
let filterBank: [(name: String, kernel: [[Double]], sum: Double)] = [
  ("identity", [[0, 0, 0], [0, 1, 0], [0, 0, 0]], 1),
  ("edges 1", [[1, 0, -1], [0, 0, 0], [-1, 0, 1]], 0),
  ("edges 2", [[0, 1, 0], [1, -4, 1], [0, 1, 0]], 0),
  ("edges 3", [[-1, -1, -1], [-1, 8, -1], [-1, -1, -1]], 0),
  ("sharpen", [[0, -1, 0], [-1, 5, -1], [0, -1, 0]], 1),
  ("box", [[Double]](repeating: [Double](repeating: 1.0 / 9, count: 3), count: 3), 1),
  ("Gauss", [[1.0, 2, 1], [2, 4, 2], [1, 2, 1]].map { $0.map { $0 / 16 } }, 1),
]
