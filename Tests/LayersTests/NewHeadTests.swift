import FoveaExecution
import FoveaGraphs
import FoveaLayers
import FoveaTensors
import Testing

@Suite struct NewHeadTests {
  @Test(arguments: [
    "lenet5", "squeezenet1_1", "resnet20",
  ])
  func theLastLayerStartsAnew(name: String) throws {
    let model = try Zoo.standard.model(name, seed: 1)
    let (changed, fresh) = try model.withNewHead(classNames: ["a", "b", "c"], seed: 2)
    #expect(fresh.count == 2)
    #expect(changed.classNames == ["a", "b", "c"])
    let scores = try #require(changed.graph.scoresOutput)
    #expect(changed.graph[scores.value].type.shape[1] == 3)
    for (value, parameter) in changed.graph.parameters {
      let tensor = try changed.store.tensor(parameter.path)
      #expect(PartialShape(tensor.shape) == changed.graph[value].type.shape)
      if !fresh.contains(parameter.path) {
        #expect(tensor.isIdentical(to: try model.store.tensor(parameter.path)), "\(parameter.path)")
      }
    }
    // The model itself stays as it was.
    #expect(try model.store.tensor(fresh[0]).shape != changed.store.tensor(fresh[0]).shape)
  }

  @Test func aNetworkOfMapsHasNoHead() throws {
    let model = try Model(input: [1, 8, 8]) { Conv2D(2, kernel: 3, padding: .same) }
    #expect(throws: GraphError.self) { try model.withNewHead(classNames: ["a"]) }
  }

  @Test func anotherLayerThatCountsClassesIsSaid() throws {
    let model = try Model(input: [4]) {
      Dense(6)
      LayerNorm()
    }
    #expect(throws: GraphError.self) { try model.withNewHead(classNames: ["a", "b"]) }
  }
}
