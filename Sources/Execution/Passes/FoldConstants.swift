import FoveaGraphs
import FoveaTensors

/// Constant folding: what depends on constants alone is computed once, here.
public struct FoldConstants: GraphPass {
  public let name = "fold"
  public init() {}

  public func run(_ graph: Graph) throws(GraphError) -> Graph {
    var result = graph
    var nodes: [Node] = []
    var redirect: [Value: Value] = [:]
    var constants: [Value: Tensor] = [:]
    for (index, info) in graph.values.enumerated() {
      if case .constant(let tensor) = info.source { constants[Value(id: index)] = tensor }
    }
    for node in graph.nodes {
      let needed = graph.dataInputs(of: node)
      // The loops exist in Float and Double; half-width buffers would be read and written past their ends.
      let types = (node.inputs.compactMap { $0 } + node.outputs).map { graph[$0].type.dtype }
      let hasLoop = !types.contains { $0 == .f16 || $0 == .bf16 }
      guard hasLoop, !needed.isEmpty, needed.allSatisfy({ constants[$0] != nil }), isSmall(node, in: graph) else {
        nodes.append(node)
        continue
      }
      let operands = node.inputs.map { $0.flatMap { constants[$0] } }
      let tensors = Interpreter.run(graph.op(of: node), graph.site(node), operands)
      for (output, tensor) in zip(node.outputs, tensors) {
        let constant = result.addConstant(tensor, name: graph[output].name)
        redirect[output] = constant
        constants[output] = tensor
      }
    }
    return result.rewritten(nodes: nodes, redirecting: redirect)
  }

  /// Up to here a result may be larger than its operands. One that is more (a number that is repeated to a matrix) is
  /// computed where a plan's memory is counted before it is taken.
  private static let grownBytes = 1 << 24

  private func isSmall(_ node: Node, in graph: Graph) -> Bool {
    func bytes(_ values: [Value]) -> Int {
      values.reduce(0) { Cost.sum($0, Cost.product(graph.shape($1).count, graph[$1].type.dtype.size)) }
    }
    return bytes(node.outputs) <= max(bytes(graph.dataInputs(of: node)), FoldConstants.grownBytes)
  }
}
