import Fovea

/// How a graph is planned and run.
struct Setting {
  enum Backends: Equatable {
    case reference
    case lanes(LanesBackend.Instructions)
    /// The ways of convolutions by rule where `draw` is nil.
    case oneDNN(OneDNNBackend.Preference, winograd: Bool, draw: UInt64?)
    case both(LanesBackend.Instructions, OneDNNBackend.Preference, draw: UInt64?)
  }

  var mode: Mode
  var optimizer: Optimizer?
  var memory = MemoryUse.usual
  var isNarrow = false
  var backends: Backends
  var threads: Int
  /// Another number of examples, planned on the same store.
  var otherBatch: Int?
  /// The example whose inputs have a number that is none.
  var poisoned: Int?

  static func draw(_ dice: inout Dice, batch: Int) -> Setting {
    let instructions = dice.pick([LanesBackend.Instructions.plain, .avx2, .avx512])
    let preference = dice.pick([OneDNNBackend.Preference.blocked, .blocked, .any, .channelsLast])
    let draw = dice.chance(0.5) ? dice.next() : nil
    let backends: Backends =
      switch dice.int(0...9) {
      case 0: .reference
      case 1, 2: .lanes(instructions)
      case 3, 4: .both(instructions, .blocked, draw: draw)
      default: .oneDNN(preference, winograd: dice.chance(0.8), draw: draw)
      }
    var result = Setting(
      mode: dice.chance(0.5) ? .training : .inference, backends: backends, threads: dice.chance(0.75) ? 1 : 2)
    if case .oneDNN = backends { result.isNarrow = dice.chance(0.1) }
    if dice.chance(0.3) { result.memory = .low }
    if dice.chance(0.4) { result.otherBatch = dice.int(1...3) }
    if result.mode == .training { result.optimizer = drawOptimizer(&dice) }
    if result.mode == .inference, !result.isNarrow, dice.chance(0.35) { result.poisoned = dice.int(0...batch - 1) }
    return result
  }

  private static func drawOptimizer(_ dice: inout Dice) -> Optimizer {
    let rate = Schedule.constant(0.02)
    let decay = dice.chance(0.5) ? 0.01 : 0
    let clip = dice.chance(0.25) ? 0.5 : nil
    switch dice.int(0...5) {
    case 0: return .sgd(learningRate: rate, weightDecay: decay, clipNorm: clip)
    case 1, 2:
      return .sgd(learningRate: rate, momentum: 0.9, nesterov: dice.chance(0.5), weightDecay: decay, clipNorm: clip)
    // An epsilon above the rounding of gradients, of which Adam would make whole steps.
    case 3: return .adam(learningRate: rate, epsilon: 1e-3, weightDecay: decay, clipNorm: clip)
    case 4: return .adamW(learningRate: rate, epsilon: 1e-3, clipNorm: clip)
    default:
      return .rmsprop(learningRate: rate, epsilon: 1e-3, momentum: dice.chance(0.5) ? 0.9 : 0, weightDecay: decay)
    }
  }

  /// The backends themselves; the library's are left out where it is not installed.
  func made() -> [any Backend] {
    func library(_ preference: OneDNNBackend.Preference, _ winograd: Bool?, _ seed: UInt64?) -> [any Backend] {
      let precision: OneDNNBackend.Precision = isNarrow ? .bf16 : .f32
      let made =
        seed.map { seed in
          OneDNNBackend(preference: preference, precision: precision, winograd: winograd) { key, count in
            // The same way whenever a problem is asked for again.
            var dice = Dice(key.utf8.reduce(seed) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 })
            return dice.int(0...count - 1)
          }
        } ?? OneDNNBackend(preference: preference, precision: precision, winograd: winograd)
      return made.map { [$0] } ?? []
    }
    switch backends {
    case .reference: return []
    case .lanes(let instructions): return [LanesBackend(instructions, takesAll: true)]
    case .oneDNN(let preference, let winograd, let seed): return library(preference, winograd, seed)
    case .both(let instructions, let preference, let seed):
      return [LanesBackend(instructions, takesAll: true)] + library(preference, nil, seed)
    }
  }

  var text: String {
    "\(mode)\(optimizer.map { " by \($0)" } ?? ""), memory \(memory), \(isNarrow ? "bf16" : "f32"), \(backends), "
      + "\(threads) threads" + (otherBatch.map { ", then \($0) examples" } ?? "")
      + (poisoned.map { ", NaN in example \($0)" } ?? "")
  }
}

/// A graph with what its leaves are filled with, and how it is run.
struct Trial {
  var graph: Graph
  var fills: [String: Fill]
  var setting: Setting
  let batch: Int
  /// Of the numbers in the leaves.
  var numbers: UInt64

