import Foundation
import Fovea
import Testing

/// Operations, systems and examples that need more than plain convolution and pooling.
@Suite struct SpatialRows {
  private let windows = WorkedFirstRows.windows

  @Test func o24_im2col() throws {
    let (x, w, b) = (draw([2, 3, 5, 6], seed: 301), draw([4, 3, 3, 2], seed: 302), draw([4], seed: 303))
    let shape: Attributes = ["kernel_shape": .ints([3, 2]), "strides": .ints([2, 1]), "pads": .ints([1, 0, 1, 0])]
    let columns = try run(Op.Im2Col.self, [x], shape).output
    #expect(columns.shape == [2, 18, 15])
    let found = try apply(x, [w, b]) { Conv2D(4, kernel: [3, 2], stride: [2, 1], padding: .explicit([1, 0])) }
    for n in 0..<2 {
      for o in 0..<4 {
        for place in 0..<15 {
          let sum = (0..<18).reduce(b.at(o)) { $0 + w.numbers[18 * o + $1] * columns.at(n, $1, place) }
          #expect(abs(found.numbers[(4 * n + o) * 15 + place] - sum) < 1e-12)
        }
      }
    }
    // The way back adds up what windows share: how often each number is in one.
    let ones = tensor(.init(repeating: 1, count: 540), [2, 18, 15])
    let back = try run(Op.Col2Im.self, [ones, x], shape).output
    let counts = try run(Op.Im2Col.self, [x], shape, gradients: [0]).gradients[0]
    #expect(back.shape == x.shape && back.numbers == counts.numbers)
  }

  @Test func o25_locallyConnected() throws {
    let (x, w) = (draw([1, 2, 4, 5], seed: 304), draw([4, 3, 12], seed: 305))
    let found = try apply(x, [w]) { LocallyConnected2D(3, kernel: [3, 2], stride: [1, 2], bias: false) }
    #expect(found.shape == [1, 3, 2, 2])
    for (place, corner) in [(0, 0), (0, 2), (1, 0), (1, 2)].enumerated() {
      for o in 0..<3 {
        var sum = 0.0
        for c in 0..<2 {
          for a in 0..<3 {
            for b in 0..<2 { sum += w.at(place, o, 6 * c + 2 * a + b) * x.at(0, c, corner.0 + a, corner.1 + b) }
          }
        }
        #expect(abs(found.numbers[4 * o + place] - sum) < 1e-12)
      }
    }
  }

  @Test func o50_olderFunctions() throws {
    #expect(try apply(tensor([-2, 0, 3], [1, 3])) { LeakyReLU(0.1) }.numbers == [-0.2, 0, 3])
    // Each map is divided by what its neighbours say at the same place.
    let x = draw([1, 7, 2, 2], seed: 306)
    let found = try apply(x) { LocalResponseNorm(5, alpha: 5e-4, beta: 0.75, k: 2) }
    for c in 0..<7 {
      let sum = (max(0, c - 2)...min(6, c + 2)).reduce(0) { $0 + x.at(0, $1, 1, 0) * x.at(0, $1, 1, 0) }
      #expect(abs(found.at(0, c, 1, 0) - x.at(0, c, 1, 0) / pow(2 + 1e-4 * sum, 0.75)) < 1e-12)
    }
    // Squared distances to fixed codes, negated, so that the nearest wins.
    let published = try network("lenet5-1998")
    #expect(published.rows.last?.output == [1, 10] && published.rows.last?.parameters == 0)
  }

  @Test func o53_smallestOfEachWindow() throws {
    #expect(try through(MinPool2D(2), windows) == [[1, 2], [1, 0]])
  }

  @Test func o54_lengthOfEachWindow() throws {
    let expected = [[63.0, 133], [18, 26]].map { $0.map { $0.squareRoot() } }
    #expect(close(try through(LpPool2D(2), windows), expected))
  }

  @Test func o58_everyNumberTwice() throws {
    let found = try through(Upsample2D(scale: 2, mode: .nearest), [[1, 2], [3, 4]])
    #expect(found == [[1, 1, 2, 2], [1, 1, 2, 2], [3, 3, 4, 4], [3, 3, 4, 4]])
  }

  private func unpooled(_ x: [[Double]], values: [[Double]]) throws -> [[Double]] {
    let graph = Model.draft(inputs: ["input": InputShape(Shape([1, x.count, x[0].count])), "small": [1, 2, 2]]) {
      let (_, switches) = MaxPool2D(2).withSwitches($0["input"])
      return ["output": MaxUnpool(switches)($0["small"])]
    }
    try graph.check()
    let prepared = try PlanRequest(mode: .inference, precision: .f64).prepare(graph)
    let feeds = ["input": picture(x), "small": picture(values)]
    var environment: [Value: Tensor] = [:]
    for value in prepared.inputs { environment[value] = feeds[prepared[value].name] }
    let output = try #require(prepared.output("output"))
    return try #require(try Interpreter.run(prepared, environment)[output]).rows
  }

