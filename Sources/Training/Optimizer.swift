import FoveaGraphs
import FoveaTensors

/// How weights move against their gradients.
///
/// ```swift
/// Optimizer.sgd(learningRate: .cosine(from: 0.06, warmup: 200), momentum: 0.9, nesterov: true, weightDecay: 5e-4)
/// Optimizer.adamW(learningRate: .constant(1e-3), weightDecay: 0.05, clipNorm: 1)
/// ```
///
/// Its part of the training step is in the graph: rate and momentum are scalar inputs, so that a schedule
/// needs no other plan; moments are states that lie beside the parameters.
public struct Optimizer: Sendable, Equatable {
  /// The rule by which weights move.
  public enum Method: String, Sendable, CaseIterable {
    /// Stochastic gradient descent.
    case sgd
    /// Kingma and Ba 2015.
    case adam
    /// Adam with weight decay apart from the gradient (Loshchilov and Hutter 2019).
    case adamW = "adamw"
    /// Hinton 2012.
    case rmsprop
  }

  /// The rule.
  public var method = Method.sgd
  /// Learning rate over the run.
  public var learningRate: Schedule
  /// The part of the last step that is taken again; 0 for plain descent, which keeps no velocity.
  public var momentum: Double = 0
  /// Looks one step of momentum ahead (Nesterov 1983), as PyTorch does.
  public var nesterov = false
  /// How strongly all parameters, biases included, are drawn to 0: added to the gradient times the parameter,
  /// with AdamW taken off the parameter itself.
  public var weightDecay: Double = 0
  /// How much of the running mean of gradients stays at each step (Adam).
  public var beta1: Double = 0.9
  /// How much of the running mean of squared gradients stays at each step (Adam; RMSprop's alpha).
  public var beta2: Double = 0.999
  /// Added to the root of the mean square, so that nothing is divided by 0.
  public var epsilon: Double = 1e-8
  /// Gradients are scaled down together where their common norm is larger; nil leaves them as they are.
  public var clipNorm: Double?

  /// Stochastic gradient descent, with PyTorch's meaning of momentum and weight decay.
  public static func sgd(
    learningRate: Schedule, momentum: Double = 0, nesterov: Bool = false, weightDecay: Double = 0,
    clipNorm: Double? = nil
  ) -> Optimizer {
    Optimizer(
      learningRate: learningRate, momentum: momentum, nesterov: nesterov, weightDecay: weightDecay, clipNorm: clipNorm)
  }

  /// Adam, with PyTorch's defaults. A schedule that moves momentum moves the first of the betas.
  public static func adam(
    learningRate: Schedule, betas: (Double, Double) = (0.9, 0.999), epsilon: Double = 1e-8, weightDecay: Double = 0,
    clipNorm: Double? = nil
  ) -> Optimizer {
    Optimizer(
      method: .adam, learningRate: learningRate, weightDecay: weightDecay, beta1: betas.0, beta2: betas.1,
      epsilon: epsilon, clipNorm: clipNorm)
  }

  /// AdamW, with PyTorch's defaults.
  public static func adamW(
    learningRate: Schedule, betas: (Double, Double) = (0.9, 0.999), epsilon: Double = 1e-8,
    weightDecay: Double = 0.01, clipNorm: Double? = nil
  ) -> Optimizer {
    Optimizer(
      method: .adamW, learningRate: learningRate, weightDecay: weightDecay, beta1: betas.0, beta2: betas.1,
      epsilon: epsilon, clipNorm: clipNorm)
  }

  /// RMSprop, with PyTorch's defaults.
  public static func rmsprop(
    learningRate: Schedule, alpha: Double = 0.99, epsilon: Double = 1e-8, momentum: Double = 0,
    weightDecay: Double = 0, clipNorm: Double? = nil
  ) -> Optimizer {
    Optimizer(
      method: .rmsprop, learningRate: learningRate, momentum: momentum, weightDecay: weightDecay, beta2: alpha,
      epsilon: epsilon, clipNorm: clipNorm)
  }

  /// The command line's name.
  public var name: String { method.rawValue }

