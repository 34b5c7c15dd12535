import Fovea

/// Everything that comes out: outputs of each step, then what the store holds.
typealias Answers = [String: [Double]]

extension Trial {
  static let steps = 4

  /// What goes into an input of a prepared graph at a step.
  private func feed(_ value: Value, of graph: Graph, step: Int) throws -> Tensor {
    let info = graph[value]
    switch info.name {
    case Optimizer.rateInput: return Tensor(scalar: 0.02).converted(to: info.type.dtype)
    case Optimizer.momentumInput: return Tensor(scalar: 0.9).converted(to: info.type.dtype)
    case ChooseMode.seedInput: return Tensor(scalar: 3 as Int64)
    case ChooseMode.stepInput: return Tensor(scalar: Int64(step))
    default:
      let fill = fills[info.name] ?? .normal(mean: 0, deviation: 1)
      let type = TensorType(info.type.dtype == .f64 ? .f32 : info.type.dtype, info.type.shape)
      let tensor = try fill.tensor(info.name, type, seed: numbers, step: step)
      return try poisoned(tensor, info.name, step: step).converted(to: info.type.dtype)
    }
  }

  /// NaN at one place of one example, where an input has examples.
  private func poisoned(_ tensor: Tensor, _ name: String, step: Int) throws -> Tensor {
    guard let example = setting.poisoned, name.hasPrefix(Sketch.batchPrefix), tensor.dtype == .f32,
      example < tensor.shape[0]
    else { return tensor }
    var numbers = tensor.array(of: Float.self)
    let each = tensor.count / tensor.shape[0]
    numbers[
      example * each + Int(RandomStream(seed: self.numbers, purpose: "place", path: name).word(index: step)) % each] =
      .nan
    return try Tensor(numbers, shape: tensor.shape)
  }

  private func start(_ path: String, _ type: TensorType, _ initializer: Initializer) throws -> Tensor {
    guard let fill = fills[path] else {
      guard case .constant(let number) = initializer else { return Tensor(zeros: type.shape.concrete ?? .scalar) }
      return try Tensor(
        [Double](repeating: number, count: type.shape.concrete?.count ?? 1), shape: type.shape.concrete ?? .scalar
      )
      .converted(to: .f32)
    }
    return try fill.tensor(path, TensorType(.f32, type.shape), seed: numbers)
  }

  // MARK: By the interpreter

  /// The answers of the declared graph, without any pass that only makes it faster.
  ///
  /// - Parameter noise: how much each result of a node is off, relative to its size; what rounding may do.
  func reference(_ dtype: DType, noise: (amount: Double, seed: UInt64)? = nil) throws -> Answers {
    var dice = Dice(noise?.seed ?? 0)
    var state: [String: Tensor] = [:]
    var answers: Answers = [:]
    let count = setting.mode == .training ? Trial.steps : 2
    let main = try declared(setting.mode, dtype, batch: nil)
    for step in 0..<count {
      try interpret(main, step, &state, noise?.amount, &dice) { name, numbers in
        answers["\(name), step \(step)"] = numbers
      }
    }
    for (path, tensor) in state { answers["state \(path)"] = tensor.converted(to: .f64).array(of: Double.self) }
    if let other = setting.otherBatch, let graph = try? declared(.inference, dtype, batch: other) {
      try interpret(graph, 9, &state, noise?.amount, &dice) { name, numbers in
        answers["\(name), \(other) examples"] = numbers
      }
    }
    return answers
  }

  /// The graph as its passes before any simplification leave it.
  private func declared(_ mode: Mode, _ dtype: DType, batch: Int?) throws -> Graph {
    var request = request(mode, batch: batch)
    request.precision = dtype
    var graph = self.graph
    for pass in request.passes {
      graph = try pass.run(graph)
      if pass is SettleShapes { break }
    }
    return graph
  }

