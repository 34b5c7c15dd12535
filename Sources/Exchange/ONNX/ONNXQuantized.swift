import FoveaGraphs
import FoveaTensors

/// Whole numbers of 8 bits: between floats, or as operators of their own, which are written out as floats in between.
extension ONNXOperator {
  static let quantized: [ONNXOperator] = [
    ONNXOperator("QuantizeLinear", refused: "16 bits, blocks, floats of 8 bits") { (site) throws(ONNXRefusal) in
      try site.requireWholeRows()
      let operands = [try site.value(0), try site.value(1), try site.optional(2)]
      return [.value(site.emit(Op.QuantizeLinear.self, site.trimmed(operands), try site.keeping("axis")))]
    },
    ONNXOperator("DequantizeLinear", refused: "16 bits, blocks, floats of 8 bits") { (site) throws(ONNXRefusal) in
      try site.requireWholeRows()
      let operands = [try site.weight(0, .weight), try site.value(1), try site.zeroPoint(2)]
      return [.value(site.emit(Op.DequantizeLinear.self, site.trimmed(operands), try site.keeping("axis")))]
    },
    ONNXOperator("QLinearConv") { (site) throws(ONNXRefusal) in
      let x = try site.float(of: 0, scale: 1, zero: 2, part: "x")
      let w = try site.float(of: 3, scale: 4, zero: 5, axis: 0, part: "w")
      var operands: [Value?] = [x, w]
      if site.isGiven(8) { operands.append(try site.bias(8, x: 1, w: 4)) }
      let y = site.emit(Op.Conv.self, operands, try site.windowAttributes("group"), part: "y")
      return [.value(site.emit(Op.QuantizeLinear.self, [y, try site.value(6), try site.optional(7)]))]
    },
    ONNXOperator("QLinearMatMul") { (site) throws(ONNXRefusal) in
      let a = try site.float(of: 0, scale: 1, zero: 2, part: "a")
      let b = try site.float(of: 3, scale: 4, zero: 5, axis: 1, part: "b")
      let y = try site.product(a, b)
      return [.value(site.emit(Op.QuantizeLinear.self, [y, try site.value(6), try site.optional(7)]))]
    },
    ONNXOperator("ConvInteger") { (site) throws(ONNXRefusal) in
      let x = try site.whole(0, zero: 2, part: "x")
      let w = try site.whole(1, zero: 3, part: "w")
      let y = site.emit(Op.Conv.self, [x, w], try site.windowAttributes("group"), part: "sums")
      return [.value(site.emit(Op.Cast.self, [y], ["to": .string("i32")]))]
    },
    ONNXOperator("MatMulInteger") { (site) throws(ONNXRefusal) in
      let a = try site.whole(0, zero: 2, part: "a")
      let y = try site.product(a, try site.whole(1, zero: 3, part: "b"))
      return [.value(site.emit(Op.Cast.self, [y], ["to": .string("i32")]))]
    },
    ONNXOperator("DynamicQuantizeLinear") { (site) throws(ONNXRefusal) in
      let x = try site.value(0)
      let zero = site.constant(0, "zero")
      func flat(_ name: String, _ value: Value) -> Value {
        site.emit(Op.ReduceMax.self, [value], ["keepdims": .int(0)], part: name)
      }
      let largest = site.emit(Op.Max.self, [flat("largest", x), zero], part: "upper")
      let turned = flat("least", site.emit(Op.Neg.self, [x], part: "turned"))
      let least = site.emit(Op.Max.self, [turned, zero], part: "lower")
      let span = site.emit(Op.Add.self, [largest, least], part: "span")
      let scale = site.emit(Op.Div.self, [span, site.constant(255, "levels")], part: "scale")
      let place = site.emit(Op.Round.self, [site.emit(Op.Div.self, [least, scale], part: "place")], part: "rounded")
      let kept = site.emit(Op.Clip.self, [place], ["min": .float(0), "max": .float(255)], part: "kept")
      let point = site.emit(Op.Cast.self, [kept], ["to": .string("u8")], part: "point")
      return [.value(site.emit(Op.QuantizeLinear.self, [x, scale, point])), .value(scale), .value(point)]
    },
  ]
}

extension ONNXSite {
  fileprivate func requireWholeRows() throws(ONNXRefusal) {
    if int("block_size", 0) != 0 { throw ONNXRefusal("scales for blocks of an axis are not read") }
  }

  /// A zero point; nil where it is left out or 0 anyway, as that of a bias of 32 bits is.
  fileprivate func zeroPoint(_ index: Int) throws(ONNXRefusal) -> Value? {
    if let known = try known(index), known.here.ints?.allSatisfy({ $0 == 0 }) == true { return nil }
    return try optional(index)
  }

  /// Whole numbers as the floats that they stand for.
  fileprivate func float(
    of index: Int, scale: Int, zero: Int, axis: Int = 1, part: String
  ) throws(ONNXRefusal) -> Value {
    let operands = [try weight(index, .weight), try value(scale), try zeroPoint(zero)]
    return emit(Op.DequantizeLinear.self, trimmed(operands), ["axis": .int(axis)], part: part)
  }

  /// Whole numbers less their zero point, as floats.
  fileprivate func whole(_ index: Int, zero: Int, part: String) throws(ONNXRefusal) -> Value {
    let point = try zeroPoint(zero)
    var one = constant(1, "one")
    if let point, let count = try dims(of: point).here.first, (1...1 << 20).contains(count) {
      one = importer.constant("\(node.label)/ones", Tensor([Float](repeating: 1, count: count)))
    }
    let operands = [try weight(index, .weight), one, point]
    return emit(Op.DequantizeLinear.self, trimmed(operands), ["axis": .int(0)], part: part)
  }

  /// A bias in units of the product of both scales.
  fileprivate func bias(_ index: Int, x: Int, w: Int) throws(ONNXRefusal) -> Value {
    let unit = emit(Op.Mul.self, [try value(x), try value(w)], part: "unit")
    let number = emit(Op.Cast.self, [try value(index)], ["to": .string("f32")], part: "whole bias")
    return emit(Op.Mul.self, [number, unit], part: "bias")
  }
}
