import FoveaGraphs
import FoveaTensors

/// Reductions along axes.
extension ONNXOperator {
  static let reductions: [ONNXOperator] = [
    reduction("ReduceMean") { (site, x, axes) throws(ONNXRefusal) in site.emit(Op.ReduceMean.self, [x], axes) },
    reduction("ReduceSum") { (site, x, axes) throws(ONNXRefusal) in
      site.emit(Op.ReduceSum.self, [x], axes)
    },
    reduction("ReduceMax") { (site, x, axes) throws(ONNXRefusal) in
      site.emit(Op.ReduceMax.self, [x], axes)
    },
    reduction("ReduceMin") { (site, x, axes) throws(ONNXRefusal) in
      site.emit(Op.ReduceMin.self, [x], axes)
    },
    reduction("ReduceProd") { (site, x, axes) throws(ONNXRefusal) in
      site.emit(Op.ReduceProd.self, [x], axes)
    },
    reduction("ReduceL1") { (site, x, axes) throws(ONNXRefusal) in
      site.emit(Op.ReduceSum.self, [site.emit(Op.Abs.self, [x], part: "sizes")], axes)
    },
    reduction("ReduceL2") { (site, x, axes) throws(ONNXRefusal) in
      let squares = site.emit(Op.Mul.self, [x, x], part: "squares")
      return site.emit(Op.Sqrt.self, [site.emit(Op.ReduceSum.self, [squares], axes, part: "sum")])
    },
    reduction("ReduceSumSquare") { (site, x, axes) throws(ONNXRefusal) in
      site.emit(Op.ReduceSum.self, [site.emit(Op.Mul.self, [x, x], part: "squares")], axes)
    },
    reduction("ReduceLogSum") { (site, x, axes) throws(ONNXRefusal) in
      site.emit(Op.Log.self, [site.emit(Op.ReduceSum.self, [x], axes, part: "sum")])
    },
    reduction("ReduceLogSumExp") { (site, x, axes) throws(ONNXRefusal) in
      // The largest is taken out first, so that no exponential overflows.
      var kept = axes
      kept["keepdims"] = .int(1)
      let largest = site.emit(Op.ReduceMax.self, [x], kept, part: "largest")
      let rest = site.emit(Op.Exp.self, [site.emit(Op.Sub.self, [x, largest], part: "rest")], part: "exponentials")
      let log = site.emit(Op.Log.self, [site.emit(Op.ReduceSum.self, [rest], axes, part: "sum")], part: "log")
      guard !axes.flag("keepdims", default: true) else { return site.emit(Op.Add.self, [log, largest]) }
      return site.emit(Op.Add.self, [log, site.emit(Op.ReduceMax.self, [x], axes, part: "largest, flat")])
    },
    arg("ArgMax", Op.ArgMax.self), arg("ArgMin", Op.ArgMin.self),
  ]

  private static func arg(_ name: String, _ op: any Operator.Type) -> ONNXOperator {
    ONNXOperator(name) { (site) throws(ONNXRefusal) in
      let attributes = try site.keeping("axis", "keepdims", "select_last_index")
      return [.value(site.emit(op, [try site.value(0)], attributes))]
    }
  }

  /// The axes are an attribute, or an input from opset 13 (sums) or 18 on.
  private static func reduction(
    _ name: String, _ body: @escaping @Sendable (ONNXSite, Value, Attributes) throws(ONNXRefusal) -> Value
  ) -> ONNXOperator {
    ONNXOperator(name) { (site) throws(ONNXRefusal) in
      var attributes = try site.keeping("axes", "keepdims")
      if let axes = try site.fixedInts(1, "its axes") { attributes["axes"] = .ints(axes) }
      let x = try site.value(0)
      let isEmpty = attributes.ints("axes", default: []).isEmpty
      let mayBeNothing = site.flag("noop_with_empty_axes")
      if isEmpty, mayBeNothing { return [.value(x)] }
      if isEmpty { attributes["axes"] = nil }
      return [.value(try body(site, x, attributes))]
    }
  }
}
