import FoveaGraphs
import FoveaTensors
import FoveaVision

extension ONNXExport.Rules {
  static let selection: [(String, Rule)] = [
    (
      "ArgMax",
      .same("ArgMax", since: 13) {
        [
          "axis": .int($0.attributes.int("axis", default: 0)),
          "keepdims": .int($0.attributes.int("keepdims", default: 1)),
          "select_last_index": .int($0.attributes.int("select_last_index", default: 0)),
        ]
      }
    ),
    ("Gather", gathering("Gather", since: 13)),
    ("GatherElements", gathering("GatherElements", since: 13)),
    (
      "OneHot",
      Rule("OneHot", since: 11, remark: "depth and values are operands") { piece in
        let a = piece.attributes
        let depth = a.int("depth", default: 1)
        let isShort = piece.site.inputs[0]?.dtype == .i32
        let to = piece.site.outputs[0].dtype
        piece.add(
          "OneHot",
          [
            piece.input(0),
            piece.constant("depth", isShort ? Tensor(scalar: Int32(clamping: depth)) : Tensor(scalar: Int64(depth))),
            piece.constant("values", Tensor(numbers(a, "values", default: [0, 1])).converted(to: to)),
          ], ["axis": .int(a.int("axis", default: -1))])
      }
    ),
    (
      "TopK",
      Rule("TopK", since: 11) { piece in
        piece.add(
          "TopK", [piece.input(0), piece.integers("k", [piece.attributes.int("k", default: 1)])],
          [
            "axis": .int(piece.attributes.int("axis", default: -1)),
            "largest": .int(piece.attributes.int("largest", default: 1)), "sorted": .int(1),
          ], outputs: piece.outputs)
      }
    ),
    (
      "YOLOGridDecode",
      Rule(
        "Gather", "Add", "Sub", "Mul", "Div", "Concat", since: 14, remark: "boxes and scores by plain arithmetic",
        write: yoloDecode)
    ),
  ]

  static let reductions: [(String, Rule)] = [
    (
      "Gemm",
      .same("Gemm", since: 13) { site in
        [
          "alpha": .float(site.attributes.float("alpha", default: 1)),
          "beta": .float(site.attributes.float("beta", default: 1)),
          "transA": .int(site.attributes.int("transA", default: 0)),
          "transB": .int(site.attributes.int("transB", default: 0)),
        ]
      }
    ),
    ("ReduceSum", Rule("ReduceSum", since: 13) { reduce($0, "ReduceSum", asOperand: true) }),
    ("ReduceMean", Rule("ReduceMean", since: 13) { reduce($0, "ReduceMean", asOperand: $0.opset >= 18) }),
    ("ReduceMax", Rule("ReduceMax", since: 13) { reduce($0, "ReduceMax", asOperand: $0.opset >= 18) }),
    (
      "SquaredNorm",
      Rule("Mul", "ReduceSum", since: 14) { piece in
        piece.add("ReduceSum", [piece.step("Mul", "squares", [piece.input(0), piece.input(0)])], ["keepdims": .int(0)])
      }
    ),
  ]

  static let quantized: [(String, Rule)] = [
    ("QuantizeLinear", .same("QuantizeLinear", since: 13, axisOfScales)),
    ("DequantizeLinear", .same("DequantizeLinear", since: 13, axisOfScales)),
  ]

  static let losses: [(String, Rule)] = [
    (
      "SoftmaxCrossEntropyLoss",
      first("SoftmaxCrossEntropyLoss", since: 13) {
        ["reduction": .string($0.attributes.string("reduction", default: "mean"))]
      }
    ),
    (
      "MeanSquaredError",
      Rule("Sub", "Mul", "ReduceMean", since: 14) { piece in
        let error = piece.step("Sub", "error", [piece.input(0), piece.input(1)])
        total(piece, of: piece.step("Mul", "squares", [error, error]))
      }
    ),
    (
      "BinaryCrossEntropyWithLogits",
      Rule(
        "Relu", "Mul", "Sub", "Abs", "Neg", "Softplus", "Add", "ReduceMean", since: 14,
        remark: "max(z, 0) − z·t + softplus(−|z|)"
      ) { piece in
        let (z, t) = (piece.input(0), piece.input(1))
        let line = piece.step(
          "Sub", "line", [piece.step("Relu", "positive", [z]), piece.step("Mul", "product", [z, t])])
        let size = piece.step("Neg", "negative", [piece.step("Abs", "size", [z])])
        total(piece, of: piece.step("Add", "losses", [line, piece.step("Softplus", "bend", [size])]))
      }
    ),
  ]

