import FoveaExecution
import FoveaGraphs
import FoveaLayers
import FoveaTensors
import Testing

@Suite struct DenseZooTests {
  /// Counts, published or following from the published shapes, and the shape of the answer.
  @Test(arguments: [
    ("causal-1d", 50_273, [1, 256]), ("autoencoder", 210_369, [1, 28, 28]), ("regression-cnn", 145_249, [1]),
    ("fcn32s", 136_152_917, [21, 224, 224]), ("fcn16s", 134_815_994, [21, 224, 224]),
    ("fcn8s", 134_489_759, [21, 224, 224]), ("deconvnet", 251_805_653, [21, 224, 224]),
    ("segnet", 29_455_125, [21, 224, 224]), ("unet-2015", 31_030_658, [2, 388, 388]),
    ("unet", 31_030_658, [2, 256, 256]), ("dilated-context", 28_392, [21, 64, 64]),
    ("hourglass", 6_570_400, [16, 64, 64]), ("hourglass8", 25_434_112, [16, 64, 64]),
  ])
  func parameters(name: String, expected: Int, shape: [Int]) throws {
    let entry = try Zoo.standard.entry(name)
    let graph = try HistoryZooTests.draft(name)
    #expect(graph.mistakes.isEmpty)
    #expect(parameterCount(graph) == expected)
    #expect(graph.output("output").map { graph.shape($0) } == Shape([1] + shape))
    #expect(try graph.specialized(to: ["input": Shape([3] + entry.input.shape.dims)]).mistakes.isEmpty)
  }

