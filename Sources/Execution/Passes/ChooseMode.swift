import FoveaGraphs
import FoveaTensors

/// Mode: training or inference is chosen when the plan is made; the declared graph is neutral.
///
/// For training, norms that are not frozen use the batch's statistics and update the running ones, and
/// dropout gets the seed and the step number as scalar inputs. For inference dropout disappears.
public struct ChooseMode: GraphPass {
  public let name = "mode"
  let mode: Mode

  public init(mode: Mode) { self.mode = mode }

  /// The scalar inputs that random operators read.
  public static let seedInput = "seed"
  public static let stepInput = "step"

  public func run(_ graph: Graph) throws(GraphError) -> Graph {
    var result = graph
    var nodes: [Node] = []
    var redirect: [Value: Value] = [:]
    // Running statistics so far: a norm that is used twice goes on from its first use.
    var moved: [Value: Value] = [:]
    for node in graph.nodes {
      switch (node.op, mode) {
      case (Op.Dropout.name, .inference):
        if let input = node.inputs[0] { redirect[node.outputs[0]] = input }
      case (Op.Dropout.name, .training):
        var changed = node
        let scalar = TensorType(.i64, .scalar)
        let seed = result.input(Self.seedInput) ?? result.addInput(Self.seedInput, scalar)
        let step = result.input(Self.stepInput) ?? result.addInput(Self.stepInput, scalar)
        changed.attributes["training_mode"] = .int(1)
        changed.inputs = [node.inputs[0], seed, step]
        nodes.append(changed)
      case (Op.BatchNormalization.name, .training) where !node.attributes.flag("frozen"):
        var attributes = node.attributes
        attributes["training_mode"] = .int(1)
        // Made with `add`, which runs the shape rule for the further outputs, then moved into place.
        let inputs = node.inputs.prefix(3) + node.inputs[3...].map { $0.map { moved[$0] ?? $0 } }
        let outputs = result.add(
          Op.BatchNormalization.self, Array(inputs), attributes, name: graph[node.outputs[0]].name, origin: node.origin)
        nodes.append(
          Node(op: node.op, inputs: Array(inputs), outputs: outputs, attributes: attributes, origin: node.origin))
        redirect[node.outputs[0]] = outputs[0]
        for (statistic, after) in zip(node.inputs[3...], outputs[1...]) {
          if let statistic { moved[statistic] = after }
        }
      default: nodes.append(node)
      }
    }
    for (before, after) in moved.sorted(by: { $0.key.id < $1.key.id }) {
      result.addUpdate(before: before, after: after)
    }
    return result.rewritten(nodes: nodes, redirecting: redirect)
  }
}
