import FoveaExecution
import FoveaGraphs
import FoveaTensors

/// The optimizer's part of a training step.
extension Optimizer {
  /// The scalar inputs that a step reads, besides the step number.
  package static let rateInput = "rate"
  package static let momentumInput = "momentum"
  /// The beginning of the paths of all moments.
  package static let statePrefix = "fovea.optimizer."

  /// The path of a parameter's velocity.
  package static func velocityPath(_ path: String) -> String { "\(statePrefix)\(path).velocity" }
  /// The path of the running mean of a parameter's gradients.
  package static func meanPath(_ path: String) -> String { "\(statePrefix)\(path).mean" }
  /// The path of the running mean of their squares.
  package static func squarePath(_ path: String) -> String { "\(statePrefix)\(path).square" }

  /// Adds the updates of the parameters that have a gradient; `scales` are groups with other rates.
  package func addUpdates(
    to graph: inout Graph, of parameters: [(value: Value, parameter: Parameter)], _ gradients: [Value: Value],
    _ scales: [RateScale] = []
  ) {
    let scalar = TensorType(.f32, .scalar)
    let common = graph.addInput(Optimizer.rateInput, scalar)
    // One product a group, not one a parameter.
    var rates: [Double: Value] = [1: common]
    func rate(of path: String) -> Value {
      let factor = scales.factor(of: path)
      if let known = rates[factor] { return known }
      let number = graph.addConstant(Tensor(scalar: Float(factor)), name: "rate.factor")
      let scaled = graph.add(Op.Mul.self, [common, number], name: "rate.\(factor)")[0]
      rates[factor] = scaled
      return scaled
    }
    let isAdam = method == .adam || method == .adamW
    // A schedule that moves momentum moves Adam's first beta.
    let movesBeta = isAdam && learningRate.momentum(at: 0, of: 1) != nil
    let momentumInput = momentum > 0 || movesBeta ? graph.addInput(Optimizer.momentumInput, scalar) : nil
    let step =
      isAdam
      ? graph.input(ChooseMode.stepInput) ?? graph.addInput(ChooseMode.stepInput, TensorType(.i64, .scalar)) : nil
    let moved = parameters.filter { gradients[$0.value] != nil }
    let clipped = clip(moved.compactMap { gradients[$0.value] }, in: &graph)
    for ((value, parameter), gradient) in zip(moved, clipped) {
      func moment(_ path: String) -> Value {
        graph.addState(
          Parameter(path: path, role: .moment, initializer: .constant(0), trainable: false), graph[value].type)
      }
      var operands: [Value?] = [value, gradient]
      var moments: [Value] = []
      let rate = rate(of: parameter.path)
      switch method {
      case .sgd:
        if momentumInput != nil { moments = [moment(Optimizer.velocityPath(parameter.path))] }
        operands += momentumInput == nil ? [nil, rate] : [moments[0], rate, momentumInput]
      case .adam, .adamW:
        moments = [moment(Optimizer.meanPath(parameter.path)), moment(Optimizer.squarePath(parameter.path))]
        operands += [moments[0], moments[1], rate, step] + (movesBeta ? [momentumInput] : [])
      case .rmsprop:
        moments = [moment(Optimizer.squarePath(parameter.path))]
        if momentumInput != nil { moments.append(moment(Optimizer.velocityPath(parameter.path))) }
        operands += [moments[0], moments.count > 1 ? moments[1] : nil, rate]
        if momentumInput != nil { operands.append(momentumInput) }
      }
      let next = graph.add(
        update, operands, updateAttributes, name: "\(parameter.path).update", origin: Origin(path: parameter.path))
      for (before, after) in zip([value] + moments, next) { graph.addUpdate(before: before, after: after) }
    }
  }

  /// The gradients, scaled down together where their common norm is too large.
  private func clip(_ gradients: [Value], in graph: inout Graph) -> [Value] {
    guard let clipNorm, !gradients.isEmpty else { return gradients }
    let squares = gradients.map { graph.add(Op.SquaredNorm.self, [$0], name: "\(graph[$0].name).squares")[0] }
    let factor = graph.add(Op.ClipScale.self, squares, ["max_norm": .float(clipNorm)], name: "clip")[0]
    return gradients.map { graph.add(Op.Mul.self, [$0, factor], name: "\(graph[$0].name).clipped")[0] }
  }

  private var update: any Operator.Type {
    switch method {
    case .sgd: Op.SGDUpdate.self
    case .adam: Op.AdamUpdate.self
    case .adamW: Op.AdamWUpdate.self
    case .rmsprop: Op.RMSpropUpdate.self
    }
  }

  private var updateAttributes: Attributes {
    var attributes: Attributes = [:]
    if nesterov { attributes["nesterov"] = .int(1) }
    // AdamW's own default is not 0.
    if weightDecay > 0 || method == .adamW { attributes["weight_decay"] = .float(weightDecay) }
    switch method {
    case .sgd: break
    case .adam, .adamW:
      attributes["beta1"] = .float(beta1)
      attributes["beta2"] = .float(beta2)
      attributes["epsilon"] = .float(epsilon)
    case .rmsprop:
      attributes["alpha"] = .float(beta2)
      attributes["epsilon"] = .float(epsilon)
    }
    return attributes
  }

  /// The momentum of one step: the schedule's where it moves momentum, else the optimizer's own.
  func momentum(at step: Int, of total: Int) -> Double {
    learningRate.momentum(at: step, of: total) ?? (method == .adam || method == .adamW ? beta1 : momentum)
  }
}
