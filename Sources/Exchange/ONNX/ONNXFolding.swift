import FoveaGraphs
import FoveaTensors

/// Nodes of known operands are computed while a file is read: by whole-number arithmetic of our own, else by reading the
/// node into a graph of its own and running that.
extension ONNXSite {
  /// The results of a node whose operands are all known; nil for another. Learned numbers are not folded away.
  func folded() throws(ONNXRefusal) -> [Known]? {
    guard !node.inputs.isEmpty, !ONNXSite.notFolded.contains(node.op), places(0) == nil else { return nil }
    var operands: [Known?] = []
    for index in node.inputs.indices {
      guard isGiven(index) else {
        operands.append(nil)
        continue
      }
      switch try binding(index) {
      case .value, .nothing, .places: return nil
      case .stored(let tensor, let isConstant):
        if !isConstant, tensor.dtype?.isFloat != false, tensor.count != 1 { return nil }
        guard importer.canSpend(tensor.count ?? .max) else { return nil }
      case .known: break
      }
      guard let known = try known(index) else { return nil }
      operands.append(known)
    }
    let isFixed = operands.allSatisfy { $0?.isFixed ?? true }
    guard let here = try folded(operands.map { $0?.here }) else { return nil }
    guard let there = isFixed ? here : try folded(operands.map { $0?.there }), here.count == there.count else {
      return nil
    }
    let count = (here + there).reduce(64) { Cost.sum($0, $1.count) }
    guard importer.canSpend(count) else { return nil }
    try importer.spend(count)
    return zip(here, there).map { Known($0, $1) }
  }

  /// What is random, has a graph of its own or folds itself; what makes weights of 8 bits, which plans compute with as they are.
  private static let notFolded: Set<String> = [
    "If", "ConstantOfShape", "Dropout", "BatchNormalization", "NonMaxSuppression", "QuantizeLinear", "DequantizeLinear",
    "DynamicQuantizeLinear", "ConvInteger", "MatMulInteger", "QLinearConv", "QLinearMatMul",
  ]

  private func folded(_ operands: [KnownTensor?]) throws(ONNXRefusal) -> [KnownTensor]? {
    if node.op == "Cast" || node.op == "CastLike", let first = operands[0] {
      let like = node.op == "CastLike" ? operands.last.flatMap { $0?.dtype } : nil
      if let target = like ?? ONNXTensor.dtype(int("to", 0)), target != .f16, target != .bf16 {
        return KnownArithmetic.cast(first, to: target).map { [$0] }
      }
    }
    try checkPlaces(operands)
    let all = operands.compactMap { $0 }
    if all.count == operands.count, !flag("fmod"), let result = KnownArithmetic.result(node.op, all) { return [result] }
    guard var results = evaluated(operands) else { return nil }
    // The same places of the operands' extents say whose extents the results are.
    guard let moved = ONNXSite.moved[node.op], all.contains(where: { !$0.origins.isEmpty }) else { return results }
    var origins: [KnownTensor.ExtentOrigin?] = [nil]
    let numbers = operands.enumerated().map { index, operand -> KnownTensor? in
      guard let operand, moved.isEmpty || moved.contains(index), operand.ints != nil else { return operand }
      let start = origins.count
      let list = (0..<operand.count).map { operand.origin($0) }
      origins += list
      let places = list.enumerated().map { $0.element == nil ? 0 : start + $0.offset }
      return KnownTensor(.i64, operand.shape, .ints(places))
    }
    guard let places = evaluated(numbers), places.count == results.count else { return results }
    for index in results.indices where results[index].dtype == .i64 || results[index].dtype == .i32 {
      guard let list = places[index].ints, list.count == results[index].count else { continue }
      results[index].origins = list.map { origins.indices.contains($0) ? origins[$0] : nil }
    }
    return results
  }

  /// A place outside gives zeros in our loops; what is known to lie there is refused.
  private func checkPlaces(_ operands: [KnownTensor?]) throws(ONNXRefusal) {
    guard node.op == "Gather" || node.op == "GatherElements", operands.count > 1, let x = operands[0],
      let places = operands[1]?.ints
    else { return }
    let axis = try self.axis(int("axis", 0), rank: x.shape.count)
    guard x.shape.indices.contains(axis) else { return }
    if let outside = places.first(where: { !(-x.shape[axis]..<max(x.shape[axis], 1)).contains($0) }) {
      throw ONNXRefusal("place \(outside) along axis \(axis) of \(Shape(x.shape))")
    }
  }

