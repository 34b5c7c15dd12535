import FoveaGraphs
import FoveaTensors
import Testing

/// A training step: two layers, dropout, cross-entropy and the update of every parameter.
struct StepGraph {
  var graph = Graph()
  let image: Value
  let labels: Value
  var parameters: [Value] = []
  let loss: Value
  var gradients: [Value: Value] = [:]

  init() throws {
    image = graph.addInput("image", f32(1, 2, 6, 6), open: [0, 2, 3])
    labels = graph.addInput("labels", i32(1), open: [0])
    func parameter(_ graph: inout Graph, _ path: String, _ shape: Shape) -> Value {
      graph.addParameter(
        Parameter(path: path, role: .weight, initializer: .constant(0)), TensorType(.f32, shape))
    }
    let w = parameter(&graph, "conv.weight", [4, 2, 3, 3])
    let scale = parameter(&graph, "bn.weight", [4])
    let shift = parameter(&graph, "bn.bias", [4])
    let dense = parameter(&graph, "fc.weight", [3, 4])
    let bias = parameter(&graph, "fc.bias", [3])
    parameters = [w, scale, shift, dense, bias]
    let mean = graph.addConstant(floats([0, 0, 0, 0], [4]))
    let variance = graph.addConstant(floats([1, 1, 1, 1], [4]))
    var x = graph.add(Op.Conv.self, [image, w], ["auto_pad": .string("SAME_UPPER"), "strides": .ints([2, 2])])[0]
    x = graph.add(Op.BatchNormalization.self, [x, scale, shift, mean, variance], ["training_mode": .int(1)])[0]
    x = graph.add(Op.Relu.self, [x])[0]
    x = graph.add(Op.MaxPool.self, [x], ["kernel_shape": .ints([2, 2]), "strides": .ints([1, 1])])[0]
    x = graph.add(Op.ReduceMean.self, [x], ["axes": .ints([2, 3])])[0]
    x = graph.add(Op.Flatten.self, [x])[0]
    x = graph.add(Op.Dropout.self, [x], ["ratio": .float(0.25), "training_mode": .int(1), "stream": .string("d")])[0]
    x = graph.add(Op.Gemm.self, [x, dense, bias], ["transB": .int(1)])[0]
    loss = graph.add(Op.SoftmaxCrossEntropyLoss.self, [x, labels])[0]
    graph.addOutput("loss", loss)
    gradients = try graph.differentiate(loss, withRespectTo: parameters)
    try graph.check()
  }
}

struct GraphTests {
  private func text(_ body: () throws(GraphError) -> Void) -> String {
    do {
      try body()
      return "nothing was thrown"
    } catch {
      return error.description
    }
  }

  @Test func aWholeStepHasTheRightGradients() throws {
    let step = try StepGraph()
    let sizes: [String: Shape] = ["image": [3, 2, 7, 5], "labels": [3]]
    let ready = try step.graph.specialized(to: sizes).converted(to: .f64)
    var draws = Draws(seed: 2)
    var feeds: [Value: Tensor] = [step.image: draws.tensor([3, 2, 7, 5]), step.labels: draws.labels([3], below: 3)]
    for parameter in step.parameters { feeds[parameter] = draws.tensor(ready.shape(parameter)) }
    let results = try Interpreter.run(ready, feeds)
    for parameter in step.parameters {
      let gradient = try #require(step.gradients[parameter])
      let start = feeds[parameter]!.numbers
      var expected: [Double] = []
      for index in start.indices {
        func loss(_ change: Double) throws -> Double {
          var moved = start
          moved[index] += change
          var all = feeds
          all[parameter] = doubles(moved, ready.shape(parameter))
          return try Interpreter.run(ready, all)[step.loss]!.numbers[0]
        }
        expected.append((try loss(1e-6) - loss(-1e-6)) / 2e-6)
      }
      let worst = difference(results[gradient]!.numbers, expected, least: 1e-3)
      #expect(worst < 1e-6, "\(ready[parameter].name): \(worst)")
    }
  }

