import FoveaData
import FoveaExecution
import FoveaInference
import FoveaLayers
import FoveaTensors
import FoveaTraining
import Testing

@Suite struct AccumulationTests {
  static func options(batch: Int, accumulate: Int, epochs: Int = 2) -> TrainingOptions {
    var options = TrainingOptions(
      epochs: epochs, batch: batch,
      optimizer: .sgd(learningRate: .cosine(from: 0.1), momentum: 0.9, nesterov: true, weightDecay: 1e-3), seed: 5)
    options.accumulate = accumulate
    return options
  }

  func train(_ options: TrainingOptions, examples: Int) async throws -> (TrainingResult, Model) {
    let model = try network()
    let result = try await Trainer(
      model: model, dataset: try stripes(examples), options: options, device: .reference
    ).run()
    return (result, model)
  }

  /// Also where an epoch ends with a short batch, with a short step, or with both.
  @Test(arguments: [96, 100, 72, 70, 9])
  func itEqualsOneBatchAsLargeAsAll(examples: Int) async throws {
    let (small, model) = try await train(Self.options(batch: 8, accumulate: 4), examples: examples)
    let (large, expected) = try await train(Self.options(batch: 32, accumulate: 1), examples: examples)
    #expect(small.step == large.step && small.epochs == 2 && large.losses.count == small.losses.count)
    for (a, b) in zip(small.losses, large.losses) { #expect(abs(a - b) < 1e-5) }
    for (path, tensor) in try expected.parameterTensors() {
      let (a, b) = (tensor.array(of: Float.self), try model.store.tensor(path).array(of: Float.self))
      let difference = zip(a, b).map { abs($0 - $1) }.max() ?? 0
      #expect(difference <= 1e-5, "\(path): \(difference)")
    }
    #expect(abs(small.accuracy - large.accuracy) < 1e-9)
    // Neither moments nor gathered gradients stay with the model.
    #expect(model.store.paths.allSatisfy { !$0.hasPrefix("fovea.") })
  }

  @Test func frozenParametersStay() async throws {
    let before = try weights(try network())
    var options = Self.options(batch: 8, accumulate: 3)
    options.freeze = ["conv", "*.bias"]
    let (_, model) = try await train(options, examples: 60)
    let after = try weights(model)
    #expect(before.keys.filter { before[$0] == after[$0] }.sorted() == ["conv.bias", "conv.weight", "fc.bias"])
    #expect(options.frozen(of: model) == (3, 4, 6 * 9 + 6 + 3))
  }

  @Test func moreBatchesThanAnEpochHasAreTheEpoch() async throws {
    let (result, _) = try await train(Self.options(batch: 8, accumulate: 100), examples: 30)
    #expect(result.step == 2 && result.epochs == 2)
  }

  @Test func aNumberOfStepsCountsMoves() async throws {
    var options = Self.options(batch: 8, accumulate: 4)
    options.length = .steps(5)
    // 64 examples: two steps of four batches an epoch.
    let (result, _) = try await train(options, examples: 64)
    #expect(result.step == 5 && result.epochs == 2)
  }
}
