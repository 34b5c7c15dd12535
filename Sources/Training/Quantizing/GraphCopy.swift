import FoveaGraphs
import FoveaTensors

/// A graph that is declared anew, node by node, from another one.
struct GraphCopy {
  let source: Graph
  private(set) var graph: Graph
  private var copies: [Value: Value] = [:]

  /// Inputs come first, in their order.
  init(of source: Graph) {
    self.source = source
    graph = Graph(registry: source.registry)
    for value in source.inputs { copies[value] = leaf(value) }
  }

  /// What stands for a value of the source.
  subscript(value: Value) -> Value {
    mutating get {
      if let known = copies[value] { return known }
      let made = leaf(value)
      copies[value] = made
      return made
    }
    set { copies[value] = newValue }
  }

  private mutating func leaf(_ value: Value) -> Value {
    let info = source[value]
    switch info.source {
    case .input(let open): return graph.addInput(info.name, info.type, open: open)
    case .parameter(let parameter): return graph.addParameter(parameter, info.type)
    case .state(let parameter): return graph.addState(parameter, info.type)
    case .constant(let tensor): return graph.addConstant(tensor, name: info.name)
    case .node, .ghost: preconditionFailure("\(info.name) is read before it is made")
    }
  }

  /// Adds a node of the source, with other operands where some are given.
  mutating func add(_ node: Node, operands: [Value?]? = nil) {
    var own = operands
    if own == nil {
      var list: [Value?] = []
      for input in node.inputs { list.append(input.map { self[$0] }) }
      own = list
    }
    let made = graph.add(
      source.op(of: node), own ?? [], node.attributes, name: source[node.outputs[0]].name, origin: node.origin,
      body: node.body)
    for (old, new) in zip(node.outputs, made) { copies[old] = new }
  }

  /// Adds a node that the source does not have.
  mutating func add(
    _ op: any Operator.Type, _ operands: [Value?], _ attributes: Attributes = [:], name: String, origin: Origin
  ) -> Value {
    graph.add(op, operands, attributes, name: name, origin: origin)[0]
  }

  mutating func addParameter(_ parameter: Parameter, _ type: TensorType) -> Value {
    graph.addParameter(parameter, type)
  }

  mutating func addConstant(_ tensor: Tensor, name: String) -> Value { graph.addConstant(tensor, name: name) }

  /// Names the outputs and gives the graph.
  mutating func finished() throws(GraphError) -> Graph {
    for output in source.outputs { graph.addOutput(output.name, self[output.value]) }
    try graph.check()
    return graph
  }
}
