import FoveaGraphs
import FoveaTensors

/// Functions of one number, and softmax.
extension ONNXOperator {
  static let activations: [ONNXOperator] = [
    direct("Relu", Op.Relu.self),
    direct("LeakyRelu", Op.LeakyRelu.self, ["alpha"]),
    direct("Elu", Op.Elu.self, ["alpha"]),
    direct("Selu", Op.Selu.self, ["alpha", "gamma"]),
    direct("Sigmoid", Op.Sigmoid.self),
    direct("HardSigmoid", Op.HardSigmoid.self, ["alpha", "beta"]),
    direct("HardSwish", Op.HardSwish.self),
    direct("Mish", Op.Mish.self),
    direct("Gelu", Op.Gelu.self, ["approximate"]),
    direct("Tanh", Op.Tanh.self),
    direct("Softplus", Op.Softplus.self),
    direct("Exp", Op.Exp.self),
    direct("Log", Op.Log.self),
    direct("Swish", Op.Swish.self, ["alpha"]),
    direct("Sin", Op.Sin.self), direct("Cos", Op.Cos.self), direct("Tan", Op.Tan.self), direct("Asin", Op.Asin.self),
    direct("Acos", Op.Acos.self), direct("Atan", Op.Atan.self), direct("Sinh", Op.Sinh.self),
    direct("Cosh", Op.Cosh.self), direct("Asinh", Op.Asinh.self), direct("Acosh", Op.Acosh.self),
    direct("Atanh", Op.Atanh.self),
    ONNXOperator("PRelu") { (site) throws(ONNXRefusal) in
      let x = try site.value(0)
      // One slope, or one for each channel, written [C, 1, 1] in the standard.
      var dims = try site.dims(1).here
      let rank = try site.rank(0)
      let isPerChannel =
        rank >= 2 && dims.count <= rank
        && dims.reduce(1, *) == (dims.count >= rank - 1 ? dims[dims.count - (rank - 1)] : 1)
      let channels = try site.dims(0).here.dropFirst().first
      if dims.reduce(1, *) == 1 {
        dims = [1]
      } else if site.opset < 7, dims.count == 1, dims.first == channels {
        // Before opset 7 slopes did not broadcast: they belong to channels.
      } else if isPerChannel {
        dims = [dims.reduce(1, *)]
      } else {
        return [.value(try site.leaky(x, try site.weight(1, .other)))]
      }
      var slope = try site.weight(1, .other, dims: dims)
      if try site.dims(of: slope).here != dims {
        slope = site.emit(Op.Reshape.self, [slope], ["shape": .ints(dims)], part: "slope")
      }
      return [.value(site.emit(Op.PRelu.self, [x, slope]))]
    },
    ONNXOperator("ThresholdedRelu") { (site) throws(ONNXRefusal) in
      let x = try site.value(0)
      let zero = site.constant(0, "zero")
      let passes = site.emit(
        Op.Greater.self, [x, site.constant(site.float("alpha", 1), "threshold")], part: "passes")
      return [.value(site.emit(Op.Where.self, [passes, x, zero]))]
    },
    ONNXOperator("Celu") { (site) throws(ONNXRefusal) in
      // alpha·elu(x / alpha) with elu's own slope of 1.
      let alpha = site.constant(site.float("alpha", 1), "alpha")
      let scaled = site.emit(Op.Div.self, [try site.value(0), alpha], part: "scaled")
      let elu = site.emit(Op.Elu.self, [scaled], ["alpha": .float(1)], part: "elu")
      return [.value(site.emit(Op.Mul.self, [elu, alpha]))]
    },
    ONNXOperator("Softsign") { (site) throws(ONNXRefusal) in
      let x = try site.value(0)
      let size = site.emit(Op.Abs.self, [x], part: "size")
      let more = site.emit(Op.Add.self, [size, site.constant(1, "one")], part: "more")
      return [.value(site.emit(Op.Div.self, [x, more]))]
    },
    ONNXOperator("Shrink") { (site) throws(ONNXRefusal) in
      let x = try site.value(0)
      let (bias, limit) = (site.float("bias", 0), site.float("lambd", 0.5))
      let above = site.emit(Op.Greater.self, [x, site.constant(limit, "limit")], part: "above")
      let below = site.emit(Op.Less.self, [x, site.constant(-limit, "lower limit")], part: "below")
      let down = site.emit(Op.Sub.self, [x, site.constant(bias, "bias")], part: "down")
      let up = site.emit(Op.Add.self, [x, site.constant(bias, "bias")], part: "up")
      let rest = site.emit(Op.Where.self, [below, up, site.constant(0, "zero")], part: "rest")
      return [.value(site.emit(Op.Where.self, [above, down, rest]))]
    },
    softmax("Softmax", Op.Softmax.self),
    softmax("LogSoftmax", Op.LogSoftmax.self),
  ]

  /// Before opset 13 everything from `axis` on was one axis.
  private static func softmax(_ name: String, _ op: any Operator.Type) -> ONNXOperator {
    ONNXOperator(name) { (site) throws(ONNXRefusal) in
      let x = try site.value(0)
      guard site.opset < 13 else { return [.value(site.emit(op, [x], try site.keeping("axis")))] }
      let (here, there) = try site.dims(of: x)
      let axis = try site.axis(site.int("axis", 1), rank: here.count)
      let behind = [here, there].map { $0.dropFirst(axis + 1).reduce(1) { Cost.product($0, $1) } }
      if behind == [1, 1] { return [.value(site.emit(op, [x], ["axis": .int(axis)]))] }
      let rows = site.emit(Op.Flatten.self, [x], ["axis": .int(axis)], part: "rows")
      let result = site.emit(op, [rows], ["axis": .int(1)], part: "shares")
      return [.value(site.emit(Op.ReshapeLike.self, [result, x]))]
    }
  }
}

extension ONNXSite {
  /// x where it is positive, slope·x elsewhere, for slopes of any shape.
  func leaky(_ x: Value, _ slope: Value) throws(ONNXRefusal) -> Value {
    let zero = constant(0, "zero")
    let positive = emit(Op.Max.self, [x, zero], part: "positive")
    let negative = emit(Op.Min.self, [x, zero], part: "negative")
    let scaled = emit(Op.Mul.self, [negative, slope], part: "scaled")
    return emit(Op.Add.self, [positive, scaled])
  }
}
