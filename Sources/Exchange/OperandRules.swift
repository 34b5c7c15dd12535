import FoveaGraphs

/// Which operands a node of a file must have. Layers always connect them; a file may not, and the shape
/// rules go on with what is known, since they also serve declarations that are wrong elsewhere.
enum OperandRules {
  /// What is wrong with the number of operands, nil when nothing is.
  static func problem(_ op: any Operator.Type, _ operands: [Value?]) -> String? {
    let names = op.inputNames
    // A fused node takes what its body takes, which its own rule checks.
    if names.isEmpty { return operands.contains(nil) ? "\(op.name) with an operand left out" : nil }
    if operands.count > names.count, !op.isVariadic {
      return "\(op.name) takes \(names.count) operands, not \(operands.count)"
    }
    // A user's operator knows itself what it can do without.
    guard Registry.standard[op.name] != nil else { return nil }
    for (index, name) in names.enumerated() where !op.optionalInputs.contains(index) {
      if index >= operands.count || operands[index] == nil { return "\(op.name) without its operand \(name)" }
    }
    return nil
  }
}
