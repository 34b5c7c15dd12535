import Foundation
import FoveaData
import FoveaExchange
import FoveaExecution
import FoveaGraphs
import FoveaInference
import FoveaLayers
import FoveaTensors
import FoveaTraining
import Testing

@Suite struct OptimizerTests {
  private static let cases: [(name: String, optimizer: Optimizer)] = [
    ("adam", .adam(learningRate: .constant(0.02), weightDecay: 0.01)),
    ("adamw", .adamW(learningRate: .constant(0.02), betas: (0.8, 0.95), weightDecay: 0.1)),
    ("rmsprop", .rmsprop(learningRate: .constant(0.005))),
    (
      "rmsprop, momentum",
      .rmsprop(learningRate: .constant(0.005), alpha: 0.9, momentum: 0.5, weightDecay: 0.01)
    ),
    ("sgd, clipped", .sgd(learningRate: .constant(0.5), momentum: 0.9, clipNorm: 0.25)),
    ("adam, one cycle", .adam(learningRate: .oneCycle(to: 0.02))),
  ]

  /// Five steps beside PyTorch's (`Golden/make_optimizers.py`).
  @Test(arguments: Self.cases.indices)
  func fiveStepsAreThoseOfPyTorch(index: Int) async throws {
    let (name, optimizer) = Self.cases[index]
    func file(_ name: String) throws -> JSONObject {
      let text = String(decoding: try bytes("\(golden())/\(name).json"), as: UTF8.self)
      return try #require(try JSONValue(parsing: text).object)
    }
    func numbers(_ value: JSONValue?) throws -> [Float] {
      try #require(value?.array).map { Float(try #require($0.double)) }
    }
    let json = try file("training")
    let dataset = try InMemoryDataset(
      name: "golden", pixels: try numbers(json["pixels"]).map { UInt8($0) },
      labels: try numbers(json["labels"]).map { Int32($0) }, sampleShape: [1, 8, 8], classNames: ["a", "b", "c"])
    let model = try Model(
      input: [1, 8, 8], preprocessing: Preprocessing(channels: .gray, mean: [0.4], std: [0.3])
    ) {
      Conv2D(4, kernel: 3).named("conv")
      BatchNorm().named("bn")
      ReLU()
      MaxPool2D(2)
      Flatten()
      Dense(3).named("fc")
    }
    let start = try #require(json["start"]?.object)
    for (path, tensor) in try model.parameterTensors() {
      try model.store.set(path, to: Tensor(try numbers(start[path]), shape: tensor.shape))
    }
    let options = TrainingOptions(epochs: 5, batch: 6, optimizer: optimizer)
    let result = try await Trainer(model: model, dataset: dataset, options: options, device: .reference).run()
    let expected = try #require(try file("optimizers")[name]?.object)
    for (found, wanted) in zip(result.losses, try numbers(expected["losses"])) {
      #expect(abs(found - wanted) < 2e-5, "\(name): \(result.losses)")
    }
    let end = try #require(expected["end"]?.object)
    for path in ["conv.weight", "bn.weight", "bn.bias", "fc.weight", "fc.bias"] {
      for (found, wanted) in zip(try model.store.tensor(path).array(of: Float.self), try numbers(end[path])) {
        #expect(abs(found - wanted) < 1e-4, "\(name) \(path)")
      }
    }
  }

  @Test func files() throws {
    for (name, optimizer) in Self.cases {
      let data = try JSONEncoder().encode(optimizer)
      #expect(try JSONDecoder().decode(Optimizer.self, from: data) == optimizer, "\(name)")
    }
    // Runs of older programs say nothing of betas and clipping.
    let plain = Optimizer.sgd(learningRate: .constant(0.1), momentum: 0.9)
    let text = String(decoding: try JSONEncoder().encode(plain), as: UTF8.self)
    #expect(!text.contains("beta") && !text.contains("clip"))
    let old = #"{"name":"rmsprop","learningRate":{"name":"constant","peak":0.1}}"#
    #expect(
      try JSONDecoder().decode(Optimizer.self, from: Data(old.utf8)) == .rmsprop(learningRate: .constant(0.1)))
    let unknown = #"{"name":"lion","learningRate":{"name":"constant","peak":0.1}}"#
    #expect(throws: OptimizerError.unknownName("lion")) {
      try JSONDecoder().decode(Optimizer.self, from: Data(unknown.utf8))
    }
  }

  @Test func mistakes() {
    let rate = Schedule.constant(0.1)
    func said(_ optimizer: Optimizer) -> String? {
      do { try optimizer.check() } catch { return "\(error)" }
      return nil
    }
    for (_, optimizer) in Self.cases { #expect(said(optimizer) == nil) }
    #expect(
      said(.adam(learningRate: rate, betas: (1, 0.9))) == "the first beta is 1.0, it must be at least 0 and below 1")
    #expect(said(.adamW(learningRate: rate, betas: (0.9, -1)))?.hasPrefix("the second beta is -1.0") == true)
    #expect(said(.rmsprop(learningRate: rate, alpha: 1))?.hasPrefix("the alpha is 1.0") == true)
    #expect(said(.adam(learningRate: rate, epsilon: 0)) == "the epsilon is 0.0, it must be above 0")
    #expect(said(.sgd(learningRate: rate, clipNorm: 0)) == "the largest norm is 0.0, it must be above 0")
    #expect(said(.sgd(learningRate: rate, clipNorm: .nan))?.hasPrefix("the largest norm") == true)
    var wrong = Optimizer.adam(learningRate: rate)
    wrong.momentum = 0.9
    #expect(said(wrong) == "adam takes no momentum; its betas do that")
    wrong = .rmsprop(learningRate: rate, momentum: 0.9)
    wrong.nesterov = true
    #expect(said(wrong) == "rmsprop knows no Nesterov's method; leave it out, or use sgd")
    #expect(
      "\(OptimizerError.unknownName("lion"))" == "there is no optimizer \"lion\"; there are sgd, adam, adamw, rmsprop")
  }

  @Test func words() {
    #expect(
      "\(Optimizer.adamW(learningRate: .constant(0.1), clipNorm: 1))"
        == "adamw, rate constant 0.1, betas 0.9 and 0.999, weight decay 0.01, gradients clipped at norm 1.0")
    #expect("\(Optimizer.rmsprop(learningRate: .constant(0.1)))" == "rmsprop, rate constant 0.1, alpha 0.99")
  }
}
