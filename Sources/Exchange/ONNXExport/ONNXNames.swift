import FoveaGraphs

extension ONNXExport {
  /// Names that nobody else has. One that is alone in wishing its name keeps it, so that a graph that was read from a
  /// file is written under the same names again.
  struct Names {
    private let wishes: Set<String>
    private var taken: Set<String> = []

    init(wishes: [String]) { self.wishes = Set(wishes) }

    /// The wish itself, or with a number behind it where somebody was first.
    mutating func claim(_ wish: String) -> String {
      var name = wish
      var number = 1
      while name.isEmpty || taken.contains(name) || (number > 1 && wishes.contains(name)) {
        number += 1
        name = "\(wish)#\(number)"
      }
      taken.insert(name)
      return name
    }
  }

  /// The names of a graph's values and nodes in a file.
  struct GraphNames {
    private(set) var values: [Value: String] = [:]
    /// By the node's place in the graph.
    private(set) var nodes: [Int: String] = [:]
    /// In the order of the graph's outputs.
    private(set) var outputs: [String] = []
    var valueNames: Names
    var nodeNames: Names

    /// Lets a value bear another's name.
    mutating func redirect(_ value: Value, to name: String) { values[value] = name }

    init(_ graph: Graph, live: Set<Int>) {
      nodeNames = Names(wishes: [])
      // Ends first: their names are what callers use. Then what files of weights know, then all that lies between.
      var wishes: [(value: Value, name: String)] = graph.inputs.map { ($0, graph[$0].name) }
      for (value, parameter) in graph.parameters + graph.states { wishes.append((value, parameter.path)) }
      let shown = live.sorted()
      var between: [(value: Value, name: String)] = []
      for index in graph.values.indices {
        if case .constant = graph.values[index].source { between.append((Value(id: index), graph.values[index].name)) }
      }
      for index in shown { between += graph.nodes[index].outputs.map { ($0, graph[$0].name) } }
      valueNames = Names(wishes: (wishes + between).map(\.name) + graph.outputs.map(\.name))

      let made = Set(shown.flatMap { graph.nodes[$0].outputs })
      var paths: [String: String] = [:]
      for (value, wish) in wishes.prefix(graph.inputs.count) { values[value] = valueNames.claim(wish) }
      for (name, value) in graph.outputs {
        let name = valueNames.claim(name)
        outputs.append(name)
        if made.contains(value), values[value] == nil { values[value] = name }
      }
      // A shared parameter stands in the graph more than once and in the file once.
      for (value, path) in wishes.dropFirst(graph.inputs.count) {
        let name = paths[path] ?? valueNames.claim(path)
        paths[path] = name
        values[value] = name
      }
      for (value, wish) in between where values[value] == nil { values[value] = valueNames.claim(wish) }

      // Several nodes of one layer are told apart by their values.
      var count: [String: Int] = [:]
      for index in shown { count[graph.nodes[index].origin.path, default: 0] += 1 }
      let own = shown.map { index -> (Int, String) in
        let node = graph.nodes[index]
        let path = node.origin.path
        if !path.isEmpty, count[path] == 1 { return (index, path) }
        return (index, node.outputs.first.map { graph[$0].name } ?? node.op)
      }
      nodeNames = Names(wishes: own.map(\.1))
      for (index, wish) in own { nodes[index] = nodeNames.claim(wish) }
    }
  }
}
