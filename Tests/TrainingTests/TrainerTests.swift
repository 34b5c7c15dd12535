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

@Suite struct TrainerTests {
  static let optimizer = Optimizer.sgd(
    learningRate: .cosine(from: 0.1, warmup: 5), momentum: 0.9, nesterov: true, weightDecay: 1e-4)

  func train(_ model: Model, _ dataset: any Dataset, _ options: TrainingOptions) async throws -> TrainingResult {
    try await Trainer(model: model, dataset: dataset, options: options, device: .reference).run()
  }

  @Test(arguments: [false, true])
  func itLearns(norm: Bool) async throws {
    let model = try network(norm: norm)
    let result = try await train(
      model, try stripes(200), TrainingOptions(epochs: 6, batch: 16, optimizer: Self.optimizer))
    #expect(result.outcome == .finished && result.step == 78 && result.epochs == 6)
    #expect(result.losses.count == 78)
    let test = try await evaluate(model, on: try stripes(100, seed: 9), device: .reference, batch: 33)
    #expect(test.top1 > 0.95, "\(test) \(result.losses)")
    #expect(test.examples == 100 && test.top5 == nil && test.confusion.total == 100)
    #expect(test.confusion.accuracy == test.top1)
    // The moments belong to the run, not to the model.
    #expect(model.store.paths.allSatisfy { !$0.hasPrefix("fovea.") })
  }

  @Test func numbersOfAnEvaluationAreThoseOfAHandCount() async throws {
    let model = try network(classes: 7)
    let dataset = try stripes(23, classes: 7)
    let found = try await evaluate(model, on: dataset, device: .reference, batch: 10)
    let graph = try model.graph.specialized(to: ["input": [1, 1, 8, 8]])
    var (loss, top1, top5) = (0.0, 0, 0)
    var confusion = ConfusionMatrix(classes: 7)
    for index in 0..<23 {
      var feeds: [Value: Tensor] = [:]
      let pixels = dataset.pixels(of: index).map { (Float($0) / 255 - 0.5) / 0.4 }
      feeds[graph.inputs[0]] = try Tensor(pixels, shape: [1, 1, 8, 8])
      for (value, parameter) in graph.parameters { feeds[value] = try model.store.tensor(parameter.path) }
      let output = try #require(graph.output("output"))
      let scores = try #require(try Interpreter.run(graph, feeds)[output]).array(of: Double.self)
      let label = Int(dataset.label(index))
      loss += log(scores.map(exp).reduce(0, +)) - scores[label]
      let ahead = scores.count { $0 > scores[label] }
      if ahead == 0 { top1 += 1 }
      if ahead < 5 { top5 += 1 }
      let order = scores.indices.sorted { scores[$0] > scores[$1] }
      try confusion.add(actual: label, predicted: order[0])
    }
    #expect(abs(found.loss - loss / 23) < 1e-5)
    #expect(found.top1 == Double(top1) / 23 && found.top5 == Double(top5) / 23)
    #expect(found.confusion == confusion)
  }

  @Test func theShortLastBatchIsTrainedOn() async throws {
    // 10 examples in batches of 4: two full ones and one of two.
    let model = try network()
    let result = try await train(model, try stripes(10), TrainingOptions(epochs: 2, batch: 4))
    #expect(result.step == 6 && result.epochs == 2)
    // A batch larger than the set is the set.
    let large = Trainer(
      model: try network(), dataset: try stripes(10), options: TrainingOptions(epochs: 2, batch: 400),
      device: .reference)
    #expect(large.notes == ["a batch of 400 is more than there are examples to train on; it is 10"])
    #expect(try await large.run().step == 2)
  }

  @Test func aNumberOfStepsEndsInAnEpoch() async throws {
    let directory = try TemporaryDirectory()
    var options = TrainingOptions(length: .steps(7), batch: 8, validation: 0.2, directory: directory.file("run"))
    options.logInterval = 2
    let result = try await train(try network(), try stripes(50), options)
    // 40 train: five batches an epoch.
    #expect(result.step == 7 && result.stepsTotal == 7 && result.epochs == 1 && result.outcome == .finished)
    let entries = try MetricsLog.read(directory.file("run/metrics.jsonl"))
    #expect(entries.filter { $0.notes["split"] == "validation" }.map(\.step) == [5, 7])
    #expect(entries.filter { $0.notes["split"] == "train" }.map(\.step) == [2, 4, 6])
  }

