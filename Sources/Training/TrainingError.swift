import FoveaExchange
import FoveaExecution
import FoveaGraphs
import FoveaTensors

/// What can keep a model from being trained or evaluated.
public enum TrainingError: Error, Sendable {
  // The model and the data set.
  case inputs([String])
  case noOutput(known: [String])
  case noScores(PartialShape)
  case sampleShape(dataset: String, found: Shape, expected: PartialShape)
  case classCount(dataset: String, found: Int, expected: Int)
  case nameTaken(String)
  case emptyDataset(String)
  case graph(GraphError)

  // The options.
  case badOption(name: String, value: String, expected: String)
  case freezesNothing(pattern: String, nearest: [String])
  /// A pattern that no parameter matches, which should have a rate of its own.
  case scalesNothing(pattern: String, nearest: [String])
  case nothingToTrain
  case patienceWithoutValidation

  // The run.
  /// `peak` is the schedule's highest rate: what was asked for.
  case notFinite(loss: Double, step: Int, epoch: Int, rate: Double, peak: Double, checkpoint: String?)
  case weightsNotFinite(path: String, step: Int, epoch: Int, rate: Double, peak: Double, checkpoint: String?)
  case file(FileError)
  case directoryHoldsRun(String)
  case directoryInUse(String)

  // Resuming.
  case noRun(directory: String, missing: String)
  case badRun(path: String, reason: String)
  case datasetDiffers(directory: String, expected: String, found: String)
  case complete(directory: String, steps: Int)
}

extension TrainingError: CustomStringConvertible {
  public var description: String {
    modelText ?? runText ?? ""
  }

  private var modelText: String? {
    switch self {
    case .inputs(let names):
      "training and evaluation feed one input called \"input\"; this model has "
        + (names.isEmpty ? "none" : names.map { "\"\($0)\"" }.joined(separator: ", "))
    case .noOutput(let known):
      "the loss judges an output called \"output\"; this model has "
        + (known.isEmpty ? "none" : known.map { "\"\($0)\"" }.joined(separator: ", "))
    case .noScores(let shape):
      "the model's output is \(shape); a classifier gives one row of scores for each picture (N×C): "
        + "end it with Flatten() and Dense(classes)"
    case .sampleShape(let dataset, let found, let expected):
      "the pictures of \(dataset) are \(found), but the model takes \(expected); make the model for this shape"
    case .classCount(let dataset, let found, let expected):
      "\(dataset) has \(found) classes, but the model gives \(expected) scores; use data with its classes, or train it for these"
    case .nameTaken(let name):
      "the model already has an output \"\(name)\", which training adds; give the tap another name"
    case .emptyDataset(let name):
      "\(name) has no examples; at least one is needed"
    case .graph(let error): error.description
    case .badOption(let name, let value, let expected):
      "\(name) is \(value), it must be \(expected)"
    case .freezesNothing(let pattern, let nearest):
      "no parameter matches \(Named.short(pattern)), which should be frozen\(Self.instead(nearest))"
    case .scalesNothing(let pattern, let nearest):
      "no parameter matches \(Named.short(pattern)), which should have a rate of its own\(Self.instead(nearest))"
    case .nothingToTrain:
      "every parameter is frozen, or has the rate 0: there is nothing to train"
    case .patienceWithoutValidation:
      "early stopping judges by the validation part, and there is none; give a validation fraction, e.g. 0.1"
    default: nil
    }
  }

  private static func instead(_ nearest: [String]) -> String {
    nearest.isEmpty
      ? "; `fovea summary` lists the layers"
      : "; did you mean \(nearest.map { "\"\($0)\"" }.joined(separator: " or "))?"
  }

  private var runText: String? {
    switch self {
    case .notFinite(let loss, let step, let epoch, let rate, let peak, let checkpoint):
      "the loss is \(NumberText.plain(loss)) at step \(step) "
        + TrainingError.diverged(epoch: epoch, rate: rate, peak: peak, checkpoint)
    case .weightsNotFinite(let path, let step, let epoch, let rate, let peak, let checkpoint):
      "\(path) holds numbers that are not finite after step \(step) "
        + TrainingError.diverged(epoch: epoch, rate: rate, peak: peak, checkpoint)
    case .file(let error): error.description
    case .directoryHoldsRun(let directory):
      "\(directory) already holds a run; go on with it (--resume \(directory)) or choose another directory"
    case .directoryInUse(let directory):
      "another process is training in \(directory); wait for it, or choose another directory"
    case .noRun(let directory, let missing):
      "\(directory) holds no run that can be resumed: there is no \(missing)"
        + (missing == "last.safetensors" ? "; it was broken off before its first checkpoint, so start it anew" : "")
    case .badRun(let path, let reason):
      "\(path) cannot be resumed from: \(reason)"
    case .datasetDiffers(let directory, let expected, let found):
      "the run in \(directory) trained on \(expected), but was given \(found)"
    case .complete(let directory, let steps):
      "the run in \(directory) is complete (\(steps) steps); there is nothing to resume"
    default: nil
    }
  }

  /// What is common to everything that grew beyond all bounds.
  private static func diverged(epoch: Int, rate: Double, peak: Double, _ checkpoint: String?) -> String {
    let highest = rate == peak ? "" : " of at most \(NumberText.plain(peak))"
    return "(epoch \(epoch), rate \(NumberText.plain(rate))\(highest)): training has diverged; "
      + (checkpoint.map { "the last good model is \($0); " } ?? "")
      + "try a lower rate or a longer warm-up, and check the data"
  }
}
