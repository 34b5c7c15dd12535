import FoveaGraphs
import FoveaTensors

extension ONNXExport.Rules {
  static let norms: [(String, Rule)] = [
    (
      "BatchNormalization",
      Rule(
        "BatchNormalization", since: 15,
        remark: "in the training form with the statistics after the step, of which ONNX takes the biased variance",
        write: batchNorm)
    ),
    (
      "BatchNormFold",
      Rule("Add", "Sqrt", "Div", "Mul", "Sub", since: 14, remark: "the norm's factor and shift by channel", write: fold)
    ),
    (
      "Dropout",
      Rule(
        "Dropout", since: 13,
        remark: "in the training form alone; whole maps or examples are dropped by a Dropout of ones of their extents",
        write: dropout)
    ),
    (
      "GroupNormalization",
      Rule(
        "Reshape", "InstanceNormalization", "Mul", "Add", since: 14,
        remark: "the groups as channels of an instance norm; its own operator is of set 21", write: groupNorm)
    ),
    (
      "InstanceNormalization",
      Rule("InstanceNormalization", since: 6, remark: "a missing scale as ones, a missing shift as zeros") { piece in
        let channels = piece.site.inputShape(0)[1]
        piece.add(
          "InstanceNormalization",
          [
            piece.input(0), piece.site.has(1) ? piece.input(1) : filled(piece, "scale", 1, [channels]),
            piece.site.has(2) ? piece.input(2) : filled(piece, "shift", 0, [channels]),
          ], ["epsilon": epsilon(piece)], outputs: [piece.output(0)])
      }
    ),
    (
      "LayerNormalization",
      Rule("LayerNormalization", since: 17, remark: "a missing scale as ones") { piece throws(Refused) in
        let rank = piece.extents(0).count
        let given = piece.attributes.int("axis", default: -1)
        let axis = given < 0 ? given + rank : given
        var scale = piece.input(1)
        if !piece.site.has(1) {
          let extents = piece.extents(0).dropFirst(axis).compactMap { $0 }
          guard extents.count == rank - axis else {
            throw Refused("it has no scale, and the extents of ones in its place are open; fix the input's size")
          }
          scale = filled(piece, "scale", 1, extents)
        }
        piece.add(
          "LayerNormalization", [piece.input(0), scale, piece.input(2)],
          ["axis": .int(given), "epsilon": epsilon(piece)], outputs: [piece.output(0)])
      }
    ),
    (
      "LRN",
      first("LRN", since: 13, remark: "ONNX Runtime runs odd sizes alone") {
        [
          "size": .int($0.attributes.int("size", default: 1)),
          "alpha": .float($0.attributes.float("alpha", default: 1e-4)),
          "beta": .float($0.attributes.float("beta", default: 0.75)),
          "bias": .float($0.attributes.float("bias", default: 1)),
        ]
      }
    ),
  ]

  private static func epsilon(_ piece: Piece) -> ONNXExport.AttributeValue {
    .float(piece.attributes.float("epsilon", default: 1e-5))
  }

  private static func filled(_ piece: Piece, _ part: String, _ value: Double, _ extents: [Int]) -> String {
    let shape = Shape(extents)
    let flat = Tensor([Double](repeating: value, count: shape.count))
    return piece.constant(part, (try? flat.reshaped(to: shape)) ?? flat)
  }

  @Sendable private static func batchNorm(_ piece: Piece) {
    let trains = piece.form == .training && !piece.attributes.flag("frozen")
    let values: Values = [
      "epsilon": epsilon(piece), "momentum": .float(piece.attributes.float("momentum", default: 0.9)),
      "training_mode": .int(trains ? 1 : 0),
    ]
    let statistics = trains ? [piece.further("running_mean"), piece.further("running_var")] : []
    piece.add("BatchNormalization", piece.inputs, values, outputs: [piece.output(0)] + statistics)
  }

  /// f = scale/√(var + epsilon), W′ = f·W, B′ = f·(bias − mean) + B.
  @Sendable private static func fold(_ piece: Piece) {
    let variance = piece.step(
      "Add", "variance", [piece.input(5), piece.number("epsilon", piece.attributes.float("epsilon", default: 1e-5))])
    let factor = piece.step("Div", "factor", [piece.input(2), piece.step("Sqrt", "deviation", [variance])])
    let rank = piece.site.inputShape(0).rank
    let spread =
      rank == 1
      ? factor : piece.step("Unsqueeze", "factors", [factor, piece.integers("axes", Array(1..<rank))])
    piece.add("Mul", [piece.input(0), spread])
    let centred =
      piece.site.has(1)
      ? piece.step("Sub", "centred", [piece.input(1), piece.input(4)]) : piece.step("Neg", "centred", [piece.input(4)])
    piece.step(
      "Add", "shift", [piece.step("Mul", "scaled", [factor, centred]), piece.input(3)], output: piece.output(1))
  }

  /// [N, C, …] as [N, groups, …] through an instance norm, then scaled and shifted by channel.
  @Sendable private static func groupNorm(_ piece: Piece) {
    let groups = piece.attributes.int("num_groups", default: 1)
    let x = piece.input(0)
    let rank = piece.extents(0).count
    let rows = piece.step("Reshape", "groups", [x, piece.integers("groups/shape", [0, groups, -1])])
    let normal = piece.step(
      "InstanceNormalization", "normal",
      [rows, filled(piece, "ones", 1, [groups]), filled(piece, "zeros", 0, [groups])], ["epsilon": epsilon(piece)])
    let shape = piece.reshape("shape", piece.extents(0), like: x)
    // The last of these steps bears the node's name.
    var rest: [(op: String, part: String, operand: String)] = [("Reshape", "whole", shape)]
    if piece.site.has(1) { rest.append(("Mul", "scaled", piece.perChannel(1, rank: rank, part: "scale"))) }
    if piece.site.has(2) { rest.append(("Add", "shifted", piece.perChannel(2, rank: rank, part: "shift"))) }
    var value = normal
    for (op, part, operand) in rest.dropLast() { value = piece.step(op, part, [value, operand]) }
    if let last = rest.last { piece.add(last.op, [value, last.operand], outputs: [piece.output(0)]) }
  }

  @Sendable private static func dropout(_ piece: Piece) {
    let x = piece.input(0)
    let operands = [
      piece.number("ratio", piece.attributes.float("ratio", default: 0.5)),
      piece.constant("training_mode", Tensor(scalar: true)),
    ]
    let rank = piece.extents(0).count
    let drawn = piece.attributes.int("drawn_axes", default: rank)
    guard drawn < rank else { return piece.add("Dropout", [x] + operands) }
    let lead = piece.step("Shape", "drawn", [x], ["start": .int(0), "end": .int(drawn)])
    let rest = piece.integers("rest", [Int](repeating: 1, count: rank - drawn))
    let shape = piece.step("Concat", "extents", [lead, rest], ["axis": .int(0)])
    let ones = piece.step("Expand", "ones", [piece.number("one", 1), shape])
    piece.add("Mul", [x, piece.step("Dropout", "mask", [ones] + operands)])
  }
}
