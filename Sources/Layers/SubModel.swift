import FoveaExecution
import FoveaGraphs
import FoveaTensors

extension Model {
  /// The value that a name stands for: an input, an output, or the output of the layer with this path.
  /// - Throws: `ModelError.unknownValue` with the nearest names.
  public func value(_ name: String) throws(ModelError) -> Value {
    if let value = graph.input(name) ?? graph.output(name) { return value }
    if let index = graph.values.firstIndex(where: { $0.name == name }) { return Value(id: index) }
    // A layer that is made of others ends with the last of them.
    let inside = graph.nodes.last { $0.origin.path.hasPrefix(name + ".") }
    if !name.isEmpty, let value = inside?.outputs.first { return value }
    throw .unknownValue(name: name, nearest: nearestNames(to: name, among: valueNames))
  }

  /// Names of inputs, outputs and layers.
  var valueNames: [String] {
    var names = graph.inputs.map { graph[$0].name } + graph.outputs.map(\.name)
    for node in graph.nodes {
      var path = Substring(node.origin.path)
      while !path.isEmpty {
        if !names.contains(String(path)) { names.append(String(path)) }
        path = path.lastIndex(of: ".").map { path[..<$0] } ?? ""
      }
    }
    return names
  }

  /// The part of the model between two values, on the same store: for features, activations and transfer.
  ///
  /// ```swift
  /// let features = try model.subModel(to: "conv2")
  /// ```
  ///
  /// Its ends are called `input` and `output`. The parts share parameters with the whole: training one
  /// changes both.
  /// - Throws: `ModelError.unknownValue`, `.unreachable` or `.bypassed`.
  public func subModel(from start: String = "input", to end: String) throws(ModelError) -> Model {
    try subModel(from: start, to: [(name: "output", path: end)])
  }

  /// The part of the model from one value to several, which become outputs under their own names.
  public func subModel(from start: String = "input", to ends: [String]) throws(ModelError) -> Model {
    try subModel(from: start, to: ends.map { (name: $0, path: $0) })
  }

  private func subModel(from start: String, to ends: [(name: String, path: String)]) throws(ModelError) -> Model {
    let first = try value(start)
    var targets: [(name: String, value: Value)] = []
    for end in ends { targets.append((end.name, try value(end.path))) }
    let producers = graph.producers
    var kept: Set<Int> = []
    for (index, target) in targets.enumerated() {
      let found = Cut(graph, producers, from: first, to: target.value)
      guard found.reachesStart else { throw .unreachable(from: start, to: ends[index].path) }
      if let other = found.otherInput { throw .bypassed(from: start, to: ends[index].path, by: graph[other].name) }
      kept.formUnion(found.nodes)
    }
    let part = graph.part(nodes: kept, from: first, to: targets)
    let isWhole = targets.map(\.value) == graph.outputs.map(\.value)
    return Model(
      graph: part, store: store, preprocessing: preprocessing, classNames: isWhole ? classNames : [], name: name,
      composites: composites, detection: isWhole && targets.map(\.name) == graph.outputs.map(\.name) ? detection : [])
  }
}

/// What a value needs when everything starts at another value.
private struct Cut {
  var nodes: Set<Int> = []
  var reachesStart = false
  var otherInput: Value?

  init(_ graph: Graph, _ producers: [Value: Int], from start: Value, to end: Value) {
    var open = [end]
    var seen: Set<Value> = []
    while let value = open.popLast() {
      guard seen.insert(value).inserted else { continue }
      if value == start {
        reachesStart = true
      } else if let index = producers[value] {
        nodes.insert(index)
        open += graph.nodes[index].inputs.compactMap { $0 }
      } else if case .input = graph[value].source {
        otherInput = value
      }
    }
  }
}

extension Graph {
  /// A graph of some of the nodes, fed at `start`; all other values keep their names and sources.
  fileprivate func part(nodes kept: Set<Int>, from start: Value, to ends: [(name: String, value: Value)]) -> Graph {
    var part = Graph(registry: registry)
    var moved: [Value: Value] = [:]
    let open: Set<Int> = if case .input(let axes) = self[start].source { axes } else { [0] }
    moved[start] = part.addInput("input", self[start].type, open: open)
    func move(_ value: Value) -> Value {
      if let known = moved[value] { return known }
      let info = self[value]
      let result =
        switch info.source {
        case .parameter(let parameter): part.addParameter(parameter, info.type)
        case .state(let parameter): part.addState(parameter, info.type)
        case .constant(let tensor): part.addConstant(tensor, name: info.name)
        case .input, .node, .ghost: part.addInput(info.name, info.type)
        }
      moved[value] = result
      return result
    }
    for index in kept.sorted() {
      let node = self.nodes[index]
      let operands = node.inputs.map { $0.map(move) }
      let outputs = part.add(
        op(of: node), operands, node.attributes, name: node.outputs.first.map { self[$0].name }, origin: node.origin,
        body: node.body)
      for (old, new) in zip(node.outputs, outputs) { moved[old] = new }
    }
    for end in ends { part.addOutput(end.name, move(end.value)) }
    for update in updates {
      if let before = moved[update.before], let after = moved[update.after] {
        part.addUpdate(before: before, after: after)
      }
    }
    return part
  }
}
