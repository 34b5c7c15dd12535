import Foundation
import Fovea
import Testing

/// What torchvision's networks are and compute; `Tools/make_torchvision_golden.py` wrote the numbers and says by
/// which formula weights and pictures are made.
struct TorchvisionGolden: Decodable {
  /// What is kept of many numbers.
  struct Digest: Decodable, Sendable {
    let norm: Double
    let weighted: Double
    let first: [Double]

    /// Holds numbers against these: their first ones, their norm and a sum of all.
    func check(_ found: [Double], tolerance: Double, _ what: String) {
      let weights = noise(found.count, 0)
      let sum = found.indices.reduce(0) { $0 + found[$1] * weights[$1 % weights.count] }
      let length = found.reduce(0) { $0 + $1 * $1 }.squareRoot()
      #expect(abs(length - norm) <= tolerance * norm, "\(what): norm \(length), PyTorch \(norm)")
      #expect(abs(sum - weighted) <= tolerance * norm, "\(what): weighted sum \(sum), PyTorch \(weighted)")
      let usual = norm / Double(max(found.count, 1)).squareRoot()
      #expect(found.count >= first.count, "\(what): \(found.count) numbers")
      for (index, (a, b)) in zip(found, first).enumerated() {
        #expect(abs(a - b) <= tolerance * max(usual, abs(b)), "\(what)[\(index)]: \(a), PyTorch \(b)")
      }
    }
  }

  /// A network in evaluation; heads have no numbers of their own.
  struct Network: Decodable, Sendable, CustomTestStringConvertible {
    let name: String
    let input: [Int]
    let parameters: Int
    /// How many parameters and states.
    let tensors: Int
    /// The hash of the keys and shapes by what keys share up to their second dot.
    let groups: [String: UInt32]
    let gain: Double?
    let multiplyAdds: Int?
    let output: Digest?

    var testDescription: String { name }
  }

  /// A training step with the statistics of a batch of two, and without dropout.
  struct Step: Decodable, Sendable, CustomTestStringConvertible {
    let name: String
    let input: [Int]
    let gain: Double
    /// Added to the biases of norms.
    let shift: Double
    let loss: Double
    let gradients: [String: Digest]

    var testDescription: String { name }
  }

  let networks: [Network]
  let heads: [Network]
  let steps: [Step]

  static let shared: TorchvisionGolden = {
    let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appending(path: "Golden/torchvision.json")
    do {
      return try JSONDecoder().decode(TorchvisionGolden.self, from: Data(contentsOf: file))
    } catch {
      preconditionFailure("\(file.path): \(error)")
    }
  }()
}

/// FNV-1a.
private func fnv(_ text: String) -> UInt32 { text.utf8.reduce(2_166_136_261) { ($0 ^ UInt32($1)) &* 16_777_619 } }

/// The first `count` numbers from -1 to 1 of stream `k`, at most 65,521: from there on they repeat.
private func noise(_ count: Int, _ k: UInt32) -> [Double] {
  (0..<min(count, 65_521)).map { index in
    var h = UInt32(truncatingIfNeeded: index &* 2_654_435_761) &+ k
    h = (h ^ (h >> 16)) &* 0x85EB_CA6B
    h = (h ^ (h >> 13)) &* 0xC2B2_AE35
    return Double(h ^ (h >> 16)) / 0x1p31 - 1
  }
}

/// The value of a parameter or a state; `shift` is added to biases.
private func value(_ key: String, _ shape: Shape, gain: Double, shift: Double) -> Tensor {
  let last = key.split(separator: ".").last ?? ""
  let (offset, scale): (Double, Double) =
    switch last {
    case "running_var": (1, 0.3)
    case "weight" where shape.rank == 1: (1, 0.2)
    case "weight": (0, gain * (6 / Double(shape.count / shape[0])).squareRoot())
    case "bias": (shift, 0.1)
    default: (0, 0.1)
    }
  let table = noise(shape.count, fnv(key)).map { Float(offset + scale * $0) }
  var tensor = Tensor(zeros: shape, dtype: .f32)
  tensor.withMutableElements(of: Float.self) { elements in
    for start in stride(from: 0, to: elements.count, by: table.count) {
      let count = min(table.count, elements.count - start)
      table.withUnsafeBufferPointer { (elements.baseAddress! + start).update(from: $0.baseAddress!, count: count) }
    }
  }
  return tensor
}

