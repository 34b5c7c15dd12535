import FoveaGraphs
import FoveaTensors

/// Arithmetic, element by element.
extension ONNXOperator {
  static let arithmetic: [ONNXOperator] = [
    sum("Add", Op.Add.self, .bias), sum("Sub", Op.Sub.self, .bias), sum("Mul", Op.Mul.self, .scale),
    sum("Div", Op.Div.self, .scale), sum("Pow", Op.Pow.self, .other),
    ONNXOperator("Neg", folded: true) { (site) throws(ONNXRefusal) in
      [.value(site.emit(Op.Neg.self, [try site.value(0)]))]
    },
    folded("Abs", Op.Abs.self), folded("Sqrt", Op.Sqrt.self), folded("Floor", Op.Floor.self),
    folded("Sign", Op.Sign.self), folded("Ceil", Op.Ceil.self), folded("Round", Op.Round.self),
    folded("Erf", Op.Erf.self),
    ONNXOperator("Reciprocal", folded: true) { (site) throws(ONNXRefusal) in
      [.value(site.emit(Op.Div.self, [site.constant(1, "one"), try site.value(0)]))]
    },
    ONNXOperator("Mod", folded: true) { (site) throws(ONNXRefusal) in
      if let places = try site.placesInPlane() { return [.value(places)] }
      return [.value(site.emit(Op.Mod.self, [try site.value(0), try site.value(1)], try site.keeping("fmod")))]
    },
    many("Max", Op.Max.self), many("Min", Op.Min.self),
    ONNXOperator("Sum", folded: true) { (site) throws(ONNXRefusal) in [.value(try site.total(isMean: false))] },
    ONNXOperator("Mean") { (site) throws(ONNXRefusal) in [.value(try site.total(isMean: true))] },
    ONNXOperator("Clip", refused: "bounds that the network computes") { (site) throws(ONNXRefusal) in
      var attributes = try site.keeping("min", "max")
      for (index, name) in [(1, "min"), (2, "max")] {
        if let bound = try site.fixedFloats(index, "its bounds")?.first { attributes[name] = .float(bound) }
      }
      return [.value(site.emit(Op.Clip.self, [try site.value(0)], attributes))]
    },
    ONNXOperator("Identity", folded: true) { (site) throws(ONNXRefusal) in [try site.binding(0)] },
  ]

  /// An operator of one operand that shapes are computed with, too.
  private static func folded(_ name: String, _ op: any Operator.Type) -> ONNXOperator {
    ONNXOperator(name, folded: true) { (site) throws(ONNXRefusal) in [.value(site.emit(op, [try site.value(0)]))] }
  }

  private static func sum(_ name: String, _ op: any Operator.Type, _ role: Parameter.Role) -> ONNXOperator {
    ONNXOperator(name, folded: true) { (site) throws(ONNXRefusal) in
      let x = try site.value(0, role)
      return [.value(site.emit(op, [x, try site.value(1, role)]))]
    }
  }

  private static func many(_ name: String, _ op: any Operator.Type) -> ONNXOperator {
    ONNXOperator(name, folded: true) { (site) throws(ONNXRefusal) in
      var operands: [Value?] = []
      for index in 0..<site.inputCount { operands.append(try site.value(index)) }
      return [.value(site.emit(op, operands))]
    }
  }
}

extension ONNXSite {
  /// Places in the whole tensor less whole planes, which are places in a plane; nil for other remainders.
  func placesInPlane() throws(ONNXRefusal) -> Value? {
    guard let places = places(0) else { return nil }
    passOver("fmod")
    let (here, there) = try dims(of: importer.pooled(places))
    let first = here.dropFirst(2).reduce(1) { Cost.product($0, $1) }
    let second = there.dropFirst(2).reduce(1) { Cost.product($0, $1) }
    guard let divisor = try known(1), divisor.here.ints == [first], divisor.there.ints == [second] else {
      throw ONNXRefusal("a remainder of places by another number than a plane has")
    }
    return places
  }

  /// The sum of all operands, or their mean.
  func total(isMean: Bool) throws(ONNXRefusal) -> Value {
    guard inputCount > 0 else { throw ONNXRefusal("it has no inputs") }
    var sum = try value(0)
    for index in 1..<max(inputCount, 1) {
      let isLast = index == inputCount - 1 && !isMean
      sum = emit(Op.Add.self, [sum, try value(index)], part: isLast ? nil : "sum \(index)")
    }
    guard isMean else { return sum }
    return emit(Op.Div.self, [sum, constant(Double(inputCount), "count")])
  }
}
