import FoveaExecution
import FoveaGraphs
import FoveaLayers
import FoveaTensors
import Testing

/// The shapes of a network's layers by path, without the batch.
func shapes(_ graph: Graph) -> [String: [Int]] {
  var shapes: [String: [Int]] = [:]
  for node in graph.nodes {
    if let output = node.outputs.first { shapes[node.origin.path] = Array(graph.shape(output).dims.dropFirst()) }
  }
  return shapes
}

/// Learned numbers by layer.
func parameterCounts(_ graph: Graph) -> [String: Int] {
  var counts: [String: Int] = [:]
  for (value, parameter) in graph.parameters {
    let layer = parameter.path.split(separator: ".").dropLast().joined(separator: ".")
    counts[layer, default: 0] += graph.shape(value).count
  }
  return counts
}

@Suite struct HistoryZooTests {
  static func draft(_ name: String) throws -> Graph {
    let entry = try Zoo.standard.entry(name)
    return Model.draft(input: entry.input) { entry.network(entry.classes) }
  }

  /// Published counts; those of ResNets with projections follow from their shapes.
  @Test(arguments: [
    ("tdnn", 515), ("lecun-1989", 2_578), ("lecun-1989-zip", 9_760), ("lenet5-1998", 60_000),
    ("alexnet-2012", 60_965_224), ("googlenet-2014", 13_378_280), ("resnet20-b", 272_474), ("resnet32-b", 466_906),
    ("resnet44-b", 661_338), ("resnet56-b", 855_770), ("resnet110-b", 1_730_714), ("densenet40", 1_019_722),
    ("densenet100", 6_979_642), ("densenet100-bc", 769_162), ("densenet190-bc", 25_624_430),
  ])
  func parameters(name: String, expected: Int) throws {
    let entry = try Zoo.standard.entry(name)
    let graph = try HistoryZooTests.draft(name)
    #expect(graph.mistakes.isEmpty)
    #expect(parameterCount(graph) == expected)
    #expect(graph.output("output").map { graph.shape($0) } == [1, entry.classes])
    #expect(try graph.specialized(to: ["input": Shape([3] + entry.input.shape.dims)]).mistakes.isEmpty)
  }

  /// The tables of the papers, layer by layer.
  @Test func countsByLayer() throws {
    func check(_ name: String, _ expected: [String: Int]) throws {
      let counts = parameterCounts(try HistoryZooTests.draft(name))
      #expect(counts == expected, "\(name)")
    }
    try check("tdnn", ["hidden1": 392, "hidden2": 123])
    try check("lecun-1989", ["h1": 104, "h2": 8, "h3": 512, "h4": 24, "output": 1_930])
    try check(
      "lecun-1989-zip",
      ["h1": 300, "h1.units": 768, "h2": 2_400, "h2.units": 192, "h3": 5_790, "output": 310])
    try check("lenet5-1998", ["c1": 156, "s2": 12, "c3": 1_516, "s4": 32, "c5": 48_120, "f6": 10_164])
    try check(
      "alexnet-2012",
      [
        "conv1": 34_944, "conv2": 307_456, "conv3": 885_120, "conv4": 663_936, "conv5": 442_624, "fc6": 37_752_832,
        "fc7": 16_781_312, "fc8": 4_097_000,
      ])
  }

  @Test func sizesByLayer() throws {
    let time = shapes(try HistoryZooTests.draft("tdnn"))
    #expect(time["hidden1"] == [8, 13] && time["hidden2"] == [3, 9])
    let digits = shapes(try HistoryZooTests.draft("lecun-1989"))
    #expect(digits["h1"] == [4, 24, 24] && digits["h2"] == [4, 12, 12])
    #expect(digits["h3"] == [12, 8, 8] && digits["h4"] == [12, 4, 4])
    let zip = shapes(try HistoryZooTests.draft("lecun-1989-zip"))
    #expect(zip["h1"] == [12, 8, 8] && zip["h2"] == [12, 4, 4] && zip["h3"] == [30])
    let lenet = shapes(try HistoryZooTests.draft("lenet5-1998"))
    #expect(lenet["c1"] == [6, 28, 28] && lenet["s2"] == [6, 14, 14] && lenet["c3"] == [16, 10, 10])
    #expect(lenet["s4"] == [16, 5, 5] && lenet["c5"] == [120, 1, 1] && lenet["f6"] == [84])
    let alex = shapes(try HistoryZooTests.draft("alexnet-2012"))
    #expect(alex["conv1"] == [96, 55, 55] && alex["pool1"] == [96, 27, 27] && alex["pool2"] == [256, 13, 13])
    #expect(alex["conv3"] == [384, 13, 13] && alex["conv4"] == [384, 13, 13] && alex["pool5"] == [256, 6, 6])
    let google = shapes(try HistoryZooTests.draft("googlenet-2014"))
    #expect(google["maxpool1"] == [64, 56, 56] && google["maxpool2"] == [192, 28, 28])
    #expect(google["maxpool3"] == [480, 14, 14] && google["maxpool4"] == [832, 7, 7])
  }

  /// Weighted sums of the papers: a weight or a coefficient at each place counts, and so does a bias; an average of
  /// 2×2 is four connections. The parameters of a layer are used at each of its places.
  @Test func connections() throws {
    func connections(_ name: String, squares: [String], more: Int) throws -> Int {
      let graph = try HistoryZooTests.draft(name)
      let places = shapes(graph)
      let counts = parameterCounts(graph)
      return try counts.reduce(more) { sum, layer in
        let shape = try #require(places[layer.key])
        let positions = shape.dropFirst().reduce(1, *)
        return sum + (squares.contains(layer.key) ? 5 * shape[0] : layer.value) * positions
      }
    }
    #expect(try connections("lecun-1989", squares: ["h2", "h4"], more: 0) == 98_442)
    // The ten outputs' distances use 84 points each.
    #expect(try connections("lenet5-1998", squares: ["s2", "s4"], more: 840) == 340_908)
  }

