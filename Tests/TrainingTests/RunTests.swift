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

/// The parameters and states of a model, byte for byte.
func weights(_ model: Model) throws -> [String: [UInt8]] {
  var result: [String: [UInt8]] = [:]
  for (path, tensor) in try model.parameterTensors() { result[path] = tensor.withUnsafeBytes { Array($0) } }
  return result
}

@Suite struct RunDirectoryTests {
  static let optimizer = Optimizer.sgd(
    learningRate: .oneCycle(to: 0.1), momentum: 0.9, nesterov: true, weightDecay: 1e-4)

  static func options(_ directory: String?, epochs: Int = 3) -> TrainingOptions {
    TrainingOptions(
      length: .epochs(epochs), batch: 16, optimizer: optimizer, seed: 3, validation: 0.2, directory: directory,
      logInterval: 3, dataset: "stripes:here")
  }

  @Test func aRunLeavesItsFiles() async throws {
    let directory = try TemporaryDirectory()
    let path = directory.file("runs/first")
    let reports = Reports()
    let result = try await Trainer(
      model: try network(), dataset: try stripes(100), options: Self.options(path), device: .reference
    ).run { reports.all.append($0) }
    // 80 train in 5 batches, 20 validate.
    #expect(result.step == 15 && result.stepsTotal == 15 && result.outcome == .finished)
    let names = try FileManager.default.contentsOfDirectory(atPath: path).sorted()
    #expect(names.count == 5)
    #expect(
      names.filter { !$0.hasPrefix("events.") } == [
        "best.safetensors", "last.safetensors", "metrics.jsonl", "run.json",
      ])
    let record = try RunRecord.read(directory: path)
    #expect(record.trainingExamples == 80 && record.validationExamples == 20 && record.examples == 100)
    #expect(record.options.dataset == "stripes:here" && record.model == "small" && record.threads == 1)
    #expect(record.options.optimizer == Self.optimizer && record.options.length == .epochs(3))
    let entries = try MetricsLog.read("\(path)/metrics.jsonl")
    #expect(entries.filter { $0.notes["split"] == "train" }.map(\.step) == [3, 6, 9, 12, 15])
    #expect(entries.filter { $0.notes["split"] == "validation" }.map(\.step) == [5, 10, 15])
    let best = try #require(result.best)
    #expect(
      best.accuracy == entries.filter { $0.notes["split"] == "validation" }.compactMap { $0.metrics["accuracy"] }.max())
    #expect(result.last == "\(path)/last.safetensors" && result.bestFile == "\(path)/best.safetensors")
    // The best file is the model that had the best accuracy on the part that validates.
    let split = try ValidationSplit(count: 100, fraction: 0.2, seed: 3)
    let held = try Subset(of: try stripes(100), indices: split.validation)
    let again = try await evaluate(try ModelFile.read("\(path)/best.safetensors"), on: held, device: .reference)
    #expect(again.top1 == best.accuracy)
    #expect(reports.all.first?.phase == .planning && reports.all.last?.phase == .ended)
    #expect(reports.all.compactMap(\.validation).count == 3)
    #expect(reports.all.last?.step == 15)
  }

  @Test func withoutValidationThereIsNoBest() async throws {
    let directory = try TemporaryDirectory()
    var options = Self.options(directory.file("run"), epochs: 1)
    options.validation = 0
    let result = try await Trainer(
      model: try network(), dataset: try stripes(40), options: options, device: .reference
    ).run()
    #expect(result.best == nil && result.bestFile == nil && result.validation == nil)
    #expect(!FileManager.default.fileExists(atPath: directory.file("run/best.safetensors")))
  }

  @Test(arguments: [1, 4, 5, 6, 7, 12])
  func aResumedRunEndsAsAnUninterruptedOne(_ stopAfter: Int) async throws {
    let directory = try TemporaryDirectory()
    let (whole, parts) = (directory.file("whole"), directory.file("parts"))
    // 84 train: five full batches and a short one.
    let dataset = try stripes(105)
    func model() throws -> Model { try network(norm: true, dropout: true) }

    let straight = Trainer(model: try model(), dataset: dataset, options: Self.options(whole), device: .reference)
    let expected = try await straight.run()

    let first = Trainer(model: try model(), dataset: dataset, options: Self.options(parts), device: .reference)
    let interrupted = try await first.runStopping(after: stopAfter)
    #expect(interrupted.outcome == .interrupted && interrupted.step == stopAfter)
    let second = try Trainer(resuming: parts, dataset: dataset, device: .reference)
    #expect(second.differences.isEmpty)
    let other = Device(name: "cpu", backends: [], threads: 2)
    #expect(
      try Trainer(resuming: parts, dataset: dataset, device: other).notes
        == ["it ran on reference, now on cpu", "it ran on 1 threads, now on 2"])
    let rest = try await second.run()
    #expect(rest.outcome == .finished && rest.step == expected.step)
    #expect(interrupted.losses + rest.losses == expected.losses)
    #expect(try weights(second.model) == weights(straight.model))
    #expect(rest.best == expected.best && rest.loss == expected.loss && rest.accuracy == expected.accuracy)
    for file in ["best.safetensors", "last.safetensors"] {
      #expect(try bytes("\(parts)/\(file)") == bytes("\(whole)/\(file)"), "\(file)")
    }
    func points(_ path: String) throws -> [[String: Double]] {
      try MetricsLog.read("\(path)/metrics.jsonl").map { entry in
        var metrics = entry.metrics
        metrics["images_per_s"] = nil
        metrics["waited_share"] = nil
        metrics["step"] = Double(entry.step)
        return metrics
      }
    }
    #expect(try points(parts) == points(whole))
    #expect(try bytes("\(parts)/run.json") == bytes("\(whole)/run.json"))
  }

  @Test func aCrashAfterTheCheckpointIsRepaired() async throws {
    let directory = try TemporaryDirectory()
    let (whole, parts) = (directory.file("whole"), directory.file("parts"))
    let dataset = try stripes(100)
    let straight = Trainer(model: try network(), dataset: dataset, options: Self.options(whole), device: .reference)
    _ = try await straight.run()
    let first = Trainer(model: try network(), dataset: dataset, options: Self.options(parts), device: .reference)
    _ = try await first.runStopping(after: 7)
    // A crash: the logs went on, the checkpoint did not.
    let log = try MetricsLog(path: "\(parts)/metrics.jsonl")
    try log.append(step: 9, ["loss": 77], notes: ["split": "train"])
    let second = try Trainer(resuming: parts, dataset: dataset, device: .reference)
    _ = try await second.run()
    #expect(try weights(second.model) == weights(straight.model))
    #expect(!(try MetricsLog.read("\(parts)/metrics.jsonl")).contains { $0.metrics["loss"] == 77 })
  }

  @Test func aCompleteRunIsNotResumed() async throws {
    let directory = try TemporaryDirectory()
    let path = directory.file("run")
    let dataset = try stripes(40)
    _ = try await Trainer(
      model: try network(), dataset: dataset, options: Self.options(path, epochs: 1), device: .reference
    ).run()
    let done = #expect(throws: TrainingError.self) {
      try Trainer(resuming: path, dataset: dataset, device: .reference)
    }
    #expect(done?.description == "the run in \(path) is complete (2 steps); there is nothing to resume")
    let other = #expect(throws: TrainingError.self) {
      try Trainer(resuming: path, dataset: try stripes(41), device: .reference)
    }
    #expect(
      other?.description
        == "the run in \(path) trained on stripes (40 examples, 3 classes), but was given stripes (41 examples, 3 classes)"
    )
    let held = await #expect(throws: TrainingError.self) {
      try await Trainer(model: try network(), dataset: dataset, options: Self.options(path), device: .reference).run()
    }
    #expect(held?.description.contains("already holds a run; go on with it (--resume \(path))") == true)
    let missing = #expect(throws: TrainingError.self) {
      try Trainer(resuming: directory.path, dataset: dataset, device: .reference)
    }
    #expect(missing?.description == "\(directory.path) holds no run that can be resumed: there is no run.json")
  }

  @Test func damagedRecordsAreSaid() async throws {
    let directory = try TemporaryDirectory()
    let path = directory.path
    let dataset = try stripes(40)
    func message(_ text: String) throws -> String {
      try write(Array(text.utf8), "\(path)/run.json")
      let error = #expect(throws: TrainingError.self) {
        try Trainer(resuming: path, dataset: dataset, device: .reference)
      }
      return error?.description ?? ""
    }
    let begin = "\(path)/run.json cannot be resumed from: "
    #expect(try message("{").hasPrefix(begin + "damaged"))
    #expect(try message("{}") == begin + "\"format\" is missing")
    #expect(try message("{\"format\":1}").hasPrefix(begin + "\""))
    #expect(
      try message("{\"format\":7}") == begin + "it has format 7, this program knows formats up to 1; use a newer fovea")
  }
}

extension Trainer {
  /// Runs and asks to stop as soon as that many steps are done.
  func runStopping(after steps: Int) async throws -> TrainingResult {
    try await Worker().perform {
      try self.runHere(everyStep: { if $0 >= steps { self.requestStop() } })
    }
  }
}
