import Fovea
import Testing

/// Worked examples W60–W84: numbers behind the figures and notebooks of the courses.
@Suite struct WorkedFigureRows {
  private let measured = WorkedSecondRows.measured

  @Test func w60_arithmeticOfSizes() {
    #expect(length(4, Conv1D(1, kernel: 3)) == 2)
    #expect(length(5, Conv1D(1, kernel: 3, stride: 2)) == 2)
    #expect(length(5, Conv1D(1, kernel: 3, padding: .full)) == 7)
    #expect(length(5, Conv1D(1, kernel: 4, padding: 2)) == 6)
    #expect(length(5, Conv1D(1, kernel: 3, padding: 1)) == 5)
    #expect(length(5, Conv1D(1, kernel: 3, stride: 2, padding: 1)) == 3)
    #expect(length(6, Conv1D(1, kernel: 3, stride: 2, padding: 1)) == 3)
  }

  @Test func w61_sizesBack() {
    #expect(length(2, ConvTranspose1D(1, kernel: 2, stride: 2)) == 4)
    #expect(length(3, ConvTranspose1D(1, kernel: 3, stride: 2, padding: 1)) == 5)
    #expect(length(3, ConvTranspose1D(1, kernel: 3, stride: 2, padding: 1, outputPadding: 1)) == 6)
  }

  @Test func w62_meanOfThreeWithStride() throws {
    let found = try slide(measured, [0.33, 0.33, 0.33], stride: 2, padding: 1)
    #expect(close(found, [3.465, 5.214, 8.415, 10.065, 5.577, 3.234], 1e-6))
  }

