import FoveaGraphs
import FoveaTensors

/// Arithmetic, element by element.
extension ONNXOperator {
  static let arithmetic: [ONNXOperator] = [
    sum("Add", Op.Add.self, .bias), sum("Sub", Op.Sub.self, .bias), sum("Mul", Op.Mul.self, .scale),
    sum("Div", Op.Div.self, .scale), sum("Pow", Op.Pow.self, .other),
    ONNXOperator("Neg") { (site) throws(ONNXRefusal) in
      [.value(site.emit(Op.Neg.self, [try site.value(0)]))]
    },
    folded("Abs", Op.Abs.self), folded("Sqrt", Op.Sqrt.self), folded("Floor", Op.Floor.self),
    folded("Sign", Op.Sign.self), folded("Ceil", Op.Ceil.self), folded("Round", Op.Round.self),
    folded("Erf", Op.Erf.self),
    ONNXOperator("Reciprocal") { (site) throws(ONNXRefusal) in
      [.value(site.emit(Op.Div.self, [site.constant(1, "one"), try site.value(0)]))]
    },
    ONNXOperator("Mod") { (site) throws(ONNXRefusal) in
      if let places = try site.placesInPlane() { return [.value(places)] }
      return [.value(site.emit(Op.Mod.self, [try site.value(0), try site.value(1)], try site.keeping("fmod")))]
    },
    many("Max", Op.Max.self), many("Min", Op.Min.self),
    ONNXOperator("Sum") { (site) throws(ONNXRefusal) in [.value(try site.total(isMean: false))] },
    ONNXOperator("Mean") { (site) throws(ONNXRefusal) in [.value(try site.total(isMean: true))] },
    ONNXOperator("Clip") { (site) throws(ONNXRefusal) in [.value(try site.clipped())] },
    ONNXOperator("IsNaN") { (site) throws(ONNXRefusal) in
      let x = try site.value(0)
      // It alone is not equal to itself.
      return [.value(site.emit(Op.Not.self, [site.emit(Op.Equal.self, [x, x], part: "is a number")]))]
    },
    ONNXOperator("IsInf") { (site) throws(ONNXRefusal) in
      let (up, down) = (site.flag("detect_positive", true), site.flag("detect_negative", true))
      var x = try site.value(0)
      if up, down { x = site.emit(Op.Abs.self, [x], part: "size") }
      guard up || down else { return [.value(site.emit(Op.Less.self, [x, x]))] }
      return [.value(site.emit(Op.Equal.self, [x, site.constant(up ? .infinity : -.infinity, "infinity")]))]
    },
    ONNXOperator("Identity") { (site) throws(ONNXRefusal) in
      if let places = site.places(0) { return [.places(places)] }
      return [try site.binding(0)]
    },
  ]

  /// An operator of one operand that shapes are computed with, too.
  private static func folded(_ name: String, _ op: any Operator.Type) -> ONNXOperator {
    ONNXOperator(name) { (site) throws(ONNXRefusal) in [.value(site.emit(op, [try site.value(0)]))] }
  }

  private static func sum(_ name: String, _ op: any Operator.Type, _ role: Parameter.Role) -> ONNXOperator {
    ONNXOperator(name) { (site) throws(ONNXRefusal) in
      let x = try site.value(0, role)
      return [.value(site.emit(op, [x, try site.aligned(1, role)]))]
    }
  }

  private static func many(_ name: String, _ op: any Operator.Type) -> ONNXOperator {
    ONNXOperator(name) { (site) throws(ONNXRefusal) in
      var operands: [Value?] = []
      for index in 0..<site.inputCount { operands.append(try site.value(index)) }
      return [.value(site.emit(op, operands))]
    }
  }
}

extension ONNXSite {
  /// A second operand. Before opset 7 it repeats only where `broadcast` says so, from `axis` on.
  func aligned(_ index: Int, _ role: Parameter.Role = .other) throws(ONNXRefusal) -> Value {
    let b = try value(index, role)
    guard opset < 7 else { return b }
    let named = has("axis") ? int("axis", 0) : nil
    passOver("consumed_inputs")
    guard flag("broadcast"), let named else { return b }
    let (rank, dims) = (try rank(0), try dims(of: b))
    let axis = try axis(named, rank: rank)
    let behind = rank - axis - dims.here.count
    guard behind >= 0 else { throw ONNXRefusal("\(dims.here.count) axes from axis \(named) of \(rank) on") }
    guard behind > 0 else { return b }
    let axes = (0..<behind).map { dims.here.count + $0 }
    return emit(Op.Unsqueeze.self, [b], ["axes": .ints(axes)], part: "aligned \(index)")
  }

  /// Numbers between two bounds; where the lower one is higher than the upper one, the upper one counts.
  fileprivate func clipped() throws(ONNXRefusal) -> Value {
    var attributes = try keeping("min", "max")
    let x = try value(0)
    let isFloat = importer.graph[x].type.dtype.isFloat
    var bounds: [Value?] = [nil, nil]
    for (place, name) in ["min", "max"].enumerated() where isGiven(place + 1) {
      if isFloat, let known = try known(place + 1), known.isFixed, let bound = known.here.doubles.first {
        attributes[name] = .float(bound)
      } else {
        bounds[place] = try value(place + 1)
      }
    }
    let (low, high) = Op.Clip.bounds(attributes)
    if isFloat, bounds[0] == nil, bounds[1] == nil, low <= high { return emit(Op.Clip.self, [x], attributes) }
    // Bounds that a run makes, or of the operand's own whole type.
    if attributes["min"] != nil { bounds[0] = constant(low, "min") }
    if attributes["max"] != nil { bounds[1] = constant(high, "max") }
    var result = x
    if let low = bounds[0] { result = emit(Op.Max.self, [result, low], part: bounds[1] == nil ? nil : "at least") }
    if let high = bounds[1] { result = emit(Op.Min.self, [result, high]) }
    return result
  }

  /// Places in the whole tensor less whole planes, which are places in a plane; nil for other remainders.
  func placesInPlane() throws(ONNXRefusal) -> Value? {
    guard let places = places(0) else { return nil }
    let (here, there) = try dims(of: importer.pooled(places))
    let first = here.dropFirst(2).reduce(1) { Cost.product($0, $1) }
    let second = there.dropFirst(2).reduce(1) { Cost.product($0, $1) }
    guard let divisor = try known(1), divisor.here.ints == [first], divisor.there.ints == [second] else { return nil }
    passOver("fmod")
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