  private static func gathering(_ op: String, since: Int) -> Rule {
    .same(op, since: since, remark: "a place outside gives zeros here and an error elsewhere") {
      ["axis": .int($0.attributes.int("axis", default: 0))]
    }
  }

  /// Reductions take their axes as an operand from some operator set on.
  static func reduce(_ piece: Piece, _ op: String, asOperand: Bool) {
    let axes = piece.attributes.ints("axes", default: [])
    var values: Values = ["keepdims": .int(piece.attributes.int("keepdims", default: 1))]
    var inputs = [piece.input(0)]
    if !axes.isEmpty {
      if asOperand { inputs.append(piece.integers("axes", axes)) } else { values["axes"] = .ints(axes) }
    }
    piece.add(op, inputs, values)
  }

  /// The mean or the sum of all losses.
  private static func total(_ piece: Piece, of value: String) {
    let isSum = piece.attributes.string("reduction", default: "mean") == "sum"
    piece.add(isSum ? "ReduceSum" : "ReduceMean", [value], ["keepdims": .int(0)])
  }

  /// The axis of several scales; with a single one it says nothing and may not exist.
  @Sendable private static func axisOfScales(_ site: NodeSite) -> Values {
    site.inputShape(1).count > 1 ? ["axis": .int(site.attributes.int("axis", default: 1))] : [:]
  }

  /// A list of numbers, whether they were written as whole ones or not.
  static func numbers(_ attributes: Attributes, _ name: String, default value: [Double] = []) -> [Double] {
    if case .floats(let found)? = attributes[name] { return found }
    return attributes[name] == nil ? value : attributes.ints(name, default: []).map(Double.init)
  }

  /// Boxes [N, S·S·B, 4] and scores [N, C, S·S·B] from the numbers of each cell, which lists of places pick.
  @Sendable private static func yoloDecode(_ piece: Piece) {
    let a = piece.attributes
    let grid = YOLOGrid(
      cells: a.int("cells", default: 7), boxes: a.int("boxes", default: 2), classes: a.int("classes", default: 20),
      layout: YOLOGrid.Layout(rawValue: a.string("layout", default: "darknet")) ?? .darknet,
      givesRoots: a.flag("square_roots", default: true))
    let boxes = (0..<grid.boxCount).map { (cell: $0 / grid.boxes, box: $0 % grid.boxes) }
    func tensor<T: TensorScalar>(_ values: [T], _ shape: Shape) -> Tensor {
      let flat = Tensor(values)
      return (try? flat.reshaped(to: shape)) ?? flat
    }
    func picked(_ part: String, _ places: [Int], _ shape: Shape) -> String {
      let table = piece.constant("\(part)/places", tensor(places.map { Int64($0) }, shape))
      return piece.step("Gather", part, [piece.input(0), table], ["axis": .int(1)])
    }
    let pairs: Shape = [grid.boxCount, 2]
    let starts = boxes.map { grid.coordinates($0.cell, $0.box) }
    let corners = boxes.flatMap { [Double($0.cell % grid.cells), Double($0.cell / grid.cells)] }
    let inCell = picked("in-cell", starts.flatMap { [$0, $0 + 1] }, pairs)
    let inGrid = piece.step("Add", "in-grid", [inCell, piece.constant("cells", tensor(corners, pairs))])
    let centre = piece.step("Div", "centre", [inGrid, piece.number("count", Double(grid.cells))])
    var sides = picked("sides", starts.flatMap { [$0 + 2, $0 + 3] }, pairs)
    if grid.givesRoots { sides = piece.step("Mul", "squared", [sides, sides]) }
    let half = piece.step("Mul", "halves", [sides, piece.number("half", 0.5)])
    let first = piece.step("Sub", "left-top", [centre, half])
    piece.add("Concat", [first, piece.step("Add", "right-bottom", [centre, half])], ["axis": .int(2)])
    let chances = picked(
      "chances", (0..<grid.classes).flatMap { index in boxes.map { grid.probability($0.cell, index) } },
      [grid.classes, grid.boxCount])
    let sure = picked("confidences", boxes.map { grid.confidence($0.cell, $0.box) }, [1, grid.boxCount])
    piece.step("Mul", "scores", [chances, sure], output: piece.output(1))
  }
}
