import Foundation
import Fovea
import Testing

/// What PyTorch computes for thin YOLO networks with their loss; `Golden/make_detectors.py` wrote the numbers.
struct GoldenDetector: Decodable, Sendable, CustomTestStringConvertible {
  struct File: Decodable { let detectors: [GoldenDetector] }

  let network: GoldenNetwork
  let target: [Double]

  static let grid = YOLOGrid(cells: 2, boxes: 2, classes: 3)
  var testDescription: String { network.name }

  static func all() throws -> [GoldenDetector] {
    let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appending(path: "Golden/detectors.json")
    return try JSONDecoder().decode(File.self, from: Data(contentsOf: file)).detectors
  }

  func model() throws -> Model {
    let model = try Model(input: [3, 128, 128]) {
      if network.name == "yolov1" {
        YOLOv1(classes: 3, cells: 2, width: 4)
      } else {
        FastYOLOv1(classes: 3, cells: 2, width: 2)
      }
    }
    try model.loadParameters(Dictionary(uniqueKeysWithValues: network.tensors.map { ($0.path, $0.tensor) }))
    return model
  }

  /// The network as it is evaluated, with its loss and the gradient of each parameter.
  func prepared(_ model: Model, _ precision: DType) throws -> Graph {
    var graph = model.graph
    let numbers = try #require(graph.output("output"))
    let target = graph.addInput("target", TensorType(.f32, [1, 2, 2, 8]), open: [0])
    graph.addOutput("loss", graph.add(Op.YOLOGridLoss.self, [numbers, target], Self.grid.attributes)[0])
    let sizes = ["input": Shape(network.input), "target": Shape([network.input[0], 2, 2, 8])]
    return try PlanRequest(mode: .inference, sizes: sizes, precision: precision) { (graph) throws(GraphError) in
      guard let loss = graph.output("loss") else { return }
      let gradients = try graph.differentiate(loss, withRespectTo: graph.parameters.map(\.value))
      for (value, parameter) in graph.parameters {
        if let gradient = gradients[value] { graph.addOutput("gradient:\(parameter.path)", gradient) }
      }
    }.prepare(graph)
  }

  var targets: Tensor { get throws { try Tensor(target, shape: [network.input[0], 2, 2, 8]) } }
}

@Suite struct DetectorTests {
  @Test(arguments: try GoldenDetector.all()) func theReferenceAgreesWithPyTorch(detector: GoldenDetector) throws {
    let model = try detector.model()
    let graph = try detector.prepared(model, .f64)
    let values = Dictionary(uniqueKeysWithValues: detector.network.tensors.map { ($0.path, $0.tensor) })
    var feeds: [Value: Tensor] = [:]
    for value in graph.inputs {
      feeds[value] = graph[value].name == "target" ? try detector.targets : detector.network.picture
    }
    for (value, parameter) in graph.parameters { feeds[value] = values[parameter.path] }
    let found = try Interpreter.run(graph, feeds)
    var results: [String: [Double]] = [:]
    for (name, value) in graph.outputs { results[name] = found[value]?.array(of: Double.self) }
    results["evaluated"] = results["output"]
    #expect(results.count == detector.network.tensors.count + 3)
    detector.network.check(results, tolerance: 1e-7)
  }

  @Test(arguments: try GoldenDetector.all()) func theProcessorAgreesWithPyTorch(detector: GoldenDetector) async throws {
    let model = try detector.model()
    let device = Device.cpu(threads: 1)
    let results = try await Worker().perform { () throws -> [String: [Double]] in
      let graph = try detector.prepared(model, .f32)
      let plan = try Plan(
        graph, mode: .inference, backends: device.backends, store: model.store, threads: device.threads)
      let context = try Context(plan, store: model.store)
      try context.feed("input", detector.network.picture.converted(to: .f32))
      try context.feed("target", detector.targets.converted(to: .f32))
      try context.run()
      var results: [String: [Double]] = [:]
      for (name, _) in plan.graph.outputs {
        results[name] = try context.result(name).converted(to: .f64).array(of: Double.self)
      }
      results["evaluated"] = results["output"]
      return results
    }
    detector.network.check(results, tolerance: 1e-4)
  }