  @Test func sizesOfInputs() throws {
    let step = try StepGraph()
    #expect(
      text { () throws(GraphError) in _ = try step.graph.specialized(to: ["picture": [3, 2, 6, 6]]) }
        == "input \"picture\" is missing; the network's inputs are image, labels")
    #expect(
      text { () throws(GraphError) in _ = try step.graph.specialized(to: ["image": [3, 3, 6, 6]]) }
        == "input \"image\" is [3×3×6×6], but the network takes [?×2×?×?]")
    #expect(
      text { () throws(GraphError) in _ = try step.graph.specialized(to: ["image": [3, 2, 6]]) }
        == "input \"image\" is [3×2×6], but the network takes [?×2×?×?]")
    // Two batch sizes that do not go together are found where they meet.
    let meeting = text { () throws(GraphError) in _ = try step.graph.specialized(to: ["image": [3, 2, 6, 6]]) }
    #expect(meeting.contains("labels is [1], but [3] is needed"), "\(meeting)")
    // The original stays as it was.
    #expect(step.graph.shape(step.image) == [1, 2, 6, 6])
    // Too small a picture: the pooling's window no longer fits.
    let small = text { () throws(GraphError) in _ = try step.graph.specialized(to: ["image": [1, 2, 2, 2]]) }
    #expect(small.contains("a kernel of 2 does not fit height and width 1"), "\(small)")
  }

  @Test func feeds() throws {
    var graph = Graph()
    let x = graph.addInput("x", f32(2))
    let y = graph.add(Op.Relu.self, [x])[0]
    #expect(
      text { () throws(GraphError) in _ = try Interpreter.run(graph, [:]) }
        == "input \"x\" is missing; the network's inputs are x")
    #expect(
      text { () throws(GraphError) in _ = try Interpreter.run(graph, [x: floats([1, 2, 3], [3])]) }
        == "input \"x\" is [3], but the network takes [2]")
    #expect(
      text { () throws(GraphError) in _ = try Interpreter.run(graph, [x: doubles([1, 2], [2])]) }
        == "input \"x\" has elements of type f64, but the network takes f32")
    // NaN passes: it must be seen at the end.
    #expect(try Interpreter.run(graph, [x: floats([.nan, -1], [2])])[y]!.numbers[0].isNaN)
  }

  @Test func conversionRetypesFloatsOnly() throws {
    let step = try StepGraph()
    let double = try step.graph.converted(to: .f64)
    for index in double.values.indices {
      let before = step.graph.values[index].type.dtype
      #expect(double.values[index].type.dtype == (before == .f32 ? .f64 : before), "\(double.values[index].name)")
      if case .constant(let tensor) = double.values[index].source {
        #expect(tensor.dtype == double.values[index].type.dtype)
      }
    }
  }

  @Test func differentiation() throws {
    var graph = Graph()
    let x = graph.addInput("x", f32(2))
    let unused = graph.addInput("unused", f32(2))
    let y = graph.add(Op.Relu.self, [x])[0]
    #expect(
      text { () throws(GraphError) in _ = try graph.differentiate(y, withRespectTo: [x]) }
        == "\"Relu\" has shape [2]; a gradient starts from a single number: reduce it (mean or sum) first")
    let loss = graph.add(Op.ReduceSum.self, [graph.add(Op.Add.self, [y, y])[0]])[0]
    let gradients = try graph.differentiate(loss, withRespectTo: [x, unused, loss])
    #expect(gradients[unused] == nil, "what the loss does not depend on has no gradient")
    #expect(graph[try #require(gradients[x])].name == "x.gradient")
    try graph.check()
    let found = try Interpreter.run(graph, [x: floats([3, -3], [2]), unused: floats([0, 0], [2])])
    #expect(found[gradients[x]!]!.numbers == [2, 0], "two ways to one value add up")
    #expect(found[gradients[loss]!]!.numbers == [1])
    // A tensor of one number at batch 1 is no scalar at batch 3.
    var open = Graph()
    let z = open.addInput("z", f32(1, 1), open: [0])
    let rows = open.add(Op.ReduceSum.self, [z], ["axes": .ints([1])])[0]
    _ = try open.differentiate(rows, withRespectTo: [z])
    #expect(throws: GraphError.self) { try open.specialized(to: ["z": [3, 1]]) }
  }

  @Test func whatHasNoGradientSaysWhy() throws {
    var graph = Graph()
    let x = graph.addInput("x", f32(2, 3))
    let layer = Origin(path: "head.update")
    let w = graph.addInput("rate", f32())
    let y = graph.add(Op.SGDUpdate.self, [x, x, nil, w], origin: layer)[0]
    let loss = graph.add(Op.ReduceSum.self, [y])[0]
    #expect(
      text { () throws(GraphError) in _ = try graph.differentiate(loss, withRespectTo: [x]) }
        == "SGDUpdate at head.update has no gradient: an optimizer's step is not differentiated")
  }

  @Test func rewritingLeavesGhosts() throws {
    var graph = Graph()
    let x = graph.addInput("x", f32(1, 4), open: [0])
    let y = graph.add(Op.Relu.self, [x])[0]
    let z = graph.add(Op.BroadcastToShape.self, [x, y])[0]
    graph.addOutput("z", z)
    let cut = graph.rewritten(nodes: Array(graph.nodes.dropFirst()))
    if case .ghost = cut[y].source {} else { Issue.record("\(cut[y].source)") }
    #expect(try Interpreter.run(cut, [x: floats([1, -2, 3, 4], [1, 4])])[z]!.numbers == [1, -2, 3, 4])
    // In another type a ghost goes along; in another size it cannot.
    #expect(try cut.converted(to: .f64)[y].type.dtype == .f64)
    #expect(try cut.specialized(to: ["x": [1, 4]]).shape(y) == [1, 4])
    #expect(
      text { () throws(GraphError) in _ = try cut.specialized(to: ["x": [3, 4]]) }.contains(
        "\"Relu\" [1×4] is known by its shape alone"))
    // Redirecting follows chains, in nodes and outputs.
    let direct = graph.rewritten(nodes: [graph.nodes[0]], redirecting: [z: y])
    #expect(direct.output("z") == y)
  }

  @Test func scalarConstantsSurviveASpecialization() throws {
    // A loss reduced to one number keeps its gradient at any batch size.
    var graph = Graph()
    let x = graph.addInput("x", f32(1, 2), open: [0])
    let loss = graph.add(Op.ReduceMean.self, [x])[0]
    let gradient = try #require(try graph.differentiate(loss, withRespectTo: [x])[x])
    let ready = try graph.specialized(to: ["x": [3, 2]])
    let found = try Interpreter.run(ready, [x: Tensor(zeros: [3, 2])])
    #expect(difference(found[gradient]!.numbers, [Double](repeating: 1.0 / 6, count: 6)) < 1e-7)
  }
}
