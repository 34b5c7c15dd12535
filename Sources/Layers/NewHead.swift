import FoveaExecution
import FoveaGraphs
import FoveaTensors

extension Model {
  /// The same classifier for other classes: its last learned layer starts anew, everything before it keeps its values.
  ///
  /// ```swift
  /// let (pets, fresh) = try ONNXFile.read("squeezenet.onnx").withNewHead(classNames: ["cat", "dog"])
  /// // fresh: ["classifier.1.weight", "classifier.1.bias"]
  /// ```
  ///
  /// - Parameter seed: of the new layer's random weights.
  /// - Returns: the model, on a store of its own, and the paths that start anew.
  /// - Throws: `GraphError.mistakes` where another layer depends on the number of classes, or none gives the scores;
  ///   `ExecutionError`.
  public func withNewHead(
    classNames: [String], seed: UInt64 = 0, initialization: InitializationScheme = .standard
  ) throws -> (model: Model, fresh: [String]) {
    let changed = try graph.headTypes(classes: classNames.count)
    let sized = try graph.retyped { value, info in changed[value] ?? info.type }
    let fresh = sized.parameters.filter { changed[$0.value] != nil }.map(\.parameter.path)
    let values = try store.copy()
    for path in fresh { values.remove(path) }
    let model = Model(
      graph: sized, store: values, preprocessing: preprocessing, classNames: classNames, name: name,
      composites: composites)
    try model.initializeMissing(seed: seed, initialization: initialization)
    return (model, fresh)
  }
}

extension Graph {
  /// What may stand between the last learned layer and the scores.
  private static let passed: Set<String> = Set(
    [
      Op.Softmax.self, Op.LogSoftmax.self, Op.Flatten.self, Op.Reshape.self, Op.Squeeze.self, Op.Relu.self,
      Op.Sigmoid.self, Op.Dropout.self, Op.GlobalAveragePool.self, Op.AveragePool.self, Op.AdaptiveAveragePool.self,
      Op.ReduceMean.self, Op.Add.self,
    ].map { (op: any Operator.Type) in op.name })

  /// The types of the last learned layer's parameters for another number of classes.
  func headTypes(classes: Int) throws(GraphError) -> [Value: TensorType] {
    func refused(_ problem: String) -> GraphError {
      .mistakes([
        Mistake(
          origin: .none, problem: problem, mend: "train it for the classes it tells apart, or change its last layer",
          inputs: [])
      ])
    }
    guard let scores = scoresOutput, let old = self[scores.value].type.shape[1] else {
      throw refused("the network is no classifier, so it has no last layer for \(classes) classes")
    }
    let producers = producers
    var result: [Value: TensorType] = [:]
    var value = scores.value
    while let node = producers[value].map({ nodes[$0] }) {
      let learned = node.inputs.enumerated().compactMap { index, operand -> (Int, Value)? in
        guard let operand, case .parameter = self[operand].source else { return nil }
        return (index, operand)
      }
      for (index, operand) in learned {
        let shape = self[operand].type.shape
        guard let axis = Graph.classAxis(node, index, shape), shape[axis] == old else { continue }
        result[operand] = TensorType(self[operand].type.dtype, shape.replacing(axis: axis, with: classes))
      }
      let isLast = [Op.Gemm.name, Op.Conv.name, "MatMul"].contains(node.op)
      if isLast {
        guard node.inputs.count > 1, let weights = node.inputs[1], result[weights] != nil else { break }
        return result
      }
      guard Graph.passed.contains(node.op),
        let next = node.inputs.compactMap({ $0 }).first(where: { producers[$0] != nil })
      else { break }
      value = next
    }
    throw refused("the layer that gives the \(old) scores was not found, so it cannot start anew for \(classes)")
  }

  /// Along which axis of a parameter the classes lie.
  private static func classAxis(_ node: Node, _ index: Int, _ shape: PartialShape) -> Int? {
    guard let rank = shape.rank, rank > 0 else { return nil }
    switch (node.op, index) {
    case (Op.Gemm.name, 1): return node.attributes.flag("transB") ? 0 : 1
    case (Op.Conv.name, _): return 0
    // Beside rows of scores they lie along the last axis, beside maps along the first one: [C, 1, 1].
    case (Op.Add.name, _): return rank >= 3 ? rank - 3 : rank - 1
    default: return rank - 1
    }
  }
}
