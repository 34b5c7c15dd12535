import FoveaData
import FoveaExecution
import FoveaLayers

/// Everything that decides how a run goes, besides the model and the data set.
///
/// ```swift
/// TrainingOptions(epochs: 5, optimizer: .sgd(learningRate: .cosine(from: 0.06), momentum: 0.9), seed: 1)
/// ```
public struct TrainingOptions: Sendable, Equatable, Codable {
  /// How long a run is.
  public enum Length: Sendable, Equatable {
    /// Passes through the training examples.
    case epochs(Int)
    /// Batches.
    case steps(Int)
  }

  /// How long the run is.
  public var length: Length
  /// Examples in a batch, N; more than there are is as many as there are.
  public var batch: Int
  /// How the weights move.
  public var optimizer: Optimizer
  /// Of the order of the examples, of the split and of dropout.
  public var seed: UInt64
  /// The fraction of the examples that validates; 0 for none, and then there is no best model.
  public var validation: Double
  /// The run's directory; nil writes nothing.
  public var directory: String?
  /// Parameters that keep their values: `conv1` (everything of that layer), `layer1.*`, `*.bias`. A norm
  /// whose scale and shift are frozen stays as it is altogether: it uses its running statistics.
  public var freeze: [String]
  /// Groups of parameters with another learning rate; the first pattern that matches counts.
  public var rateScales: [RateScale] = []
  /// Steps between two points of the curves.
  public var logInterval: Int
  /// Batches whose gradients are gathered before the weights move once: a step on `accumulate`·`batch` examples
  /// in the memory of `batch` of them. Norms see each batch for itself.
  public var accumulate = 1
  /// Whether values that are cheap to compute twice are, for less memory.
  public var memory = MemoryUse.usual
  /// Epochs without a better accuracy on the validation part after which the run ends; nil goes on to the end.
  public var patience: Int?
  /// How training pictures are varied; validation and test pictures stay as they are.
  public var augmentation = Augmentation.none
  /// What pictures in files were made into, as `PictureOptions` has it, so that the run can be repeated.
  public var resize: Int?
  /// Height and width of pictures in files; nil where nobody said.
  public var size: [Int]?
  /// Steps between two checkpoints; nil for one at the end of each epoch (of those that end within five seconds, the
  /// last) and after each `checkpointMinutes`.
  public var checkpointSteps: Int?
  /// The data set as `--data` names it, so that the run can be repeated; nil when nobody said.
  public var dataset: String?
  /// The scale that the weights started with, by name; nil when nobody said.
  public var initialization: String?
  /// The file that the weights came from; nil for none.
  public var weights: String?
  /// Versions of the program and of its libraries, by name, for `run.json`.
  public var versions: [String: String]

  /// All of them; what is left out is the usual.
  public init(
    length: Length = .epochs(5), batch: Int = 128,
    optimizer: Optimizer = .sgd(learningRate: .cosine(from: 0.06), momentum: 0.9), seed: UInt64 = 0,
    validation: Double = 0, directory: String? = nil, freeze: [String] = [], logInterval: Int = 50,
    dataset: String? = nil, initialization: String? = nil, weights: String? = nil, versions: [String: String] = [:]
  ) {
    self.length = length
    self.batch = batch
    self.optimizer = optimizer
    self.seed = seed
    self.validation = validation
    self.directory = directory
    self.freeze = freeze
    self.logInterval = logInterval
    self.dataset = dataset
    self.initialization = initialization
    self.weights = weights
    self.versions = versions
  }

  /// The same with a number of epochs.
  public init(
    epochs: Int, batch: Int = 128, optimizer: Optimizer = .sgd(learningRate: .cosine(from: 0.06), momentum: 0.9),
    seed: UInt64 = 0, validation: Double = 0, directory: String? = nil
  ) {
    self.init(
      length: .epochs(epochs), batch: batch, optimizer: optimizer, seed: seed, validation: validation,
      directory: directory)
  }

  /// Refuses numbers that no run could follow.
  /// - Throws: `TrainingError.badOption`, `ScheduleError`, `OptimizerError`.
  public func check() throws {
    func require(_ isGood: Bool, _ name: String, _ value: String, _ expected: String) throws(TrainingError) {
      if !isGood { throw .badOption(name: name, value: value, expected: expected) }
    }
    switch length {
    case .epochs(let count):
      try require((1...1_000_000).contains(count), "the number of epochs", "\(count)", "from 1 to 1000000")
    case .steps(let count):
      try require((1...1_000_000_000).contains(count), "the number of steps", "\(count)", "from 1 to 1000000000")
    }
    try require(batch > 0, "the batch", "\(batch)", "at least 1")
    try require(validation >= 0 && validation < 1, "the validation fraction", "\(validation)", "from 0 to below 1")
    try require(logInterval > 0, "the log interval", "\(logInterval)", "at least 1 step")
    try require(
      (1...1_000_000).contains(accumulate), "the number of accumulated batches", "\(accumulate)", "from 1 to 1000000")
    if let patience {
      try require(patience > 0, "the patience", "\(patience)", "at least 1 epoch")
      if validation == 0 { throw TrainingError.patienceWithoutValidation }
    }
    if let steps = checkpointSteps {
      try require(steps > 0, "the checkpoint interval", "\(steps)", "at least 1 step")
    }
    for scale in rateScales { try scale.check() }
    try augmentation.check()
    try optimizer.check()
  }