  private func interpret(
    _ graph: Graph, _ step: Int, _ state: inout [String: Tensor], _ noise: Double?, _ dice: inout Dice,
    _ result: (String, [Double]) -> Void
  ) throws {
    var values: [Value: Tensor] = [:]
    for value in graph.inputs { values[value] = try feed(value, of: graph, step: step) }
    for (value, parameter) in graph.parameters + graph.states {
      let type = graph[value].type
      let found =
        try state[parameter.path] ?? start(parameter.path, type, parameter.initializer).converted(to: type.dtype)
      (values[value], state[parameter.path]) = (found, found)
    }
    for index in graph.values.indices {
      if case .constant(let tensor) = graph.values[index].source { values[Value(id: index)] = tensor }
    }
    for node in graph.nodes {
      let op = graph.op(of: node)
      let made = Interpreter.run(op, graph.site(node), node.inputs.map { $0.flatMap { values[$0] } })
      for (index, (value, tensor)) in zip(node.outputs, made).enumerated() {
        let isRough = noise != nil && tensor.dtype.isFloat && !op.auxiliaryOutputs.contains(index)
        values[value] =
          isRough ? Trial.shaken(tensor, noise ?? 0, &dice, isExact: op.isElementwise || op.isView) : tensor
      }
    }
    for (name, value) in graph.outputs { result(name, values[value]?.converted(to: .f64).array(of: Double.self) ?? []) }
    for update in graph.updates {
      switch graph[update.before].source {
      case .parameter(let parameter), .state(let parameter): state[parameter.path] = values[update.after]
      default: break
      }
    }
  }

  /// Operators that work number by number round each by itself.

  private static func shaken(_ tensor: Tensor, _ amount: Double, _ dice: inout Dice, isExact: Bool) -> Tensor {
    let numbers = tensor.converted(to: .f64).array(of: Double.self)
    let largest = isExact ? 0 : numbers.map(abs).max() ?? 0
    let shaken = numbers.map { $0 + amount * (abs($0) + 0.3 * largest) * (2 * dice.unit() - 1) }
    return (try? Tensor(shaken, shape: tensor.shape).converted(to: tensor.dtype)) ?? tensor
  }

  // MARK: By a plan

  /// The operators of the last plan's graph, those inside fused nodes too.
  func planned(_ seen: (Set<String>) -> Void = { _ in }) throws -> Answers {
    let backends = setting.made()
    let store = Store()
    let main = try request(setting.mode).prepare(graph)
    var answers: Answers = [:]
    func run(_ graph: Graph, _ mode: Mode, _ steps: [Int], _ word: (Int) -> String) throws {
      for (value, parameter) in graph.parameters + graph.states where !store.contains(parameter.path) {
        try store.set(parameter.path, to: start(parameter.path, graph[value].type, parameter.initializer))
      }
      let plan = try Plan(graph, mode: mode, backends: backends, store: store, threads: setting.threads)
      let context = try Context(plan, store: store)
      for step in steps {
        for value in graph.inputs where context.reads(graph[value].name) {
          try context.feed(graph[value].name, feed(value, of: graph, step: step))
        }
        try context.run()
        for (name, _) in graph.outputs {
          answers["\(name), \(word(step))"] = try context.result(name).converted(to: .f64).array(of: Double.self)
        }
      }
    }
    seen(Set(main.nodes.flatMap { [$0.op] + ($0.body?.nodes.map(\.op) ?? []) }))
    let steps = Array(0..<(setting.mode == .training ? Trial.steps : 2))
    try run(main, setting.mode, steps) { "step \($0)" }
    for path in store.paths {
      answers["state \(path)"] = try store.tensor(path).converted(to: .f64).array(of: Double.self)
    }
    if let other = setting.otherBatch, let again = try? request(.inference, batch: other).prepare(graph) {
      try run(again, .inference, [9]) { _ in "\(other) examples" }
    }
    return answers
  }
}
