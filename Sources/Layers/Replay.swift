import FoveaGraphs
import FoveaTensors

extension Declaration {
  /// Computes all paths and plays the declaration again into the graph that remains.
  func finish(outputs named: [(name: String, symbol: Symbol)]) -> Graph {
    var foreign: [String] = []
    for (name, symbol) in named {
      if symbol.declaration === self { outputs.append((name, symbol.value, root)) } else { foreign.append(name) }
    }
    isFinished = true
    root.assignPaths()
    var graph = Graph(registry: graph.registry)
    var used: Set<String> = []
    var values: [Value: Scope] = [:]
    for (step, scope, first) in steps {
      switch step {
      case .input(let name, let type, let open):
        _ = graph.addInput(name, type, open: open)
      case .constant(let tensor):
        _ = graph.addConstant(tensor, name: unique("\(scope.path):constant", &used))
      case .leaf(var parameter, let type, let isState):
        parameter.path = scope.element.isEmpty ? parameter.path : "\(scope.element).\(parameter.path)"
        let value = isState ? graph.addState(parameter, type) : graph.addParameter(parameter, type)
        values[value] = scope
      case .node(let op, let operands, var attributes, let pathAttribute):
        if let pathAttribute { attributes[pathAttribute] = .string(scope.path) }
        // The layer's output bears its path; what a layer makes on the way there bears the operator too.
        let isResult = scope.result == first || scope.parent == nil
        let name = unique(isResult ? scope.path : "\(scope.path):\(op.name)", &used)
        graph.add(op, operands, attributes, name: name, origin: scope.origin)
      case .mistake(let problem, let mend, let value):
        graph.reject(problem, mend: mend, origin: scope.origin, at: value)
      }
    }
    reportEqualPaths(&graph, values)
    for name in foreign {
      graph.reject(
        "output \"\(name)\" is a value of another network", mend: "return values of this network", origin: .none)
    }
    addOutputs(to: &graph)
    return graph
  }

  /// The layers made of others, as typed, by path; to be asked when everything is declared.
  func composites(whole: String) -> [String: String] {
    var result = ["": whole]
    root.forEach { scope in
      // What adds nothing to paths has none of its own.
      guard scope.parent != nil, !scope.children.isEmpty, !scope.isTransparent, !scope.element.isEmpty else { return }
      if result[scope.element] == nil { result[scope.element] = scope.text }
    }
    return result
  }

  private func unique(_ name: String, _ used: inout Set<String>) -> String {
    var (candidate, number) = (name, 2)
    while !used.insert(candidate).inserted {
      candidate = "\(name)#\(number)"
      number += 1
    }
    return candidate
  }

  /// Taps stand after the outputs that the model names itself.
  private func addOutputs(to graph: inout Graph) {
    var taken: Set<String> = []
    for (name, value, scope) in outputs.filter({ $0.scope === root }) + outputs.filter({ $0.scope !== root }) {
      guard taken.insert(name).inserted else {
        graph.reject(
          "there is already an output \"\(name)\"", mend: "give every tap and output a name of its own",
          origin: scope.origin, at: value)
        continue
      }
      graph.addOutput(name, value)
    }
  }

  /// Two parameters with one path: reported once per pair of layers, at the outermost that have it in common.
  private func reportEqualPaths(_ graph: inout Graph, _ scopes: [Value: Scope]) {
    var owners: [String: Scope] = [:]
    var reported: Set<ObjectIdentifier> = []
    for (value, parameter) in (graph.parameters + graph.states).sorted(by: { $0.value.id < $1.value.id }) {
      guard let scope = scopes[value] else { continue }
      guard let owner = owners[parameter.path] else {
        owners[parameter.path] = scope
        continue
      }
      var (first, second) = (owner, scope)
      while let a = first.parent, let b = second.parent, a !== b, a.parent != nil, b.parent != nil,
        a.element == b.element
      {
        (first, second) = (a, b)
      }
      guard reported.insert(ObjectIdentifier(second)).inserted else { continue }
      let path = second.element.isEmpty ? parameter.path : second.element
      let before = first === second ? "" : ": \(first.text)\(first.source.map { " at \($0)" } ?? "") has it too"
      graph.reject(
        first === second
          ? "two parameters are called \"\(parameter.path)\"" : "two layers have the path \"\(path)\"\(before)",
        mend: first === second
          ? "give every parameter of the layer a name of its own"
          : "give one another name, or make them one set of parameters with .sharing(\"\(path)\")",
        origin: second.origin)
    }
  }
}