  /// Operators that only move numbers: which operands they move, all where none is named.
  private static let moved: [String: Set<Int>] = [
    "Identity": [0], "Gather": [0], "GatherElements": [0], "GatherND": [0], "Concat": [], "Slice": [0],
    "Transpose": [0], "Reshape": [0], "Flatten": [0], "Squeeze": [0], "Unsqueeze": [0], "Expand": [0], "Tile": [0],
    "Split": [0], "Where": [1, 2],
  ]

  /// Operators of floats alone here that mean the same for whole numbers: which operands are those numbers, all where
  /// none is named.
  private static let exact: [String: Set<Int>] = [
    "ReduceSum": [0], "ReduceProd": [0], "ReduceMax": [0], "ReduceMin": [0], "ReduceSumSquare": [0], "ReduceL1": [0],
    "CumSum": [0], "Trilu": [0], "Pad": [0], "Expand": [0], "Tile": [0], "ScatterND": [0, 2],
    "ScatterElements": [0, 2], "MatMul": [], "Clip": [], "Relu": [0], "Einsum": [],
    "TopK": [0], "ArgMax": [0], "ArgMin": [0],
  ]

  /// What our operators make of the node on these tensors; nil where they cannot, so that reading it says why.
  private func evaluated(_ operands: [KnownTensor?]) -> [KnownTensor]? {
    if let result = importer.evaluated(node, operands) { return result }
    // Up to 2⁵³ doubles hold whole numbers as they are.
    guard let whole = ONNXSite.exact[node.op] else { return nil }
    var dtype: DType?
    var converted = operands
    for (index, operand) in operands.enumerated() where whole.isEmpty || whole.contains(index) {
      guard let operand, let list = operand.ints else { continue }
      guard list.allSatisfy({ $0.magnitude < 1 << 53 }) else { return nil }
      dtype = dtype ?? operand.dtype
      converted[index] = KnownTensor(.f64, operand.shape, .floats(list.map { Double($0) }))
    }
    guard let dtype, let results = importer.evaluated(node, converted) else { return nil }
    var back: [KnownTensor] = []
    for result in results {
      guard case .floats(let list) = result.numbers else {
        back.append(result)
        continue
      }
      guard list.allSatisfy({ abs($0) < 0x1p53 && $0.rounded() == $0 }),
        let cast = KnownArithmetic.cast(result, to: dtype)
      else { return nil }
      back.append(cast)
    }
    return back
  }
}

extension ONNXImporter {
  /// Reads one node on tensors into a graph of its own and runs that with the operators' plain loops.
  fileprivate func evaluated(_ node: ONNXNode, _ operands: [KnownTensor?]) -> [KnownTensor]? {
    guard let known = ONNXOperator.all[node.op] else { return nil }
    let scratch = ONNXImporter(besides: self, node)
    for (name, operand) in zip(node.inputs, operands) {
      if let operand { scratch.bind(name, .known(Known(operand))) }
    }
    let site = ONNXSite(importer: scratch, node: node, opset: model.opset)
    guard let results = try? known.read(site), scratch.graph.mistakes.isEmpty,
      node.attributes.allSatisfy({ scratch.attributesRead.contains($0.name) }), scratch.isSmall
    else { return nil }
    var computed: [Value: Tensor]?
    var found: [KnownTensor] = []
    for result in results {
      switch result {
      case .known(let known):
        guard known.isFixed, let whole = known.here.writtenOut else { return nil }
        found.append(whole)
      case .value(let value):
        if computed == nil { computed = try? Interpreter.run(scratch.graph, [:]) }
        guard let tensor = computed?[value] else { return nil }
        found.append(KnownTensor(tensor))
      case .stored, .places, .nothing: return nil
      }
    }
    return found
  }

  /// True where all shapes are known and computing takes no time that could be felt.
  private var isSmall: Bool {
    var elements = 0
    for node in graph.nodes {
      for output in node.outputs {
        guard let count = graph[output].type.shape.concrete?.checkedCount else { return false }
        elements = Cost.sum(elements, count)
      }
      guard elements <= 4 * KnownTensor.mostElements else { return false }
      elements = Cost.sum(elements, graph.op(of: node).cost(graph.site(node)).multiplyAdds / 16)
    }
    return elements <= 4 * KnownTensor.mostElements
  }
}