  /// Minutes between two checkpoints at most, unless `checkpointSteps` says otherwise.
  public static let checkpointMinutes = 5.0

  // MARK: Files

  private enum Key: String, CodingKey {
    case epochs, steps, batch, optimizer, seed, validation, freeze, logInterval, dataset, initialization, weights
    case versions, accumulate, memory, patience, checkpointSteps, augmentation, resize, size, rateScales
  }

  // Written out: a synthesized decoder fails on a missing key, and the directory is where the file lies.
  public init(from decoder: any Decoder) throws {
    let box = try decoder.container(keyedBy: Key.self)
    self.init(optimizer: try box.decode(Optimizer.self, forKey: .optimizer))
    if let steps = try box.decodeIfPresent(Int.self, forKey: .steps) {
      length = .steps(steps)
    } else {
      length = .epochs(try box.decode(Int.self, forKey: .epochs))
    }
    batch = try box.decodeIfPresent(Int.self, forKey: .batch) ?? batch
    seed = try box.decodeIfPresent(UInt64.self, forKey: .seed) ?? seed
    validation = try box.decodeIfPresent(Double.self, forKey: .validation) ?? validation
    freeze = try box.decodeIfPresent([String].self, forKey: .freeze) ?? freeze
    logInterval = try box.decodeIfPresent(Int.self, forKey: .logInterval) ?? logInterval
    dataset = try box.decodeIfPresent(String.self, forKey: .dataset)
    initialization = try box.decodeIfPresent(String.self, forKey: .initialization)
    weights = try box.decodeIfPresent(String.self, forKey: .weights)
    versions = try box.decodeIfPresent([String: String].self, forKey: .versions) ?? [:]
    accumulate = try box.decodeIfPresent(Int.self, forKey: .accumulate) ?? 1
    memory = try box.decodeIfPresent(MemoryUse.self, forKey: .memory) ?? .usual
    patience = try box.decodeIfPresent(Int.self, forKey: .patience)
    checkpointSteps = try box.decodeIfPresent(Int.self, forKey: .checkpointSteps)
    augmentation = try box.decodeIfPresent(Augmentation.self, forKey: .augmentation) ?? .none
    resize = try box.decodeIfPresent(Int.self, forKey: .resize)
    size = try box.decodeIfPresent([Int].self, forKey: .size)
    rateScales = try box.decodeIfPresent([RateScale].self, forKey: .rateScales) ?? []
  }

  public func encode(to encoder: any Encoder) throws {
    var box = encoder.container(keyedBy: Key.self)
    switch length {
    case .epochs(let count): try box.encode(count, forKey: .epochs)
    case .steps(let count): try box.encode(count, forKey: .steps)
    }
    try box.encode(batch, forKey: .batch)
    try box.encode(optimizer, forKey: .optimizer)
    try box.encode(seed, forKey: .seed)
    try box.encode(validation, forKey: .validation)
    try box.encode(freeze, forKey: .freeze)
    try box.encode(logInterval, forKey: .logInterval)
    try box.encodeIfPresent(dataset, forKey: .dataset)
    try box.encodeIfPresent(initialization, forKey: .initialization)
    try box.encodeIfPresent(weights, forKey: .weights)
    try box.encode(versions, forKey: .versions)
    if accumulate > 1 { try box.encode(accumulate, forKey: .accumulate) }
    if memory != .usual { try box.encode(memory, forKey: .memory) }
    try box.encodeIfPresent(patience, forKey: .patience)
    try box.encodeIfPresent(checkpointSteps, forKey: .checkpointSteps)
    if !augmentation.isNone { try box.encode(augmentation, forKey: .augmentation) }
    try box.encodeIfPresent(resize, forKey: .resize)
    try box.encodeIfPresent(size, forKey: .size)
    if !rateScales.isEmpty { try box.encode(rateScales, forKey: .rateScales) }
  }

  // MARK: The examples

  /// The examples that train and those that validate.
  /// - Throws: `DataError.badFraction`, `TrainingError.emptyDataset`.
  package func split(_ dataset: any Dataset) throws -> (train: any Dataset, validation: (any Dataset)?) {
    guard dataset.count > 0 else { throw TrainingError.emptyDataset(dataset.name) }
    guard validation > 0 else { return (dataset, nil) }
    let split = try ValidationSplit(count: dataset.count, fraction: validation, seed: seed)
    return (try Subset(of: dataset, indices: split.train), try Subset(of: dataset, indices: split.validation))
  }
}

extension Preprocessing {
  /// That of pictures like those of `dataset`, with mean and deviation of the part of them that will train.
  /// - Throws: `DataError`; what reading the set throws.
  public init(measuring dataset: any Dataset, for options: TrainingOptions) throws {
    let statistics = try PixelStatistics(of: try options.split(dataset).train)
    self.init(for: dataset.sampleShape)
    mean = statistics.mean
    // A channel that never changes is only shifted.
    std = statistics.std.map { $0 > 0 ? $0 : 1 }
  }
}
