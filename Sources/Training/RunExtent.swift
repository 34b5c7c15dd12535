import FoveaData

/// How many steps a run has, and where in the epochs each stands.
struct RunExtent: Sendable {
  /// Examples that train.
  let examples: Int
  /// Examples in a full batch.
  let batch: Int
  /// Batches in a full step.
  let accumulate: Int
  let batchesPerEpoch: Int
  let stepsPerEpoch: Int
  /// Steps in all.
  let steps: Int
  /// Epochs in all, the last perhaps in part.
  let epochs: Int

  /// - Parameter examples: those that train.
  init(_ options: TrainingOptions, examples: Int) throws(TrainingError) {
    guard examples > 0, options.batch > 0, options.accumulate > 0 else {
      throw .badOption(name: "the number of training examples", value: "\(examples)", expected: "at least 1")
    }
    self.examples = examples
    batch = min(options.batch, examples)
    batchesPerEpoch = (examples - 1) / batch + 1
    // A step ends with its epoch, as a batch does: then it has fewer batches.
    accumulate = min(options.accumulate, batchesPerEpoch)
    stepsPerEpoch = (batchesPerEpoch - 1) / accumulate + 1
    switch options.length {
    case .steps(let count): steps = count
    case .epochs(let count):
      let (product, overflow) = count.multipliedReportingOverflow(by: stepsPerEpoch)
      guard !overflow else {
        throw .badOption(name: "the number of epochs", value: "\(count)", expected: "smaller: its steps overflow")
      }
      steps = product
    }
    epochs = max(1, (steps - 1) / stepsPerEpoch + 1)
  }

  /// Full epochs before a step.
  func epoch(at step: Int) -> Int { step / stepsPerEpoch }
  /// Batches of its epoch before a step.
  func batch(at step: Int) -> Int { step % stepsPerEpoch * accumulate }
  /// Where the loader stands before a step.
  func position(at step: Int) -> LoaderPosition { LoaderPosition(epoch: epoch(at: step), batch: batch(at: step)) }
  /// Batches of a step.
  func batches(of step: Int) -> Int { min(accumulate, batchesPerEpoch - batch(at: step)) }
  /// Examples of a step.
  func examples(of step: Int) -> Int {
    let first = batch(at: step)
    return min((first + batches(of: step)) * batch, examples) - first * batch
  }
}
