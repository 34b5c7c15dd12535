import FoveaExecution
import FoveaGraphs
import FoveaLayers
import FoveaTensors
import Testing

@Suite struct ModelTests {
  @Test func twoConvHasItsParameters() throws {
    let model = try Zoo.standard.model("two-conv")
    #expect(
      try model.parameterTensors().map { "\($0.path) \($0.tensor.shape)" } == [
        "conv1.weight [32×1×5×5]", "conv1.bias [32]", "conv2.weight [64×32×5×5]", "conv2.bias [64]",
        "fc.weight [10×1024]", "fc.bias [10]",
      ])
    #expect(try model.parameterTensors().reduce(0) { $0 + $1.tensor.count } == 62_346)
    #expect(model.graph.outputs.map(\.name) == ["output"])
    #expect(model.graph.inputs.map { model.graph[$0].name } == ["input"])
    #expect(model.preprocessing == Preprocessing(channels: .gray, size: [28, 28]))
    #expect(model.name == "two-conv")
  }

  @Test func initialValuesDependOnSeedAndPathAlone() throws {
    let a = try Zoo.standard.model("two-conv", seed: 1)
    let b = try Zoo.standard.model("two-conv", seed: 1)
    let c = try Zoo.standard.model("two-conv", seed: 2, initialization: .he)
    #expect(try a.store.tensor("fc.weight").isIdentical(to: b.store.tensor("fc.weight")))
    #expect(try !a.store.tensor("fc.weight").isIdentical(to: c.store.tensor("fc.weight")))
    #expect(try c.store.tensor("fc.bias").array(of: Float.self).allSatisfy { $0 == 0 })
    let bound = 1 / Float(1024).squareRoot()
    #expect(try a.store.tensor("fc.weight").array(of: Float.self).allSatisfy { abs($0) <= bound })
  }

  @Test func normsStartAsPyTorchs() throws {
    let model = try Model(input: [2, 4, 4]) { BatchNorm(momentum: 0.25).named("bn") }
    #expect(
      try model.parameterTensors().map { "\($0.path) \($0.tensor.array(of: Float.self))" } == [
        "bn.weight [1.0, 1.0]", "bn.bias [0.0, 0.0]", "bn.running_mean [0.0, 0.0]", "bn.running_var [1.0, 1.0]",
      ])
    #expect(model.graph.nodes[0].attributes.float("momentum", default: 0) == 0.75)
    #expect(model.graph.parameters.allSatisfy { $0.parameter.trainable })
    let frozen = try Model(input: [2, 4, 4]) { BatchNorm(frozen: true) }
    #expect(frozen.graph.parameters.allSatisfy { !$0.parameter.trainable })
    #expect(frozen.graph.nodes[0].attributes.flag("frozen"))
  }

  @Test func anotherBatchIsASpecialization() throws {
    let model = try Zoo.standard.model("two-conv")
    let graph = try model.graph.specialized(to: ["input": [3, 1, 28, 28]])
    #expect(graph.shape(graph.outputs[0].value) == [3, 10])
    let any = try Model(input: .picture(channels: 1, height: 8, width: 8)) { Conv2D(2, kernel: 3) }
    let larger = try any.graph.specialized(to: ["input": [2, 1, 11, 12]])
    #expect(larger.shape(larger.outputs[0].value) == [2, 2, 9, 10])
    #expect(throws: GraphError.self) { try model.graph.specialized(to: ["input": [3, 1, 27, 28]]) }
  }

  @Test func modelsRun() throws {
    let model = try Model(input: [2]) { Dense(1).named("fc") }
    try model.loadParameters([
      "fc.weight": Tensor([2, 3] as [Float], shape: [1, 2]), "fc.bias": Tensor([1] as [Float]),
    ])
    var feeds: [Value: Tensor] = [model.graph.inputs[0]: try Tensor([10, 100] as [Float], shape: [1, 2])]
    for (value, parameter) in model.graph.parameters { feeds[value] = try model.store.tensor(parameter.path) }
    let results = try Interpreter.run(model.graph, feeds)
    #expect(results[model.graph.outputs[0].value]?.array(of: Float.self) == [321])
  }

  @Test func theGeneralFormHasNamedInputsAndOutputs() throws {
    let model = try Model(inputs: ["left": [3, 8, 8], "right": [3, 8, 8]], classes: ["a", "b"]) { inputs in
      let eye = Conv2D(4, kernel: 3).sharing("eye")
      let both = eye(inputs["left"]) + eye(inputs["right"])
      let scores = Dense(2).named("fc")(Flatten()(both))
      return ["scores": scores, "probabilities": Softmax()(scores)]
    }
    #expect(model.graph.inputs.map { model.graph[$0].name } == ["left", "right"])
    #expect(model.graph.outputs.map(\.name) == ["scores", "probabilities"])
    #expect(model.store.paths.sorted() == ["eye.bias", "eye.weight", "fc.bias", "fc.weight"])
    let batch = try model.graph.specialized(to: ["left": [3, 3, 8, 8], "right": [3, 3, 8, 8]])
    #expect(batch.output("probabilities").map { batch.shape($0) } == [3, 2])
    #expect(
      message { _ = try model.subModel(from: "left", to: "scores") }
        == "\"scores\" depends on \"right\" also by a way that does not pass \"left\";"
        + " start where the ways have joined, or before they part")
  }

  @Test func loadingIsStrictAndListsEverything() throws {
    let model = try Model(input: [2, 4, 4]) {
      Conv2D(3, kernel: 1).named("conv")
      BatchNorm().named("bn")
    }
    let before = try model.store.tensor("bn.weight")
    let text = message {
      try model.loadParameters([
        "conv.weight": Tensor(zeros: [3, 2, 3, 3]), "bn.weight": Tensor(zeros: [3]),
        "bn.bias": Tensor(zeros: [3], dtype: .i64), "bn.running_mean": Tensor(zeros: [3]),
        "bn.running_var": Tensor(zeros: [3]), "bn.num_batches_tracked": Tensor(zeros: .scalar, dtype: .i64),
        "fc.weight": Tensor(zeros: [1]), "extra": Tensor(zeros: [1]),
      ])
    }
    #expect(
      text == """
        the tensors do not fit the model:
          missing (1):
            conv.bias
          unused (2):
            extra
            fc.weight
          misshaped (2):
            conv.weight: f32[3×2×3×3], but the model takes f32[3×2×1×1]
            bn.bias: i64[3], but the model takes f32[3]
        """)
    #expect(try model.store.tensor("bn.weight").isIdentical(to: before))
  }

  @Test func loadingConvertsFloats() throws {
    let model = try Model(input: [2]) { Dense(1, bias: false).named("fc") }
    try model.loadParameters(["fc.weight": Tensor([0.5, 2] as [Double], shape: [1, 2])])
    #expect(try model.store.tensor("fc.weight").array(of: Float.self) == [0.5, 2])
  }

  // MARK: Sub-models

  @Test func subModelsShareTheStore() throws {
    let model = try Zoo.standard.model("two-conv", classNames: ["a", "b"])
    let features = try model.subModel(to: "conv2")
    #expect(features.store === model.store)
    #expect(features.graph.nodes.map(\.op) == ["Conv", "Relu", "MaxPool", "Conv"])
    #expect(features.graph.shape(features.graph.outputs[0].value) == [1, 64, 8, 8])
    #expect(paths(features.graph) == ["conv1.weight", "conv1.bias", "conv2.weight", "conv2.bias"])
    #expect(features.classNames.isEmpty)
    let head = try model.subModel(from: "conv2", to: "output")
    #expect(head.graph.inputs.map { head.graph[$0].name } == ["input"])
    #expect(head.graph.nodes.map(\.op) == ["Relu", "MaxPool", "Flatten", "Gemm"])
    #expect(head.classNames == ["a", "b"])
    let batch = try head.graph.specialized(to: ["input": [5, 64, 8, 8]])
    #expect(batch.shape(batch.outputs[0].value) == [5, 2])
    let two = try model.subModel(to: ["conv1", "conv2"])
    #expect(two.graph.outputs.map(\.name) == ["conv1", "conv2"])
  }

  @Test func subModelsOfBlocks() throws {
    let model = try Model(input: [3, 8, 8]) {
      Conv2D(4, kernel: 1).named("stem")
      Sequential {
        BasicBlock(channels: 4); BasicBlock(channels: 4)
      }.named("layer1")
      Flatten()
      Dense(2).named("fc")
    }
    let body = try model.subModel(from: "stem", to: "layer1")
    #expect(body.graph.nodes.count == 14)
    #expect(try model.subModel(from: "layer1.0", to: "layer1.1").graph.nodes.count == 7)
    #expect(
      message { _ = try model.subModel(to: "layer1.5") }
        == "the model has no layer called \"layer1.5\"; did you mean \"layer1.0\" or \"layer1.1\" or \"layer1\"?")
    #expect(message { _ = try model.subModel(to: "steam") }.hasSuffix("did you mean \"stem\"?"))
    #expect(
      message { _ = try model.subModel(from: "fc", to: "stem") }
        == "\"stem\" does not depend on \"fc\", so there is no sub-model between them")
    #expect(
      message { _ = try model.subModel(from: "layer1.0.conv1", to: "layer1.0") }
        == "\"layer1.0\" depends on \"input\" also by a way that does not pass \"layer1.0.conv1\";"
        + " start where the ways have joined, or before they part")
  }

  // MARK: Zoo

  @Test func theZooSuggests() throws {
    #expect(
      message { _ = try Zoo.standard.model("two-cnov") }
        == "no network is called \"two-cnov\"; did you mean \"two-conv\"?")
    let all = message { _ = try Zoo.standard.model("penguin") }
    #expect(all.hasPrefix("no network is called \"penguin\"; there are "))
    #expect(throws: ZooError.classCount(names: 2, classes: 3)) {
      try Zoo.standard.model("two-conv", classes: 3, classNames: ["a", "b"])
    }
    #expect(throws: GraphError.self) { try Zoo.standard.model("two-conv", input: [1, 8, 8]) }
    let own = Zoo.standard.adding(Zoo.Entry(name: "flat", summary: "One layer.", input: [4], classes: 2) { Dense($0) })
    #expect(try own.model("flat", classes: 7).parameterTensors().map(\.tensor.shape) == [[7, 4], [7]])
  }
}
