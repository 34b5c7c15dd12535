import Foundation
import Fovea
import Testing

/// What PyTorch computes for the historical networks and those that answer for every place;
/// `Golden/make_history.py` has them written a second time, and says by which formula the numbers are made.
struct HistoryGolden: Decodable, Sendable, CustomTestStringConvertible {
  struct File: Decodable { let networks: [HistoryGolden] }
  /// What is kept of many numbers.
  struct Digest: Decodable, Sendable {
    let count: Int
    let norm: Double
    let weighted: Double
    let first: [Double]
  }

  let name: String
  let input: [Int]
  /// Whether norms use the batch's statistics.
  let training: Bool
  let parameters: Int
  let outputs: [String: Digest]
  let gradients: [String: Digest]

  var testDescription: String { name }

  static func all() throws -> [HistoryGolden] {
    let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appending(path: "Golden/history.json")
    return try JSONDecoder().decode(File.self, from: Data(contentsOf: file)).networks
  }

  /// The network, in sizes and widths that keep the tests quick.
  var network: any Layer {
    get throws {
      switch name {
      case "alexnet-2012": return AlexNet2012(classes: 10)
      case "googlenet-2014": return GoogLeNet2014(classes: 10)
      case "densenet40-bc": return DenseNetCIFAR(depth: 40, growth: 12, compressed: true, classes: 10)
      case "unet": return UNet(classes: 2, width: 8)
      case "unet-2015": return UNet(classes: 2, width: 4, padded: false)
      case "hourglass": return Hourglass(joints: 3, width: 16)
      case "segnet": return SegNet(classes: 5, width: 8)
      case "deconvnet": return DeconvNet(classes: 5, width: 4, hidden: 24)
      case "fcn8s": return FCN(stride: 8, classes: 5, width: 8, hidden: 32)
      case "causal-1d": return Causal1D(channels: 8, layers: 5, outputs: 2)
      default:
        let entry = try Zoo.standard.entry(name)
        return entry.network(entry.classes)
      }
    }
  }

  /// A learned number or a state by its path, as the script makes it.
  static func value(_ path: String, _ shape: Shape) -> Tensor {
    let last = path.split(separator: ".").last ?? ""
    let perChannel = shape.rank == 1 || shape.dims.dropFirst() == [1, 1]
    let (offset, scale): (Double, Double) =
      switch last {
      case "running_var": (1, 0.1)
      case "weight" where perChannel: (1, 0.1)
      case "weight": (0, (2 / Double(shape.dims.dropFirst().reduce(1, *))).squareRoot())
      default: (0, 0.1)
      }
    return hashed(shape, path, offset, scale)
  }

  /// The graph with the gradients as outputs, for the batch of the script.
  func prepared(_ graph: Graph, _ precision: DType) throws -> Graph {
    var graph = graph
    var total: Value?
    for (output, value) in graph.outputs {
      let factors = graph.addInput("factors:\(output)", graph[value].type, open: [0])
      let product = graph.add(Op.Mul.self, [value, factors])[0]
      let mean = graph.add(Op.ReduceSum.self, [product], ["keepdims": .int(0)])[0]
      total = total.map { graph.add(Op.Add.self, [$0, mean])[0] } ?? mean
    }
    if let total { graph.addOutput("loss", total) }
    var sizes = ["input": Shape(input)]
    for (output, value) in graph.outputs where output != "loss" {
      sizes["factors:\(output)"] = Shape([input[0]] + graph.shape(value).dims.dropFirst())
    }
    let wanted = Set(gradients.keys)
    return try PlanRequest(mode: training ? .training : .inference, sizes: sizes, precision: precision) {
      (graph) throws(GraphError) in
      guard let loss = graph.output("loss") else { return }
      let leaves = graph.parameters.filter { wanted.contains($0.parameter.path) }
      let found = try graph.differentiate(loss, withRespectTo: leaves.map(\.value))
      for (value, parameter) in leaves {
        if let gradient = found[value] { graph.addOutput("gradient:\(parameter.path)", gradient) }
      }
    }.prepare(graph)
  }

  /// What is fed to an input of the prepared graph.
  func feed(_ name: String, _ shape: Shape) -> Tensor {
    guard name.hasPrefix("factors:") else { return hashed(shape, "input", 0, 1) }
    return hashed(shape, String(name.dropFirst("factors:".count)), 0, 1 / Double(shape.count))
  }

