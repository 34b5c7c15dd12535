import Fovea

/// Turns a trainer's progress into a live line on a terminal and one plain line for each epoch.
final class TrainReporter: Sendable {
  private let console: Console
  private let isQuiet: Bool

  /// - Parameter isQuiet: true leaves standard output to JSON.
  init(_ console: Console, isQuiet: Bool) {
    self.console = console
    self.isQuiet = isQuiet
  }

  func report(_ progress: TrainingProgress) {
    if let note = progress.note {
      console.endProgress()
      return console.note("the last bits may differ from an uninterrupted run: \(note)")
    }
    switch progress.phase {
    case .planning: console.progress("planning")
    case .validating: console.progress("epoch \(progress.epoch)/\(progress.epochs), validating")
    case .saving: break
    case .epochEnded: endEpoch(progress)
    case .training: live(progress)
    case .ended: console.endProgress()
    }
  }

  private func live(_ progress: TrainingProgress) {
    let epoch = "\(progress.epoch)/\(progress.epochs)"
    let loss = "loss \(Text.decimals(progress.loss, 4))"
    let left = "\(progress.secondsLeft.map(Text.clock) ?? "?:??") left"
    let step = "\(Text.grouped(progress.step))/\(Text.grouped(progress.stepsTotal))"
    let speed = Text.grouped(Int(progress.examplesPerSecond))
    console.progress(
      "epoch \(epoch), step \(step), \(speed) examples/s, \(loss), accuracy \(Text.percent(progress.accuracy)), "
        + "\(left), waited \(Text.decimals(100 * progress.waitedShare, 1)) % for data",
      "epoch \(epoch), step \(step), \(speed)/s, \(loss), acc \(Text.percent(progress.accuracy)), \(left), "
        + "data \(Text.decimals(100 * progress.waitedShare, 1)) %",
      "\(epoch), \(step), \(loss), \(Text.percent(progress.accuracy)), \(left)")
  }

  private func endEpoch(_ progress: TrainingProgress) {
    // A hundred lines or so tell the course of any run; short epochs would make thousands.
    let isShown = progress.epoch % max(1, progress.epochs / 100) == 0 || progress.step == progress.stepsTotal
    guard !isQuiet, isShown else { return }
    console.endProgress()
    var parts = [
      "epoch \(progress.epoch)/\(progress.epochs)", "step \(Text.grouped(progress.step))",
      "loss \(Text.decimals(progress.loss, 4))", "accuracy \(Text.percent(progress.accuracy))",
    ]
    if let validation = progress.validation {
      parts.append("validation loss \(Text.decimals(validation.loss, 4))")
      parts.append("validation accuracy \(Text.percent(validation.top1))")
    }
    parts.append("\(Text.grouped(Int(progress.examplesPerSecond))) examples/s")
    parts.append(
      "waited \(Text.duration(progress.waitedSeconds)) (\(Text.decimals(100 * progress.waitedShare, 1)) %) for data")
    // A full disk behind standard output must not end a training.
    try? console.out(parts.joined(separator: ", "))
  }
}
