import Foundation
import FoveaData
import FoveaExchange
import FoveaExecution
import FoveaInference
import FoveaLayers
import FoveaTensors
import FoveaTraining
import Testing

@Suite struct EarlyStoppingTests {
  static func options(_ directory: String?, patience: Int?, epochs: Int = 40) -> TrainingOptions {
    var options = TrainingOptions(
      length: .epochs(epochs), batch: 16, optimizer: .sgd(learningRate: .constant(0.05), momentum: 0.9), seed: 3,
      validation: 0.2, directory: directory, logInterval: 3)
    options.patience = patience
    options.checkpointSteps = 3
    return options
  }

  @Test func theRunEndsAndTheBestModelIsKept() async throws {
    let directory = try TemporaryDirectory()
    let path = directory.file("run")
    let dataset = try stripes(105)
    let result = try await Trainer(
      model: try network(), dataset: dataset, options: Self.options(path, patience: 3), device: .reference
    ).run()
    #expect(result.outcome == .stoppedEarly && result.step < result.stepsTotal)
    let curve = try MetricsLog.read("\(path)/metrics.jsonl").filter { $0.notes["split"] == "validation" }
    let accuracies = curve.compactMap { $0.metrics["accuracy"] }
    let best = try #require(result.best)
    #expect(best.epoch == (accuracies.firstIndex(of: accuracies.max() ?? 0) ?? 0) + 1)
    #expect(accuracies.count == best.epoch + 3 && result.epochs == best.epoch + 3)
    let split = try ValidationSplit(count: 105, fraction: 0.2, seed: 3)
    let held = try Subset(of: dataset, indices: split.validation)
    let again = try await evaluate(try ModelFile.read("\(path)/best.safetensors"), on: held, device: .reference)
    #expect(again.top1 == best.accuracy)
    #expect(try RunRecord.read(directory: path).options.patience == 3)
    let error = #expect(throws: TrainingError.self) {
      try Trainer(resuming: path, dataset: dataset, device: .reference)
    }
    #expect(
      error?.description == "the run in \(path) is complete (\(result.step) steps); there is nothing to resume")
  }

  /// Patience is counted across sessions.
  @Test func aResumedRunStopsWhereAnUninterruptedOneDoes() async throws {
    let directory = try TemporaryDirectory()
    let dataset = try stripes(105)
    let (whole, parts) = (directory.file("whole"), directory.file("parts"))
    let straight = try await Trainer(
      model: try network(), dataset: dataset, options: Self.options(whole, patience: 2), device: .reference
    ).run()
    var result = try await Trainer(
      model: try network(), dataset: dataset, options: Self.options(parts, patience: 2), device: .reference
    ).runStopping(after: 4)
    while result.outcome == .interrupted {
      result = try await Trainer(resuming: parts, dataset: dataset, device: .reference)
        .runStopping(after: result.step + 5)
    }
    #expect(result.outcome == .stoppedEarly && result.step == straight.step && result.best == straight.best)
    #expect(try bytes("\(parts)/last.safetensors") == bytes("\(whole)/last.safetensors"))
    #expect(try points(parts) == points(whole))
  }

  @Test func patienceNeedsAValidationPart() async throws {
    var options = Self.options(nil, patience: 2)
    options.validation = 0
    #expect(throws: TrainingError.self) { try options.check() }
    options.validation = 0.1
    options.patience = 0
    let error = #expect(throws: TrainingError.self) { try options.check() }
    #expect(error?.description == "the patience is 0, it must be at least 1 epoch")
    #expect(
      TrainingError.patienceWithoutValidation.description
        == "early stopping judges by the validation part, and there is none; give a validation fraction, e.g. 0.1")
  }

  @Test func optionsComeBackFromJSON() throws {
    var options = Self.options(nil, patience: 7)
    options.accumulate = 4
    let json = try JSONEncoder().encode(options)
    #expect(try JSONDecoder().decode(TrainingOptions.self, from: json) == options)
  }
}