  /// The graph of a seed.
  init(seed: UInt64) {
    var sketch = Sketch(seed: seed)
    var setting = Setting.draw(&sketch.dice, batch: sketch.batch)
    let size = sketch.dice.chance(0.1) ? sketch.dice.int(8...20) : sketch.dice.int(1...7)
    let drawings = Drawing.all
    let total = drawings.reduce(0) { $0 + $1.weight }
    var attempts = 0
    while sketch.graph.nodes.count < size, attempts < 60 {
      attempts += 1
      var at = sketch.dice.number(0, total)
      let drawing = drawings.first { drawing in
        at -= drawing.weight
        return at < 0
      }
      _ = drawing?.draw(&sketch)
    }
    (graph, fills, batch, numbers) = (sketch.graph, sketch.fills, sketch.batch, seed)
    self.setting = setting
    let sinks = Trial.sinks(of: graph)
    for value in sinks { graph.addOutput("y\(value.id)", value) }
    // A value in the middle that somebody wants to see.
    let inner = graph.nodes.flatMap(\.outputs).filter { !sinks.contains($0) && sketch.exact[$0] != nil }
    if !inner.isEmpty, sketch.dice.chance(0.3) {
      let seen = sketch.dice.pick(inner)
      if !Trial.isAuxiliary(seen, in: graph) { graph.addOutput("y\(seen.id)", seen) }
    }
    // Half as many digits decide too many ties.
    if graph.nodes.contains(where: { Trial.jumping.contains($0.op) }) { setting.isNarrow = false }
    if setting.mode == .training, !addLoss(&sketch.dice) { (setting.mode, setting.optimizer) = (.inference, nil) }
    self.setting = setting
  }

  /// Operators whose results jump.
  private static let jumping: Set<String> = [
    Op.Round.name, Op.Floor.name, Op.Ceil.name, Op.Sign.name, Op.ArgMax.name, Op.ArgMin.name, Op.Hardmax.name,
    Op.TopK.name, Op.TopKCorrect.name, Op.Cast.name, Op.Equal.name, Op.Less.name, Op.LessOrEqual.name, Op.Greater.name,
    Op.GreaterOrEqual.name, Op.NonMaxSuppression.name, Op.QuantizeLinear.name, Op.Mod.name,
  ]

  private static func isAuxiliary(_ value: Value, in graph: Graph) -> Bool {
    graph.nodes.contains { node in
      node.outputs.firstIndex(of: value).map { graph.op(of: node).auxiliaryOutputs.contains($0) } ?? false
    }
  }

  /// What nobody reads.
  private static func sinks(of graph: Graph) -> [Value] {
    let read = Set(graph.nodes.flatMap { $0.inputs.compactMap { $0 } })
    return graph.nodes.flatMap(\.outputs).filter { !read.contains($0) && !isAuxiliary($0, in: graph) }
  }

  /// A loss from some of the results: weighted means, added up. False where nothing can be learned.
  private mutating func addLoss(_ dice: inout Dice) -> Bool {
    let targets = self.targets(graph)
    guard !targets.isEmpty else { return false }
    var total: Value?
    for value in dice.shuffled(Trial.sinks(of: graph)).prefix(3) where graph[value].type.dtype == .f32 {
      var next = graph
      var part = value
      if next.shape(value).rank > 0 {
        let name = "c\(next.values.count)"
        fills[name] = .normal(mean: 0, deviation: 1)
        let type = next[value].type
        guard let weights = try? fills[name]?.tensor(name, type, seed: numbers) else { return false }
        // One number for each place; a number for all where the batch is open.
        let isSingle = dice.chance(0.3) || type.shape[0] == batch
        let factor = next.addConstant(isSingle ? Tensor(scalar: 0.7 as Float) : weights, name: name)
        part = next.add(Op.Mul.self, [part, factor])[0]
        // Not the mean of a norm, which is a constant.
        if isSingle || dice.chance(0.5) { part = next.add(Op.Mul.self, [part, value])[0] }
        part = next.add(Op.ReduceMean.self, [part], ["keepdims": .int(0)])[0]
      }
      if let sum = total { part = next.add(Op.Add.self, [sum, part])[0] }
      var probe = next
      guard next.mistakes.isEmpty, let found = try? probe.differentiate(part, withRespectTo: targets), !found.isEmpty,
        probe.mistakes.isEmpty
      else { continue }
      (graph, total) = (next, part)
    }
    if let total { graph.addOutput("loss", total) }
    return total != nil
  }

  /// What gradients are wanted of.
  private func targets(_ graph: Graph) -> [Value] {
    graph.parameters.map(\.value) + graph.inputs.filter { graph[$0].type.dtype.isFloat }
  }

  /// What a plan of this mode is asked for.
  func request(_ mode: Mode, batch: Int? = nil) -> PlanRequest {
    var sizes: [String: Shape] = [:]
    for value in graph.inputs {
      guard case .input(let open) = graph[value].source, open.contains(0), let batch else { continue }
      sizes[graph[value].name] = Shape([batch] + graph.shape(value).dims.dropFirst())
    }
    var request = PlanRequest(mode: mode, sizes: sizes)
    request.memory = setting.memory
    guard mode == .training, let optimizer = setting.optimizer else { return request }
    request.differentiation = { (graph) throws(GraphError) in
      guard let loss = graph.output("loss") else { return }
      let parameters = graph.parameters
      let inputs = graph.inputs.filter { graph[$0].type.dtype.isFloat }
      let gradients = try graph.differentiate(loss, withRespectTo: parameters.map(\.value) + inputs)
      for value in parameters.map(\.value) + inputs {
        guard let gradient = gradients[value] else { continue }
        graph.addOutput("gradient of \(graph[value].name)", gradient)
      }
      optimizer.addUpdates(to: &graph, of: parameters, gradients)
    }
    return request
  }
}
