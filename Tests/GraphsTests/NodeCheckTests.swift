import FoveaGraphs
import FoveaTensors
import Testing

/// What is said about nodes of a wrong form.
struct NodeCheckTests {
  private func problems(_ op: any Operator.Type, _ operands: [TensorType?], _ attributes: Attributes = [:]) -> [String]
  {
    infer(op, operands, attributes).mistakes.map(\.problem)
  }

  @Test func operands() {
    #expect(problems(Op.Sub.self, [f32(2), f32(2), f32(2)]) == ["Sub takes 2 operands (A, B), not 3"])
    #expect(problems(Op.Relu.self, [f32(2), f32(2)]) == ["Relu takes 1 operand (X), not 2"])
    #expect(problems(Op.Elu.self, []) == ["Elu without its operand X"])
    #expect(problems(Op.GatherND.self, [f32(2, 3)]) == ["GatherND without its operand indices"])
    #expect(problems(Op.ScatterND.self, [f32(2, 3)]) == ["ScatterND without its operands indices, updates"])
    #expect(problems(Op.Conv.self, [nil, f32(1, 1, 3)]) == ["Conv without its operand X"])
    #expect(problems(Op.Concat.self, []) == ["Concat without its operand X"])
    #expect(problems(Op.Concat.self, [f32(2, 3), nil, f32(2, 3)]) == ["operand 2 of 3 of Concat is left out"])
    #expect(problems(Op.Conv.self, [f32(1, 1, 8), f32(1, 1, 3), nil]).isEmpty, "a bias may be left out")
  }

  @Test func attributes() {
    #expect(problems(Op.Softmax.self, [f32(2, 3)], ["axis": .string("1")]) == ["Softmax has the attribute axis=\"1\""])
    #expect(problems(Op.Softmax.self, [f32(2, 3)], ["axis": .float(1)]) == ["Softmax has the attribute axis=1.0"])
    #expect(problems(Op.Elu.self, [f32(2)], ["alpha": .int(2)]).isEmpty, "a whole number is a number")
    let pool = problems(Op.MaxPool.self, [f32(1, 1, 8)], ["kernel_shape": .int(2)])
    #expect(pool == ["MaxPool has the attribute kernel_shape=2"])
    #expect(problems(Op.TopK.self, [f32(2, 3)]) == ["no k"])
    let misspelt = infer(Op.Conv.self, [f32(1, 1, 8), f32(1, 1, 3)], ["stride": .ints([2])]).mistakes
    #expect(misspelt.map(\.problem) == ["Conv has no attribute \"stride\""])
    #expect(misspelt.map(\.mend) == ["is it strides?"])
  }

  /// What is known of the results is known all the same, so that other mistakes are found behind.
  @Test func resultsOfWrongNodes() {
    let (types, mistakes) = infer(Op.Split.self, [f32(4, 2), f32(2)], ["num_outputs": .int(2)])
    #expect(types.map(\.shape) == [PartialShape([2, 2]), PartialShape([2, 2])] && mistakes.count == 1)
    #expect(infer(Op.TopK.self, []).types.count == 2)
  }

  /// Thousands of mistakes do not walk through the graph thousands of times.
  @Test func waysOfManyMistakes() {
    var graph = Graph()
    var x = graph.addInput("x", TensorType(.f32, [1, 4] as Shape))
    for _ in 0..<20_000 { x = graph.add(Op.Softmax.self, [x], ["axis": .int(7)])[0] }
    #expect(graph.mistakes.count == 20_000)
    #expect(graph.mistakes[9].way.count == 7 && graph.mistakes[9].way[1] == "…" && graph.mistakes[19_999].way.isEmpty)
  }
}
