import FoveaExchange
import FoveaExecution
import FoveaGraphs
import FoveaLayers
import FoveaTensors

/// The files of a run while it goes on.
final class RunFiles {
  let directory: RunDirectory
  private let events: EventWriter
  private let metrics: MetricsLog
  private let lock: RunLock
  private var record: RunRecord
  private var hasLast = false
  /// False while `run.json` might not survive a power cut.
  private var isRecordLasting = false

  /// Starts a directory, or goes on with one.
  /// - Parameter resumed: the step of the checkpoint; what the logs say of later ones is dropped.
  init(_ path: String, _ record: RunRecord, resumingAfter resumed: Int?) throws {
    directory = RunDirectory(path)
    // What the first session wrote down stays.
    self.record = resumed == nil ? record : try RunRecord.read(directory: path)
    do throws(FileError) { try AtomicFile.makeDirectory(path) } catch { throw TrainingError.file(error) }
    lock = try RunLock(path)
    AtomicFile.removePartialFiles(in: path)
    let isOurs = RunDirectory.exists(directory.record)
    if resumed == nil {
      if directory.holdsRun { throw TrainingError.directoryHoldsRun(path) }
      try record.write(directory: path)
    }
    do {
      if resumed != nil || isOurs {
        // Steps count from 1, so 0 leaves nothing of a run that broke off before its first step.
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

  // MARK: What the plans chose

  /// Writes down what a plan chose, or compares it with what the run's first session wrote.
  /// - Returns: in what they differ.
  func note(_ plan: PlanRecord) throws -> String? {
    var plans = record.plans ?? []
    if let known = plans.first(where: { $0.name == plan.name }) { return known.difference(to: plan) }
    plans.append(plan)
    record.plans = plans.sorted { $0.name < $1.name }
    try record.write(directory: directory.path)
    isRecordLasting = false
    return nil
  }

  // MARK: Checkpoints

  /// Makes the logs last, then the checkpoint that refers to them: whatever happens, they reach as far as it.
  func save(_ model: Model, _ state: TrainingState) throws {
    try flush()
    if state.step > 0 {
      try write {
        try events.sync()
        try metrics.sync()
      }
      if !isRecordLasting {
        do throws(FileError) { try AtomicFile.makeLasting(directory.record) } catch { throw TrainingError.file(error) }
        isRecordLasting = true
      }
    }
    try write { try state.write(model, to: directory.last) }
    hasLast = true
  }

  func saveBest(_ model: Model) throws { try write { try ModelFile.write(model, to: directory.best) } }

  // MARK: Logs

  func log(
    _ sums: TrainingState.Sums, rate: Double, epoch: Int, step: Int, examplesPerSecond: Double,
    waitedShare: Double
  ) throws {
    try write {
      try events.scalar("train/loss", sums.meanLoss, step: step)
      try events.scalar("train/accuracy", sums.accuracy, step: step)
      try events.scalar("train/rate", rate, step: step)
      try metrics.append(
        step: step,
        [
          "loss": sums.meanLoss, "accuracy": sums.accuracy, "rate": rate, "epoch": Double(epoch),
          "images_per_s": examplesPerSecond, "waited_share": waitedShare,
        ], notes: ["split": "train"])
    }
    try flush()
  }

  func log(validation: Evaluation, epoch: Int, step: Int) throws {
    try write {
      try events.scalar("validation/loss", validation.loss, step: step)
      try events.scalar("validation/accuracy", validation.top1, step: step)
      var numbers = ["loss": validation.loss, "accuracy": validation.top1, "epoch": Double(epoch)]
      if let top5 = validation.top5 {
        try events.scalar("validation/top5", top5, step: step)
        numbers["top5"] = top5
      }
      try metrics.append(step: step, numbers, notes: ["split": "validation"])
    }
    try flush()
  }

  /// How the weights are distributed, and what the first convolution looks for.
  func log(weightsOf model: Model, step: Int) throws {
    try write {
      for (_, parameter) in model.graph.parameters where parameter.trainable {
        let tensor = try model.store.tensor(parameter.path)
        guard tensor.dtype == .f32 else { continue }
        try events.histogram("weights/\(parameter.path)", tensor.array(of: Float.self), step: step)
      }
      if let (path, picture) = try FilterPicture.first(of: model) {
        try events.image("filters/\(path)", png: picture, step: step)
      }
    }
    try flush()
  }

  func close() throws { try flush() }

  private func flush() throws { try write { try events.flush() } }

  /// A full disk is the run's error, whichever file met it.
  private func write(_ body: () throws -> Void) throws {
    do { try body() } catch EventError.file(let error) {
      throw TrainingError.file(error)
    } catch MetricsLogError.file(let error) { throw TrainingError.file(error) } catch ModelFileError.file(
      .unwritable(let error))
    { throw TrainingError.file(error) }
  }
}
