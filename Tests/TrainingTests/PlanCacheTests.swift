import FoveaExecution
import FoveaGraphs
import FoveaInference
import FoveaTensors
import Testing

@Suite struct PlanCacheTests {
  @Test func onlyTheLastSizesAreKept() throws {
    var graph = Graph()
    let x = graph.addInput("x", TensorType(.f32, [1, 2] as Shape), open: [0])
    graph.addOutput("y", graph.add(Op.Relu.self, [x])[0])
    let cache = PlanCache(graph, PlanRequest(mode: .inference), store: Store(), device: .reference)
    weak let first = try cache.context(["x": [1, 2]])
    weak let second = try cache.context(["x": [2, 2]])
    #expect(first != nil && second != nil)
    for count in 3...20 {
      _ = try cache.context(["x": [count, 2]])
      // Asked for again and again, so it stays.
      _ = try cache.context(["x": [1, 2]])
    }
    #expect(first != nil && second == nil)
  }
}