/// Pictures with something large and something small in them.
private func pictures(_ count: Int, size: Int) -> Tensor {
  let shape = Shape([count, 3, size, size])
  let small = noise(shape.count, 0)
  var tensor = Tensor(zeros: shape, dtype: .f32)
  tensor.withMutableElements(of: Float.self) { elements in
    for i in elements.indices {
      let (x, y, c, n) = (i % size, i / size % size, i / size / size % 3, i / size / size / 3)
      let large = sin(0.05 * Double((c + 1) * y) + 0.03 * Double(x) + Double(n))
      elements[i] = Float(large + 0.5 * small[i % small.count])
    }
  }
  return tensor
}

private func draft(_ name: String, _ input: [Int]) throws -> Graph {
  let entry = try Zoo.standard.entry(name)
  let graph = Model.draft(input: InputShape(Shape(input))) { entry.network(entry.classes) }
  #expect(graph.mistakes.isEmpty, "\(graph.mistakes)")
  return graph
}

/// Values by the formula for everything that the graph holds; `shift` is added to the biases of norms.
private func values(_ graph: Graph, gain: Double, shift: Double = 0) -> [(path: String, tensor: Tensor)] {
  let norms = Set(graph.states.map { $0.parameter.path.replacing("running_var", with: "bias") })
  return (graph.parameters + graph.states).map { leaf, parameter in
    let path = parameter.path
    let shift = norms.contains(path) ? shift : 0
    return (path, value(path, graph.shape(leaf), gain: gain, shift: shift))
  }
}

private func filled(_ graph: Graph, gain: Double, shift: Double = 0) throws -> Store {
  let store = Store()
  for (path, tensor) in values(graph, gain: gain, shift: shift) { try store.set(path, to: tensor) }
  return store
}

private func numbers(_ tensor: Tensor) -> [Double] { tensor.converted(to: .f64).array(of: Double.self) }

// A VGG with its reordered weights takes a gigabyte, so one at a time.
@Suite(.serialized) struct TorchvisionTests {
  /// Parameters, keys, shapes and multiply-adds, without any values.
  @Test(arguments: TorchvisionGolden.shared.networks + TorchvisionGolden.shared.heads)
  func networksHaveTorchvisionsKeys(network: TorchvisionGolden.Network) throws {
    let graph = try draft(network.name, network.input)
    #expect(graph.parameters.reduce(0) { $0 + graph.shape($1.value).count } == network.parameters)
    let leaves = graph.parameters + graph.states
    #expect(leaves.count == network.tensors)
    let lines = leaves.map { leaf in
      leaf.parameter.path + " " + graph.shape(leaf.value).dims.map(String.init).joined(separator: "x")
    }.sorted()
    let groups = Dictionary(grouping: lines) { line in
      line.prefix { $0 != " " }.split(separator: ".").prefix(2).joined(separator: ".")
    }
    for name in Set(groups.keys).union(network.groups.keys).sorted() {
      let found = groups[name]?.joined(separator: "\n")
      #expect(
        found.map(fnv) == network.groups[name],
        "\(network.name) \(name): torchvision has \(network.groups[name] == nil ? "no such keys" : "others") than \(found ?? "none")"
      )
    }
    if let expected = network.multiplyAdds { #expect(graph.analysis().multiplyAddsPerExample == expected) }
  }

