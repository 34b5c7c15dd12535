import FoveaGraphs
import FoveaTensors

/// What a step of a plan computes and moves.
package struct StepCost: Sendable {
  /// As in the plan's lines.
  package let name: String
  package let op: String
  /// What runs it, in the library's own words; for a reorder, from which layout to which.
  package let implementation: String
  package let isReorder: Bool
  /// Multiply-adds as the operator is defined, whatever trick computes them.
  package let multiplyAdds: Int
  /// Bytes of all operands in their layouts, read or written once each; 0 for a view.
  package let bytes: Int
}

extension Plan {
  /// The steps in running order; what runs once per version of the parameters is left out.
  package var costs: [StepCost] {
    // What runs node by node, also once per version of the parameters; a region does the rest.
    let single = (prologue + steps).reduce(0) { sum, step in
      if case .node(let index) = step.draft.kind { Cost.sum(sum, multiplyAdds(index)) } else { sum }
    }
    return steps.map { step in
      let draft = step.draft
      var own = 0
      var isView = false
      switch draft.kind {
      case .node(let index):
        own = multiplyAdds(index)
        isView = graph.op(of: graph.nodes[index]).isView
      case .region: own = max(0, multiplyAdds - single)
      case .reorder: break
      }
      let inputs = draft.inputs.compactMap { $0 }
      // A view whose operand and result share their bytes has nothing to do.
      let isNothing = isView && inputs.first.map { memory.residence[$0] == memory.residence[draft.outputs[0]] } == true
      let bytes = isNothing ? 0 : (inputs + draft.outputs).reduce(0) { Cost.sum($0, placements[$1].byteCount) }
      return StepCost(
        name: draft.name, op: draft.op,
        implementation: draft.kind == .reorder
          ? draft.implementation : "\(draft.implementation) \(draft.proposal.detail)",
        isReorder: draft.kind == .reorder, multiplyAdds: own, bytes: bytes)
    }
  }

  /// Multiply-adds of one run.
  package var multiplyAdds: Int {
    graph.nodes.indices.reduce(0) { Cost.sum($0, multiplyAdds($1)) }
  }

  private func multiplyAdds(_ index: Int) -> Int {
    let node = graph.nodes[index]
    return graph.op(of: node).cost(graph.site(node)).multiplyAdds
  }
}