  /// What the analysis says of them: connections that a table leaves out cost nothing, and each unit's bias, the windows
  /// of learned subsampling and the codes' points are counted where papers count them.
  @Test(arguments: [
    ("lenet5-1998", 325_680, 333_764, 340_908), ("lecun-1989", 91_520, 95_370, 98_442),
    ("lecun-1989-zip", 63_660, 64_660, 64_660),
  ])
  func countsOfUnits(name: String, weights: Int, withBiases: Int, connections: Int) throws {
    let found = try HistoryZooTests.draft(name).analysis()
    #expect(found.multiplyAddsPerExample == weights)
    #expect(found.total.multiplyAdds + found.total.biasAdds == withBiases)
    #expect(found.connections == connections)
  }

  @Test func plainNetworksHaveNoFurtherConnections() throws {
    #expect(try HistoryZooTests.draft("alexnet-2012").analysis().connections == nil)
  }

  @Test func publishedCosts() throws {
    #expect(try HistoryZooTests.draft("alexnet-2012").analysis().multiplyAddsPerExample == 724_406_816)
  }

  /// W77.
  @Test func alexNetSeesMoreAndMore() throws {
    let graph = try HistoryZooTests.draft("alexnet-2012")
    let fields = graph.receptiveFields()
    let found = ["conv1", "pool1", "conv2", "pool2", "conv3", "conv4", "conv5", "pool5"].map { path in
      graph.nodes.last { $0.origin.path == path }?.outputs.first.flatMap { fields[$0]?.axes[0].max }
    }
    #expect(found == [11, 19, 51, 67, 99, 131, 163, 195])
  }

  /// Pictures of 224 need the padding, section 9's X3.
  @Test func theOtherAlexNets() {
    let padded = Model.draft(input: [3, 224, 224]) { AlexNet2012(classes: 1000, padding: 2) }
    #expect(padded.mistakes.isEmpty && parameterCount(padded) == 60_965_224)
    let plain = Model.draft(input: [3, 224, 224]) { GoogLeNet2014(classes: 1000, heads: false) }
    #expect(plain.mistakes.isEmpty && parameterCount(plain) == 6_998_552 && plain.outputs.count == 1)
  }

  @Test func headsAreOutputs() throws {
    let graph = try HistoryZooTests.draft("googlenet-2014")
    #expect(graph.outputs.map(\.name) == ["output", "aux1", "aux2"])
    #expect(graph.outputs.allSatisfy { graph.shape($0.value) == [1, 1000] })
  }

  /// Deviation 0.01, and 1 for the biases that the paper names.
  @Test func alexNetStartsAsPublished() throws {
    let graph = Model.draft(input: [3, 67, 67]) { AlexNet2012(classes: 10) }
    func initial(_ path: String) throws -> [Double] {
      let (value, parameter) = try #require(graph.parameters.first { $0.parameter.path == path })
      return Store.initial(parameter, graph.shape(value), .f64, seed: 1, scheme: .standard).numbers
    }
    for layer in ["conv1", "conv2", "conv3", "conv4", "conv5", "fc6", "fc8"] {
      let weights = try initial("\(layer).weight")
      let deviation = (weights.reduce(0) { $0 + $1 * $1 } / Double(weights.count)).squareRoot()
      #expect(abs(deviation - 0.01) < 0.0003, "\(layer)")
    }
    let ones = graph.parameters.filter { $0.parameter.initializer == .constant(1) }.map(\.parameter.path)
    #expect(ones == ["conv2.bias", "conv4.bias", "conv5.bias", "fc6.bias", "fc7.bias"])
  }

  /// The largest score is the nearest code's, and a code's own distance is 0; classes beyond the digits have codes.
  @Test func codesOfDigits() throws {
    let net = try Net([84]) { CodeDistance(classes: 12) }
    let codes = (0..<12).map { DigitCodes.code($0).map(Double.init) }
    let scores = try net(tensor(codes.flatMap { $0 }, [12, 84]))
    for own in 0..<12 {
      for other in 0..<12 {
        let differing = zip(codes[own], codes[other]).count { $0 != $1 }
        #expect(scores.at(own, other) == -4 * Double(differing))
        // Close enough to confuse would be a slip of the pen.
        #expect(own == other ? differing == 0 : differing >= 4, "\(own) and \(other)")
      }
    }
  }

  @Test func classesWithoutCodes() {
    let problem = "65537 classes, more than there are codes for"
    #expect(Model.draft(input: [84]) { CodeDistance(classes: 65537) }.mistakes.map(\.problem) == [problem])
    #expect(Model.draft(input: [1, 28, 28]) { LeNet1998(classes: 65537) }.mistakes.map(\.problem) == [problem])
    #expect(Model.draft(input: [84]) { CodeDistance(classes: 65536) }.mistakes.isEmpty)
  }

  @Test func densenetsHaveTorchvisionsKeys() throws {
    let keys = try HistoryZooTests.draft("densenet100-bc").parameters.map(\.parameter.path)
    #expect(keys.prefix(2) == ["features.conv0.weight", "features.denseblock1.denselayer1.norm1.weight"])
    for key in [
      "features.denseblock1.denselayer16.conv2.weight", "features.transition1.norm.bias",
      "features.transition2.conv.weight", "features.norm5.weight", "classifier.weight",
    ] { #expect(keys.contains(key)) }
  }
}
