import FoveaData
import FoveaExchange
import FoveaExecution
import FoveaInference
import FoveaLayers
import FoveaTensors

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// Looks for a learning rate (Smith 2015): the rate climbs exponentially, a little with each step, and the loss
/// tells where it begins to help and where it begins to harm.
///
/// ```swift
/// let finding = try await RateFinder().run(model, on: train, options: TrainingOptions(), device: .cpu())
/// print(finding.advice ?? 0.01)
/// ```
public struct RateFinder: Sendable, Equatable {
  /// The first and the last rate.
  public var range: ClosedRange<Double>
  /// Steps from one to the other.
  public var steps: Int

  /// The usual ramp: seven powers of ten in 280 steps.
  public init(range: ClosedRange<Double> = 1e-6...10, steps: Int = 280) {
    self.range = range
    self.steps = steps
  }

  /// One step of the ramp.
  public struct Point: Sendable, Equatable {
    /// From 1.
    public let step: Int
    public let rate: Double
    /// The loss of the step's batch.
    public let loss: Double
    /// The mean of the losses round it.
    public let smoothed: Double

    /// A point from its parts.
    public init(step: Int, rate: Double, loss: Double, smoothed: Double) {
      self.step = step
      self.rate = rate
      self.loss = loss
      self.smoothed = smoothed
    }
  }

  /// What a ramp showed.
  public struct Finding: Sendable, Equatable {
    /// Every step, up to where the loss had left all bounds.
    public let points: [Point]
    /// The rate at which the loss fell fastest; nil where it never fell.
    public let steepest: Double?
    /// The rate of the lowest loss; nil where there is no point.
    public let lowest: Double?
    /// True when the loss left all bounds before the ramp's end.
    public let diverged: Bool

    /// The rate at which nineteen twentieths of the fall were done; nil where there is no point. Beyond it a network
    /// that has learned everything may go on to smaller and smaller losses at any rate.
    public let settled: Double?

    /// A rate to begin with, as the highest of a schedule: half of where the fall was done, which is not yet where
    /// the loss trembles, but not less than where it fell fastest; nil where nothing fell.
    public var advice: Double? {
      guard let steepest, let settled else { return nil }
      return RateFinder.rounded(max(steepest, settled / 2))
    }
  }

  /// Refuses a ramp that goes nowhere.
  /// - Throws: `TrainingError.badOption`.
  public func check() throws(TrainingError) {
    guard range.lowerBound > 0, range.upperBound.isFinite, range.upperBound > range.lowerBound else {
      throw .badOption(name: "the range of rates", value: "\(range)", expected: "two positive numbers, the first lower")
    }
    guard (10...100_000).contains(steps) else {
      throw .badOption(name: "the number of steps", value: "\(steps)", expected: "from 10 to 100000")
    }
  }

  /// Climbs on a copy of the model, which is left as it is; only the optimizer, the batch and the frozen parameters
  /// of `options` count.
  /// - Throws: `TrainingError`; `DataError`, `ExecutionError`.
  public func run(
    _ model: Model, on dataset: any Dataset, options: TrainingOptions, device: Device,
    progress: @escaping @Sendable (_ step: Int, _ of: Int) -> Void = { _, _ in }
  ) async throws -> Finding {
    try await Worker().perform { try runHere(model, on: dataset, options: options, device: device, progress: progress) }
  }

