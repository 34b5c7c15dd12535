import Foundation
import FoveaExchange
import FoveaExecution
import FoveaGraphs
import FoveaLayers
import FoveaTensors
import Testing

/// Passes its input on and bears attributes of every kind: a user's own operator.
enum Bearer: Operator {
  static let name = "Bearer"
  static let inputNames = ["X", "maybe"]
  static let optionalInputs: Set<Int> = [1]
  static func infer(_ query: inout ShapeQuery) -> [TensorType] { [TensorType(query.dtype(0), query.shape(0))] }
  static func gradient(_ builder: inout GradientBuilder) -> [Value?] { [builder.outputGradients[0]] }
  static func reference<T: ReferenceScalar>(_ site: NodeSite, _ type: T.Type) -> ReferenceKernel {
    let count = site.outputShape().count
    return { $0.output(0, as: T.self).update(from: $0.input(0, as: T.self), count: count) }
  }
  static func explain(_ site: NodeSite) -> String { "Nothing." }
}

/// A network with most of what a graph can hold.
func sample() throws -> Model {
  try Model(
    input: .picture(channels: 2, height: 8, width: 8), classes: ["cat", "dog \"ü\"", "ox"], seed: 4,
    preprocessing: Preprocessing(channels: .bgr, resize: 9, size: [8, 8], mean: [0.1, 1 / 3], std: [0.5, 2]),
    name: "sample"
  ) {
    Conv2D(4, kernel: 3, padding: .explicit(before: [1, 0], after: [1, 2]), bias: false).named("conv")
    BatchNorm().named("bn")
    ReLU().tap("features")
    Add {
      Conv2D(4, kernel: 1).named("side")
      Identity()
    }
    MaxPool2D(8)
    Flatten()
    Dropout(0.3).named("drop")
    Dense(3).named("fc")
  }
}

@Suite struct ModelFileTests {
  func outputs(_ model: Model, _ registry: Registry = .standard) throws -> [Tensor] {
    let graph = try model.graph.specialized(to: ["input": [2, 2, 8, 8]])
    var feeds: [Value: Tensor] = [:]
    let stream = RandomStream(seed: 1, purpose: "test")
    feeds[graph.inputs[0]] = try Tensor((0..<256).map { Float(stream.normal(index: $0)) }, shape: [2, 2, 8, 8])
    for (value, parameter) in graph.parameters + graph.states { feeds[value] = try model.store.tensor(parameter.path) }
    let results = try Interpreter.run(graph, feeds)
    return graph.outputs.compactMap { results[$0.value] }
  }

  @Test func aModelComesBackAsItWas() throws {
    let directory = try TemporaryDirectory()
    let path = directory.file("m.safetensors")
    let model = try sample()
    try model.save(to: path)
    let read = try ModelFile.read(path)
    #expect(read.graph.lines == model.graph.lines)
    #expect(read.graph.values.map(\.name) == model.graph.values.map(\.name))
    #expect(read.graph.values.map(\.type) == model.graph.values.map(\.type))
    #expect(read.graph.parameters.map(\.parameter) == model.graph.parameters.map(\.parameter))
    #expect(read.graph.states.map(\.parameter) == model.graph.states.map(\.parameter))
    #expect(read.graph.nodes.map(\.origin.path) == model.graph.nodes.map(\.origin.path))
    #expect(read.graph.nodes.map(\.origin.layer) == model.graph.nodes.map(\.origin.layer))
    #expect(read.classNames == model.classNames && read.name == "sample")
    #expect(read.preprocessing == model.preprocessing)
    for (a, b) in zip(try outputs(read), try outputs(model)) { #expect(a.isIdentical(to: b)) }
    // Equal models leave equal files, and a copy of a copy is one.
    try read.save(to: directory.file("again.safetensors"))
    #expect(
      FileManager.default.contents(atPath: directory.file("again.safetensors"))
        == FileManager.default.contents(atPath: path))
    #expect(try ModelFile.hasGraph(path))
  }

  @Test func everyWayToStartComesBack() throws {
    let initializers: [Initializer] =
      [.constant(0.5), .fan(nil, fanIn: 3, fanOut: 4), .fan(.he, fanIn: 20_000, fanOut: 1)]
      + WeightPattern.allCases.map { .pattern($0) }
    var graph = Graph()
    let x = graph.addInput("input", TensorType(.f32, [1, 2, 5] as Shape), open: [0])
    var sum = x
    for (index, initializer) in initializers.enumerated() {
      let leaf = Parameter(path: "w\(index)", role: .weight, initializer: initializer)
      sum = graph.add(Op.Add.self, [sum, graph.addParameter(leaf, TensorType(.f32, [2, 5] as Shape))])[0]
    }
    graph.addOutput("output", sum)
    let store = Store()
    try store.initialize(graph, seed: 0)
    let directory = try TemporaryDirectory()
    let path = directory.file("m.safetensors")
    try ModelFile.write(Model(graph: graph, store: store), to: path)
    #expect(try ModelFile.read(path).graph.parameters.map(\.parameter.initializer) == initializers)
  }

