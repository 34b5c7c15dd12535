import Fovea

/// `--optimizer` and the numbers that go with each.
enum OptimizerOptions {
  static func read(_ standard: StandardRecipe, _ arguments: inout Arguments) -> Optimizer {
    let method =
      arguments.choice("optimizer", of: Optimizer.Method.allCases.map(\.rawValue))
      .flatMap(Optimizer.Method.init(rawValue:)) ?? .sgd
    reject(method, &arguments)
    // A network's recipe is for descent; its rate and decay mean something else to the others.
    let isDescent = method == .sgd
    let rate = arguments.number("lr", "a number from 0 on") { $0 >= 0 } ?? (isDescent ? standard.rate : 0.001)
    let decay =
      arguments.number("weight-decay", "a number from 0 on") { $0 >= 0 }
      ?? (isDescent ? standard.weightDecay : method == .adamW ? 0.01 : 0)
    let momentum =
      arguments.number("momentum", "a number from 0 to below 1") { $0 >= 0 && $0 < 1 }
      ?? (isDescent ? standard.momentum : 0)
    let nesterov = arguments.has("nesterov")
    if nesterov, isDescent, momentum == 0 {
      arguments.reject("--nesterov needs a momentum above 0, e.g. --momentum 0.9")
    }
    let schedule = schedule(standard, rate, &arguments)
    let epsilon = arguments.number("epsilon", "a number above 0") { $0 > 0 } ?? 1e-8
    let clip = arguments.number("clip-norm", "a number above 0") { $0 > 0 }
    let betas = betas(&arguments)
    let alpha = arguments.number("alpha", "a number from 0 to below 1") { $0 >= 0 && $0 < 1 } ?? 0.99
    switch method {
    case .sgd:
      return .sgd(
        learningRate: schedule, momentum: momentum,
        // A flag that is not typed may still be the recipe's, where its momentum was not typed away.
        nesterov: nesterov || standard.nesterov && momentum > 0, weightDecay: decay, clipNorm: clip)
    case .adam:
      return .adam(learningRate: schedule, betas: betas, epsilon: epsilon, weightDecay: decay, clipNorm: clip)
    case .adamW:
      return .adamW(learningRate: schedule, betas: betas, epsilon: epsilon, weightDecay: decay, clipNorm: clip)
    case .rmsprop:
      return .rmsprop(
        learningRate: schedule, alpha: alpha, epsilon: epsilon, momentum: momentum, weightDecay: decay, clipNorm: clip)
    }
  }

  /// What one optimizer has and another has not.
  private static func reject(_ method: Optimizer.Method, _ arguments: inout Arguments) {
    let owners: [(option: String, methods: [Optimizer.Method])] = [
      ("momentum", [.sgd, .rmsprop]), ("nesterov", [.sgd]), ("betas", [.adam, .adamW]), ("alpha", [.rmsprop]),
      ("epsilon", [.adam, .adamW, .rmsprop]),
    ]
    // Beside --resume it is the run that has an optimizer, and what is typed is held against it.
    guard !arguments.isGiven("resume") else { return }
    for (option, methods) in owners where arguments.isGiven(option) && !methods.contains(method) {
      let names = methods.map(\.rawValue).joined(separator: ", ")
      arguments.reject("--\(option) is no part of \(method.rawValue); it goes with \(names)")
    }
  }

  private static func schedule(
    _ standard: StandardRecipe, _ rate: Double, _ arguments: inout Arguments
  ) -> Schedule {
    let name = arguments.choice("schedule", of: Schedule.names) ?? standard.schedule
    let warmup = arguments.integer("warmup", in: 0...1_000_000_000) ?? standard.warmup
    do { return try Schedule(named: name, peak: rate, warmup: warmup) } catch {
      arguments.reject("\(error)")
      return .constant(rate, warmup: warmup)
    }
  }

  private static func betas(_ arguments: inout Arguments) -> (Double, Double) {
    guard let numbers = arguments.numbers("betas") else { return (0.9, 0.999) }
    guard numbers.count == 2, numbers.allSatisfy({ $0 >= 0 && $0 < 1 }) else {
      arguments.reject("--betas takes two numbers from 0 to below 1, e.g. 0.9,0.999")
      return (0.9, 0.999)
    }
    return (numbers[0], numbers[1])
  }
}

extension Optimizer {
  /// What to type for this optimizer, as pairs of option and value; flags have none.
  var words: [(option: String, value: String?)] {
    var words: [(option: String, value: String?)] = [("optimizer", name)]
    words.append(("lr", plain(learningRate.peak)))
    switch method {
    case .sgd:
      words.append(("momentum", plain(momentum)))
      if nesterov { words.append(("nesterov", nil)) }
    case .adam, .adamW:
      words.append(("betas", "\(plain(beta1)),\(plain(beta2))"))
      words.append(("epsilon", plain(epsilon)))
    case .rmsprop:
      words.append(("momentum", plain(momentum)))
      words.append(("alpha", plain(beta2)))
      words.append(("epsilon", plain(epsilon)))
    }
    words.append(("weight-decay", plain(weightDecay)))
    if let clipNorm { words.append(("clip-norm", plain(clipNorm))) }
    words.append(("schedule", learningRate.name))
    words.append(("warmup", "\(learningRate.warmup)"))
    return words
  }

  /// `0.0` as `0`.
  private func plain(_ number: Double) -> String {
    number == number.rounded() && abs(number) < 1e6 ? "\(Int(number))" : "\(number)"
  }
}