  /// Refuses numbers that no run could follow.
  /// - Throws: `ScheduleError`, `OptimizerError`.
  public func check() throws {
    try learningRate.check()
    for (name, value) in [("momentum", momentum), ("first beta", beta1), ("second beta", beta2)] {
      guard value >= 0, value < 1 else {
        let said = name == "second beta" && method == .rmsprop ? "alpha" : name
        throw OptimizerError.badNumber(name: said, value: value, expected: "at least 0 and below 1")
      }
    }
    guard weightDecay >= 0, weightDecay.isFinite else {
      throw OptimizerError.badNumber(name: "weight decay", value: weightDecay, expected: "0 or more")
    }
    guard epsilon > 0, epsilon.isFinite else {
      throw OptimizerError.badNumber(name: "epsilon", value: epsilon, expected: "above 0")
    }
    if let clipNorm, !(clipNorm > 0 && clipNorm.isFinite) {
      throw OptimizerError.badNumber(name: "largest norm", value: clipNorm, expected: "above 0")
    }
    if nesterov, momentum == 0 { throw OptimizerError.nesterovWithoutMomentum }
    if momentum > 0 || nesterov, method == .adam || method == .adamW {
      throw OptimizerError.noMomentum(method: name)
    }
    if nesterov, method != .sgd { throw OptimizerError.noMomentum(method: name) }
  }
}

/// `run.json` keeps an optimizer as flat numbers; a missing key means its default.
extension Optimizer: Codable {
  private enum Key: String, CodingKey {
    case name, learningRate, momentum, nesterov, weightDecay, beta1, beta2, epsilon, clipNorm
  }

  public init(from decoder: any Decoder) throws {
    let box = try decoder.container(keyedBy: Key.self)
    let name = try box.decodeIfPresent(String.self, forKey: .name) ?? "sgd"
    guard let method = Method(rawValue: name) else { throw OptimizerError.unknownName(name) }
    self.init(
      method: method,
      learningRate: try box.decode(Schedule.self, forKey: .learningRate),
      momentum: try box.decodeIfPresent(Double.self, forKey: .momentum) ?? 0,
      nesterov: try box.decodeIfPresent(Bool.self, forKey: .nesterov) ?? false,
      weightDecay: try box.decodeIfPresent(Double.self, forKey: .weightDecay) ?? 0,
      beta1: try box.decodeIfPresent(Double.self, forKey: .beta1) ?? 0.9,
      beta2: try box.decodeIfPresent(Double.self, forKey: .beta2) ?? (method == .rmsprop ? 0.99 : 0.999),
      epsilon: try box.decodeIfPresent(Double.self, forKey: .epsilon) ?? 1e-8,
      clipNorm: try box.decodeIfPresent(Double.self, forKey: .clipNorm))
  }

  public func encode(to encoder: any Encoder) throws {
    var box = encoder.container(keyedBy: Key.self)
    try box.encode(name, forKey: .name)
    try box.encode(learningRate, forKey: .learningRate)
    try box.encode(momentum, forKey: .momentum)
    try box.encode(nesterov, forKey: .nesterov)
    try box.encode(weightDecay, forKey: .weightDecay)
    if method != .sgd {
      if method != .rmsprop { try box.encode(beta1, forKey: .beta1) }
      try box.encode(beta2, forKey: .beta2)
      try box.encode(epsilon, forKey: .epsilon)
    }
    try box.encodeIfPresent(clipNorm, forKey: .clipNorm)
  }
}

extension Optimizer: CustomStringConvertible {
  public var description: String {
    var text = "\(name), rate \(learningRate)"
    if momentum > 0 { text += ", \(nesterov ? "Nesterov " : "")momentum \(momentum)" }
    if method == .adam || method == .adamW { text += ", betas \(beta1) and \(beta2)" }
    if method == .rmsprop { text += ", alpha \(beta2)" }
    if weightDecay > 0 { text += ", weight decay \(weightDecay)" }
    if let clipNorm { text += ", gradients clipped at norm \(clipNorm)" }
    return text
  }
}

/// What can be wrong with an optimizer.
public enum OptimizerError: Error, Equatable {
  /// A number that no run could follow.
  case badNumber(name: String, value: Double, expected: String)
  /// There is nothing to look ahead along.
  case nesterovWithoutMomentum
  /// Adam has betas instead; only descent looks ahead.
  case noMomentum(method: String)
  /// A run of a newer program.
  case unknownName(String)
}

extension OptimizerError: CustomStringConvertible {
  public var description: String {
    switch self {
    case .badNumber(let name, let value, let expected): "the \(name) is \(value), it must be \(expected)"
    case .nesterovWithoutMomentum: "Nesterov's method needs a momentum above 0, e.g. 0.9"
    case .noMomentum(let method):
      method == Optimizer.Method.rmsprop.rawValue
        ? "\(method) knows no Nesterov's method; leave it out, or use sgd"
        : "\(method) takes no momentum; its betas do that"
    case .unknownName(let name):
      "there is no optimizer \"\(name)\"; there are "
        + Optimizer.Method.allCases.map(\.rawValue).joined(separator: ", ")
    }
  }
}
