import FoveaData
import FoveaExchange
import FoveaExecution
import FoveaGraphs
import FoveaInference
import FoveaLayers
import FoveaTensors
import Synchronization

/// Trains a model on a data set.
///
/// ```swift
/// let trainer = Trainer(model: model, dataset: train, options: TrainingOptions(epochs: 5), device: device)
/// let result = try await trainer.run { print($0.step, $0.loss) }
/// ```
///
/// The steps run one after the other on a thread of their own. The run has the model for itself meanwhile:
/// others may read it, and see it between two steps.
public final class Trainer: Sendable {
  /// The model that is trained, in place.
  public let model: Model
  /// How the run goes.
  public let options: TrainingOptions
  /// What a resumed run finds different from its first part; it goes on, but its numbers may differ in the
  /// last bits. Empty for a new run.
  public let differences: [String]

  /// What the user should be told before the run: the differences, and a batch that was cut down.
  public var notes: [String] {
    var notes = differences
    let held = (Double(dataset.count) * options.validation).rounded()
    let examples = dataset.count - (options.validation > 0 && options.validation < 1 ? Int(held) : 0)
    if options.batch > examples, examples > 0 {
      notes.append("a batch of \(options.batch) is more than there are examples to train on; it is \(examples)")
    }
    return notes
  }

  let dataset: any Dataset
  let device: Device
  let resumed: TrainingState?
  private let stop = Atomic<Bool>(false)

  /// A new run. What does not fit is thrown by `run`.
  public init(model: Model, dataset: any Dataset, options: TrainingOptions, device: Device) {
    self.model = model
    self.dataset = dataset
    self.options = options
    self.device = device
    differences = []
    resumed = nil
  }

  /// Goes on with the run of a directory from its last checkpoint: a resumed run ends with the weights of one
  /// that was never interrupted.
  ///
  /// - Parameter dataset: that of the run; `RunRecord.read` tells which.
  /// - Throws: `TrainingError.noRun`, `.badRun`, `.datasetDiffers`, `.complete`; `ModelFileError`.
  public init(
    resuming directory: String, dataset: any Dataset, device: Device, registry: Registry = .standard
  ) throws {
    let record = try RunRecord.read(directory: directory)
    guard record.examples == dataset.count, record.classes == dataset.classNames.count else {
      throw TrainingError.datasetDiffers(
        directory: directory,
        expected: "\(record.datasetName) (\(record.examples) examples, \(record.classes) classes)",
        found: "\(dataset.name) (\(dataset.count) examples, \(dataset.classNames.count) classes)")
    }
    let last = RunDirectory(directory).last
    guard RunDirectory.exists(last) else {
      throw TrainingError.noRun(directory: directory, missing: "last.safetensors")
    }
    let model = try ModelFile.read(last, registry: registry)
    let state = try TrainingState.read(last, into: model.store)
    var options = record.options
    options.directory = directory
    self.model = model
    self.dataset = dataset
    self.options = options
    self.device = device
    differences = record.differences(to: device)
    resumed = state
    let extent = try RunExtent(options, examples: record.trainingExamples)
    guard state.step >= 0, extent.epoch(at: state.step) == state.epoch, extent.batch(at: state.step) == state.batch
    else {
      throw TrainingError.badRun(path: last, reason: "step \(state.step) is not at the place that the file names")
    }
    guard state.step < extent.steps, state.stoppedEarly != true else {
      throw TrainingError.complete(directory: directory, steps: state.step)
    }
  }

  /// Trains until the end or until `requestStop`.
  ///
  /// - Parameter progress: called on the training thread some ten times a second, and at the end of each epoch;
  ///   training waits for it.
  /// - Throws: `TrainingError`; `DataError`, `ExecutionError`, `ModelFileError`.
  public func run(
    progress: @escaping @Sendable (TrainingProgress) -> Void = { _ in }
  ) async throws -> TrainingResult {
    try await Worker().perform { try self.runHere(progress: progress) }
  }

  /// `run` on the calling thread, which must be one that plans may run on.
  /// - Parameter everyStep: called after each step with the number of steps done.
  package func runHere(
    everyStep: (Int) -> Void = { _ in }, progress: (TrainingProgress) -> Void = { _ in }
  ) throws -> TrainingResult {
    let loop = try TrainingLoop(self)
    return try loop.run(everyStep: everyStep, progress: progress)
  }

  /// Stops the run after the step that is under way; it saves and returns. May be called from any thread, also
  /// before `run` and more than once.
  public func requestStop() { stop.store(true, ordering: .relaxed) }

  /// True once somebody has asked to stop.
  var shouldStop: Bool { stop.load(ordering: .relaxed) }
}

extension RunRecord {
  /// In what a device differs from that of the run.
  func differences(to device: Device) -> [String] {
    var found: [String] = []
    if device.name != self.device { found.append("it ran on \(self.device), now on \(device.name)") }
    if device.threads != threads { found.append("it ran on \(threads) threads, now on \(device.threads)") }
    let names = device.backends.map(\.name)
    if names != backends {
      func list(_ names: [String]) -> String { names.isEmpty ? "the reference loops" : names.joined(separator: ", ") }
      found.append("it ran with \(list(backends)), now with \(list(names))")
    }
    if let processor, let now = RunRecord.processorName, processor != now {
      found.append("it ran on \(processor), now on \(now)")
    }
    return found
  }
}
