import FoveaExchange
import FoveaLayers
import FoveaTensors

/// The files of a run while it goes on.
final class RunFiles {
  let directory: RunDirectory
  private let events: EventWriter
  private let metrics: MetricsLog
  private var hasLast = false

  /// Starts a directory, or goes on with one.
  /// - Parameter resumed: the step of the checkpoint; what the logs say of later ones is dropped.
  init(_ path: String, _ record: RunRecord, resumingAfter resumed: Int?) throws {
    directory = RunDirectory(path)
    let isOurs = RunDirectory.exists(directory.record)
    if resumed == nil {
      // A run that never reached a checkpoint cannot be gone on with, so it may be started anew.
      if RunDirectory.exists(directory.last) { throw TrainingError.directoryHoldsRun(path) }
      do throws(FileError) { try AtomicFile.makeDirectory(path) } catch { throw TrainingError.file(error) }
      try record.write(directory: path)
    }
    do {
      if resumed != nil || isOurs {
        // Steps count from 1, so 0 leaves nothing of a run that broke off before its first checkpoint.
        events = try EventWriter(resuming: path, after: resumed ?? 0)
        metrics = try MetricsLog(resuming: directory.metrics, after: resumed ?? 0)
      } else {
        events = try EventWriter(directory: path)
        metrics = try MetricsLog(path: directory.metrics)
      }
      hasLast = resumed != nil
    } catch EventError.file(let error) {
      throw TrainingError.file(error)
    } catch MetricsLogError.file(let error) { throw TrainingError.file(error) }
  }

  /// The last checkpoint, nil before the first.
  var lastGood: String? { hasLast ? directory.last : nil }

  func save(_ model: Model, _ state: TrainingState) throws {
    try state.write(model, to: directory.last)
    hasLast = true
    try flush()
  }

  func log(
    _ sums: TrainingState.Sums, rate: Double, epoch: Int, step: Int, examplesPerSecond: Double
  ) throws {
    try write {
      try events.scalar("train/loss", sums.meanLoss, step: step)
      try events.scalar("train/accuracy", sums.accuracy, step: step)
      try events.scalar("train/rate", rate, step: step)
      try metrics.append(
        step: step,
        [
          "loss": sums.meanLoss, "accuracy": sums.accuracy, "rate": rate, "epoch": Double(epoch),
          "images_per_s": examplesPerSecond,
        ], notes: ["split": "train"])
    }
    try flush()
  }

  func log(validation: Evaluation, epoch: Int, step: Int) throws {
    try write {
      try events.scalar("validation/loss", validation.loss, step: step)
      try events.scalar("validation/accuracy", validation.top1, step: step)
      var numbers = ["loss": validation.loss, "accuracy": validation.top1, "epoch": Double(epoch)]
      if let top5 = validation.top5 { numbers["top5"] = top5 }
      try metrics.append(step: step, numbers, notes: ["split": "validation"])
    }
  }

  func close() throws { try flush() }

  private func flush() throws { try write { try events.flush() } }

  /// A full disk is the run's error, whichever file met it.
  private func write(_ body: () throws -> Void) throws {
    do { try body() } catch EventError.file(let error) {
      throw TrainingError.file(error)
    } catch MetricsLogError.file(let error) { throw TrainingError.file(error) }
  }
}
