import FoveaData
import FoveaExecution
import FoveaInference
import FoveaLayers
import FoveaTensors

/// One session of a run. Lives on the thread that runs it.
final class TrainingLoop {
  private let trainer: Trainer
  private let options: TrainingOptions
  private let model: Model
  private let extent: RunExtent
  private let loader: Loader
  private let facts: DatasetFacts
  private let validation: (any Dataset)?
  private let record: RunRecord
  private var files: RunFiles?
  private var stepper: Stepper?
  private var evaluator: Evaluator?

  private var state: TrainingState
  private var progress = TrainingProgress()
  private var losses: [Float] = []
  private var lastValidation: Evaluation?
  /// What plans chose before there was a file to write it to.
  private var planned: [PlanRecord] = []
  private var notes: [String] = []
  private let began = Clock.seconds()
  private var firstStepEnded: Double?
  /// Seconds of the steps after the first, with what was waited for data, and the examples in them.
  private var stepSeconds = 0.0
  /// What the first step waited for data.
  private var firstWaited = 0.0
  private var stepExamples = 0
  private var shown = 0.0
  private var saved = (step: -1, seconds: 0.0)

  init(_ trainer: Trainer) throws {
    self.trainer = trainer
    options = trainer.options
    model = trainer.model
    try options.check()
    facts = trainer.dataset.facts
    let (train, validation) = try options.split(trainer.dataset)
    self.validation = validation
    extent = try RunExtent(options, examples: train.count)
    let heads = try TrainingGraph(model, for: facts)
    // What cannot be trained is said before the loader begins to read.
    _ = try heads.moved(freeze: options.freeze)
    state = trainer.resumed ?? TrainingState()

    record = RunRecord(
      model: model.name, datasetName: facts.name, examples: trainer.dataset.count, classes: facts.classes,
      trainingExamples: train.count, validationExamples: validation?.count ?? 0, batch: extent.batch,
      device: trainer.device.name, threads: trainer.device.threads, backends: trainer.device.backends.map(\.name),
      tuning: trainer.device.tuning, precision: trainer.device.precision, options: options,
      processor: RunRecord.processorName)
    // The loader starts to read ahead while the plan is made.
    loader = try Loader(
      train, batchSize: extent.batch, order: .shuffled(seed: options.seed),
      normalization: model.preprocessing.normalization, epochs: extent.epochs, start: extent.position(at: state.step),
      augmentation: options.augmentation)
    // The moments of an earlier run on this model are no part of this one.
    if trainer.resumed == nil { TrainingLoop.removeStates(model) }
    stepper = try Stepper(heads, facts, options, store: model.store, device: trainer.device) { [unowned self] in
      try self.note($0, $1)
    }
    if let validation {
      evaluator = try Evaluator(model, for: validation, device: trainer.device) { [unowned self] in
        try self.note($0, $1)
      }
    }
    losses.reserveCapacity(min(extent.steps - state.step, 10_000_000))
  }

  deinit { loader.stop() }

  private static func removeStates(_ model: Model) {
    for path in model.store.paths
    where path.hasPrefix(Optimizer.statePrefix) || path.hasPrefix(TrainingGraph.gatheredPrefix) {
      model.store.remove(path)
    }
  }

  // MARK: The run

  func run(everyStep: (Int) -> Void, progress report: (TrainingProgress) -> Void) throws -> TrainingResult {
    defer {
      // They belong to the run, not to the model.
      stepper = nil
      TrainingLoop.removeStates(model)
    }
    guard let stepper else { throw TrainingError.emptyDataset(facts.name) }
    progress.epochs = extent.epochs
    progress.stepsTotal = extent.steps
    show(.planning, report)
    // Made before the first batch is waited for, so that what cannot be planned is said at once.
    try stepper.prepare(extent.batch)
    try open(report)
    while state.step < extent.steps, state.stoppedEarly != true, !trainer.shouldStop {
      let began = Clock.seconds()
      let examples = extent.examples(of: state.step)
      guard try step(stepper, examples: examples) else { break }
      everyStep(state.step)
      if state.step % options.logInterval == 0 { try log() }
      count(seconds: Clock.seconds() - began, examples: examples)
      let endsEpoch = extent.batch(at: state.step) == 0 || state.step == extent.steps
      if endsEpoch { try endEpoch(report) }
      if isCheckpointDue(endsEpoch) { try save(report) }
      if endsEpoch { showEpoch(report) }
      if Clock.seconds() - shown > 0.1 || !notes.isEmpty { show(.training, report) }
    }
    let outcome: TrainingResult.Outcome =
      state.step == extent.steps ? .finished : state.stoppedEarly == true ? .stoppedEarly : .interrupted
    if saved.step != state.step { try save(report) }
    try files?.close()
    loader.stop()
    show(.ended, report)
    return result(outcome)
  }

