import FoveaGraphs
import FoveaTensors

extension ONNXExport.Rules {
  typealias Rule = ONNXExport.Rule

  /// Operators that ONNX has under the same name with the same operands.
  static let elementwise: [(String, Rule)] =
    [
      ("Abs", 13), ("Add", 14), ("And", 7), ("Div", 14), ("Equal", 13), ("Exp", 13), ("Floor", 13), ("Greater", 13),
      ("GreaterOrEqual", 16), ("Less", 13), ("LessOrEqual", 16), ("Log", 13), ("Max", 13), ("Min", 13), ("Mul", 14),
      ("Neg", 13), ("Not", 1), ("Or", 7), ("Pow", 15), ("Relu", 14), ("Sigmoid", 13), ("Sign", 13), ("Softplus", 1),
      ("Sqrt", 13), ("Sub", 14), ("Tanh", 13), ("HardSwish", 14), ("Where", 16), ("Sin", 7), ("Cos", 7), ("Tan", 7),
      ("Asin", 7), ("Acos", 7), ("Atan", 7), ("Sinh", 9), ("Cosh", 9), ("Asinh", 9), ("Acosh", 9), ("Atanh", 9),
    ].map { name, since in (name, .same(name, since: since)) } + [
      (
        "Cast",
        .same("Cast", since: 13, remark: "numbers outside the type's bounds are kept within them by us alone") {
          ["to": .int(ONNXExport.number(of: Op.Cast.target($0.attributes) ?? .f32))]
        }
      )
    ]

  static let activations: [(String, Rule)] = [
    ("Elu", .same("Elu", since: 6) { ["alpha": .float(Op.Elu.alpha($0.attributes))] }),
    (
      "LeakyRelu",
      .same("LeakyRelu", since: 16) { ["alpha": .float($0.attributes.float("alpha", default: 0.01))] }
    ),
    (
      "HardSigmoid",
      .same("HardSigmoid", since: 6) {
        let (alpha, beta) = Op.HardSigmoid.line($0.attributes)
        return ["alpha": .float(alpha), "beta": .float(beta)]
      }
    ),
    (
      "Selu",
      .same("Selu", since: 6) {
        let (alpha, gamma) = Op.Selu.constants($0.attributes)
        return ["alpha": .float(alpha), "gamma": .float(gamma)]
      }
    ),
    ("Softmax", .same("Softmax", since: 13, axis)),
    ("LogSoftmax", .same("LogSoftmax", since: 13, axis)),
    (
      "Clip",
      Rule("Clip", since: 13, remark: "the bounds are operands; one that is infinite is left out") { piece in
        let (low, high) = Op.Clip.bounds(piece.attributes)
        piece.add(
          "Clip",
          [
            piece.input(0), low == -.infinity ? "" : piece.operandNumber("min", low),
            high == .infinity ? "" : piece.operandNumber("max", high),
          ])
      }
    ),
    (
      "PRelu",
      Rule("PRelu", since: 16, remark: "slopes [C] are written as [C, 1, 1], as they broadcast") { piece in
        let rank = piece.extents(0).count
        let isSingle = piece.site.inputShape(1).count == 1
        piece.add(
          "PRelu", [piece.input(0), isSingle ? piece.input(1) : piece.perChannel(1, rank: rank, part: "slope")])
      }
    ),
    (
      "Swish",
      Rule("Sigmoid", "Mul", since: 14, remark: "x·σ(alpha·x), with another Mul where alpha is not 1") { piece in
        let (x, alpha) = (piece.input(0), Op.Swish.alpha(piece.attributes))
        let steep = alpha == 1 ? x : piece.step("Mul", "steep", [x, piece.number("alpha", alpha)])
        piece.add("Mul", [x, piece.step("Sigmoid", "gate", [steep])])
      }
    ),
    (
      "Mish",
      Rule("Softplus", "Tanh", "Mul", since: 14, remark: "x·tanh(softplus(x))") { piece in
        let x = piece.input(0)
        piece.add("Mul", [x, piece.step("Tanh", "gate", [piece.step("Softplus", "softplus", [x])])])
      }
    ),
    (
      "Gelu",
      Rule(
        "Div", "Erf", "Add", "Mul", since: 14, remark: "x·(1 + erf(x/√2))·½, or by Tanh; its own operator is of set 20",
        write: gelu)
    ),
  ]

  @Sendable static func axis(_ site: NodeSite) -> [String: ONNXExport.AttributeValue] {
    ["axis": .int(site.attributes.int("axis", default: -1))]
  }

  /// ½·x·(1 + erf(x/√2)), or ½·x·(1 + tanh(√(2/π)·(x + 0.044715·x³))).
  @Sendable private static func gelu(_ piece: ONNXExport.Piece) {
    let x = piece.input(0)
    let share: String
    if Op.Gelu.isApproximate(piece.attributes) {
      let square = piece.step("Mul", "square", [x, x])
      let bend = piece.step("Mul", "bend", [square, piece.number("bend/factor", 0.044715)])
      let slope = piece.step("Add", "slope", [bend, piece.number("slope/one", 1)])
      let line = piece.step("Mul", "line", [x, piece.number("line/factor", 0.7978845608028654)])
      share = piece.step("Tanh", "tanh", [piece.step("Mul", "argument", [line, slope])])
    } else {
      share = piece.step("Erf", "erf", [piece.step("Div", "argument", [x, piece.number("root", 1.4142135623730951)])])
    }
    let double = piece.step("Mul", "double", [x, piece.step("Add", "share", [share, piece.number("one", 1)])])
    piece.add("Mul", [double, piece.number("half", 0.5)])
  }
}
