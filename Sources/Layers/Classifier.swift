import FoveaGraphs

extension Graph {
  /// Where a classifier gives a number for each class, [N, C] or [N, C, 1…]: the output called `output`, else the only
  /// one. Nil for other networks.
  package var scoresOutput: (name: String, value: Value)? {
    guard let found = outputs.first(where: { $0.name == "output" }) ?? (outputs.count == 1 ? outputs[0] : nil),
      let dims = self[found.value].type.shape.dims, dims.count >= 2, dims.dropFirst(2).allSatisfy({ $0 == 1 })
    else { return nil }
    return found
  }

  /// The same network as training and evaluation take it: one input called `input`, and `output` [N, C] before a
  /// softmax, whatever a file calls them. Other outputs stay; a network that is no classifier stays as it is.
  package func withClassifierEnds() -> Graph {
    guard inputs.count == 1, let found = scoresOutput else { return self }
    var result = self
    result.rename(inputs[0], to: "input")
    var value = found.value
    let producers = producers
    // The loss has a softmax of its own.
    if let last = producers[value].map({ nodes[$0] }), last.op == Op.Softmax.name, let scores = last.inputs[0] {
      value = scores
    }
    if (self[value].type.shape.rank ?? 2) > 2 {
      value = result.add(Op.Flatten.self, [value], ["axis": .int(1)], name: "scores")[0]
    }
    result.outputs = result.outputs.map { $0.name == found.name ? (name: "output", value: value) : $0 }
    return result
  }
}
