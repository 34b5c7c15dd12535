import FoveaGraphs
import FoveaTensors

/// Normalization.
extension ONNXOperator {
  static let norms: [ONNXOperator] = [
    ONNXOperator("InstanceNormalization") { (site) throws(ONNXRefusal) in
      let operands = [try site.value(0), try site.weight(1, .scale), try site.weight(2, .shift)]
      return [.value(site.emit(Op.InstanceNormalization.self, operands, try site.keeping("epsilon")))]
    },
    ONNXOperator("LayerNormalization") { (site) throws(ONNXRefusal) in
      let operands = [
        try site.value(0), try site.weight(1, .scale), site.isGiven(2) ? try site.weight(2, .shift) : nil,
      ]
      let attributes = try site.normAttributes()
      let y = site.emit(Op.LayerNormalization.self, site.trimmed(operands), attributes)
      guard site.isWanted(1) || site.isWanted(2) else { return [.value(y)] }
      return [.value(y)] + (try site.rowStatistics(attributes))
    },
    ONNXOperator("GroupNormalization") { (site) throws(ONNXRefusal) in
      let attributes = try site.keeping("num_groups", "epsilon")
      let x = try site.value(0)
      // Until opset 20 there was a scale for each group, which the channels of a group share.
      guard site.opset < 21 else {
        let operands = [x, try site.weight(1, .scale), try site.weight(2, .shift)]
        return [.value(site.emit(Op.GroupNormalization.self, operands, attributes))]
      }
      let dims = try site.dims(0).here
      let groups = site.int("num_groups", 0)
      guard groups > 0, dims.count > 1, dims[1] % groups == 0 else { throw ONNXRefusal("\(groups) groups of \(dims)") }
      var operands: [Value?] = [x]
      for (index, role) in [(1, Parameter.Role.scale), (2, .shift)] {
        let own = try site.weight(index, role)
        let count = try site.dims(of: own).here.reduce(1, *)
        guard count != dims[1] else {
          operands.append(own)
          continue
        }
        let column = site.emit(Op.Reshape.self, [own], ["shape": .ints([groups, 1])], part: "column \(index)")
        let each = site.emit(
          Op.Tile.self, [column], ["repeats": .ints([1, dims[1] / groups])], part: "channels \(index)")
        operands.append(site.emit(Op.Reshape.self, [each], ["shape": .ints([dims[1]])], part: "vector \(index)"))
      }
      return [.value(site.emit(Op.GroupNormalization.self, operands, attributes))]
    },
    ONNXOperator("LRN") { (site) throws(ONNXRefusal) in
      let attributes = try site.keeping("size", "alpha", "beta", "bias")
      return [.value(site.emit(Op.LRN.self, [try site.value(0)], attributes))]
    },
    ONNXOperator("MeanVarianceNormalization") { (site) throws(ONNXRefusal) in
      let axes: Attributes = ["axes": .ints(site.ints("axes") ?? [0, 2, 3])]
      let x = try site.value(0)
      let mean = site.emit(Op.ReduceMean.self, [x], axes, part: "mean")
      let centered = site.emit(Op.Sub.self, [x, mean], part: "centered")
      let squares = site.emit(Op.Mul.self, [centered, centered], part: "squares")
      let variance = site.emit(Op.ReduceMean.self, [squares], axes, part: "variance")
      let deviation = site.emit(Op.Sqrt.self, [variance], part: "deviation")
      let least = site.emit(Op.Add.self, [deviation, site.constant(1e-9, "epsilon")], part: "least")
      return [.value(site.emit(Op.Div.self, [centered, least]))]
    },
    ONNXOperator("LpNormalization") { (site) throws(ONNXRefusal) in
      let axes: Attributes = ["axes": .ints([site.int("axis", -1)])]
      let x = try site.value(0)
      let norm: Value
      if site.int("p", 2) == 1 {
        norm = site.emit(Op.ReduceSum.self, [site.emit(Op.Abs.self, [x], part: "sizes")], axes, part: "norm")
      } else {
        let squares = site.emit(Op.Mul.self, [x, x], part: "squares")
        norm = site.emit(Op.Sqrt.self, [site.emit(Op.ReduceSum.self, [squares], axes, part: "sum")], part: "norm")
      }
      // A row of zeros stays one.
      let least = site.emit(Op.Max.self, [norm, site.constant(1e-38, "least norm")], part: "divisor")
      return [.value(site.emit(Op.Div.self, [x, least]))]
    },
  ]
}

extension ONNXSite {
  /// The mean of each row, and what it is divided by, turned around.
  fileprivate func rowStatistics(_ attributes: Attributes) throws(ONNXRefusal) -> [ONNXBinding] {
    let x = try value(0)
    let rank = try rank(0)
    let axes: Attributes = ["axes": .ints(Array(try axis(attributes.int("axis", default: -1), rank: rank)..<rank))]
    let mean = emit(Op.ReduceMean.self, [x], axes, part: "mean")
    let centered = emit(Op.Sub.self, [x, mean], part: "centered")
    let squares = emit(Op.Mul.self, [centered, centered], part: "squares")
    let variance = emit(Op.ReduceMean.self, [squares], axes, part: "variance")
    let epsilon = constant(attributes.float("epsilon", default: 1e-5), "epsilon")
    let deviation = emit(Op.Sqrt.self, [emit(Op.Add.self, [variance, epsilon], part: "least")], part: "deviation")
    return [.value(mean), .value(emit(Op.Div.self, [constant(1, "one"), deviation], part: "inverse"))]
  }

  fileprivate func normAttributes() throws(ONNXRefusal) -> Attributes {
    // The type that sums are kept in: f32 in any case.
    passOver("stash_type")
    return try keeping("axis", "epsilon")
  }
}
