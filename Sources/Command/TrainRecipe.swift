import Fovea

/// How `fovea train` trains: what was typed, and what stands for what was not.
struct TrainRecipe: Sendable {
  static let specs = [
    OptionSpec("epochs", "N", "passes through the training part", standard: "5, or the network's recipe"),
    OptionSpec("steps", "N", "moves of the weights in all, instead of epochs"),
    OptionSpec("batch", "N", "examples in a batch", standard: "128, or the network's recipe"),
    OptionSpec(
      "accumulate", "K", "gather the gradients of K batches for each step: the memory of one, the step of all",
      standard: "1"),
    MemoryUse.option,
    OptionSpec(
      "validation", "FRACTION", "keep this part of the training examples to choose the best model", standard: "0"),
    OptionSpec(
      "augment", "TERMS", "vary training pictures: crop:4,flip,jitter:0.2 …", standard: "none, or the network's recipe"),
    OptionSpec("patience", "N", "stop after N epochs without a better validation accuracy"),
    OptionSpec("optimizer", "NAME", Optimizer.Method.allCases.map(\.rawValue).joined(separator: ", "), standard: "sgd"),
    OptionSpec("lr", "X", "highest learning rate", standard: "0.06, 0.001 but with sgd, or the network's recipe"),
    OptionSpec("momentum", "X", "part of the last step that is taken again", standard: "0.9 with sgd, 0 with rmsprop"),
    OptionSpec("nesterov", nil, "look one step of momentum ahead"),
    OptionSpec("betas", "A,B", "how much of the mean and of the mean square stays (adam)", standard: "0.9,0.999"),
    OptionSpec("alpha", "X", "how much of the mean square stays (rmsprop)", standard: "0.99"),
    OptionSpec("epsilon", "X", "added to the root of the mean square (adam, rmsprop)", standard: "1e-8"),
    OptionSpec("weight-decay", "X", "how strongly parameters are drawn to 0", standard: "0, or 0.01 with adamw"),
    OptionSpec("clip-norm", "X", "scale gradients down where their common norm is larger"),
    OptionSpec("schedule", "NAME", Schedule.names.joined(separator: ", "), standard: "cosine"),
    OptionSpec("warmup", "STEPS", "steps in which the rate grows to its schedule", standard: "0"),
    OptionSpec(
      "init", "NAME", "he, xavier or default: the scale of random weights", standard: "default, or the network's recipe"
    ),
    OptionSpec("freeze", "PATTERN", "parameters that keep their values: conv1, layer1.*, *.bias", isRepeatable: true),
    OptionSpec(
      "lr-scale", "PATTERN=X", "multiply the rate of these parameters, e.g. classifier=10", isRepeatable: true),
    OptionSpec("seed", "N", "of weights, order and split", standard: "0"),
    OptionSpec(
      "checkpoint-every", "STEPS", "steps between two checkpoints", standard: "each epoch, and each 5 minutes"),
  ]

  let length: TrainingOptions.Length
  let batch: Int
  let accumulate: Int
  let memory: MemoryUse
  let validation: Double
  let patience: Int?
  let augmentation: Augmentation
  /// True when the network's recipe would have varied the pictures, and was told not to.
  let leavesAugmentation: Bool
  let pictures: PictureSizeOptions
  let optimizer: Optimizer
  let initialization: InitializationScheme
  let freeze: [String]
  let rateScales: [RateScale]
  let seed: UInt64
  let checkpointSteps: Int?

  init(_ arguments: inout Arguments) {
    let model = arguments.operands.first ?? ""
    let standard = StandardRecipe.named(
      model, isTrained: arguments.isGiven("weights") || (!model.isEmpty && ModelOptions.isFile(model)))
    let epochs = arguments.integer("epochs", in: 1...1_000_000)
    let steps = arguments.integer("steps", in: 1...1_000_000_000)
    if arguments.isGiven("epochs"), arguments.isGiven("steps") {
      arguments.reject("--epochs and --steps contradict each other; give one of them")
    }
    length = steps.map { .steps($0) } ?? .epochs(epochs ?? standard.epochs)
    batch = arguments.integer("batch", in: 1...1_000_000) ?? standard.batch
    accumulate = arguments.integer("accumulate", in: 1...1_000_000) ?? 1
    memory = MemoryUse(&arguments)
    validation = arguments.number("validation", "a fraction from 0 to below 1") { $0 >= 0 && $0 < 1 } ?? 0
    patience = arguments.integer("patience", in: 1...1_000_000)
    if patience != nil, validation == 0, !arguments.isGiven("resume") {
      arguments.reject("--patience judges by the validation part; give one, e.g. --validation 0.1")
    }
    let usual = standard.augmentation(for: arguments.text("data") ?? "")
    augmentation = TrainRecipe.augmentation(usual, &arguments)
    leavesAugmentation = augmentation.isNone && usual != nil
    pictures = PictureSizeOptions(&arguments)
    optimizer = OptimizerOptions.read(standard, &arguments)
    initialization =
      arguments.choice("init", of: InitializationScheme.allCases.map(\.rawValue))
      .flatMap(InitializationScheme.init(rawValue:)) ?? standard.initialization ?? TrainRecipe.own(arguments)
    freeze = arguments.texts("freeze")
    rateScales = TrainRecipe.rateScales(&arguments)
    if let text = arguments.text("seed"), UInt64(text) == nil {
      arguments.reject("--seed takes a whole number from 0 on, not \"\(text)\"")
    }
    seed = arguments.text("seed").flatMap { UInt64($0) } ?? 0
    checkpointSteps = arguments.integer("checkpoint-every", in: 1...1_000_000_000)
  }

