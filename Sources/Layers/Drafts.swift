import FoveaGraphs
import FoveaTensors

extension Model {
  /// Declares layers into a graph that may hold mistakes (`graph.mistakes`): it can be looked at and drawn
  /// up to its bad edges. Never throws.
  public static func draft(
    input: InputShape, registry: Registry = .standard, @LayerBuilder _ layers: () -> [Placed]
  ) -> Graph {
    declare(input: input, registry: registry, layers).graph
  }

  /// The graph, and its composite layers by path.
  static func declare(
    input: InputShape, registry: Registry, _ layers: () -> [Placed]
  ) -> (graph: Graph, composites: [String: String]) {
    let declaration = Declaration(registry: registry)
    let x = declaration.addInput("input", input)
    let layers = layers()
    if layers.isEmpty { declaration.reject("the network has no layers", mend: "write at least one", at: x.value) }
    let graph = declaration.finish(outputs: [("output", Sequential(layers).declare(x))])
    return (graph, declaration.composites(whole: "Sequential"))
  }

  /// The general form of a draft, with named inputs and outputs.
  public static func draft(
    inputs: KeyValuePairs<String, InputShape>, registry: Registry = .standard,
    outputs: (ModelInputs) -> KeyValuePairs<String, Symbol>
  ) -> Graph {
    declare(inputs: inputs, registry: registry, outputs: outputs).graph
  }

  /// A draft with one input, in function form, whose outputs are known only when it is declared.
  package static func draft(
    input name: String, _ shape: InputShape, registry: Registry = .standard,
    outputs: (Symbol) -> [(name: String, symbol: Symbol)]
  ) -> Graph {
    let declaration = Declaration(registry: registry)
    let ends = outputs(declaration.addInput(name, shape))
    if ends.isEmpty { declaration.reject("the network has no outputs", mend: "return at least one", at: nil) }
    return declaration.finish(outputs: ends)
  }

  /// The graph, and its composite layers by path.
  static func declare(
    inputs: KeyValuePairs<String, InputShape>, registry: Registry,
    outputs: (ModelInputs) -> KeyValuePairs<String, Symbol>
  ) -> (graph: Graph, composites: [String: String]) {
    let declaration = Declaration(registry: registry)
    var symbols: [(String, Symbol)] = []
    for (name, shape) in inputs {
      if symbols.contains(where: { $0.0 == name }) {
        declaration.reject("there are two inputs \"\(name)\"", mend: "give each a name of its own", at: nil)
      }
      symbols.append((name, declaration.addInput(name, shape)))
    }
    let ends = outputs(ModelInputs(symbols: symbols, declaration: declaration))
    if ends.isEmpty { declaration.reject("the network has no outputs", mend: "return at least one", at: nil) }
    let graph = declaration.finish(outputs: ends.map { ($0.key, $0.value) })
    return (graph, declaration.composites(whole: "Model"))
  }
}

/// The inputs of a model in function form, by name.
public struct ModelInputs {
  let symbols: [(name: String, symbol: Symbol)]
  let declaration: Declaration

  init(symbols: [(String, Symbol)], declaration: Declaration) {
    self.symbols = symbols.map { (name: $0.0, symbol: $0.1) }
    self.declaration = declaration
  }

  /// The input called `name`. An unknown name is a mistake of the declaration, reported with all others.
  public subscript(name: String) -> Symbol {
    if let found = symbols.first(where: { $0.name == name }) { return found.symbol }
    let names = symbols.map(\.name)
    declaration.reject(
      "there is no input \"\(name)\"\(suggestion(nearestNames(to: name, among: names)))",
      mend: "use one of \(names.joined(separator: ", ")), or add it", at: nil)
    return declaration.poison(from: nil, .unknown)
  }
}