  /// Holds results, by output and by `gradient:PATH`, against PyTorch's.
  func check(_ results: [String: [Double]], output: Double, gradient: Double) {
    func hold(_ key: String, _ hash: String, _ expected: Digest, _ tolerance: Double) {
      let found = results[key] ?? []
      #expect(found.count == expected.count, "\(name) \(key)")
      let factors = hashed(Shape([found.count]), hash, 0, 1).array(of: Double.self)
      let usual = expected.norm / Double(max(expected.count, 1)).squareRoot()
      func near(_ a: Double, _ b: Double, _ size: Double, _ what: String) {
        #expect(abs(a - b) <= tolerance * size, "\(name) \(key) \(what): \(a), PyTorch \(b)")
      }
      near(found.reduce(0) { $0 + $1 * $1 }.squareRoot(), expected.norm, expected.norm, "norm")
      near(zip(found, factors).reduce(0) { $0 + $1.0 * $1.1 }, expected.weighted, expected.norm, "sum")
      for (a, b) in zip(found, expected.first) { near(a, b, max(usual, abs(b)), "first") }
    }
    for (key, expected) in outputs { hold(key, key, expected, output) }
    for (key, expected) in gradients { hold("gradient:\(key)", key, expected, gradient) }
  }
}

/// offset + scale·u, u of mean 0 and variance 1 by a hash of the key and the place.
private func hashed(_ shape: Shape, _ key: String, _ offset: Double, _ scale: Double) -> Tensor {
  // CRC-32, bit by bit.
  var seed: UInt32 = .max
  for byte in key.utf8 {
    seed ^= UInt32(byte)
    for _ in 0..<8 { seed = seed & 1 == 1 ? seed >> 1 ^ 0xEDB8_8320 : seed >> 1 }
  }
  seed = ~seed
  var tensor = Tensor(zeros: shape, dtype: .f64)
  tensor.withMutableElements(of: Double.self) { elements in
    for index in elements.indices {
      var x = UInt32(truncatingIfNeeded: index) &* 2_654_435_761 &+ seed
      for _ in 0..<2 {
        x ^= x >> 16
        x = x &* 0x45D9_F3B
      }
      x ^= x >> 16
      elements[index] = offset + scale * (Double(x) / 2_147_483_648 - 1) * 3.0.squareRoot()
    }
  }
  return tensor
}

@Suite struct HistoryGoldenTests {
  static let small: Set<String> = [
    "tdnn", "lecun-1989", "lecun-1989-zip", "lenet5-1998", "unet", "causal-1d", "autoencoder", "dilated-context",
    "densenet40-bc",
    "deconvnet", "hourglass", "segnet", "fcn8s",
  ]

  /// The plain loops, in double precision, for the networks that they are quick for: digit by digit.
  @Test(arguments: try HistoryGolden.all().filter { small.contains($0.name) })
  func theReferenceAgreesWithPyTorch(golden: HistoryGolden) throws {
    let graph = try draft(golden)
    let prepared = try golden.prepared(graph, .f64)
    var feeds: [Value: Tensor] = [:]
    for value in prepared.inputs { feeds[value] = golden.feed(prepared[value].name, prepared.shape(value)) }
    for (value, parameter) in prepared.parameters + prepared.states {
      feeds[value] = HistoryGolden.value(parameter.path, prepared.shape(value))
    }
    let found = try Interpreter.run(prepared, feeds)
    var results: [String: [Double]] = [:]
    for (name, value) in prepared.outputs { results[name] = found[value]?.array(of: Double.self) }
    golden.check(results, output: 1e-7, gradient: 1e-7)
  }

  /// This machine's processors, in single precision.
  @Test(arguments: try HistoryGolden.all()) func theProcessorAgreesWithPyTorch(golden: HistoryGolden) async throws {
    let graph = try draft(golden)
    let store = Store()
    for (value, parameter) in graph.parameters + graph.states {
      try store.set(
        parameter.path, to: HistoryGolden.value(parameter.path, graph.shape(value)).converted(to: .f32))
    }
    let device = Device.cpu(threads: 1)
    let results = try await Worker().perform { () throws -> [String: [Double]] in
      let prepared = try golden.prepared(graph, .f32)
      let plan = try Plan(
        prepared, mode: golden.training ? .training : .inference, backends: device.backends, store: store,
        threads: device.threads)
      let context = try Context(plan, store: store)
      for value in prepared.inputs {
        let (name, shape) = (prepared[value].name, prepared.shape(value))
        try context.feed(name, golden.feed(name, shape).converted(to: .f32))
      }
      try context.run()
      var results: [String: [Double]] = [:]
      for (name, _) in plan.graph.outputs {
        results[name] = try context.result(name).converted(to: .f64).array(of: Double.self)
      }
      return results
    }
    golden.check(results, output: 3e-4, gradient: 1e-3)
  }

  private func draft(_ golden: HistoryGolden) throws -> Graph {
    let network = try golden.network
    let graph = Model.draft(input: InputShape(Shape(Array(golden.input.dropFirst())))) { network }
    try graph.check()
    let count = graph.parameters.reduce(0) { $0 + graph.shape($1.value).count }
    #expect(count == golden.parameters)
    return graph
  }
}