  private static func rateScales(_ arguments: inout Arguments) -> [RateScale] {
    var scales: [RateScale] = []
    for text in arguments.texts("lr-scale") {
      let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      if parts.count == 2, !parts[0].isEmpty, let factor = Double(parts[1]), factor >= 0, factor.isFinite {
        scales.append(RateScale(pattern: String(parts[0]), factor: factor))
      } else {
        arguments.reject("--lr-scale takes PATTERN=X with X of at least 0, e.g. classifier=10, not \"\(text)\"")
      }
    }
    return scales
  }

  private static func augmentation(_ usual: String?, _ arguments: inout Arguments) -> Augmentation {
    guard let text = arguments.text("augment") ?? usual else { return .none }
    do { return try Augmentation.parse(text) } catch {
      arguments.reject("--augment: \(error)")
      return .none
    }
  }

  /// What the zoo starts a network with.
  private static func own(_ arguments: Arguments) -> InitializationScheme {
    (try? Zoo.standard.entry(arguments.operands.first ?? ""))?.initialization ?? .standard
  }
}

extension TrainRecipe {
  /// The trainer's options.
  func options(data: DatasetSource, directory: String, weights: String?) -> TrainingOptions {
    var options = TrainingOptions(
      length: length, batch: batch, optimizer: optimizer, seed: seed, validation: validation, directory: directory,
      freeze: freeze, dataset: "\(data)", initialization: initialization.rawValue, weights: weights,
      versions: ["fovea": Version.text, "onednn": OneDNNBackend.version ?? "none"])
    options.rateScales = rateScales
    options.accumulate = accumulate
    options.memory = memory
    options.patience = patience
    options.checkpointSteps = checkpointSteps
    options.augmentation = augmentation
    options.resize = pictures.resize
    options.size = pictures.size
    return options
  }
}

extension TrainingOptions {
  /// What to type for these options, as pairs of option and value; flags have none.
  var words: [(option: String, value: String?)] {
    var words: [(option: String, value: String?)] = []
    if let dataset { words.append(("data", dataset)) }
    if let resize { words.append(("resize", "\(resize)")) }
    if let size { words.append(("size", Set(size).count == 1 ? "\(size[0])" : Text.extents(size))) }
    switch length {
    case .epochs(let count): words.append(("epochs", "\(count)"))
    case .steps(let count): words.append(("steps", "\(count)"))
    }
    words.append(("batch", "\(batch)"))
    if accumulate > 1 { words.append(("accumulate", "\(accumulate)")) }
    if memory != .usual { words.append(("memory", memory.rawValue)) }
    if validation > 0 { words.append(("validation", "\(validation)")) }
    if !augmentation.isNone { words.append(("augment", "\(augmentation)")) }
    if let patience { words.append(("patience", "\(patience)")) }
    words += optimizer.words
    if let initialization { words.append(("init", initialization)) }
    if let weights { words.append(("weights", weights)) }
    for pattern in freeze { words.append(("freeze", pattern)) }
    for scale in rateScales { words.append(("lr-scale", "\(scale.pattern)=\(scale.factor)")) }
    words.append(("seed", "\(seed)"))
    if let checkpointSteps { words.append(("checkpoint-every", "\(checkpointSteps)")) }
    return words
  }
}

/// A line that a shell reads as these words.
enum ShellLine {
  static func quoted(_ word: String) -> String {
    let plain = word.unicodeScalars.allSatisfy { scalar in
      ("a"..."z").contains(scalar) || ("A"..."Z").contains(scalar) || ("0"..."9").contains(scalar)
        || "-_./:=,+@%".unicodeScalars.contains(scalar)
    }
    if plain, !word.isEmpty { return word }
    return "'" + word.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "'\\''") + "'"
  }

  static func join(_ words: [(option: String, value: String?)]) -> String {
    words.map { word in "--\(word.option)" + (word.value.map { " " + quoted($0) } ?? "") }.joined(separator: " ")
  }
}
