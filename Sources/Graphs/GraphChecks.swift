import FoveaTensors

/// How a node is checked and what is said about one that does not fit.
extension Graph {
  /// The operator that a node of `op` uses here, which `Registry.adding` may have replaced. A second operator of one
  /// name is a mistake: a reader of the graph could not tell them apart.
  mutating func admitted(_ op: any Operator.Type, _ origin: Origin) -> any Operator.Type {
    switch registry.admit(op, isUsed: { name in nodes.contains { $0.op == name } }) {
    case .use(let admitted): return admitted
    case .conflict(let other):
      // What gradients are made of is not declared by anybody.
      if !isDerived {
        reject(
          "two operators are called \(op.name): \(String(reflecting: other)) and \(String(reflecting: op))",
          mend: "rename yours, or let it replace the other everywhere with registry: .standard.adding(…)",
          origin: origin)
      }
      return Registry.isBuiltIn(op) ? op : other
    }
  }

  /// The types of a node's results, and what is wrong with it: first its form, then what its own rule finds.
  static func infer(
    _ op: any Operator.Type, _ node: Node, _ types: [TensorType?]
  ) -> ([TensorType], [(problem: String, mend: String)]) {
    var query = ShapeQuery(op: op, attributes: node.attributes, body: node.body, inputs: types)
    // What follows from a wrong form is no news.
    if var fitted = query.checkForm() { return (countable(op.infer(&fitted), &query), query.findings) }
    let result = op.infer(&query)
    query.requireFloats()
    // Loops read every operand in the type of the first.
    let floats = types.indices.filter { !op.shapeOnlyInputs.contains($0) && types[$0]?.dtype.isFloat == true }
    if let first = floats.first, let other = floats.first(where: { types[$0]?.dtype != types[first]?.dtype }) {
      query.reject(
        "\(query.name(first)) is \(query.dtype(first).rawValue), \(query.name(other)) is \(query.dtype(other).rawValue)",
        mend: "convert both to one type")
    }
    let known = countable(result, &query)
    // An operand that leaves such a size behind: of a sum, say.
    if query.findings.isEmpty,
      let index = types.indices.first(where: { types[$0]?.shape.concrete?.isCountable(upTo: 1 << 56) == false })
    {
      query.reject(
        "\(query.name(index)) \(query.shape(index)) has more elements than can be counted", mend: "use smaller extents")
    }
    return (known, query.findings)
  }

  /// Checked here for all operators, so that nothing behind multiplies sizes that overflow, whether or not another
  /// extent is 0.
  private static func countable(_ types: [TensorType], _ query: inout ShapeQuery) -> [TensorType] {
    types.map { type in
      guard let shape = type.shape.concrete, !shape.isCountable(upTo: 1 << 56) else { return type }
      query.reject("the result \(shape) has more elements than can be counted", mend: "use smaller extents")
      return TensorType(type.dtype, .unknown(rank: shape.rank))
    }
  }

  mutating func report(_ findings: [(problem: String, mend: String)], of node: Node) {
    for finding in findings {
      let first = node.inputs.first ?? nil
      mistakes.append(
        Mistake(
          origin: node.origin, problem: finding.problem, mend: finding.mend,
          inputs: first.map { [values[$0.id].type.shape] } ?? [], way: way(to: first)))
    }
  }

  /// Mistakes whose ways are told: each costs a walk through the graph, and nobody reads more.
  private static let mostWays = 50

  /// The first-input chain from a leaf to `value`, at most six steps, as `name [shape]`.
  func way(to value: Value?) -> [String] {
    guard mistakes.count < Graph.mostWays else { return [] }
    let producer = value == nil ? [:] : producers
    var steps: [Value] = []
    var current = value
    while let here = current {
      steps.append(here)
      current = producer[here].flatMap { nodes[$0].inputs.first ?? nil }
    }
    let isLong = steps.count > 6
    var words = (isLong ? steps.prefix(5) + steps.suffix(1) : steps[...]).map {
      "\(values[$0.id].name) \(values[$0.id].type.shape)"
    }
    if isLong { words.insert("…", at: 5) }
    return words.reversed()
  }
}
