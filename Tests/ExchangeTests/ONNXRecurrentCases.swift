import FoveaExecution
import FoveaGraphs
import FoveaLayers
import FoveaTensors

extension ONNXCase {
  /// Layers that go through sequences, and resizings of all kinds.
  static func recurrent() throws -> [ONNXCase] {
    let x = CaseOperand.input(drawn([5, 3, 4]), open: [0, 1])
    let lengths = CaseOperand.input(shaped([5, 2, 4] as [Int32], [3]), open: [0])
    func state(_ ways: Int, _ seed: UInt32) -> CaseOperand {
      .input(drawn([ways, 3, 6], seed: seed, from: -1, to: 1), open: [1])
    }
    var cases: [ONNXCase] = []
    for (op, gates) in [(Op.LSTM.self as any Operator.Type, 4), (Op.GRU.self, 3), (Op.RNN.self, 1)] {
      for (direction, ways) in [("forward", 1), ("reverse", 1), ("bidirectional", 2)] {
        let direct: Attributes = ["direction": .string(direction), "hidden_size": .int(6)]
        let w = CaseOperand.parameter(weights([ways, gates * 6, 4]))
        let r = CaseOperand.parameter(weights([ways, gates * 6, 6], seed: 8))
        let b = CaseOperand.parameter(weights([ways, 2 * gates * 6], seed: 9))
        cases.append(try ONNXCase(op, direction, [x, w, r], direct))
        var operands = [x, w, r, b, lengths, state(ways, 12)]
        if gates == 4 { operands.append(state(ways, 13)) }
        cases.append(try ONNXCase(op, "\(direction)-all", operands, direct))
        var clipped = direct
        clipped["clip"] = .float(0.5)
        cases.append(try ONNXCase(op, "\(direction)-clip", [x, w, r, b], clipped))
        if gates == 3 {
          var linear = direct
          linear["linear_before_reset"] = .int(1)
          cases.append(try ONNXCase(op, "\(direction)-linear", operands, linear))
        }
        if gates == 4 {
          let peepholes = CaseOperand.parameter(weights([ways, 18], seed: 21))
          cases.append(try ONNXCase(op, "\(direction)-peepholes", operands + [peepholes], direct))
        }
      }
    }
    let (w, r) = (CaseOperand.parameter(weights([1, 6, 4])), CaseOperand.parameter(weights([1, 6, 6], seed: 8)))
    for name in ["Relu", "HardSigmoid", "Elu", "Softsign", "Softplus", "LeakyRelu", "ScaledTanh", "Affine"] {
      var attributes: Attributes = ["hidden_size": .int(6), "activations": .strings([name])]
      if ["Elu", "LeakyRelu", "ScaledTanh", "Affine", "HardSigmoid"].contains(name) {
        attributes["activation_alpha"] = .floats([0.25])
      }
      if ["ScaledTanh", "Affine", "HardSigmoid"].contains(name) { attributes["activation_beta"] = .floats([0.5]) }
      cases.append(try ONNXCase(Op.RNN.self, name, [x, w, r], attributes))
    }
    return cases
  }

  static func resizings() throws -> [ONNXCase] {
    let x = CaseOperand.input(drawn([2, 3, 6, 9]))
    func resized(_ name: String, _ attributes: Attributes) throws -> ONNXCase {
      try ONNXCase(Op.Resize.self, name, [x], attributes)
    }
    let (larger, smaller): ([Double], [Double]) = ([2, 1.5], [0.5, 0.75])
    return [
      try resized("cubic", ["scales": .floats(larger), "mode": .string("cubic")]),
      try resized("cubic-down", ["scales": .floats(smaller), "mode": .string("cubic")]),
      try resized(
        "cubic-aligned",
        [
          "sizes": .ints([11, 4]), "mode": .string("cubic"), "coordinate_transformation_mode": .string("align_corners"),
        ]),
      try resized(
        "cubic-inside",
        [
          "scales": .floats(larger), "mode": .string("cubic"), "cubic_coeff_a": .float(-0.5),
          "exclude_outside": .int(1),
        ]),
      try resized("antialias", ["scales": .floats(smaller), "mode": .string("linear"), "antialias": .int(1)]),
      try resized("antialias-cubic", ["sizes": .ints([4, 5]), "mode": .string("cubic"), "antialias": .int(1)]),
      try resized(
        "crop",
        [
          "sizes": .ints([5, 4]), "mode": .string("linear"),
          "coordinate_transformation_mode": .string("tf_crop_and_resize"), "roi": .floats([0.25, -0.25, 0.75, 1.25]),
          "extrapolation_value": .float(10),
        ]),
    ]
  }

  static func trigonometry() throws -> [ONNXCase] {
    let part = CaseOperand.input(drawn([2, 5, 4], from: -0.9, to: 0.9))
    let above = CaseOperand.input(drawn([2, 5, 4], from: 1, to: 4))
    let anywhere: [any Operator.Type] = [
      Op.Sin.self, Op.Cos.self, Op.Tan.self, Op.Asin.self, Op.Acos.self, Op.Atan.self, Op.Sinh.self, Op.Cosh.self,
      Op.Asinh.self, Op.Atanh.self,
    ]
    return try anywhere.map { try ONNXCase($0, [part]) } + [try ONNXCase(Op.Acosh.self, [above])]
  }

  /// Arithmetic of whole numbers.
  static func whole() throws -> [ONNXCase] {
    let a = CaseOperand.input(shaped([7, -7, 100, 0, -120, 5] as [Int32], [2, 3]))
    let b = CaseOperand.input(shaped([2, 3, -4] as [Int32], [3]), open: [])
    let pairs: [any Operator.Type] = [Op.Add.self, Op.Sub.self, Op.Mul.self, Op.Div.self, Op.Max.self, Op.Min.self]
    let rows: [any Operator.Type] = [Op.ReduceSum.self, Op.ReduceMax.self, Op.ReduceMin.self, Op.ReduceProd.self]
    return try pairs.map { try ONNXCase($0, "i32", [a, b]) }
      + rows.map {
        try ONNXCase($0, "i32", [a], ["axes": .ints([1])])
      } + [
        try ONNXCase(Op.MatMul.self, "i32", [a, .input(shaped([1, 2, 3] as [Int32], [3, 1]), open: [])]),
        try ONNXCase(
          Op.Pow.self, "whole", [.input(drawn([2, 3])), .input(shaped([2, 3, 0] as [Int64], [3]), open: [])]),
        try ONNXCase(
          Op.Pad.self, "i32", [a], ["pads": .ints([0, 1, 0, 2]), "value": .float(3)]),
        try ONNXCase(Op.TopK.self, "i32", [a], ["k": .int(2)]),
        try ONNXCase(Op.Clip.self, "i32", [a], ["min": .float(-10), "max": .float(6)]),
      ]
  }
}