  /// A network that says the same of every picture: its biases.
  private func model(_ numbers: [Float], preprocessing: Preprocessing? = nil) throws -> Model {
    let model = try Model(input: [3, 8, 8], preprocessing: preprocessing) {
      Flatten()
      Dense(numbers.count).named("fc")
    }
    try model.loadParameters([
      "fc.weight": Tensor(zeros: [numbers.count, 192]), "fc.bias": Tensor(numbers),
    ])
    return model
  }

  /// 2×2 cells with one box each, and two classes.
  private let grid = YOLOGrid(cells: 2, boxes: 1, classes: 2)
  private let numbers: [Float] = [
    1, 0, 1, 0, 0.25, 0.75, 1, 1,  // probabilities
    0.5, 1, 0.875, 0.25,  // confidences
    1, 1, 0.5, 0.5, 0, 1, -0.5, 0.5, 0.5, 0.5, 1, 1, 9, 9, 0.5, 0.5,  // boxes
  ]

  @Test func detectionsAreInThePicturesPixels() async throws {
    let image = try Image8(height: 40, width: 80, channels: 3, pixels: [UInt8](repeating: 9, count: 9600))
    let found = try await Predictor(try model(numbers), device: .reference).detections(in: image, grid: grid)
    // Cells 0 and 1 say the same quarter in the middle: the surer one remains. Cell 2 sees class 1 around (¼, ¾), as
    // large as the picture; its class 0 stays below it, and cell 3 is outside.
    #expect(
      found == [
        Detection(box: Box(left: 30, top: 15, right: 50, bottom: 25), classIndex: 0, score: 1),
        Detection(box: Box(left: 0, top: 10, right: 60, bottom: 40), classIndex: 1, score: 0.65625),
        Detection(box: Box(left: 0, top: 10, right: 60, bottom: 40), classIndex: 0, score: 0.21875),
      ])
    let rule = Suppression(overlap: 1, score: nil, limit: 1)
    let few = try await Predictor(try model(numbers), device: .cpu(threads: 1)).detections(
      in: image, grid: grid, by: rule)
    #expect(few.map(\.score) == [1, 0.65625])
  }

  /// The same as nodes of a graph, planned.
  @Test(arguments: Device.names) func decodingAndSuppressionInAPlan(device name: String) async throws {
    let model = try model(numbers)
    let device = try #require(Device.named(name))
    var graph = model.graph
    let output = try #require(graph.output("output"))
    let decoded = graph.add(Op.YOLOGridDecode.self, [output], grid.attributes)
    let chosen = graph.add(
      Op.NonMaxSuppression.self, [decoded[0], decoded[1]],
      ["max_output_boxes_per_class": .int(4), "iou_threshold": .float(0.5), "score_threshold": .float(0.2)])
    for (name, value) in [("boxes", decoded[0]), ("scores", decoded[1]), ("selected", chosen[0]), ("count", chosen[1])]
    {
      graph.addOutput(name, value)
    }
    // Prepared for a batch of 2, though it was declared for 1.
    let prepared = try PlanRequest(mode: .inference, sizes: ["input": [2, 3, 8, 8]], precision: .f32).prepare(graph)
    let results = try await Worker().perform { () throws -> [String: [Double]] in
      let plan = try Plan(
        prepared, mode: .inference, backends: device.backends, store: model.store, threads: device.threads)
      let context = try Context(plan, store: model.store)
      try context.feed("input", Tensor(zeros: [2, 3, 8, 8]))
      try context.run()
      var results: [String: [Double]] = [:]
      for name in ["boxes", "scores", "selected", "count"] {
        results[name] = try context.result(name).converted(to: .f64).array(of: Double.self)
      }
      return results
    }
    // Box 0 is where box 1 is.
    let rows: [[Double]] = [[0, 1], [0, 3], [0, 2], [1, 2], [1, 3]]
    let none = [Double](repeating: -1, count: 9)
    #expect(results["count"] == [5, 5])
    var selected: [Double] = []
    for picture in [0.0, 1] {
      for row in rows { selected += [picture] + row }
      selected += none
    }
    #expect(results["selected"] == selected)
    #expect(results["scores"]?.prefix(8) == [0.5, 1, 0.21875, 0.25, 0, 0, 0.65625, 0.25])
    #expect(results["boxes"]?[4..<8] == [0.375, 0.375, 0.625, 0.625])
  }

  @Test func whatIsNoDetectorSaysSo() async throws {
    let image = try Image8(height: 8, width: 8, channels: 3, pixels: [UInt8](repeating: 9, count: 192))
    let predictor = Predictor(try model(numbers), device: .reference)
    await #expect(
      throws: PredictorError.notADetector(inputs: ["input"], output: "[1×28]", grid: YOLOGrid())
    ) { try await predictor.detections(in: image, grid: YOLOGrid()) }
    await #expect(throws: PredictorError.self) { try await predictor.detections(in: image, grid: YOLOGrid(cells: -1)) }
    let cutting = Predictor(
      try model(numbers, preprocessing: Preprocessing(resize: 10, size: [8, 8])), device: .reference)
    await #expect(throws: PredictorError.cutsPictures) { try await cutting.detections(in: image, grid: grid) }
    for error in [PredictorError.cutsPictures, .notADetector(inputs: ["input"], output: "[1×28]", grid: YOLOGrid())] {
      #expect(error.description.count > 80)
    }
  }

  /// A thin network learns one picture by its loss, and then finds what is in it.
  @Test func theLossTeachesWhereThingsAre() async throws {
    let grid = YOLOGrid(cells: 2, boxes: 2, classes: 3)
    let truth = [
      Annotation(box: Box(centerX: 0.3, centerY: 0.2, width: 0.25, height: 0.3), classIndex: 2),
      Annotation(box: Box(centerX: 0.7, centerY: 0.8, width: 0.5, height: 0.25), classIndex: 0),
    ]
    let target = try grid.targets(of: truth).tensor.reshaped(to: [1, 2, 2, 8])
    let model = try Model(input: [3, 8, 8]) {
      Flatten()
      Dense(16)
      LeakyReLU(0.1)
      Dense(grid.numbers ?? 0)
    }
    var graph = model.graph
    let given = graph.addInput("target", TensorType(.f32, target.shape))
    let output = try #require(graph.output("output"))
    let loss = graph.add(Op.YOLOGridLoss.self, [output, given], grid.attributes)[0]
    let gradients = try graph.differentiate(loss, withRespectTo: graph.parameters.map(\.value))
    let image = try Image8(height: 8, width: 8, channels: 3, pixels: (0..<192).map { UInt8($0 % 251) })
    var feeds: [Value: Tensor] = [given: target]
    let picture = try Preprocessing(for: [3, 8, 8]).tensor(of: image).reshaped(to: [1, 3, 8, 8])
    let input = try #require(graph.input("input"))
    feeds[input] = picture
    for (value, parameter) in graph.parameters { feeds[value] = try model.store.tensor(parameter.path) }
    var losses: [Float] = []
    for _ in 0..<400 {
      let found = try Interpreter.run(graph, feeds)
      losses += try #require(found[loss]).array(of: Float.self)
      for (value, _) in graph.parameters {
        let weights = try #require(feeds[value])
        let place = try #require(gradients[value])
        let gradient = try #require(found[place]).array(of: Float.self)
        let moved = zip(weights.array(of: Float.self), gradient).map { $0 - 0.01 * $1 }
        feeds[value] = try Tensor(moved, shape: weights.shape)
      }
    }
    #expect(losses[399] < 0.01 * losses[0], "\(losses[0]) became \(losses[399])")
    try model.loadParameters(
      Dictionary(uniqueKeysWithValues: try graph.parameters.map { ($0.parameter.path, try #require(feeds[$0.value])) }))
    let found = try await Predictor(model, device: .reference).detections(in: image, grid: grid)
    #expect(Set(found.map(\.classIndex)) == [0, 2])
    let scaled = truth.map { Annotation(box: $0.box.scaled(x: 8, y: 8), classIndex: $0.classIndex) }
    #expect(try MeanAveragePrecision(of: [found], truths: [scaled], overlap: 0.75).value == 1)
  }
}
