import FoveaExchange
import FoveaExecution
import FoveaLayers
import FoveaTensors
import Testing

@Suite struct PretrainedTests {
  private var entry: Zoo.Entry { get throws { try Zoo.standard.entry("lenet5") } }

  private func written(_ classes: Int, _ directory: TemporaryDirectory) throws -> (path: String, model: Model) {
    let model = try Zoo.standard.model("lenet5", classes: classes, seed: 7)
    let path = directory.file("w.safetensors")
    try Safetensors.write(try model.parameterTensors().map { (name: $0.path, tensor: $0.tensor) }, to: path)
    return (path, model)
  }

  @Test func weightsSayHowManyClassesTheyTellApart() throws {
    let directory = try TemporaryDirectory()
    let weights = try PretrainedWeights(try written(7, directory).path, for: try entry)
    #expect(weights.classes == 7)
    #expect(weights.classNames.isEmpty && weights.preprocessing == nil)
    let residual = try PretrainedWeights(directory.file("w.safetensors"), for: Zoo.standard.entry("resnet20"))
    #expect(residual.classes == nil)
    #expect(residual.preprocessing == .imageNetStatistics)
  }

  @Test func anotherNumberOfClassesGetsANewLastLayer() throws {
    let directory = try TemporaryDirectory()
    let (path, source) = try written(7, directory)
    let weights = try PretrainedWeights(path, for: try entry)
    let same = try Zoo.standard.model("lenet5", classes: 7, seed: 1)
    #expect(try weights.load(into: same) == [])
    #expect(
      try same.store.tensor("fc3.weight").array(of: Float.self)
        == source.store.tensor("fc3.weight").array(of: Float.self))
    let other = try Zoo.standard.model("lenet5", classes: 5, seed: 1)
    let head = try other.store.tensor("fc3.weight").array(of: Float.self)
    #expect(try weights.load(into: other) == ["fc3.weight", "fc3.bias"])
    #expect(try other.store.tensor("fc3.weight").array(of: Float.self) == head)
    #expect(
      try other.store.tensor("conv1.weight").array(of: Float.self)
        == source.store.tensor("conv1.weight").array(of: Float.self))
  }

  /// Only a last layer for other classes may stay behind: everything else is strict.
  @Test func whatElseDoesNotFitIsAnError() throws {
    let directory = try TemporaryDirectory()
    let (path, source) = try written(7, directory)
    var tensors = try source.parameterTensors().map { (name: $0.path, tensor: $0.tensor) }
    tensors.removeAll { $0.name == "fc2.bias" }
    tensors = tensors.map { $0.name == "fc3.weight" ? (name: $0.name, tensor: Tensor(zeros: [7, 9])) : $0 }
    try Safetensors.write(tensors, to: path)
    let other = try Zoo.standard.model("lenet5", classes: 5, seed: 1)
    let before = try other.store.tensor("conv1.weight").array(of: Float.self)
    let error = #expect(throws: ModelFileError.self) { try PretrainedWeights(path, for: try entry).load(into: other) }
    let text = error.map { "\($0)" } ?? ""
    #expect(["\"fc2.bias\"", "\"fc3.weight\": f32[7×9]", "\"fc3.bias\""].allSatisfy(text.contains), "\(text)")
    #expect(try other.store.tensor("conv1.weight").array(of: Float.self) == before)
  }

  /// Published files hold heads that serve training only: a network without them says so, and only they may stay.
  @Test func headsThatTheNetworkLacksMayStayBehind() throws {
    let directory = try TemporaryDirectory()
    let path = directory.file("w.safetensors")
    @Sendable func network(_ heads: Bool) -> any Layer {
      Sequential {
        Flatten()
        if heads { Side { Dense(2).named("aux") }.tap("aux") }
        Dense(2).named("fc")
      }
    }
    let source = try Model(input: [3]) { network(true) }
    try Safetensors.write(try source.parameterTensors().map { (name: $0.path, tensor: $0.tensor) }, to: path)
    for (prefix, fits) in [("aux.", true), ("aux1.", false)] {
      let entry = Zoo.Entry(name: "n", summary: "", input: [3], classes: 2, leavesOut: [prefix]) { _ in network(false) }
      let model = try Model(input: [3], seed: 1) { network(false) }
      guard fits else {
        #expect(throws: ModelFileError.self) { try PretrainedWeights(path, for: entry).load(into: model) }
        continue
      }
      #expect(try PretrainedWeights(path, for: entry).load(into: model) == [])
      #expect(try model.store.tensor("fc.weight").isIdentical(to: source.store.tensor("fc.weight")))
    }
  }

  @Test func aModelFileBringsItsNamesAndPreprocessing() throws {
    let directory = try TemporaryDirectory()
    let preprocessing = Preprocessing(channels: .gray, mean: [0.25], std: [0.5])
    let model = try Zoo.standard.model("lenet5", classNames: ["x", "y"], preprocessing: preprocessing)
    let path = directory.file("m.safetensors")
    try ModelFile.write(model, to: path)
    let weights = try PretrainedWeights(path, for: try entry)
    #expect(weights.classes == 2 && weights.classNames == ["x", "y"] && weights.preprocessing == preprocessing)
  }
}
