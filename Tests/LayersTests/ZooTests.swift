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
    // `parameters` above names them all.
    #expect(Zoo.standard.entries.count == 12)
    #expect(Set(Zoo.standard.entries.map(\.name)).count == 12)
  }
}
