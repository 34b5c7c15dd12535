import Fovea

/// What `fovea train MODEL --data DATASET` does where nothing else is typed: a recipe that brings a network of the
/// zoo to what is expected of it. Whatever is typed goes before it.
struct StandardRecipe: Sendable {
  var epochs = 5
  var batch = 128
  var rate = 0.06
  var momentum = 0.9
  var nesterov = false
  var weightDecay = 0.0
  var schedule = "cosine"
  var warmup = 0
  /// Nil leaves it to the zoo's entry.
  var initialization: InitializationScheme?
  /// For pictures of this data set only: what changes a letter's meaning does not change an animal's.
  var augmentation: (data: String, text: String)?

  /// What networks without a recipe of their own are trained with.
  static let usual = StandardRecipe()

  /// One line for each network that wants other numbers than the usual.
  private static let table: [String: StandardRecipe] = [
    // As the courses train them: 100,000 plain steps on MNIST-1D.
    "mnist-1d-conv": course,
    "mnist-1d-fc": course,
    "mnist-1d-baseline": course,
    // LeCun et al. 1998 in today's dress: below 1 % error on MNIST.
    "lenet5": StandardRecipe(
      epochs: 12, batch: 64, rate: 0.04, nesterov: true, weightDecay: 5e-4, warmup: 200, initialization: .he,
      augmentation: ("mnist", "crop:2")),
    "mlp": StandardRecipe(epochs: 10, batch: 64, rate: 0.04, nesterov: true, weightDecay: 5e-4, warmup: 200),
    // He et al. 2015, section 4.2, with a cosine in place of their steps.
    "resnet20": cifar, "resnet32": cifar, "resnet44": cifar, "resnet56": cifar, "resnet110": cifar,
    "resnet18-cifar": cifar,
    "generic-cnn": StandardRecipe(
      epochs: 20, rate: 0.04, nesterov: true, weightDecay: 5e-4, warmup: 200, initialization: .he,
      augmentation: ("cifar10", "flip")),
    "generic-cnn-pool": StandardRecipe(
      epochs: 20, rate: 0.04, nesterov: true, weightDecay: 5e-4, warmup: 200, initialization: .he,
      augmentation: ("cifar10", "flip")),
  ]

  private static let course = StandardRecipe(
    epochs: 2500, batch: 100, rate: 0.01, momentum: 0, schedule: "constant", initialization: .standard)

  private static let cifar = StandardRecipe(
    epochs: 40, rate: 0.1, nesterov: true, weightDecay: 5e-4, warmup: 200, initialization: .he,
    augmentation: ("cifar10", "crop:4,flip"))

  /// For weights that know something already: gently, and with pictures mirrored.
  private static let fineTuning = StandardRecipe(
    epochs: 10, batch: 32, rate: 0.01, weightDecay: 1e-4, augmentation: ("folder", "flip"))

  /// For networks at 224×224 from random weights: what fits in memory, and a rate that goes with it.
  private static let large = StandardRecipe(
    epochs: 30, batch: 32, rate: 0.02, weightDecay: 1e-4, warmup: 100, augmentation: ("folder", "flip"))

  /// How pictures of a data set are varied, as `--data` names it.
  func augmentation(for data: String) -> String? {
    let name = data.prefix { $0 != ":" }
    return augmentation.flatMap { $0.data == name ? $0.text : nil }
  }

  /// The recipe of a network.
  /// - Parameter isTrained: it starts with weights of its own or of `--weights`.
  static func named(_ model: String, isTrained: Bool) -> StandardRecipe {
    guard !isTrained else { return fineTuning }
    if let own = table[model] { return own }
    let input = (try? Zoo.standard.entry(model))?.input.shape ?? []
    return input.rank == 3 && input[1] >= 128 ? large : usual
  }
}