  /// This machine's processors, at the networks' own sizes.
  @Test(arguments: TorchvisionGolden.shared.networks)
  func networksComputeWhatTorchvisionComputes(network: TorchvisionGolden.Network) async throws {
    let graph = try draft(network.name, network.input)
    let store = try filled(graph, gain: try #require(network.gain))
    let device = Device.cpu(threads: 2)
    let scores = try await Worker().perform { () throws -> [Double] in
      let graph = try PlanRequest(mode: .inference, sizes: ["input": Shape([1] + network.input)]).prepare(graph)
      let plan = try Plan(graph, mode: .inference, backends: device.backends, store: store, threads: device.threads)
      let context = try Context(plan, store: store)
      try context.feed("input", pictures(1, size: network.input[1]))
      try context.run()
      return numbers(try context.result("output"))
    }
    #expect(scores.count == 1000)
    try #require(network.output).check(scores, tolerance: 1e-4, network.name)
  }

  /// Gradients at both ends, through the statistics of the batch.
  @Test(arguments: TorchvisionGolden.shared.steps)
  func networksLearnAsTorchvisionsDo(step: TorchvisionGolden.Step) async throws {
    let (declared, request) = try step.prepared(.f32)
    let store = try filled(declared, gain: step.gain, shift: step.shift)
    let device = Device.cpu(threads: 2)
    let results = try await Worker().perform { () throws -> [String: [Double]] in
      let graph = try request.prepare(declared)
      let plan = try Plan(graph, mode: .training, backends: device.backends, store: store, threads: device.threads)
      let context = try Context(plan, store: store)
      try context.feed("input", pictures(2, size: step.input[1]))
      try context.feed("target", step.labels)
      try context.run()
      var results: [String: [Double]] = [:]
      for (name, _) in graph.outputs { results[name] = numbers(try context.result(name)) }
      return results
    }
    step.check(results, loss: 1e-4, gradients: 1e-3)
  }

  /// The deepest of them once more by the plain loops in double precision, where nothing blurs the comparison.
  @Test(arguments: TorchvisionGolden.shared.steps.filter { $0.shift != 0 })
  func theReferenceLearnsAsTorchvisionDoes(step: TorchvisionGolden.Step) throws {
    let (declared, request) = try step.prepared(.f64)
    let graph = try request.prepare(declared)
    let leaves = Dictionary(uniqueKeysWithValues: values(declared, gain: step.gain, shift: step.shift).map { ($0, $1) })
    var feeds: [Value: Tensor] = [:]
    for input in graph.inputs {
      // Pictures are the numbers of single precision; dropout's seed and step do not matter.
      switch graph[input].name {
      case "input": feeds[input] = pictures(2, size: step.input[1]).converted(to: .f64)
      case "target": feeds[input] = step.labels
      default: feeds[input] = Tensor(scalar: Int64(0))
      }
    }
    for (leaf, parameter) in graph.parameters + graph.states {
      feeds[leaf] = leaves[parameter.path]?.converted(to: .f64)
    }
    let found = try Interpreter.run(graph, feeds)
    let results = graph.outputs.map { ($0.name, numbers(found[$0.value] ?? Tensor(zeros: [0]))) }
    step.check(Dictionary(uniqueKeysWithValues: results), loss: 1e-6, gradients: 1e-6)
  }
}

extension TorchvisionGolden.Step {
  var labels: Tensor { Tensor([1, 4] as [Int32]) }

  /// The network without dropout, which would hide the gradient.
  private func network() throws -> any Layer {
    switch name {
    case "alexnet": AlexNet(classes: 1000, dropout: 0)
    case "googlenet_aux": GoogLeNet(heads: true, classes: 1000, dropout: 0, headDropout: 0)
    default: try Zoo.standard.entry(name).network(1000)
    }
  }

