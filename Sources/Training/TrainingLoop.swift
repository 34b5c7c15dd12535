import FoveaData
import FoveaExchange
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
  private let plans: PlanCache
  private let facts: DatasetFacts
  private let validation: (any Dataset)?
  private let evaluator: Evaluator?
  private let record: RunRecord
  private var files: RunFiles?
  private var slots: [StepSlot] = []

  private var state: TrainingState
  private var progress = TrainingProgress()
  private var losses: [Float] = []
  private var lastValidation: Evaluation?
  private let began = Clock.seconds()
  private var firstStepEnded: Double?
  /// Seconds of the steps after the first, with what was waited for data, and the examples in them.
  private var stepSeconds = 0.0
  private var stepExamples = 0
  private var shown = 0.0

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
    let request = try heads.training(options.optimizer, freeze: options.freeze)
    state = trainer.resumed ?? TrainingState()

    record = RunRecord(
      model: model.name, datasetName: facts.name, examples: trainer.dataset.count, classes: facts.classes,
      trainingExamples: train.count, validationExamples: validation?.count ?? 0, batch: extent.batch,
      device: trainer.device.name, threads: trainer.device.threads, backends: trainer.device.backends.map(\.name),
      options: options)
    // The loader starts to read ahead while the plan is made.
    loader = try Loader(
      train, batchSize: extent.batch, order: .shuffled(seed: options.seed),
      normalization: Normalization(model.preprocessing), epochs: extent.epochs,
      start: LoaderPosition(epoch: extent.epoch(at: state.step), batch: extent.batch(at: state.step)))
    // The moments of an earlier run on this model are no part of this one.
    if trainer.resumed == nil { TrainingLoop.removeMoments(model) }
    plans = PlanCache(heads.graph, request, store: model.store, device: trainer.device)
    if let validation {
      evaluator = try Evaluator(trainer.model, for: validation, device: trainer.device)
    } else {
      evaluator = nil
    }
    slots.reserveCapacity(2)
    losses.reserveCapacity(min(extent.steps - state.step, 10_000_000))
  }

  deinit { loader.stop() }

  private static func removeMoments(_ model: Model) {
    for path in model.store.paths where path.hasPrefix(Optimizer.statePrefix) { model.store.remove(path) }
  }

  // MARK: The run

  func run(everyStep: (Int) -> Void, progress report: (TrainingProgress) -> Void) throws -> TrainingResult {
    defer {
      // They belong to the run, not to the model.
      slots = []
      TrainingLoop.removeMoments(model)
    }
    progress.epochs = extent.epochs
    progress.stepsTotal = extent.steps
    show(.planning, report)
    // Made before the first batch is waited for, so that what cannot be planned is said at once.
    _ = try slot(for: extent.batch)
    // After all that may be refused, so that a mistake leaves no directory behind.
    files = try options.directory.map { try RunFiles($0, record, resumingAfter: trainer.resumed?.step) }
    while state.step < extent.steps, !trainer.shouldStop {
      let began = Clock.seconds()
      guard let batch = try loader.next() else { break }
      let slot = try slot(for: batch.count)
      try step(batch, slot)
      loader.recycle(batch)
      everyStep(state.step)
      if state.step % options.logInterval == 0 { try log() }
      count(seconds: Clock.seconds() - began, examples: slot.count)
      if extent.batch(at: state.step) == 0 || state.step == extent.steps { try endEpoch(report) }
      if Clock.seconds() - shown > 0.1 { show(.training, report) }
    }
    let isDone = state.step == extent.steps
    if !isDone { try save(report) }
    try files?.close()
    loader.stop()
    show(.ended, report)
    return result(isDone ? .finished : .interrupted)
  }

  private func slot(for count: Int) throws -> StepSlot {
    for slot in slots where slot.count == count { return slot }
    let context = try plans.context(TrainingGraph.sizes(count, facts.sampleShape))
    let slot = try StepSlot(context, count: count)
    slots.append(slot)
    return slot
  }

  private func step(_ batch: Batch, _ slot: StepSlot) throws {
    let rate = options.optimizer.learningRate.rate(at: state.step, of: extent.steps)
    let momentum = options.optimizer.momentum(at: state.step, of: extent.steps)
    try slot.run(batch, rate: rate, momentum: momentum, seed: options.seed, step: state.step)
    let loss = slot.loss
    guard loss.isFinite else {
      throw TrainingError.notFinite(
        loss: Double(loss), step: state.step + 1, epoch: extent.epoch(at: state.step) + 1, rate: rate,
        checkpoint: files?.lastGood)
    }
    if extent.batch(at: state.step) == 0 { state.epochSums = TrainingState.Sums() }
    state.epochSums.add(loss: Double(loss), correct: Double(slot.correct), examples: slot.count)
    state.intervalSums.add(loss: Double(loss), correct: Double(slot.correct), examples: slot.count)
    losses.append(loss)
    progress.rate = rate
    progress.epoch = extent.epoch(at: state.step) + 1
    state.step += 1
  }

  private func count(seconds: Double, examples: Int) {
    // The first step still touches its memory for the first time.
    if firstStepEnded == nil {
      firstStepEnded = Clock.seconds()
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
      let result = try evaluator.run(on: validation, batch: max(extent.batch, min(256, validation.count)))
      lastValidation = result
      try files?.log(validation: result, epoch: epoch, step: state.step)
      if state.best.map({ result.top1 > $0.accuracy }) ?? true {
        state.best = TrainingResult.Best(accuracy: result.top1, epoch: epoch, step: state.step)
        if let files { try ModelFile.write(model, to: files.directory.best) }
      }
    }
    try save(report)
    progress.validation = evaluator == nil ? nil : lastValidation
    show(.training, report)
    progress.validation = nil
  }

  /// A point of the curves: the mean since the last one.
  private func log() throws {
    try files?.log(
      state.intervalSums, rate: progress.rate, epoch: progress.epoch, step: state.step, examplesPerSecond: speed)
    state.intervalSums = TrainingState.Sums()
  }

  private func save(_ report: (TrainingProgress) -> Void) throws {
    guard let files else { return }
    show(.saving, report)
    state.epoch = extent.epoch(at: state.step)
    state.batch = extent.batch(at: state.step)
    try files.save(model, state)
  }

  private var speed: Double { stepSeconds > 0 ? Double(stepExamples) / stepSeconds : 0 }

  private func show(_ phase: TrainingProgress.Phase, _ report: (TrainingProgress) -> Void) {
    progress.phase = phase
    progress.step = state.step
    progress.loss = state.epochSums.meanLoss
    progress.accuracy = state.epochSums.accuracy
    progress.examplesPerSecond = speed
    progress.waitedSeconds = loader.waitedSeconds
    if stepExamples > 0 {
      let perExample = stepSeconds / Double(stepExamples)
      progress.secondsLeft = perExample * Double(extent.steps - state.step) * Double(extent.batch)
    }
    shown = Clock.seconds()
    report(progress)
  }

  private func result(_ outcome: TrainingResult.Outcome) -> TrainingResult {
    TrainingResult(
      outcome: outcome, step: state.step, stepsTotal: extent.steps, epochs: extent.epoch(at: state.step),
      loss: state.epochSums.meanLoss, accuracy: state.epochSums.accuracy, validation: lastValidation,
      best: state.best, losses: losses, seconds: Clock.seconds() - began,
      secondsToFirstStep: (firstStepEnded ?? Clock.seconds()) - began, examplesPerSecond: speed,
      waitedSeconds: loader.waitedSeconds, directory: options.directory)
  }
}