  @Test func w63_meanOfFive() throws {
    let found = try slide(measured, [0.2, 0.2, 0.2, 0.2, 0.2], padding: 2)
    #expect(
      close(found, [3.18, 4.2, 6.22, 7.24, 8.16, 9.14, 8.76, 7.42, 6.02, 4.66, 2.6, 1.96], 1e-6))
    #expect(abs(found.reduce(0, +) - 69.56) < 1e-6)
  }

  @Test func w64_dilatedMean() throws {
    let found = try slide(measured, [0.33, 0.33, 0.33], padding: .same, dilation: 2)
    let expected = [3.498, 3.432, 6.831, 6.831, 8.382, 8.481, 7.656, 7.92, 5.412, 5.544, 2.145, 2.145]
    #expect(close(found, expected, 1e-6))
    #expect(abs(found.reduce(0, +) - 68.277) < 1e-6)
  }

  @Test func w65_slopes() throws {
    let found = try slide(measured, [-0.5, 0, 0.5], padding: 1)
    #expect(close(found, [2.65, 0.1, -0.1, 2.35, 2.6, -0.1, 0, -3.35, -3.45, 0.05, -0.15, -1.65], 1e-6))
  }

  @Test func w66_asAConvolutionAndAsAMatrix() throws {
    let k = [-1, 0.5, -0.2]
    let expected = [1.54, -3.63, -3.62, -4.87, -2.11, -6.93, -7.41, -5.39, -9.38, -2.16, -2.37, -1.75]
    #expect(close(try slide(measured, k, padding: 1), expected, 1e-6))
    let rows = try matrix(of: k, n: 12, padding: 1)
    #expect(rows.count == 12 && close(product(rows, measured), expected, 1e-6))
    let dense = try apply(tensor(measured, [1, 12]), [tensor(rows.flatMap { $0 }, [12, 12])]) { Dense(12, bias: false) }
    #expect(close(dense.numbers, expected, 1e-6))
  }

  static let four: [[Double]] = [[1, 3, 5, 3], [6, 2, 0, 8], [4, 6, 1, 4], [2, 8, 0, 3]]

  @Test func w67_threeWaysToHalf() throws {
    #expect(try slide(Self.four, [[1]], stride: 2) == [[1, 5], [4, 1]])
    #expect(try through(MaxPool2D(2), Self.four) == [[6, 8], [8, 4]])
    #expect(try through(AveragePool2D(2), Self.four) == [[3, 4], [5, 2]])
  }

  /// Two bright bands with a dark one between them, 6×8.
  private let bands = [[Double]](repeating: [1, 1, 0, 0, 0, 0, 1, 1], count: 6)

  @Test func w69_edgesAndALearnedKernel() throws {
    let answer: [Double] = [0, 1, 0, 0, 0, -1, 0]
    let edges = try slide(bands, [[1, -1]])
    #expect(edges == .init(repeating: answer, count: 6))
    #expect(try slide(bands, [[-1, 1]]) == .init(repeating: answer.map { -$0 }, count: 6))
    #expect(try slide(transposed(bands), [[1, -1]]).flatMap { $0 }.allSatisfy { $0 == 0 })
    // Ten steps of gradient descent on the squared error find the kernel.
    var w = tensor([0, 0], [1, 1, 1, 2])
    for _ in 0..<10 {
      let found = try run(Op.Conv.self, [picture(bands), w])
      let errors = zip(found.output.numbers, edges.flatMap { $0 }).map { 2 * ($0 - $1) }
      let slope = try differentiate(picture(bands), [w], weights: tensor(errors, found.output.shape)) {
        Conv2D(1, kernel: [1, 2], bias: false)
      }.byParameters[0]
      w = tensor(zip(w.numbers, slope.numbers).map { $0 - 0.03 * $1 }, [1, 1, 1, 2])
    }
    #expect(close(w.numbers, [1, -1], 0.15))
  }

  @Test func w70_paddingAndStride() throws {
    #expect(extents([8, 8], Conv2D(1, kernel: 3, padding: 1)) == [8, 8])
    #expect(extents([8, 8], Conv2D(1, kernel: [5, 3], padding: .explicit([2, 1]))) == [8, 8])
    #expect(extents([8, 8], Conv2D(1, kernel: 3, stride: 2, padding: 1)) == [4, 4])
    #expect(extents([8, 8], Conv2D(1, kernel: [3, 5], stride: [3, 4], padding: .explicit([0, 1]))) == [2, 2])
    let deep = try table([1, 240, 240]) { for _ in 0..<10 { Conv2D(1, kernel: 5) } }
    #expect(deep.rows.last?.output == [1, 1, 200, 200])
  }

  @Test func w71_severalChannels() throws {
    let x = tensor((0..<9).map(Double.init) + (1..<10).map(Double.init), [1, 2, 3, 3])
    let k: [Double] = [0, 1, 2, 3, 1, 2, 3, 4]
    #expect(
      try apply(x, [tensor(k, [1, 2, 2, 2])]) { Conv2D(1, kernel: 2, bias: false) }.rows == [[56, 72], [104, 120]])
    let three = tensor(k + k.map { $0 + 1 } + k.map { $0 + 2 }, [3, 2, 2, 2])
    #expect(
      try apply(x, [three]) { Conv2D(3, kernel: 2, bias: false) }.rows
        == [[56, 72], [104, 120], [76, 100], [148, 172], [96, 128], [192, 224]])
    // A 1×1 kernel is a product of matrices.
    let w = draw([3, 2, 1, 1], seed: 121)
    let found = try apply(x, [w]) { Conv2D(3, kernel: 1, bias: false) }
    for o in 0..<3 {
      for place in 0..<9 {
        let sum = w.at(o, 0, 0, 0) * x.numbers[place] + w.at(o, 1, 0, 0) * x.numbers[9 + place]
        #expect(abs(found.numbers[9 * o + place] - sum) < 1e-12)
      }
    }
  }

  @Test func w72_poolings() throws {
    let three = ramp([3, 3]).rows
    #expect(try through(MaxPool2D(2, stride: 1), three) == [[4, 5], [7, 8]])
    #expect(try through(AveragePool2D(2, stride: 1), three) == [[2, 3], [5, 6]])
    let four = ramp([4, 4]).rows
    #expect(try through(MaxPool2D(3), four) == [[10]])
    #expect(try through(MaxPool2D(3, stride: 2, padding: 1), four) == [[5, 7], [13, 15]])
  }

  @Test func w73_edgesWithoutAMatrix() throws {
    let sparse = try table([1, 280, 320]) { Conv2D(1, kernel: [1, 2], bias: false) }
    #expect(sparse.rows[0].output == [1, 1, 280, 319])
    // Two products and a sum for each of 319·280 numbers; a matrix has an entry for each pair of numbers.
    #expect(sparse.multiplyAdds == 178_640 && sparse.multiplyAdds / 2 * 3 == 267_960)
    let matrix = try table([89_600]) { Dense(89_320, bias: false) }
    #expect(matrix.parameters == 8_003_072_000 && sparse.parameters == 2)
    #expect(matrix.parameters / sparse.parameters > 4_000_000_000)
    #expect(2 * matrix.multiplyAdds / 267_960 == 59_733)
  }

  @Test func w75_fieldsToTheWholePicture() throws {
    let summary = try table([1, 11]) {
      for stride in [1, 1, 2, 1] { Conv1D(1, kernel: 3, stride: stride) }
    }
    #expect(summary.fields(of: ["Conv1D"]) == [3, 5, 7, 11])
    #expect(summary.rows.last?.output == [1, 1, 1])
  }

  @Test func w76_fieldsWithStride() throws {
    let entry = try Zoo.standard.entry("mnist-1d-conv")
    let graph = Model.draft(input: entry.input) { entry.network(10) }
    let fields = graph.receptiveFields()
    let axes = graph.nodes.filter { $0.op == "Conv" }.compactMap { fields[$0.outputs[0]]?.axes[0] }
    #expect(axes.map(\.max) == [3, 7, 15] && axes.map(\.jump) == [2, 4, 8])
  }

  @Test func w77_fieldsOfLargeNetworks() throws {
    let alexNet = try table([3, 227, 227]) {
      Conv2D(96, kernel: 11, stride: 4)
      MaxPool2D(3, stride: 2)
      Conv2D(256, kernel: 5, padding: 2)
      MaxPool2D(3, stride: 2)
      for channels in [384, 384, 256] { Conv2D(channels, kernel: 3, padding: 1) }
      MaxPool2D(3, stride: 2)
    }
    #expect(alexNet.fields(of: ["Conv2D", "MaxPool2D"]) == [11, 19, 51, 67, 99, 131, 163, 195])
    for (stages, field) in [([2, 2, 3, 3, 3], 212), ([2, 2, 4, 4, 4], 268)] {
      let vgg = try table([3, 224, 224]) {
        for convolutions in stages {
          for _ in 0..<convolutions { Conv2D(8, kernel: 3, padding: .same) }
          MaxPool2D(2)
        }
      }
      #expect(vgg.fields(of: ["MaxPool2D"]).last == field)
    }
  }

  @Test func w78_savedByOneByOne() throws {
    let direct = try table([192, 28, 28]) { Conv2D(32, kernel: 5, padding: .same) }
    let reduced = try table([192, 28, 28]) {
      Conv2D(16, kernel: 1)
      Conv2D(32, kernel: 5, padding: .same)
    }
    #expect(direct.multiplyAdds == 120_422_400 && reduced.multiplyAdds == 12_443_648)
  }

  @Test func w79_howOftenAPixelIsRead() throws {
    func reads(_ padding: Padding) throws -> [[Double]] {
      let size = extents([5, 5], Conv2D(1, kernel: 3, padding: padding))?.first ?? 0
      let ones = tensor(.init(repeating: 1, count: size * size), [1, 1, size, size])
      let kernel = tensor(.init(repeating: 1, count: 9), [1, 1, 3, 3])
      return try differentiate(ramp([1, 1, 5, 5]), [kernel], weights: ones) {
        Conv2D(1, kernel: 3, padding: padding, bias: false)
      }.byInput.rows
    }
    func few(_ rows: [[Double]]) -> [Double] { [rows[0][0], rows[0][2], rows[2][2]] }
    #expect(few(try reads(.valid)) == [1, 3, 9])
    #expect(few(try reads(.same)) == [4, 6, 9])
    #expect(few(try reads(.full)) == [9, 9, 9])
  }

  @Test func w80_theWayBack() throws {
    let found = try apply(signal([1, 10, 100]), [signal([1, 2, 3])]) {
      ConvTranspose1D(1, kernel: 3, stride: 2, padding: 1, outputPadding: 1, bias: false)
    }
    #expect(found.numbers == [2, 13, 20, 130, 200, 300])
    let down = try matrix(of: [1, 2, 3], n: 6, stride: 2, padding: 1)
    #expect(product(transposed(down), [1, 10, 100]) == found.numbers)
  }

  @Test func w82_decreasingIsPositive() throws {
    #expect(try slide([5, 4, 3, 2, 1], [1, 0, -1]) == [2, 2, 2])
  }

  @Test func w83_normalizedNumbers() throws {
    let found = try apply(tensor([1, 2, 3, 4], [4, 1]), mode: .training) { BatchNorm(epsilon: 1e-15) }
    #expect(close(found.numbers, [-1.341641, -0.447214, 0.447214, 1.341641], 1e-6))
  }

  @Test(arguments: [(32, 77_070_336), (224, 233_137_766_400)])
  func w84_sharedAgainstDense(size: Int, dense: Int) throws {
    let input = InputShape(Shape([3, size, size]))
    let side = size - 4
    #expect(try table(input) { Conv2D(32, kernel: 5) }.parameters == 2_432)
    let flat = try table(input) {
      Flatten()
      Dense(32 * side * side, bias: false)
    }
    #expect(flat.parameters == dense)
  }
}