  /// Makes or repairs the run's directory, after all that may be refused, so that a mistake leaves none behind.
  private func open(_ report: (TrainingProgress) -> Void) throws {
    guard let directory = options.directory else { return }
    let files = try RunFiles(directory, record, resumingAfter: trainer.resumed?.step)
    self.files = files
    for plan in planned { if let difference = try files.note(plan) { notes.append(difference) } }
    planned = []
    if trainer.resumed == nil {
      // From here on, a run that is killed can be gone on with.
      try save(report)
    } else {
      saved = (state.step, Clock.seconds())
    }
  }

  private func note(_ name: String, _ plan: Plan) throws {
    let record = PlanRecord(name, plan)
    guard let files else { return planned.append(record) }
    if let difference = try files.note(record) { notes.append(difference) }
  }

  /// Takes one step; false where there are no more batches.
  private func step(_ stepper: Stepper, examples: Int) throws -> Bool {
    let numbers = OptimizerScalars.Numbers(
      rate: options.optimizer.learningRate.rate(at: state.step, of: extent.steps),
      momentum: options.optimizer.momentum(at: state.step, of: extent.steps))
    let batches = extent.batches(of: state.step)
    guard
      let outcome = try stepper.step(loader, number: state.step, batches: batches, examples: examples, numbers)
    else { return false }
    progress.rate = numbers.rate
    progress.epoch = extent.epoch(at: state.step) + 1
    guard outcome.loss.isFinite else {
      throw TrainingError.notFinite(
        loss: outcome.loss, step: state.step + 1, epoch: progress.epoch, rate: numbers.rate,
        peak: options.optimizer.learningRate.peak, checkpoint: files?.lastGood)
    }
    if extent.batch(at: state.step) == 0 { state.epochSums = TrainingState.Sums() }
    state.epochSums.add(loss: outcome.loss, correct: outcome.correct, examples: outcome.examples)
    state.intervalSums.add(loss: outcome.loss, correct: outcome.correct, examples: outcome.examples)
    losses.append(Float(outcome.loss))
    state.step += 1
    return true
  }

  private func count(seconds: Double, examples: Int) {
    // The first step still touches its memory for the first time.
    if firstStepEnded == nil {
      firstStepEnded = Clock.seconds()
      firstWaited = loader.waitedSeconds
    } else {
      stepSeconds += seconds
      stepExamples += examples
    }
  }

  // MARK: Now and then

  private func endEpoch(_ report: (TrainingProgress) -> Void) throws {
    let epoch = extent.epoch(at: state.step - 1) + 1
    if let evaluator, let validation {
      show(.validating, report)
      try lookAtWeights()
      let result = try evaluator.run(
        on: validation, batch: max(extent.batch, min(usualBatch(of: validation.sampleShape), validation.count)))
      lastValidation = result
      try files?.log(validation: result, epoch: epoch, step: state.step)
      if state.best.map({ result.top1 > $0.accuracy }) ?? true {
        try checkWeights()
        state.best = TrainingResult.Best(accuracy: result.top1, epoch: epoch, step: state.step)
        try files?.saveBest(model)
      }
      if let patience = options.patience, let best = state.best, epoch - best.epoch >= patience,
        state.step < extent.steps
      {
        state.stoppedEarly = true
      }
    }
    // Some fifty times in a run, however short its epochs are; which ones follows from the run's length alone.
    if epoch % max(1, extent.epochs / 50) == 0 || state.step == extent.steps {
      try files?.log(weightsOf: model, step: state.step)
    }
  }