  @Test func o59_backToWhereTheyWere() throws {
    let x = draw([4, 4], seed: 307).rows
    let found = try unpooled(x, values: try through(MaxPool2D(2), x))
    for (row, numbers) in found.enumerated() {
      for (column, number) in numbers.enumerated() { #expect(number == 0 || number == x[row][column]) }
    }
    #expect(found.flatMap { $0 }.count { $0 != 0 } == 4)
  }

  @Test func w68_unpooledMaxima() throws {
    let found = try unpooled(WorkedFigureRows.four, values: [[6, 8], [8, 4]])
    #expect(found == [[0, 0, 0, 0], [6, 0, 0, 8], [0, 0, 0, 4], [0, 8, 0, 0]])
  }

  @Test func o60_bilinear() throws {
    // Halfway between the centres of pixels; the rim repeats.
    let found = try through(Upsample2D(scale: 2, mode: .bilinear), [[0, 4], [8, 12]])
    #expect(close(found, [[0, 1, 3, 4], [2, 3, 5, 6], [6, 7, 9, 10], [8, 9, 11, 12]]))
  }

  @Test func o70_croppedSkip() throws {
    let x = ramp([1, 2, 8, 8])
    let found = try apply(x) { CroppedSkip() }
    #expect(found.shape == [1, 4, 4, 4])
    #expect(Array(found.numbers.prefix(4)) == [18, 19, 20, 21])
  }

  /// The middle of what came in, beside what a valid pooling makes of it.
  private struct CroppedSkip: Layer {
    func declare(_ x: Symbol) -> Symbol {
      let small = MaxPool2D(5, stride: 1)(x)
      return x.cropped(like: small).applying(Op.Concat.self, to: [small], ["axis": .int(1)])
    }
  }

  @Test func o73_backwardByColumns() throws {
    let (x, w, delta) = (draw([1, 2, 5, 5], seed: 308), draw([3, 2, 3, 3], seed: 309), draw([1, 3, 3, 3], seed: 310))
    let found = try differentiate(x, [w, draw([3], seed: 311)], weights: delta) { Conv2D(3, kernel: 3) }
    let shape: Attributes = ["kernel_shape": .ints([3, 3])]
    let columns = try run(Op.Im2Col.self, [x], shape).output
    // δ·vᵀ for the kernels, δ summed over places for the biases, and Kᵀ·δ put back for the input.
    let said = (0..<3).map { o in Array(delta.numbers[(9 * o)..<(9 * o + 9)]) }
    let rows = columns.rows
    let kernels = said.flatMap { product(rows, $0) }
    #expect(close(found.byParameters[0].numbers, kernels))
    let biases = said.map { $0.reduce(0, +) }
    #expect(close(found.byParameters[1].numbers, biases))
    let weights = (0..<3).map { o in Array(w.numbers[(18 * o)..<(18 * o + 18)]) }
    let slopes = transposed(weights).flatMap { row in transposed(said).map { product([row], $0)[0] } }
    let back = try run(Op.Col2Im.self, [tensor(slopes, [1, 18, 9]), x], shape).output
    #expect(close(found.byInput.numbers, back.numbers))
  }

  @Test func w74_otherPoolings() throws {
    #expect(try through(AveragePool2D(2), windows) == [[3.25, 5.25], [2, 2]])
    #expect(try through(MinPool2D(2), windows) == [[1, 2], [1, 0]])
    #expect(close(try through(LpPool2D(2), windows), [[7.937254, 11.532563], [4.242641, 5.099020]], 1e-6))
    #expect(try through(GlobalAveragePool(), windows) == [[3.125]])
    #expect(try through(GlobalMaxPool(), windows) == [[8]])
  }

  /// Weights and biases of a layer.
  private func counts(_ graph: Graph) -> [Int] { graph.parameters.map { graph.shape($0.value).count } }

  @Test func a28_fromAllPairsToOneKernel() throws {
    let all = Model.draft(input: [1, 1000, 1000]) {
      Flatten(); Dense(1_000_000)
    }
    let local = Model.draft(input: [1, 1000, 1000]) { LocallyConnected2D(1, kernel: 11, padding: 5) }
    let shared = Model.draft(input: [1, 1000, 1000]) { Conv2D(1, kernel: 11, padding: 5) }
    #expect(counts(all) == [1_000_000_000_000, 1_000_000])
    #expect(counts(local) == [121_000_000, 1_000_000])
    #expect(counts(shared) == [121, 1])
    // Shared but not local: every offset between two pixels.
    #expect(counts(Model.draft(input: [1, 1000, 1000]) { Conv2D(1, kernel: 1999, padding: 999) })[0] == 3_996_001)
  }

  @Test(arguments: [(10, 1), (100, 5), (1000, 5)]) func w55_weightsAtEachStage(n: Int, delta: Int) throws {
    let input = InputShape(Shape([1, n, n]))
    let width = 2 * delta + 1
    #expect(
      counts(
        Model.draft(input: input) {
          Flatten(); Dense(n * n)
        }) == [n * n * n * n, n * n])
    let local = Model.draft(input: input) { LocallyConnected2D(1, kernel: width, padding: .explicit(delta)) }
    #expect(counts(local) == [n * n * width * width, n * n])
    let shared = Model.draft(input: input) { Conv2D(1, kernel: width, padding: .explicit(delta)) }
    #expect(counts(shared) == [width * width, 1])
  }
}