  /// `run` on the calling thread, which must be one that plans may run on.
  package func runHere(
    _ model: Model, on dataset: any Dataset, options: TrainingOptions, device: Device,
    progress: (_ step: Int, _ of: Int) -> Void = { _, _ in }
  ) throws -> Finding {
    try check()
    var options = options
    options.length = .steps(steps)
    try options.check()
    let facts = dataset.facts
    let store = try model.store.copy()
    let heads = try TrainingGraph(model, for: facts)
    let train = try options.split(dataset).train
    let extent = try RunExtent(options, examples: train.count)
    let stepper = try Stepper(heads, facts, options, store: store, device: device) { _, _ in }
    let loader = try Loader(
      train, batchSize: extent.batch, order: .shuffled(seed: options.seed),
      normalization: model.preprocessing.normalization, epochs: extent.epochs,
      augmentation: options.augmentation)
    defer { loader.stop() }
    try stepper.prepare(extent.batch)
    var losses: [Double] = []
    var (mean, lowest) = (0.0, Double.infinity)
    var diverged = false
    for step in 0..<steps {
      let numbers = OptimizerScalars.Numbers(
        rate: rate(at: step), momentum: options.optimizer.momentum(at: step, of: steps))
      guard
        let outcome = try stepper.step(
          loader, number: step, batches: extent.batches(of: step), examples: extent.examples(of: step), numbers)
      else { break }
      guard outcome.loss.isFinite else {
        diverged = true
        break
      }
      losses.append(outcome.loss)
      mean = step == 0 ? outcome.loss : 0.8 * mean + 0.2 * outcome.loss
      lowest = min(lowest, mean)
      progress(step + 1, steps)
      if step > 10, mean > 4 * max(lowest, 1e-3) {
        diverged = true
        break
      }
    }
    return finding(losses, diverged: diverged)
  }

  /// The rate of a step, from 0.
  public func rate(at step: Int) -> Double {
    range.lowerBound * pow(range.upperBound / range.lowerBound, Double(step) / Double(max(1, steps - 1)))
  }

  /// What the losses of the first steps show.
  package func finding(_ losses: [Double], diverged: Bool) -> Finding {
    // A window of a quarter of a power of ten, centred: a running mean would lag behind and advise too much.
    let perDecade = Double(steps - 1) / log10(range.upperBound / range.lowerBound)
    let half = max(1, Int(perDecade / 8))
    var smoothed: [Double] = []
    for index in losses.indices {
      let window = losses[max(0, index - half)...min(losses.count - 1, index + half)]
      smoothed.append(window.reduce(0, +) / Double(window.count))
    }
    let points = losses.indices.map {
      Point(step: $0 + 1, rate: rate(at: $0), loss: losses[$0], smoothed: smoothed[$0])
    }
    let lowest = smoothed.indices.min { smoothed[$0] < smoothed[$1] }
    let least = lowest.map { smoothed[$0] } ?? 0
    let settled = smoothed.firstIndex { $0 <= least + ((smoothed.first ?? 0) - least) / 20 }
    var steepest: (index: Int, fall: Double)?
    // The slope over two half windows: one step's is noise.
    for index in smoothed.indices where index >= half && index + half < smoothed.count && index <= settled ?? 0 {
      let fall = smoothed[index - half] - smoothed[index + half]
      if fall > steepest?.fall ?? 0 { steepest = (index, fall) }
    }
    return Finding(
      points: points, steepest: steepest.map { rate(at: $0.index) }, lowest: lowest.map { rate(at: $0) },
      diverged: diverged, settled: settled.map { rate(at: $0) })
  }

  /// Two digits say all that a ramp knows.
  static func rounded(_ rate: Double) -> Double {
    guard rate > 0, rate.isFinite else { return rate }
    let scale = pow(10, 1 - log10(rate).rounded(.down))
    return (rate * scale).rounded() / scale
  }
}

extension RateFinder.Finding {
  /// Writes every point to a file, a JSON object a line: the whole file or none.
  /// - Throws: `TrainingError.file`.
  public func write(to path: String) throws(TrainingError) {
    var text = ""
    for point in points {
      let object: [String: Any] = [
        "step": point.step, "rate": point.rate, "loss": point.loss, "smoothed": point.smoothed,
      ]
      text += JSONText.line(object) + "\n"
    }
    do throws(FileError) { try AtomicFile.write(text, to: path) } catch { throw .file(error) }
  }

  /// Some of the points, evenly over the ramp, for a table.
  public func table(_ rows: Int = 20) -> [RateFinder.Point] {
    guard points.count > rows, rows > 1 else { return points }
    return (0..<rows).map { points[$0 * (points.count - 1) / (rows - 1)] }
  }
}
