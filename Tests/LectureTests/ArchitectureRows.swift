import Foundation
import Fovea
import Testing

/// Systems A13–A37: the small networks, and what is said about all of them.
@Suite struct ArchitectureRows {
  /// Down and up again, with one score for each pixel.
  private struct Segmenter: Layer {
    var body: some Layer {
      Conv2D(8, kernel: 3, padding: .same)
      ReLU()
      MaxPool2D(2)
      Conv2D(16, kernel: 3, padding: .same)
      ReLU()
      ConvTranspose2D(8, kernel: 2, stride: 2)
      ReLU()
      Conv2D(1, kernel: 1)
    }
  }

  @Test func a13_oneQuestionForEachPixel() throws {
    let x = draw([2, 1, 16, 16], seed: 201)
    let scores = try apply(x) { Segmenter() }
    #expect(scores.shape == [2, 1, 16, 16])
    // Undecided everywhere costs ln 2 a pixel; the gradient draws each to its own truth.
    let truth = tensor(x.numbers.map { $0 > 0 ? 1 : 0 }, x.shape)
    let undecided = Tensor(zeros: x.shape, dtype: .f64)
    let loss = try run(Op.BinaryCrossEntropyWithLogits.self, [undecided, truth], gradients: [0])
    #expect(close(loss.output.numbers, [log(2)]))
    #expect(close(loss.gradients[0].numbers, truth.numbers.map { (0.5 - $0) / 512 }))
  }

  @Test func a17_perceptron() throws {
    let x = draw([1, 2, 3], seed: 202)
    let (w1, b1, w2, b2) = (
      draw([4, 6], seed: 203), draw([4], seed: 204), draw([2, 4], seed: 205), draw([2], seed: 206)
    )
    let found = try apply(x, [w1, b1, w2, b2]) { MLP(hidden: [4], classes: 2) }
    let hidden = (0..<4).map { h in max(0, (0..<6).reduce(b1.at(h)) { $0 + w1.at(h, $1) * x.numbers[$1] }) }
    #expect(close(found.numbers, (0..<2).map { o in (0..<4).reduce(b2.at(o)) { $0 + w2.at(o, $1) * hidden[$1] } }))
    #expect(try network("mlp").parameters == 784 * 512 + 512 + 512 * 256 + 256 + 256 * 10 + 10)
  }

  @Test func a19_threeStridedConvolutions() throws {
    let summary = try network("mnist-1d-conv")
    #expect(summary.parameters == 2_050)
    #expect(summary.learned.map(\.output) == [[1, 15, 19], [1, 15, 9], [1, 15, 4], [1, 10]])
    #expect(summary.learned.map(\.layer).first == "Conv1D(15, kernel: 3, stride: 2)")
  }

  @Test func a20_theFullyConnectedRivals() throws {
    // As many units in each layer as the convolutional network has numbers: 15·19, 15·9, 15·4.
    #expect(try network("mnist-1d-fc").parameters == 59_065)
    #expect(try network("mnist-1d-fc").learned.map { $0.output[1] } == [285, 135, 60, 10])
    // The total that is printed beside it has other widths.
    #expect(try table([1, 40]) { MLP(hidden: [360, 365], classes: 10) }.parameters == 150_185)
    #expect(try network("mnist-1d-baseline").parameters == 15_210)
  }

  /// 150,185 parameters stand beside 2,050 in one course, which does not say the widths.
  @Test func x11_widthsThatFit() throws {
    func parameters(_ hidden: Int...) throws -> Int {
      try table([1, 40]) { MLP(hidden: hidden, classes: 10) }.parameters
    }
    #expect(try parameters(360, 365) == 150_185)
    #expect(try parameters(285, 135, 60) == 59_065)
    // Two equal layers step over it.
    #expect(try parameters(362, 362) < 150_185 && parameters(363, 363) > 150_185)
  }

  @Test func a21_twoConvolutionsForDigits() throws {
    let summary = try table([1, 28, 28]) {
      Conv2D(10, kernel: 5)
      MaxPool2D(2)
      ReLU()
      Conv2D(20, kernel: 5)
      Dropout(0.5)
      MaxPool2D(2)
      ReLU()
      Flatten()
      Dense(50)
      ReLU()
      Dense(10)
    }
    #expect(summary.learned.map(\.parameters) == [260, 5_020, 16_050, 510] && summary.parameters == 21_840)
    // The program's own network of this kind is wider and has one dense layer.
    #expect(try network("two-conv").learned.map(\.parameters) == [832, 51_264, 10_250])
  }

