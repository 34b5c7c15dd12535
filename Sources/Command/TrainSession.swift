import Fovea

/// One session of a training on the command line: Ctrl-C, progress, evaluation, and what to do next.
struct TrainSession {
  private let trainer: Trainer
  private let test: TestPart
  private let device: Device
  private let source: DatasetSource
  private let json: Bool
  private let console: Console

  init(_ trainer: Trainer, test: TestPart, device: Device, source: DatasetSource, json: Bool, _ console: Console) {
    self.trainer = trainer
    self.test = test
    self.device = device
    self.source = source
    self.json = json
    self.console = console
  }

  func run() async throws -> Int32 {
    let result = try await train()
    guard result.outcome != .interrupted else { return try interrupted(result) }
    let file = result.bestFile ?? result.last
    var evaluation: Evaluation?
    switch test {
    case .here(let dataset):
      let model = try result.bestFile.map { try ModelFile.read($0) } ?? trainer.model
      let console = console
      evaluation = try await Fovea.evaluate(model, on: dataset, device: device) { done, total in
        console.progress("evaluating, \(Text.grouped(done)) of \(Text.grouped(total))")
      }
      console.endProgress()
    case .missing(let reason): console.note("not evaluated, since there is no test part: \(reason)")
    }
    if json {
      try console.json(object(result, evaluation, file))
    } else {
      try show(result, evaluation, file)
    }
    return Program.Status.done
  }

  private func train() async throws -> TrainingResult {
    Interrupt.listen()
    defer { Interrupt.endListening() }
    let trainer = trainer
    let watch = Task.detached {
      while !Task.isCancelled {
        if Interrupt.received != 0 { return trainer.requestStop() }
        try? await Task.sleep(for: .milliseconds(20))
      }
    }
    defer { watch.cancel() }
    let reporter = TrainReporter(console, isQuiet: json)
    return try await trainer.run { reporter.report($0) }
  }

  private func interrupted(_ result: TrainingResult) throws -> Int32 {
    let directory = result.directory ?? "."
    if json { try console.json(object(result, nil, result.last)) }
    console.note(
      "stopped after step \(Text.grouped(result.step)) of \(Text.grouped(result.stepsTotal)) and saved; go on with\n"
        + "  fovea train --resume \(ShellLine.quoted(directory))")
    return Interrupt.status
  }

  private func show(_ result: TrainingResult, _ evaluation: Evaluation?, _ file: String?) throws {
    try console.out(
      "trained \(Text.grouped(result.step)) steps in \(Text.duration(result.seconds)), "
        + "\(Text.grouped(Int(result.examplesPerSecond))) examples/s, first step after "
        + "\(Text.duration(result.secondsToFirstStep)), waited \(Text.duration(result.waitedSeconds)) "
        + "(\(Text.decimals(100 * result.waitedShare, 1)) % of the time of steps) for data, "
        + "peak memory \(Text.decimals(PeakMemory.megabytes, 0)) MB")
    if result.outcome == .stoppedEarly, let patience = trainer.options.patience {
      try console.out(
        "stopped early: the validation accuracy has not risen for \(patience) epoch\(patience == 1 ? "" : "s")")
    }
    if let best = result.best {
      try console.out("best by validation: epoch \(best.epoch), accuracy \(Text.percent(best.accuracy))")
    }
    if let evaluation {
      try console.out("")
      try console.out(
        "test accuracy \(Text.percent(evaluation.top1)) on \(Text.grouped(evaluation.examples)) examples"
          + (evaluation.top5.map { ", top 5 \(Text.percent($0))" } ?? "")
          + ", loss \(Text.decimals(evaluation.loss, 4))")
      let confusions = evaluation.confusions(trainer.model.classNames, limit: 5)
      if !confusions.isEmpty { try console.out("most confused:") }
      for line in confusions { try console.out("  \(line)") }
    }
    guard let file, let directory = result.directory else { return }
    let name = ShellLine.quoted(file)
    try console.out("")
    try console.out("the model is in \(file); go on with")
    let next = [
      ["  fovea evaluate \(name) --data \(ShellLine.quoted("\(source)"))", "how good it is"],
      ["  fovea predict \(name) PICTURE.png", "what it sees in a picture"],
      ["  fovea summary \(name)", "what it is made of"],
      ["  tensorboard --logdir \(ShellLine.quoted(directory))", "its curves, where TensorBoard is installed"],
    ]
    for line in Text.table(next) { try console.out(line) }
  }

  private func object(_ result: TrainingResult, _ evaluation: Evaluation?, _ file: String?) -> [String: Any] {
    var object = evaluation?.object(trainer.model.classNames) ?? [:]
    object["outcome"] =
      switch result.outcome {
      case .finished: "finished"
      case .stoppedEarly: "stopped early"
      case .interrupted: "interrupted"
      }
    object["directory"] = result.directory
    object["model_file"] = file
    object["steps"] = result.step
    object["steps_total"] = result.stepsTotal
    object["train_loss"] = result.loss
    object["train_accuracy"] = result.accuracy
    object["seconds"] = result.seconds
    object["seconds_to_first_step"] = result.secondsToFirstStep
    object["images_per_s"] = result.examplesPerSecond
    object["waited_s"] = result.waitedSeconds
    object["waited_share"] = result.waitedShare
    object["peak_rss_mb"] = PeakMemory.megabytes
    if let best = result.best {
      object["best"] = ["accuracy": best.accuracy, "epoch": best.epoch, "step": best.step] as [String: Any]
    }
    return object
  }
}
