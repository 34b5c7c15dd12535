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
  case nothingToTrain

  // The run.
  case notFinite(loss: Double, step: Int, epoch: Int, rate: Double, checkpoint: String?)
  case file(FileError)
  case directoryHoldsRun(String)

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
      "\(dataset) has \(found) classes, but the model gives \(expected) scores; make the model for \(found) classes"
    case .nameTaken(let name):
      "the model already has an output \"\(name)\", which training adds; give the tap another name"
    case .emptyDataset(let name):
      "\(name) has no examples; at least one is needed"
    case .graph(let error): error.description
    case .badOption(let name, let value, let expected):
      "\(name) is \(value), it must be \(expected)"
    case .freezesNothing(let pattern, let nearest):
      "no parameter matches \(Named.short(pattern)), which should be frozen"
        + (nearest.isEmpty
          ? "; `fovea summary` lists the layers"
          : "; did you mean \(nearest.map { "\"\($0)\"" }.joined(separator: " or "))?")
    case .nothingToTrain:
      "every parameter is frozen: there is nothing to train"
    default: nil
    }
  }

  private var runText: String? {
    switch self {
    case .notFinite(let loss, let step, let epoch, let rate, let checkpoint):
      "the loss is \(loss) at step \(step) (epoch \(epoch), rate \(rate)): training has diverged; "
        + (checkpoint.map { "the last good model is \($0); " } ?? "")
        + "try a lower rate or a longer warm-up, and check the data"
    case .file(let error): error.description
    case .directoryHoldsRun(let directory):
      "\(directory) already holds a run; go on with it (--resume \(directory)) or choose another directory"
    case .noRun(let directory, let missing):
      "\(directory) holds no run that can be resumed: there is no \(missing)"
    case .badRun(let path, let reason):
      "\(path) cannot be resumed from: \(reason)"
    case .datasetDiffers(let directory, let expected, let found):
      "the run in \(directory) trained on \(expected), but was given \(found)"
    case .complete(let directory, let steps):
      "the run in \(directory) is complete (\(steps) steps); there is nothing to resume"
    default: nil
    }
  }
}
