import FoveaGraphs
import FoveaTensors

extension ONNXExport.Rules {
  /// Operators that networks from elsewhere bring along.
  static let foreign: [(String, Rule)] =
    [("MatMul", 13), ("Ceil", 13), ("Round", 11), ("Erf", 13), ("Xor", 7)].map { name, since in
      (name, .same(name, since: since))
    } + [
      ("Hardmax", .same("Hardmax", since: 13, axis)),
      ("Mod", .same("Mod", since: 13) { ["fmod": .int($0.attributes.int("fmod", default: 0))] }),
      ("ReduceMin", Rule("ReduceMin", since: 13) { reduce($0, "ReduceMin", asOperand: $0.opset >= 18) }),
      ("ReduceProd", Rule("ReduceProd", since: 13) { reduce($0, "ReduceProd", asOperand: $0.opset >= 18) }),
      (
        "ArgMin",
        .same("ArgMin", since: 13) {
          [
            "axis": .int($0.attributes.int("axis", default: 0)),
            "keepdims": .int($0.attributes.int("keepdims", default: 1)),
            "select_last_index": .int($0.attributes.int("select_last_index", default: 0)),
          ]
        }
      ),
      (
        "CumSum",
        Rule("CumSum", since: 14) { piece in
          let axis = piece.integer("axis", piece.attributes.int("axis", default: 0))
          piece.add(
            "CumSum", [piece.input(0), axis],
            [
              "exclusive": .int(piece.attributes.int("exclusive", default: 0)),
              "reverse": .int(piece.attributes.int("reverse", default: 0)),
            ])
        }
      ),
      (
        "Trilu",
        Rule("Trilu", since: 14) { piece in
          let k = piece.integer("k", piece.attributes.int("k", default: 0))
          piece.add("Trilu", [piece.input(0), k], ["upper": .int(piece.attributes.int("upper", default: 1))])
        }
      ),
      (
        "ScatterElements",
        .same("ScatterElements", since: 16) {
          ["axis": .int($0.attributes.int("axis", default: 0)), "reduction": reduction($0)]
        }
      ),
      ("ScatterND", .same("ScatterND", since: 16) { ["reduction": reduction($0)] }),
      (
        "GatherND",
        .same("GatherND", since: 13) { ["batch_dims": .int($0.attributes.int("batch_dims", default: 0))] }
      ),
      (
        "GridSample",
        Rule("GridSample", since: 16, remark: "before set 20 the mode is called bilinear") { piece in
          let a = piece.attributes
          let isNearest = a.string("mode", default: "linear") == "nearest"
          piece.add(
            "GridSample", piece.inputs,
            [
              "mode": .string(isNearest ? "nearest" : piece.opset >= 20 ? "linear" : "bilinear"),
              "padding_mode": .string(a.string("padding_mode", default: "zeros")),
              "align_corners": .int(a.int("align_corners", default: 0)),
            ])
        }
      ),
      (
        "RoiAlign",
        Rule("RoiAlign", since: 16, remark: "numbers of pictures as i64") { piece in
          let a = piece.attributes
          let isShort = piece.site.inputs[2]?.dtype == .i32
          let pictures =
            isShort
            ? piece.step("Cast", "pictures", [piece.input(2)], ["to": .int(ONNXExport.number(of: .i64))])
            : piece.input(2)
          piece.add(
            "RoiAlign", [piece.input(0), piece.input(1), pictures],
            [
              "mode": .string("avg"), "output_height": .int(a.int("output_height", default: 1)),
              "output_width": .int(a.int("output_width", default: 1)),
              "sampling_ratio": .int(a.int("sampling_ratio", default: 0)),
              "spatial_scale": .float(a.float("spatial_scale", default: 1)),
              "coordinate_transformation_mode": .string(
                a.string("coordinate_transformation_mode", default: "half_pixel")),
            ])
        }
      ),
    ]

  private static func reduction(_ site: NodeSite) -> ONNXExport.AttributeValue {
    .string(site.attributes.string("reduction", default: "none"))
  }
}