  @Test func frozenParametersStay() async throws {
    let model = try network(norm: true)
    let before = try weights(model)
    var options = TrainingOptions(epochs: 1, batch: 8, optimizer: Self.optimizer)
    options.freeze = ["conv", "*.bias"]
    _ = try await train(model, try stripes(40), options)
    let after = try weights(model)
    let same = before.keys.filter { before[$0] == after[$0] }.sorted()
    #expect(same == ["bn.bias", "conv.bias", "conv.weight", "fc.bias"])
  }

  @Test func withoutMomentumNoVelocityIsKept() async throws {
    let directory = try TemporaryDirectory()
    func extra(_ momentum: Double, _ name: String) async throws -> [String] {
      let options = TrainingOptions(
        epochs: 1, batch: 8, optimizer: .sgd(learningRate: .constant(0.01), momentum: momentum),
        directory: directory.file(name))
      _ = try await train(try network(), try stripes(16), options)
      return try ModelFile.readExtra(directory.file("\(name)/last.safetensors")).tensors.keys.sorted()
    }
    #expect(try await extra(0, "plain") == [])
    #expect(
      try await extra(0.5, "heavy")
        == ["conv.bias", "conv.weight", "fc.bias", "fc.weight"].map { "fovea.optimizer.\($0).velocity" })
  }

  @Test func twoRunsOfOneSeedAreEqualAndOfTwoSeedsNot() async throws {
    func run(_ seed: UInt64) async throws -> [Float] {
      let options = TrainingOptions(epochs: 1, batch: 8, optimizer: Self.optimizer, seed: seed)
      return try await train(try network(dropout: true), try stripes(40), options).losses
    }
    let first = try await run(1)
    #expect(try await run(1) == first)
    #expect(try await run(2) != first)
  }

  @Test func aStopBeforeTheStartIsAStop() async throws {
    let directory = try TemporaryDirectory()
    let trainer = Trainer(
      model: try network(), dataset: try stripes(40),
      options: TrainingOptions(epochs: 1, batch: 8, directory: directory.file("run")), device: .reference)
    trainer.requestStop()
    let result = try await trainer.run()
    #expect(result.outcome == .interrupted && result.step == 0 && result.losses.isEmpty)
    #expect(result.resumeCommand == "fovea train --resume \(directory.file("run"))")
    let rest = try await Trainer(
      resuming: directory.file("run"), dataset: try stripes(40), device: .reference
    ).run()
    #expect(rest.outcome == .finished && rest.step == 5)
  }

  @Test func optimizersAndOptionsComeBackFromJSON() throws {
    var options = TrainingOptions(
      length: .steps(9), batch: 3, optimizer: Self.optimizer, seed: .max, validation: 0.25, directory: "x",
      freeze: ["a"], logInterval: 4, dataset: "mnist:d", initialization: "he", weights: "w", versions: ["fovea": "1"])
    let text = try JSONEncoder().encode(options)
    options.directory = nil
    #expect(try JSONDecoder().decode(TrainingOptions.self, from: text) == options)
    #expect(
      "\(Self.optimizer)"
        == "sgd, rate cosine from 0.1 to 0.0, 5 warm-up steps, Nesterov momentum 0.9, weight decay 0.0001")
  }

  @Test func aTrainingSetIsMeasuredWithoutItsValidationPart() throws {
    let dataset = try stripes(50)
    let options = TrainingOptions(epochs: 1, seed: 5, validation: 0.2)
    let split = try ValidationSplit(count: 50, fraction: 0.2, seed: 5)
    let expected = try PixelStatistics(of: try Subset(of: dataset, indices: split.train))
    let found = try Preprocessing(measuring: dataset, for: options)
    #expect(found.mean == expected.mean && found.std == expected.std)
    #expect(found.channels == .gray && found.size == [8, 8])
  }
}
