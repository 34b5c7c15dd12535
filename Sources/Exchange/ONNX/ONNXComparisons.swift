import FoveaGraphs
import FoveaTensors

/// Comparisons, truths and choices between them.
extension ONNXOperator {
  static let comparisons: [ONNXOperator] =
    [
      two("Equal", Op.Equal.self), two("Greater", Op.Greater.self), two("GreaterOrEqual", Op.GreaterOrEqual.self),
      two("Less", Op.Less.self), two("LessOrEqual", Op.LessOrEqual.self), two("And", Op.And.self),
      two("Or", Op.Or.self), two("Xor", Op.Xor.self),
    ] + [
      ONNXOperator("Not") { (site) throws(ONNXRefusal) in
        [.value(site.emit(Op.Not.self, [try site.value(0)]))]
      },
      ONNXOperator("Where") { (site) throws(ONNXRefusal) in
        [.value(site.emit(Op.Where.self, [try site.value(0), try site.value(1), try site.value(2)]))]
      },
    ]

  private static func two(_ name: String, _ op: any Operator.Type) -> ONNXOperator {
    ONNXOperator(name) { (site) throws(ONNXRefusal) in
      [.value(site.emit(op, [try site.value(0), try site.aligned(1)]))]
    }
  }
}
