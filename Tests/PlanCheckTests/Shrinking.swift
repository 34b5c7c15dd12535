import Fovea

extension Trial {
  /// The smallest trial that still shows a difference, as far as simple cuts lead.
  func shrunk() -> Trial {
    var best = self
    var budget = 400
    let first = difference()
    func shows(_ trial: Trial?) -> Bool {
      guard let trial, budget > 0 else { return false }
      budget -= 1
      // A refusal must not take the place of a wrong answer.
      return trial.difference().map { $0.isRefusal == first?.isRefusal } ?? false
    }
    var goesOn = true
    while goesOn, budget > 0 {
      goesOn = false
      for simpler in best.simplerSettings where shows(simpler) {
        best = simpler
        goesOn = true
      }
      for index in best.graph.outputs.indices.reversed() where best.graph.outputs.count > 1 {
        guard index < best.graph.outputs.count else { continue }
        var names = best.graph.outputs.map(\.name)
        names.remove(at: index)
        let fewer = best.rebuilt(outputs: names, cutting: [])
        if shows(fewer), let fewer {
          best = fewer
          goesOn = true
        }
      }
      var index = 0
      while index < best.graph.nodes.count {
        let cut = best.rebuilt(outputs: best.graph.outputs.map(\.name), cutting: [index])
        if let cut, cut.graph.nodes.count < best.graph.nodes.count, shows(cut) {
          best = cut
          goesOn = true
        } else {
          index += 1
        }
      }
    }
    return best
  }

  private var simplerSettings: [Trial] {
    var list: [Setting] = []
    func with(_ change: (inout Setting) -> Void) {
      var copy = setting
      change(&copy)
      list.append(copy)
    }
    if setting.otherBatch != nil { with { $0.otherBatch = nil } }
    if setting.poisoned != nil { with { $0.poisoned = nil } }
    if setting.mode == .training { with { ($0.mode, $0.optimizer) = (.inference, nil) } }
    if setting.mode == .training, setting.optimizer?.method != .sgd {
      with { $0.optimizer = .sgd(learningRate: .constant(0.02)) }
    }
    if setting.memory == .low { with { $0.memory = .usual } }
    if setting.isNarrow { with { $0.isNarrow = false } }
    if setting.threads > 1 { with { $0.threads = 1 } }
    switch setting.backends {
    case .both(let instructions, let preference, let draw):
      with { $0.backends = .lanes(instructions) }
      with { $0.backends = .oneDNN(preference, winograd: true, draw: draw) }
    case .oneDNN(let preference, _, .some): with { $0.backends = .oneDNN(preference, winograd: false, draw: nil) }
    case .oneDNN(let preference, true, nil): with { $0.backends = .oneDNN(preference, winograd: false, draw: nil) }
    case .lanes(let instructions) where instructions != .plain: with { $0.backends = .lanes(.plain) }
    case .oneDNN, .lanes: with { $0.backends = .reference }
    case .reference: break
    }
    return list.map { setting in
      var copy = self
      copy.setting = setting
      return copy
    }
  }

  /// The same with these outputs alone, and with inputs in place of what some nodes make; nil where nothing is left.
  private func rebuilt(outputs names: [String], cutting: Set<Int>) -> Trial? {
    let kept = graph.outputs.filter { names.contains($0.name) }
    var needed = Set(kept.map(\.value))
    var nodes: Set<Int> = []
    for (index, node) in graph.nodes.enumerated().reversed() where !cutting.contains(index) {
      guard node.outputs.contains(where: needed.contains) else { continue }
      nodes.insert(index)
      needed.formUnion(node.inputs.compactMap { $0 })
    }
    guard !nodes.isEmpty else { return nil }
    var (copy, fills) = (Graph(), fills)
    var map: [Value: Value] = [:]
    for index in graph.values.indices {
      let (value, info) = (Value(id: index), graph.values[index])
      guard needed.contains(value) else { continue }
      switch info.source {
      case .input(let open): map[value] = copy.addInput(info.name, info.type, open: open)
      case .parameter(let parameter): map[value] = copy.addParameter(parameter, info.type)
      case .state(let parameter): map[value] = copy.addState(parameter, info.type)
      case .constant(let tensor): map[value] = copy.addConstant(tensor, name: info.name)
      case .node, .ghost: break
      }
    }
    for (index, node) in graph.nodes.enumerated() {
      if nodes.contains(index) {
        let made = copy.add(
          graph.op(of: node), node.inputs.map { $0.flatMap { map[$0] } }, node.attributes, origin: node.origin)
        for (old, new) in zip(node.outputs, made) { map[old] = new }
      } else {
        for value in node.outputs where needed.contains(value) {
          let type = graph[value].type
          var name = "v\(value.id)"
          while fills[name] != nil { name += "'" }
          map[value] = copy.addInput(name, type)
          fills[name] = type.dtype == .bool ? .truth : type.dtype.isFloat ? .normal(mean: 0, deviation: 1) : .below(2)
        }
      }
    }
    for output in kept { if let value = map[output.value] { copy.addOutput(output.name, value) } }
    guard copy.mistakes.isEmpty, !copy.outputs.isEmpty else { return nil }
    var result = self
    (result.graph, result.fills) = (copy, fills)
    if setting.mode == .training, copy.output("loss") == nil { result.setting.mode = .inference }
    return result
  }

  /// What the plan does, a line each.
  private var steps: [String] {
    let store = Store()
    guard let prepared = try? request(setting.mode).prepare(graph), (try? store.initialize(prepared, seed: 0)) != nil,
      let plan = try? Plan(
        prepared, mode: setting.mode, backends: setting.made(), store: store, threads: setting.threads)
    else { return [] }
    return plan.lines
  }

  /// Leaves, nodes, setting and plan, a line each.
  var text: String { ([outline] + steps.map { "  " + $0 }).joined(separator: "\n") }

  /// Leaves, nodes and setting, a line each.
  var outline: String {
    let leaves = graph.values.indices.compactMap { index -> String? in
      let info = graph.values[index]
      let kind: String
      switch info.source {
      case .input(let open): kind = open.isEmpty ? "input" : "input, axis 0 open,"
      case .parameter: kind = "parameter"
      case .state: kind = "state"
      case .constant: kind = "constant"
      case .node, .ghost: return nil
      }
      return "%\(index) \(kind) \(info.name) \(info.type.dtype.rawValue) \(info.type.shape)"
    }
    return (leaves + graph.lines + [setting.text]).joined(separator: "\n")
  }
}