  @Test func a25_sizesByHand() throws {
    let summary = try network("shape-tracking")
    #expect(summary.learned.map(\.parameters) == [2_432, 51_264, 16_010] && summary.parameters == 69_706)
    #expect(summary.rows.first { $0.type == "Flatten" }?.output == [1, 1600])
  }

  @Test(arguments: [1, 2, 4]) func a26_theTemplate(modules: Int) throws {
    let flat = try table([3, 32, 32]) { GenericCNN(modules: modules, classes: 10) }
    let kinds = [String](repeating: "Conv2D ReLU MaxPool2D", count: modules).joined(separator: " ")
    #expect(flat.rows.map(\.type).joined(separator: " ") == kinds + " Flatten Dense")
    let pooled = try table([3, 32, 32]) { GenericCNN(modules: modules, head: .pool, classes: 10) }
    #expect(pooled.rows.map(\.type).joined(separator: " ") == kinds + " GlobalAveragePool Flatten Dense")
    let side = 32 >> modules
    let channels = 32 << (modules - 1)
    #expect(flat.parameters - pooled.parameters == 10 * channels * (side * side - 1))
  }

  @Test func a27_theExplainersNetwork() throws {
    let summary = try network("tiny-vgg")
    #expect(summary.parameters == 19_920 && summary.learned.map(\.parameters) == [280, 910, 910, 910, 16_910])
    let sides = summary.rows.filter { $0.output.rank == 4 && $0.type != "ReLU" }.map { $0.output[3] }
    #expect(sides == [62, 60, 30, 28, 26, 13])
    #expect(summary.rows.first { $0.type == "Flatten" }?.output == [1, 1690])
  }

  @Test func a29_denseOnAPhotograph() throws {
    let summary = try table([3, 224, 224]) {
      Flatten()
      Dense(150_528)
    }
    #expect(summary.rows[0].output == [1, 150_528])
    #expect(summary.parameters == 22_658_678_784 + 150_528)
  }

  @Test func a30_filterBank() throws {
    // A black picture with one white pixel shows each filter itself, turned around.
    let dot = (0..<5).map { i in (0..<5).map { i == 2 && $0 == 2 ? 1.0 : 0 } }
    let bank = tensor(filterBank.flatMap { $0.kernel.flatMap { $0 } }, [7, 1, 3, 3])
    let found = try apply(picture(dot), [bank]) { Conv2D(7, kernel: 3, bias: false) }
    #expect(found.shape == [1, 7, 3, 3])
    for (index, filter) in filterBank.enumerated() {
      let answer = Array(found.numbers[(9 * index)..<(9 * index + 9)])
      #expect(answer == filter.kernel.flatMap { $0 }.reversed(), "\(filter.name)")
    }
  }

  @Test func a36_fromPictureToLabel() async throws {
    let names = ["dark", "bright"]
    let model = try Model(input: [1, 2, 2], classes: names) {
      Flatten()
      Dense(2).named("fc")
    }
    // Pictures are divided by 255; the second class adds up the light.
    try model.store.set("fc.weight", to: tensor([0, 0, 0, 0, 1, 1, 1, 1], [2, 4]).converted(to: .f32))
    try model.store.set("fc.bias", to: tensor([2, 0], [2]).converted(to: .f32))
    func label(_ pixels: [UInt8]) async throws -> String? {
      let image = try Image8(height: 2, width: 2, channels: 1, pixels: pixels)
      return try await model.predict(image, top: 1, device: .reference).first?.name
    }
    #expect(try await label([124, 140, 156, 128]) == "bright")
    #expect(try await label([124, 100, 100, 128]) == "dark")
  }

  @Test func a37_signalsFromTheGenerator() throws {
    let (train, test) = try MNIST1D.generate()
    #expect(train.count == 4000 && test.count == 1000)
    #expect(train.sampleShape == [1, 40] && train.classNames.count == 10)
    var counts = [Int](repeating: 0, count: 10)
    var (sum, squares) = (0.0, 0.0)
    for set in [train, test] {
      for index in 0..<set.count {
        counts[Int(set.label(index))] += 1
        for value in set.values(of: index) {
          sum += Double(value)
          squares += Double(value) * Double(value)
        }
      }
    }
    #expect(counts == .init(repeating: 500, count: 10))
    #expect(abs(sum / 200_000) < 1e-6 && abs(squares / 200_000 - 1) < 1e-5)
    #expect(MNIST1D.templates.count == 10 && MNIST1D.templates.allSatisfy { $0.count == 12 })
  }
}
