/// Where a run stands: a plain value, given some ten times a second.
public struct TrainingProgress: Sendable {
  /// What the trainer is doing.
  public enum Phase: String, Sendable {
    /// Choosing kernels and memory, before the first step.
    case planning
    case training
    case validating
    case saving
    /// Given once for each epoch, when all that belongs to it is done.
    case epochEnded
    /// The last one of a run, also of one that was interrupted.
    case ended
  }

  /// What is going on.
  public var phase: Phase = .planning
  /// The epoch that is under way, from 1.
  public var epoch = 1
  /// Epochs in all, the last of them perhaps in part.
  public var epochs = 1
  /// Steps done, those before a resumption included.
  public var step = 0
  /// Steps in all.
  public var stepsTotal = 0
  /// Examples per second since the first step, validation left out.
  public var examplesPerSecond = 0.0
  /// Mean loss of this epoch so far.
  public var loss = 0.0
  /// Fraction of right answers in this epoch so far, each judged before the weights learned from it.
  public var accuracy = 0.0
  /// The learning rate of the last step.
  public var rate = 0.0
  /// Seconds that the rest of the steps will take; nil before there is anything to judge by.
  public var secondsLeft: Double?
  /// Seconds waited for data in all.
  public var waitedSeconds = 0.0
  /// Which part of the time of all steps but the first was waited for data; the first also waits for the readers to
  /// start.
  public var waitedShare = 0.0
  /// The result on the validation set, given once, at the end of each epoch.
  public var validation: Evaluation?
  /// Something that the user should know, given once; nil most of the time.
  public var note: String?

  /// The very beginning.
  public init() {}
}

/// How a run ended and what it brought.
public struct TrainingResult: Sendable {
  /// Why the run ended.
  public enum Outcome: Sendable, Equatable {
    case finished
    /// The validation set had not been judged better for as many epochs as `TrainingOptions.patience` says.
    case stoppedEarly
    /// Somebody asked it to stop; with a directory, it can be resumed.
    case interrupted
  }

  /// The best model by the validation set.
  public struct Best: Sendable, Equatable, Codable {
    /// Fraction of the validation set's right answers.
    public let accuracy: Double
    /// The epoch after which it was, from 1.
    public let epoch: Int
    /// Steps until then.
    public let step: Int
  }

  /// Whether all steps were done, and if not, why.
  public let outcome: Outcome
  /// Steps done, those before a resumption included.
  public let step: Int
  public let stepsTotal: Int
  /// Full epochs done.
  public let epochs: Int
  /// Mean loss of the last epoch, or of the part of it that was done.
  public let loss: Double
  /// Fraction of right answers in the last epoch, each judged before the weights learned from it.
  public let accuracy: Double
  /// The last result on the validation set.
  public let validation: Evaluation?
  /// The best model by the validation set.
  public let best: Best?
  /// The loss of each step of this session, before its update.
  public let losses: [Float]
  /// Seconds of this session, from its start.
  public let seconds: Double
  /// Seconds from the session's start to the end of its first step.
  public let secondsToFirstStep: Double
  /// Examples per second, validation left out.
  public let examplesPerSecond: Double
  /// Seconds waited for data.
  public let waitedSeconds: Double
  /// Which part of the time of all steps but the first was waited for data.
  public let waitedShare: Double
  /// The run's directory: what `--resume` takes.
  public let directory: String?

  /// The command that goes on with an interrupted run; nil when there is nothing to go on with.
  public var resumeCommand: String? {
    guard outcome == .interrupted, let directory else { return nil }
    let plain = directory.allSatisfy { $0.isLetter || $0.isNumber || "/._-+:=@".contains($0) }
    return "fovea train --resume " + (plain ? directory : "'\(directory.replacing("'", with: "'\\''"))'")
  }

  /// The file of the last model.
  public var last: String? { directory.map { RunDirectory($0).last } }
  /// The file of the best model by the validation set.
  public var bestFile: String? { best == nil ? nil : directory.map { RunDirectory($0).best } }
}
