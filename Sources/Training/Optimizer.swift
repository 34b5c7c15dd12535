import FoveaGraphs
import FoveaTensors

/// How weights move against their gradients.
///
/// ```swift
/// Optimizer.sgd(learningRate: .cosine(from: 0.06, warmup: 200), momentum: 0.9, nesterov: true, weightDecay: 5e-4)
/// ```
///
/// Its part of the training step is in the graph: rate and momentum are scalar inputs, so that a schedule
/// needs no other plan; moments are states that lie beside the parameters.
public struct Optimizer: Sendable, Equatable {
  /// Learning rate over the run.
  public var learningRate: Schedule
  /// The part of the last step that is taken again; 0 for plain descent, which keeps no velocity.
  public var momentum: Double
  /// Looks one step of momentum ahead (Nesterov 1983), as PyTorch does.
  public var nesterov: Bool
  /// How strongly all parameters, biases included, are drawn to 0: added to the gradient times the parameter.
  public var weightDecay: Double

  /// Stochastic gradient descent, with PyTorch's meaning of momentum and weight decay.
  public static func sgd(
    learningRate: Schedule, momentum: Double = 0, nesterov: Bool = false, weightDecay: Double = 0
  ) -> Optimizer {
    Optimizer(learningRate: learningRate, momentum: momentum, nesterov: nesterov, weightDecay: weightDecay)
  }

  /// The command line's name.
  public var name: String { "sgd" }

  /// Refuses numbers that no run could follow.
  /// - Throws: `ScheduleError`, `OptimizerError`.
  public func check() throws {
    try learningRate.check()
    guard momentum >= 0, momentum < 1 else {
      throw OptimizerError.badNumber(name: "momentum", value: momentum, expected: "at least 0 and below 1")
    }
    guard weightDecay >= 0, weightDecay.isFinite else {
      throw OptimizerError.badNumber(name: "weight decay", value: weightDecay, expected: "0 or more")
    }
    if nesterov, momentum == 0 { throw OptimizerError.nesterovWithoutMomentum }
  }

  // MARK: The graph

  /// The scalar inputs that a step reads.
  package static let rateInput = "rate"
  package static let momentumInput = "momentum"
  /// The beginning of the paths of all moments.
  package static let statePrefix = "fovea.optimizer."

  /// The path of a parameter's velocity.
  package static func velocityPath(_ path: String) -> String { "\(statePrefix)\(path).velocity" }

  /// Adds the updates of the parameters that have a gradient.
  func addUpdates(
    to graph: inout Graph, of parameters: [(value: Value, parameter: Parameter)], _ gradients: [Value: Value]
  ) {
    let scalar = TensorType(.f32, .scalar)
    let rate = graph.addInput(Optimizer.rateInput, scalar)
    let momentumInput = momentum > 0 ? graph.addInput(Optimizer.momentumInput, scalar) : nil
    var attributes: Attributes = [:]
    if nesterov { attributes["nesterov"] = .int(1) }
    if weightDecay > 0 { attributes["weight_decay"] = .float(weightDecay) }
    for (value, parameter) in parameters {
      guard let gradient = gradients[value] else { continue }
      let velocity = momentumInput.map { _ in
        graph.addState(
          Parameter(
            path: Optimizer.velocityPath(parameter.path), role: .moment, initializer: .constant(0), trainable: false),
          graph[value].type)
      }
      let operands = velocity == nil ? [value, gradient, nil, rate] : [value, gradient, velocity, rate, momentumInput]
      let next = graph.add(
        Op.SGDUpdate.self, operands, attributes, name: "\(parameter.path).update", origin: Origin(path: parameter.path))
      graph.addUpdate(before: value, after: next[0])
      if let velocity, next.count > 1 { graph.addUpdate(before: velocity, after: next[1]) }
    }
  }

  /// The momentum of one step: the schedule's where it moves momentum, else the optimizer's own.
  func momentum(at step: Int, of total: Int) -> Double {
    learningRate.momentum(at: step, of: total) ?? momentum
  }
}

/// `run.json` keeps an optimizer as flat numbers; a missing key means its default.
extension Optimizer: Codable {
  private enum Key: String, CodingKey { case name, learningRate, momentum, nesterov, weightDecay }

  public init(from decoder: any Decoder) throws {
    let box = try decoder.container(keyedBy: Key.self)
    let name = try box.decodeIfPresent(String.self, forKey: .name) ?? "sgd"
    guard name == "sgd" else { throw OptimizerError.unknownName(name) }
    self.init(
      learningRate: try box.decode(Schedule.self, forKey: .learningRate),
      momentum: try box.decodeIfPresent(Double.self, forKey: .momentum) ?? 0,
      nesterov: try box.decodeIfPresent(Bool.self, forKey: .nesterov) ?? false,
      weightDecay: try box.decodeIfPresent(Double.self, forKey: .weightDecay) ?? 0)
  }

  public func encode(to encoder: any Encoder) throws {
    var box = encoder.container(keyedBy: Key.self)
    try box.encode(name, forKey: .name)
    try box.encode(learningRate, forKey: .learningRate)
    try box.encode(momentum, forKey: .momentum)
    try box.encode(nesterov, forKey: .nesterov)
    try box.encode(weightDecay, forKey: .weightDecay)
  }
}

extension Optimizer: CustomStringConvertible {
  public var description: String {
    var text = "\(name), rate \(learningRate)"
    if momentum > 0 { text += ", \(nesterov ? "Nesterov " : "")momentum \(momentum)" }
    if weightDecay > 0 { text += ", weight decay \(weightDecay)" }
    return text
  }
}

/// What can be wrong with an optimizer.
public enum OptimizerError: Error, Equatable {
  /// A number that no run could follow.
  case badNumber(name: String, value: Double, expected: String)
  /// There is nothing to look ahead along.
  case nesterovWithoutMomentum
  /// A run of a newer program.
  case unknownName(String)
}

extension OptimizerError: CustomStringConvertible {
  public var description: String {
    switch self {
    case .badNumber(let name, let value, let expected): "the \(name) is \(value), it must be \(expected)"
    case .nesterovWithoutMomentum: "Nesterov's method needs a momentum above 0, e.g. 0.9"
    case .unknownName(let name): "there is no optimizer \"\(name)\"; there is sgd"
    }
  }
}
