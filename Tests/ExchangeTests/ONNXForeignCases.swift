import FoveaExecution
import FoveaGraphs
import FoveaLayers
import FoveaTensors

extension ONNXCase {
  /// Operators that networks from elsewhere bring along.
  static func foreign() throws -> [ONNXCase] {
    let x = CaseOperand.input(drawn([2, 5, 4]))
    return [
      try ONNXCase(Op.MatMul.self, [x, .parameter(weights([4, 3]))]),
      try ONNXCase(Op.MatMul.self, "batches", [.input(drawn([2, 1, 3, 4])), .parameter(weights([5, 4, 2]))]),
      try ONNXCase(Op.MatMul.self, "column", [x, .parameter(weights([4]))]),
      try ONNXCase(Op.MatMul.self, "row", [.parameter(weights([5])), x]),
      try ONNXCase(Op.Ceil.self, [x]), try ONNXCase(Op.Erf.self, [x]),
      try ONNXCase(Op.Round.self, [.input(shaped([-2.5, -1.5, -0.5, 0.5, 1.5, 2.5, 0.75, -7.25] as [Float], [8]))]),
      try ONNXCase(Op.Xor.self, [.input(truths([2, 3])), .input(truths([2, 3], seed: 6))]),
      try ONNXCase(Op.Mod.self, [x, .parameter(positive([4]))], ["fmod": .int(1)]),
      try ONNXCase(
        Op.Mod.self, "whole",
        [.input(shaped([-7, 7, -7, 7, 0, 9] as [Int64], [6])), .input(shaped([3, -3, -3, 3, 5, 4] as [Int64], [6]))]),
      try ONNXCase(
        Op.Mod.self, "whole-fmod",
        [.input(shaped([-7, 7, -7, 7] as [Int32], [4])), .input(shaped([3, -3, -3, 3] as [Int32], [4]))],
        ["fmod": .int(1)]),
      try ONNXCase(Op.ReduceMin.self, [x], ["axes": .ints([1])]),
      try ONNXCase(Op.ReduceMin.self, "all", [x], ["keepdims": .int(0)]),
      try ONNXCase(Op.ReduceProd.self, [x], ["axes": .ints([-1]), "keepdims": .int(0)]),
      try ONNXCase(Op.ArgMin.self, [x], ["axis": .int(1)]),
      try ONNXCase(Op.ArgMin.self, "last", [x], ["axis": .int(2), "keepdims": .int(0), "select_last_index": .int(1)]),
      try ONNXCase(Op.CumSum.self, [x], ["axis": .int(1)]),
      try ONNXCase(Op.CumSum.self, "back", [x], ["axis": .int(-1), "exclusive": .int(1), "reverse": .int(1)]),
      try ONNXCase(Op.Hardmax.self, [x]), try ONNXCase(Op.Hardmax.self, "axis", [x], ["axis": .int(1)]),
      try ONNXCase(Op.Trilu.self, [x]), try ONNXCase(Op.Trilu.self, "lower", [x], ["upper": .int(0), "k": .int(-1)]),
    ] + (try places()) + (try rims())
  }

  private static func rims() throws -> [ONNXCase] {
    try ["edge", "reflect", "wrap"].map { mode in
      try ONNXCase(
        Op.Pad.self, mode, [.input(drawn([2, 3, 4, 5]))],
        ["pads": .ints([0, 1, 2, 3, 0, 0, 1, 2]), "mode": .string(mode)])
    }
  }

  private static func places() throws -> [ONNXCase] {
    let x = CaseOperand.input(drawn([2, 5, 4]))
    let rows = CaseOperand.input(shaped([0, 4, 1, -5, 1, 2] as [Int64], [3, 2]), open: [])
    let along = CaseOperand.input(shaped([4, 0, 1, 1, 2, 3, 3, 4] as [Int64], [1, 2, 4]), open: [])
    let pictures = CaseOperand.input(drawn([2, 3, 6, 5]))
    let grid = CaseOperand.input(drawn([2, 4, 3, 2], seed: 31, from: -1.5, to: 1.5))
    let boxes = CaseOperand.input(
      shaped([0.5, 1, 7, 9.5, 2, 0, 9, 4, -1, -2, 3, 12] as [Float], [3, 4]), open: [])
    let numbers = CaseOperand.input(shaped([0, 1, 0] as [Int64], [3]), open: [])
    var cases = [
      try ONNXCase(Op.GatherND.self, [x, rows]),
      try ONNXCase(
        Op.GatherND.self, "shared", [x, .input(shaped([3, 0, -1, 2] as [Int64], [2, 2, 1]), open: [])],
        ["batch_dims": .int(1)]),
      try ONNXCase(Op.ScatterND.self, [x, rows, .input(drawn([3, 4], seed: 2), open: [])]),
      try ONNXCase(
        Op.ScatterND.self, "add", [x, rows, .input(drawn([3, 4], seed: 2), open: [])], ["reduction": .string("add")]),
      try ONNXCase(
        Op.ScatterElements.self, [x, along, .input(drawn([1, 2, 4], seed: 2), open: [])], ["axis": .int(1)]),
      try ONNXCase(
        Op.ScatterElements.self, "add", [x, along, .input(drawn([1, 2, 4], seed: 2), open: [])],
        ["axis": .int(1), "reduction": .string("add")]),
      try ONNXCase(
        Op.RoiAlign.self, [pictures, boxes, numbers],
        ["output_height": .int(2), "output_width": .int(3), "spatial_scale": .float(0.5)]),
      try ONNXCase(
        Op.RoiAlign.self, "samples", [pictures, boxes, .input(shaped([0, 1, 0] as [Int32], [3]), open: [])],
        [
          "output_height": .int(2), "output_width": .int(2), "sampling_ratio": .int(2),
          "coordinate_transformation_mode": .string("output_half_pixel"),
        ]),
    ]
    for mode in ["linear", "nearest"] {
      for outside in ["zeros", "border", "reflection"] {
        for aligned in 0...1 {
          cases.append(
            try ONNXCase(
              Op.GridSample.self, "\(mode)-\(outside)-\(aligned)", [pictures, grid],
              ["mode": .string(mode), "padding_mode": .string(outside), "align_corners": .int(aligned)]))
        }
      }
    }
    return cases
  }
}