  private func showEpoch(_ report: (TrainingProgress) -> Void) {
    progress.validation = evaluator == nil ? nil : lastValidation
    show(.epochEnded, report)
    progress.validation = nil
  }

  /// A point of the curves: the mean since the last one.
  private func log() throws {
    try lookAtWeights()
    try files?.log(
      state.intervalSums, rate: progress.rate, epoch: progress.epoch, step: state.step, examplesPerSecond: speed,
      waitedShare: waitedShare)
    state.intervalSums = TrainingState.Sums()
  }

  private func isCheckpointDue(_ endsEpoch: Bool) -> Bool {
    if state.step == extent.steps || state.stoppedEarly == true { return true }
    if let steps = options.checkpointSteps { return state.step % steps == 0 }
    let since = Clock.seconds() - saved.seconds
    // Epochs of milliseconds must not spend their time on the disk.
    return endsEpoch && since >= 5 || since >= 60 * TrainingOptions.checkpointMinutes
  }

  private func save(_ report: (TrainingProgress) -> Void) throws {
    guard let files else { return }
    show(.saving, report)
    try checkWeights()
    state.epoch = extent.epoch(at: state.step)
    state.batch = extent.batch(at: state.step)
    try files.save(model, state)
    saved = (state.step, Clock.seconds())
  }

  /// The loss judges the weights before its step: what the last step did to them is looked at before they replace
  /// good ones on the disk.
  private func checkWeights() throws {
    for path in model.store.paths {
      let tensor = try model.store.tensor(path)
      guard tensor.dtype == .f32, !tensor.array(of: Float.self).allSatisfy(\.isFinite) else { continue }
      throw TrainingError.weightsNotFinite(
        path: path, step: state.step, epoch: progress.epoch, rate: progress.rate,
        peak: options.optimizer.learningRate.peak, checkpoint: files?.lastGood)
    }
  }

  /// The same now and then, where nothing is written: a fused ReLU may have made a plausible loss of what is no number.
  private func lookAtWeights() throws {
    do throws(ExecutionError) { try model.store.checkNumbers() } catch {
      try checkWeights()
      throw error
    }
  }

  private var waitedShare: Double {
    stepSeconds > 0 ? min(1, max(0, loader.waitedSeconds - firstWaited) / stepSeconds) : 0
  }

  private var speed: Double { stepSeconds > 0 ? Double(stepExamples) / stepSeconds : 0 }

  private func show(_ phase: TrainingProgress.Phase, _ report: (TrainingProgress) -> Void) {
    progress.phase = phase
    progress.step = state.step
    progress.loss = state.epochSums.meanLoss
    progress.accuracy = state.epochSums.accuracy
    progress.examplesPerSecond = speed
    progress.waitedSeconds = loader.waitedSeconds
    progress.waitedShare = waitedShare
    if stepExamples > 0 {
      let perExample = stepSeconds / Double(stepExamples)
      let perStep = Double(extent.examples) / Double(extent.stepsPerEpoch)
      progress.secondsLeft = perExample * Double(extent.steps - state.step) * perStep
    }
    shown = Clock.seconds()
    // Each note once, in a report of its own.
    for note in notes {
      progress.note = note
      report(progress)
    }
    if !notes.isEmpty { notes.removeAll() }
    progress.note = nil
    report(progress)
  }

  private func result(_ outcome: TrainingResult.Outcome) -> TrainingResult {
    TrainingResult(
      outcome: outcome, step: state.step, stepsTotal: extent.steps, epochs: extent.epoch(at: state.step),
      loss: state.epochSums.meanLoss, accuracy: state.epochSums.accuracy, validation: lastValidation,
      best: state.best, losses: losses, seconds: Clock.seconds() - began,
      secondsToFirstStep: (firstStepEnded ?? Clock.seconds()) - began, examplesPerSecond: speed,
      waitedSeconds: loader.waitedSeconds, waitedShare: waitedShare, directory: options.directory)
  }
}