  @Test func attributesOfEveryKindAndConstantsComeBack() throws {
    var graph = Graph(registry: .standard.adding(Bearer.self))
    let x = graph.addInput("input", TensorType(.f32, [1, 3] as Shape), open: [0])
    let attributes: Attributes = [
      "int": .int(-7), "big": .int(.max), "float": .float(0.1), "whole": .float(3),
      "tiny": .float(.leastNonzeroMagnitude),
      "negative zero": .float(-0.0), "infinite": .float(-.infinity), "string": .string("a\"\n∇"), "empty": .ints([]),
      "ints": .ints([1, -2]), "floats": .floats([1, 1e300, .infinity]), "strings": .strings(["", "b"]),
      "none": .floats([]), "tensor": .tensor(try Tensor([1, 2, 3, 4] as [Int16], shape: [2, 2])),
    ]
    let constant = graph.addConstant(Tensor([0.25, 0.5, 1 / 3] as [Float]), name: "shift")
    let borne = graph.add(Bearer.self, [x, nil], attributes, name: "bearer")[0]
    graph.addOutput("output", graph.add(Op.Add.self, [borne, constant])[0])
    graph.addOutput("again", borne)
    let directory = try TemporaryDirectory()
    let path = directory.file("m.safetensors")
    try ModelFile.write(Model(graph: graph, store: Store()), to: path)
    let read = try ModelFile.read(path, registry: .standard.adding(Bearer.self))
    #expect(read.graph.nodes[0].attributes == attributes)
    #expect(read.graph.lines == graph.lines)
    guard case .constant(let tensor) = read.graph[Value(id: constant.id)].source else { throw FileError.last("", "") }
    #expect(tensor.isIdentical(to: Tensor([0.25, 0.5, 1 / 3] as [Float])))
    let error = #expect(throws: ModelFileError.self) { try ModelFile.read(path) }
    #expect(
      error?.description.hasSuffix(
        "its network uses an operator that this program does not have: \"Bearer\"; use a newer fovea, or add your own "
          + "to the registry") == true)
  }

  @Test func furtherTensorsAreKeptApart() throws {
    let directory = try TemporaryDirectory()
    let path = directory.file("m.safetensors")
    let model = try sample()
    let extra = Tensor([1, 2] as [Float])
    try ModelFile.write(model, extra: [("fovea.optimizer.x", extra)], metadata: ["fovea.training": "7"], to: path)
    #expect(try ModelFile.read(path).graph.lines == model.graph.lines)
    let found = try ModelFile.readExtra(path)
    #expect(found.tensors.keys.sorted() == ["fovea.optimizer.x"] && found.metadata["fovea.training"] == "7")
    #expect(found.tensors["fovea.optimizer.x"]?.isIdentical(to: extra) == true)
    #expect(throws: ModelFileError.self) { try ModelFile.write(model, extra: [("x", extra)], to: path) }
    #expect(throws: ModelFileError.self) { try ModelFile.write(model, extra: [("fovea.graph.0", extra)], to: path) }
    #expect(throws: ModelFileError.self) { try ModelFile.write(model, metadata: ["fovea.name": ""], to: path) }
    #expect(throws: ModelFileError.self) { try ModelFile.write(model, to: "/proc/self/m.safetensors") }
  }

  @Test func weightsAloneAreLoadedByPath() throws {
    let directory = try TemporaryDirectory()
    let (path, plain) = (directory.file("m.safetensors"), directory.file("w.safetensors"))
    let model = try sample()
    let other = try sample()
    try other.store.set("conv.weight", to: Tensor(zeros: [4, 2, 3, 3]))
    try model.save(to: path)
    try ModelFile.loadWeights(path, into: other)
    #expect(try other.store.tensor("conv.weight").isIdentical(to: model.store.tensor("conv.weight")))
    // As PyTorch leaves them: without a graph, in another type, with counters of batches.
    var tensors = try model.parameterTensors().map { (name: $0.path, tensor: $0.tensor.converted(to: .f64)) }
    tensors.append(("bn.num_batches_tracked", Tensor(scalar: 3 as Int64)))
    try Safetensors.write(tensors, to: plain)
    try other.store.set("conv.weight", to: Tensor(zeros: [4, 2, 3, 3]))
    try ModelFile.loadWeights(plain, into: other)
    #expect(try other.store.tensor("conv.weight").isIdentical(to: model.store.tensor("conv.weight")))
    let error = #expect(throws: ModelFileError.self) { try ModelFile.read(plain) }
    #expect(
      error?.description
        == "\(plain) holds 10 tensors but no network; name the network and give this file as its weights "
        + "(fovea … MODEL --weights \(plain))")
    #expect(try !ModelFile.hasGraph(plain))
  }
}