  /// Ronneberger et al. 2015, figure 1: 23 convolutions, and maps of these sizes.
  @Test func uNetAsDrawn() throws {
    let graph = try HistoryZooTests.draft("unet-2015")
    let convolutions = graph.nodes.filter { ["Conv", "ConvTranspose"].contains($0.op) }
    #expect(convolutions.count == 23)
    let sizes = convolutions.compactMap { $0.outputs.first.map { graph.shape($0)[2] } }
    #expect(
      sizes == [
        570, 568, 282, 280, 138, 136, 66, 64, 30, 28, 56, 54, 52, 104, 102, 100, 200, 198, 196, 392, 390, 388, 388,
      ])
  }

  /// The keys of the PyTorch version that is used most.
  @Test func uNetsKeys() throws {
    let layers = try HistoryZooTests.draft("unet").parameters.map(\.parameter.path).filter { $0.hasSuffix(".weight") }
    let pairs = { (prefix: String) in ["0", "2"].map { "\(prefix).double_conv.\($0).weight" } }
    var expected = pairs("inc")
    for level in 1...4 { expected += pairs("down\(level).maxpool_conv.1") }
    for level in 1...4 { expected += ["up\(level).up.weight"] + pairs("up\(level).conv") }
    #expect(layers == expected + ["outc.conv.weight"])
  }

  /// Newell et al. 2016: 213,504 parameters without the norms.
  @Test func hourglassResiduals() throws {
    let counts = parameterCounts(try HistoryZooTests.draft("hourglass"))
    let block = ["conv1", "conv2", "conv3"].reduce(0) {
      $0 + (counts["stacks.1.hourglass.low2.low2.low2.low2.\($1)"] ?? 0)
    }
    #expect(block == 213_504)
    #expect(counts.keys.filter { $0.hasSuffix("low1.conv2") }.count == 8)
  }

  @Test func everyStackAnswers() throws {
    let graph = try HistoryZooTests.draft("hourglass8")
    #expect(graph.outputs.map(\.name) == ["output"] + (1...7).map { "stack\($0)" })
    #expect(graph.outputs.allSatisfy { graph.shape($0.value) == [1, 16, 64, 64] })
    // Down to 4×4 in every stack.
    let smallest = graph.nodes.compactMap { $0.outputs.first.map { graph.shape($0)[2] } }.min()
    #expect(smallest == 4)
  }

  /// Noh et al. 2015, table 1.
  @Test func deconvolutionsAreTheMirrorImage() throws {
    let graph = try HistoryZooTests.draft("deconvnet")
    let counts = parameterCounts(graph)
    #expect(counts["fc.fc6"] == 102_764_544 && counts["fc.deconv6"] == 102_760_960)
    let sizes = shapes(graph)
    #expect(sizes["fc.fc7"] == [4096, 1, 1] && sizes["fc.deconv6"] == [512, 7, 7])
    #expect(sizes["deconv5.deconv3"] == [512, 14, 14] && sizes["deconv4.deconv3"] == [256, 28, 28])
    #expect(sizes["deconv1.deconv2"] == [64, 224, 224])
  }

  /// Of pictures of any size, however odd.
  @Test(arguments: ["fcn32s", "fcn16s", "fcn8s"]) func scoresForEveryPixel(name: String) throws {
    let graph = try HistoryZooTests.draft(name)
    for (height, width) in [(224, 224), (500, 375), (17, 64), (1, 1), (333, 500)] {
      let sized = try graph.specialized(to: ["input": [2, 3, height, width]])
      #expect(sized.mistakes.isEmpty)
      #expect(sized.output("output").map { sized.shape($0) } == [2, 21, height, width])
    }
  }

  @Test func contextSees67Places() throws {
    let graph = try HistoryZooTests.draft("dilated-context")
    let field = graph.output("output").flatMap { graph.receptiveFields()[$0] }
    #expect(field?.axes.map(\.max) == [67, 67])
  }

  /// It starts by handing on what it sees.
  @Test func contextStartsAsTheIdentity() async throws {
    let model = try Model(input: [2, 9, 9]) { DilatedContext() }
    let values = try Dictionary(
      uniqueKeysWithValues: model.graph.parameters.map {
        ($0.parameter.path, try model.store.tensor($0.parameter.path))
      })
    let net = try Net([2, 9, 9], values.mapValues { $0.converted(to: .f64) }) { DilatedContext() }
    let x = draw([1, 2, 9, 9], seed: 4, from: 0)
    #expect(try net(x).numbers == x.numbers)
  }

  /// What comes later changes nothing before; the last 256 values, and no others, reach the last output.
  @Test func forecastsDoNotSeeTheFuture() throws {
    let net = try Net([1, 300]) { Causal1D(channels: 3, outputs: 2) }
    let x = draw([1, 1, 300], seed: 5)
    var changed = x.numbers
    changed[200] += 1
    let (before, after) = (try net(x).numbers, try net(tensor(changed, [1, 1, 300])).numbers)
    #expect((0..<200).allSatisfy { before[$0] == after[$0] })
    #expect(before[200] != after[200])
    var weights = [Double](repeating: 0, count: 600)
    weights[299] = 1
    let gradient = try #require(try net.gradients(x, weights: tensor(weights, [1, 2, 300]))["input"]?.numbers)
    #expect(gradient.indices.filter { gradient[$0] != 0 } == Array(44..<300))
    let field = net.graph.output("output").flatMap { net.graph.receptiveFields()[$0] }
    #expect(field?.axes.map(\.max) == [256])
  }

  @Test func whatDoesNotFitIsSaid() {
    func problems(_ input: InputShape, _ layer: any Layer) -> [String] {
      Model.draft(input: input) { layer }.mistakes.map(\.problem)
    }
    #expect(problems([3, 224, 224], FCN(stride: 4, classes: 2)) == ["a stride of 4"])
    #expect(problems([3, 64, 64], Hourglass(joints: 4, stacks: 0)) == ["0 stacks"])
    #expect(problems([1, 8], Causal1D(layers: 60, outputs: 1)) == ["60 layers"])
    for layer: any Layer in [
      UNet(classes: 2), SegNet(classes: 2), DeconvNet(classes: 2), Hourglass(joints: 2), ConvAutoencoder(),
      DilatedContext(), FCN(stride: 8, classes: 2), RegressionCNN(outputs: 1),
    ] {
      #expect(!problems([10], layer).isEmpty, "\(layer)")
    }
    #expect(!problems([1, 40, 40], UNet(classes: 2)).isEmpty)
    #expect(!problems([3, 100, 100], DeconvNet(classes: 2)).isEmpty)
  }
}