  /// The network with its loss, and how it is differentiated: each gradient is an output `gradient:PATH`.
  func prepared(_ precision: DType) throws -> (Graph, PlanRequest) {
    let layer = try network()
    var graph = Model.draft(input: InputShape(Shape(input))) { layer }
    #expect(graph.mistakes.isEmpty, "\(graph.mistakes)")
    let target = graph.addInput("target", TensorType(.i32, [1]), open: [0])
    func loss(_ output: String) -> Value? {
      graph.output(output).map { graph.add(Op.SoftmaxCrossEntropyLoss.self, [$0, target])[0] }
    }
    var total = try #require(loss("output"))
    // The heads count 0.3 each (Szegedy et al. 2014, section 5).
    for head in ["aux1", "aux2"] {
      guard let aux = loss(head) else { continue }
      let share = graph.addConstant(Tensor(scalar: Float(0.3)))
      total = graph.add(Op.Add.self, [total, graph.add(Op.Mul.self, [aux, share])[0]])[0]
    }
    graph.addOutput("loss", total)
    let sizes = ["input": Shape([2] + input), "target": Shape([2])]
    let paths = Set(gradients.keys)
    let request = PlanRequest(mode: .training, sizes: sizes, precision: precision) { (graph) throws(GraphError) in
      guard let loss = graph.output("loss") else { return }
      let wanted = graph.parameters.filter { paths.contains($0.parameter.path) }
      let gradients = try graph.differentiate(loss, withRespectTo: wanted.map(\.value))
      for (value, parameter) in wanted {
        if let gradient = gradients[value] { graph.addOutput("gradient:\(parameter.path)", gradient) }
      }
    }
    return (graph, request)
  }

  func check(_ results: [String: [Double]], loss tolerance: Double, gradients each: Double) {
    let found = results["loss"]?.first ?? .nan
    #expect(abs(found - loss) <= tolerance * loss, "\(name): loss \(found), PyTorch \(loss)")
    for (key, expected) in gradients {
      expected.check(results["gradient:\(key)"] ?? [], tolerance: each, "\(name) \(key)")
    }
  }
}

@Suite struct TorchvisionAnalysisTests {
  /// Those that torchvision lacks have the published numbers.
  @Test(arguments: [("mobilenet_v1", 4_231_976, 568_740_352), ("efficientnet_lite0", 4_652_008, 385_187_552)])
  func othersOfTheFamily(name: String, parameters: Int, multiplyAdds: Int) throws {
    let analysis = try draft(name, [3, 224, 224]).analysis()
    #expect(analysis.parameters == parameters)
    #expect(analysis.multiplyAddsPerExample == multiplyAdds)
  }

  /// The largest receptive field behind the last convolution or pooling before what sees everything.
  private func field(_ graph: Graph, before op: String) throws -> Int {
    let node = try #require(graph.nodes.first { $0.op == op })
    let value = try #require(node.inputs[0])
    return try #require(graph.receptiveFields()[value]?.axes.first?.max)
  }

  /// VGG's fifth pooling sees 212 pixels. ResNet-50 as published sees 483; torchvision's, whose blocks look before
  /// they stride, 427.
  @Test func receptiveFields() throws {
    #expect(try field(draft("vgg16", [3, 224, 224]), before: "Flatten") == 212)
    #expect(try field(draft("vgg19", [3, 224, 224]), before: "Flatten") == 268)
    #expect(try field(draft("alexnet", [3, 224, 224]), before: "Flatten") == 195)
    #expect(try field(draft("resnet50", [3, 224, 224]), before: "GlobalAveragePool") == 427)
    let published = Model.draft(input: [3, 224, 224]) {
      ResNet(blocks: [3, 4, 6, 3], of: .bottleneck(stridesFirst: true), classes: 1000)
    }
    #expect(try field(published, before: "GlobalAveragePool") == 483)
    #expect(published.analysis().parameters == 25_557_032)
  }

  /// Every architecture of the list has its family's input and so 1000 scores for any batch.
  @Test func allTakeAnyBatch() throws {
    for entry in Zoo.standard.entries where entry.classes == 1000 {
      let graph = try draft(entry.name, entry.input.shape.dims)
      let large = try graph.specialized(to: ["input": Shape([3] + entry.input.shape.dims)])
      #expect(large.mistakes.isEmpty, "\(entry.name)")
      #expect(large.output("output").map { large.shape($0) } == [3, 1000], "\(entry.name)")
    }
  }
}
