import FoveaExecution
import FoveaGraphs
import FoveaLayers
import FoveaTensors
import Testing

@Suite struct HistoricLayerTests {
  static let table = [[0, 2], [1], [0, 1, 2], [1, 2]]

  /// A table is a convolution whose other weights are zero, and its gradient is that convolution's at the links.
  @Test(arguments: [table, [[0], [0], [2]], [[0, 1, 2], [0, 1, 2]]])
  func partialIsMaskedConvolution(table: [[Int]]) throws {
    let partial = try Net([3, 7, 6]) { PartialConv2D(table, kernel: [3, 2], stride: 2, padding: 1) }
    let links = table.reduce(0) { $0 + $1.count }
    let weight = try #require(partial.values["weight"])
    #expect(weight.shape == [links, 3, 2])
    var masked = [Double](repeating: 0, count: table.count * 3 * 6)
    var places: [Int] = []
    for (map, row) in table.enumerated() { places += row.map { (map * 3 + $0) * 6 } }
    for (link, place) in places.enumerated() {
      for tap in 0..<6 { masked[place + tap] = weight.numbers[link * 6 + tap] }
    }
    let dense = try Net(
      [3, 7, 6],
      ["weight": tensor(masked, [table.count, 3, 3, 2]), "bias": try #require(partial.values["bias"])]
    ) { Conv2D(table.count, kernel: [3, 2], stride: 2, padding: 1) }
    let x = draw([2, 3, 7, 6], seed: 1)
    let (a, b) = (try partial(x), try dense(x))
    #expect(a.shape == b.shape && difference(a.numbers, b.numbers) < 1e-12)
    let weights = draw(a.shape, seed: 2)
    let found = try partial.gradients(x, weights: weights)
    let expected = try dense.gradients(x, weights: weights)
    for name in ["input", "bias"] {
      #expect(difference(found[name]?.numbers ?? [], expected[name]?.numbers ?? [1]) < 1e-12, "\(name)")
    }
    let all = try #require(expected["weight"]?.numbers)
    let linked = places.flatMap { place in (0..<6).map { all[place + $0] } }
    #expect(difference(found["weight"]?.numbers ?? [], linked) < 1e-12)
  }

  @Test(arguments: [
    ([], "the table is empty"), ([[0], []], "output map 1 sees no input"),
    ([[0, 3]], "output map 0 wants the input map 3 of 0 to 2"), ([[0], [-1]], "output map 1 wants the input map -1"),
    ([[0, 2, 1]], "row 0, [0, 2, 1], is not ascending"), ([[1, 1]], "row 0, [1, 1], is not ascending"),
    ([[Int]](repeating: [0, 2], count: 512), "the table falls into 1025 pieces"),
  ])
  func tablesThatNoConvolutionHas(table: [[Int]], problem: String) {
    let graph = Model.draft(input: [3, 8, 8]) {
      PartialConv2D(table, kernel: 3)
      ReLU()
    }
    #expect(graph.mistakes.count == 1)
    #expect(graph.mistakes.first?.problem.hasPrefix(problem) == true, "\(graph.mistakes)")
  }

  /// The gaps of the table are constants: their size is known to be small before they are made.
  @Test func kernelsThatAreTooLarge() {
    let graph = Model.draft(input: [2, 8, 8]) { PartialConv2D([[0], [1]], kernel: 1 << 20) }
    #expect(
      graph.mistakes.map(\.problem) == [
        "2 maps with kernels of 1048576×1048576 over 2 inputs hold more than 67108864 numbers with the zeros between them"
      ])
    #expect(Model.draft(input: [2, 8, 8]) { PartialConv2D([[0], [1]], kernel: 9) }.mistakes.count == 1)
  }

  @Test func tablesInSummaries() {
    #expect("\(PartialConv2D([[0, 1], [2]], kernel: 5))" == "PartialConv2D([[0, 1], [2]], kernel: 5)")
    let rows = [[Int]](repeating: [0, 1, 2, 3, 4, 5], count: 16)
    #expect("\(PartialConv2D(rows, kernel: 5))" == "PartialConv2D([[0, 1, 2, 3, …], …] (16 maps), kernel: 5)")
  }

  @Test func subsamplingByHand() throws {
    let x = tensor([1, 2, 5, 0, 3, 4, 1, 2], [1, 1, 2, 4])
    let values = ["weight": tensor([2], [1, 1, 1]), "bias": tensor([10], [1, 1, 1])]
    #expect(try Net([1, 2, 4], values) { Subsampling2D(2) }(x).numbers == [15, 14])
    #expect(try Net([1, 2, 4], values) { Subsampling2D(2, of: .sum) }(x).numbers == [30, 26])
    // Both start as the mean.
    for statistic in [Subsampling2D.Statistic.mean, .sum] {
      let model = try Model(input: [1, 2, 4]) { Subsampling2D(2, of: statistic) }
      #expect(try model.store.tensor("bias").array(of: Float.self) == [0])
      #expect(try model.store.tensor("weight").array(of: Float.self) == [statistic == .mean ? 1 : 0.25])
    }
    let wrong = Model.draft(input: [1, 2, 4]) { Subsampling2D(0) }
    #expect(wrong.mistakes.map(\.problem) == ["size 0 is less than 1"])
  }

  @Test func scaledTanh() throws {
    let y = try Net([3]) { ScaledTanh() }(tensor([-1, 0, 1], [1, 3])).numbers
    // The constants are single-precision numbers.
    #expect(abs(y[2] - 1) < 1e-4 && y[1] == 0 && y[0] == -y[2])
    let wrong = Model.draft(input: [3]) { ScaledTanh(amplitude: .infinity) }
    #expect(wrong.mistakes.count == 1)
  }

  /// An identity copies what it is given; a tent keeps a constant, and a straight line, away from the rim.
  @Test func patterns() throws {
    func initial(_ pattern: WeightPattern, _ shape: Shape) -> Tensor {
      Store.initial(
        Parameter(path: "w", role: .weight, initializer: .pattern(pattern)), shape, .f64, seed: 0, scheme: .standard)
    }
    let x = draw([1, 3, 5, 5], seed: 3)
    let copy = try Net([3, 5, 5], ["weight": initial(.identity, [3, 3, 3, 3])]) {
      Conv2D(3, kernel: 3, padding: .same, bias: false)
    }
    #expect(try copy(x).numbers == x.numbers)
    #expect(
      initial(.bilinear, [1, 1, 4, 4]).numbers.prefix(8)
        == [0.0625, 0.1875, 0.1875, 0.0625, 0.1875, 0.5625, 0.5625, 0.1875])
    #expect(initial(.bilinear, [1, 1, 3]).numbers == [0.5, 1, 0.5])
    // Weights that join different channels are zero.
    #expect(
      initial(.bilinear, [2, 3, 1, 2]).numbers.indices.filter { initial(.bilinear, [2, 3, 1, 2]).numbers[$0] != 0 }
        == [0, 1, 8, 9])
    let line = tensor((0..<6).map(Double.init), [1, 1, 6])
    let tent = try Net([1, 6], ["weight": initial(.bilinear, [1, 1, 4])]) {
      ConvTranspose1D(1, kernel: 4, stride: 2, padding: 1, bias: false)
    }
    #expect(try Array(tent(line).numbers[1..<11]) == (1..<11).map { (Double($0) - 0.5) / 2 })
  }
}
