import FoveaExecution
import FoveaGraphs
import FoveaLayers
import FoveaTensors
import Testing

/// How many learned numbers a draft has.
func parameterCount(_ graph: Graph) -> Int { graph.parameters.reduce(0) { $0 + graph.shape($1.value).count } }

@Suite struct ZooTests {
  /// Published counts, or those that the courses work out.
  @Test(arguments: [
    ("two-conv", 62_346), ("lenet5", 61_706), ("mnist-1d-conv", 2_050), ("mnist-1d-fc", 59_065),
    ("mnist-1d-baseline", 15_210), ("mlp", 535_818), ("resnet20", 269_722), ("resnet18-cifar", 11_173_962),
    ("shape-tracking", 69_706), ("generic-cnn", 113_738), ("generic-cnn-pool", 94_538), ("tiny-vgg", 19_920),
  ])
  func parameters(name: String, expected: Int) throws {
    let entry = try Zoo.standard.entry(name)
    let graph = Model.draft(input: entry.input) { entry.network(entry.classes) }
    #expect(graph.mistakes.isEmpty)
    #expect(parameterCount(graph) == expected)
    #expect(graph.outputs.map { graph.shape($0.value) } == [[1, 10]])
    #expect(try graph.specialized(to: ["input": Shape([3] + entry.input.shape.dims)]).mistakes.isEmpty)
  }

  @Test func everyNetworkIsCounted() {
    // `parameters` above names all classifiers, `DetectionNetworkTests` the detectors.
    #expect(Zoo.standard.entries.count == 14)
    #expect(Set(Zoo.standard.entries.map(\.name)).count == 14)
  }

  /// He et al. 2015, table 6, with shortcuts without parameters.
  @Test(arguments: [(3, 269_722), (5, 464_154), (7, 658_586), (9, 853_018), (18, 1_727_962)])
  func residualNetworksForSmallPictures(blocks: Int, expected: Int) {
    let graph = Model.draft(input: [3, 32, 32]) { ResNetCIFAR(blocks: blocks, classes: 10) }
    #expect(graph.mistakes.isEmpty)
    #expect(parameterCount(graph) == expected)
    #expect(graph.parameters.count == 3 * (6 * blocks + 1) + 2)
  }

  /// The keys of torchvision's `resnet18`.
  @Test func residualNetworksHaveTorchvisionsKeys() throws {
    let graph = try Zoo.standard.model("resnet18-cifar").graph
    var expected = ["conv1", "bn1"]
    for layer in 1...4 {
      for block in 0...1 {
        expected += ["conv1", "bn1", "conv2", "bn2"].map { "layer\(layer).\(block).\($0)" }
        if layer > 1, block == 0 { expected += ["0", "1"].map { "layer\(layer).0.downsample.\($0)" } }
      }
    }
    #expect(weights(graph) == expected + ["fc"])
    let blocks = (1...3).flatMap { layer in
      (0..<3).flatMap { block in ["conv1", "bn1", "conv2", "bn2"].map { "layer\(layer).\(block).\($0)" } }
    }
    #expect(weights(try Zoo.standard.model("resnet20").graph) == ["conv1", "bn1"] + blocks + ["fc"])
  }

  /// W15 and the sizes that the explainer shows.
  @Test func sizesAlongTheWay() throws {
    func sizes(_ name: String) throws -> [[Int]] {
      try Zoo.standard.model(name).summary().rows.filter { $0.type != "ReLU" }.map { Array($0.output.dims.dropFirst()) }
    }
    #expect(
      try sizes("shape-tracking") == [[32, 28, 28], [32, 14, 14], [64, 10, 10], [64, 5, 5], [1600], [10]])
    #expect(
      try sizes("tiny-vgg") == [
        [10, 62, 62], [10, 60, 60], [10, 30, 30], [10, 28, 28], [10, 26, 26], [10, 13, 13], [1690], [10],
      ])
    #expect(
      try sizes("lenet5") == [
        [6, 28, 28], [6, 14, 14], [16, 10, 10], [16, 5, 5], [400], [120], [84], [10],
      ])
  }

  @Test func networksTakeTheDataSetsShapes() throws {
    for name in ["mlp", "mnist-1d-fc", "mnist-1d-baseline"] {
      for input: InputShape in [[7], [3, 5], [3, 32, 32], [2, 3, 4, 5]] {
        let model = try Zoo.standard.model(name, input: input, classes: 4)
        #expect(model.graph.outputs.map { model.graph.shape($0.value) } == [[1, 4]])
      }
    }
    for name in ["lenet5", "resnet20", "resnet18-cifar", "shape-tracking", "generic-cnn", "tiny-vgg"] {
      let model = try Zoo.standard.model(name, input: [1, 28, 28], classes: 3)
      #expect(model.graph.outputs.map { model.graph.shape($0.value) } == [[1, 3]])
    }
  }

  @Test func weightsStartAsTheyWerePublished() throws {
    let own = try Zoo.standard.model("mnist-1d-conv")
    #expect(try own.store.tensor("0.bias").array(of: Float.self).allSatisfy { $0 == 0 })
    let asked = try Zoo.standard.model("mnist-1d-conv", initialization: .standard)
    #expect(try asked.store.tensor("0.bias").array(of: Float.self).contains { $0 != 0 })
    let he = Zoo.standard.entries.filter { $0.initialization == .he }.map(\.name)
    let classifiers = ["mnist-1d-conv", "mnist-1d-fc", "mnist-1d-baseline", "resnet20", "resnet18-cifar"]
    #expect(he == classifiers + ["yolov1", "yolov1-tiny"])
    #expect(try Zoo.standard.entry("tiny-vgg").initialization == .xavier)
  }
}
