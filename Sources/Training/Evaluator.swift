import FoveaData
import FoveaExecution
import FoveaGraphs
import FoveaInference
import FoveaLayers
import FoveaTensors

/// How good a model is on a data set.
public struct Evaluation: Sendable, Equatable {
  /// Mean loss.
  public let loss: Double
  /// The fraction of examples whose class has the largest score.
  public let top1: Double
  /// The fraction of examples whose class is among the five largest scores; nil for five classes or fewer.
  public let top5: Double?
  /// Number of examples N.
  public let examples: Int
  /// Which classes are taken for which.
  public let confusion: ConfusionMatrix
}

/// Runs a model over a data set and counts.
///
/// ```swift
/// let result = try await evaluate(model, on: test, device: .cpu())
/// print(result.top1)
/// ```
///
/// - Parameters:
///   - batch: examples at a time; more than the data set has is as many as it has. When nil 256, or as many as keep
///     the inputs below some twenty megabytes.
///   - progress: called with the number of examples done and the number of all, now and then.
/// - Throws: `TrainingError` when model and data set do not fit; `DataError`, `ExecutionError`.
public func evaluate(
  _ model: Model, on dataset: any Dataset, device: Device, batch: Int? = nil,
  progress: @escaping @Sendable (_ done: Int, _ total: Int) -> Void = { _, _ in }
) async throws -> Evaluation {
  try await Worker().perform {
    try evaluateHere(model, on: dataset, device: device, batch: batch, progress: progress)
  }
}

/// `evaluate` on the calling thread, which must be one that plans may run on.
package func evaluateHere(
  _ model: Model, on dataset: any Dataset, device: Device, batch: Int? = nil,
  progress: (_ done: Int, _ total: Int) -> Void = { _, _ in }
) throws -> Evaluation {
  try Evaluator(model, for: dataset, device: device).run(
    on: dataset, batch: batch ?? usualBatch(of: dataset.sampleShape), progress: progress)
}

/// How many examples are judged at a time: values between the layers take many times the memory of the inputs.
func usualBatch(of sample: Shape) -> Int { min(256, max(8, 5_000_000 / max(sample.count, 1))) }

extension Dataset {
  /// What plans need to know of this set.
  package var facts: DatasetFacts {
    DatasetFacts(name: name, sampleShape: sampleShape, classes: classNames.count)
  }
}

/// The plans of evaluation, kept for further rounds. Used on one worker's thread.
package final class Evaluator {
  private let plans: PlanCache
  private let training: TrainingGraph
  private let facts: DatasetFacts
  private let normalization: Normalization
  private let planned: (String, Plan) throws -> Void
  private var sizes: Set<Int> = []

  /// - Parameter planned: called with each new plan and what it is for.
  package init(
    _ model: Model, for dataset: any Dataset, device: Device,
    planned: @escaping (String, Plan) throws -> Void = { _, _ in }
  ) throws {
    self.planned = planned
    facts = dataset.facts
    training = try TrainingGraph(model, for: facts)
    normalization = try model.preprocessing.normalization
    plans = PlanCache(training.judging, training.evaluation, store: model.store, device: device)
  }

  /// Goes through `dataset` once.
  package func run(
    on dataset: any Dataset, batch: Int, progress: (_ done: Int, _ total: Int) -> Void = { _, _ in }
  ) throws -> Evaluation {
    let total = dataset.count
    guard total > 0 else { throw TrainingError.emptyDataset(dataset.name) }
    guard batch > 0 else {
      throw TrainingError.badOption(name: "the batch", value: "\(batch)", expected: "at least 1")
    }
    let loader = try Loader(
      dataset, batchSize: batch, order: .sequential, normalization: normalization, epochs: 1)
    defer { loader.stop() }
    var confusion = ConfusionMatrix(classes: training.classes)
    var (loss, correct, correct5, done) = (0.0, 0.0, 0.0, 0)
    var shown = Clock.seconds()
    while let next = try loader.next() {
      let context = try plans.context(TrainingGraph.sizes(next.count, facts.sampleShape))
      if sizes.insert(next.count).inserted { try planned("validation \(next.count)", context.plan) }
      for name in Batch.names {
        guard context.reads(name), let bytes = next.bytes(of: name) else { continue }
        try context.input(name).copyMemory(from: bytes)
      }
      try context.run()
      loss += Double(try context.number("loss")) * Double(next.count)
      correct += Double(try context.number("correct"))
      if training.hasTop5 { correct5 += Double(try context.number("correct5")) }
      let scores = try context.output("output").assumingMemoryBound(to: Float.self)
      for row in 0..<next.count {
        let own = UnsafeBufferPointer(rebasing: scores[row * training.classes..<(row + 1) * training.classes])
        try confusion.add(actual: Int(next.target[row]), predicted: largest(own))
      }
      done += next.count
      loader.recycle(next)
      let now = Clock.seconds()
      if now - shown > 0.1 || done == total {
        progress(done, total)
        shown = now
      }
    }
    return Evaluation(
      loss: loss / Double(done), top1: correct / Double(done), top5: training.hasTop5 ? correct5 / Double(done) : nil,
      examples: done, confusion: confusion)
  }
}

/// The place of the largest score, as `TopKCorrect` sees it: the first of equal ones, NaN above all.
private func largest(_ scores: UnsafeBufferPointer<Float>) -> Int {
  var best = 0
  for index in scores.indices {
    if scores[best].isNaN { break }
    if scores[index] > scores[best] || scores[index].isNaN { best = index }
  }
  return best
}

extension Context {
  /// An output that is a single number.
  func number(_ name: String) throws(ExecutionError) -> Float {
    try output(name).load(as: Float.self)
  }
}
