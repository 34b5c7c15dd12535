import FoveaExecution
import FoveaGraphs
import FoveaLayers
import FoveaTensors

extension ONNXCase {
  static func norms() throws -> [ONNXCase] {
    let x = CaseOperand.input(drawn([2, 4, 5, 3]))
    let open = CaseOperand.input(drawn([2, 4, 5, 3]), open: [0, 2, 3])
    let half = CaseOperand.input(drawn([2, 4, 5, 3]), open: [0, 3])
    let scale = CaseOperand.parameter(positive([4]))
    let shift = CaseOperand.parameter(weights([4]))
    let mean = CaseOperand.parameter(weights([4], seed: 11))
    let variance = CaseOperand.parameter(positive([4], seed: 12))
    let last = CaseOperand.parameter(positive([3]))
    return [
      try ONNXCase(Op.BatchNormalization.self, [open, scale, shift, mean, variance], ["epsilon": .float(1e-3)]),
      try ONNXCase(
        Op.BatchNormFold.self,
        [
          .input(weights([4, 2, 3, 3]), open: []), .input(weights([4], seed: 2), open: []), scale, shift, mean,
          variance,
        ]),
      try ONNXCase(
        Op.BatchNormFold.self, "no-bias",
        [.input(weights([4, 2]), open: []), .missing, scale, shift, mean, variance]),
      try ONNXCase(Op.Dropout.self, [x], ["ratio": .float(0.25), "stream": .string("node")]),
      try ONNXCase(Op.GroupNormalization.self, [x, scale, shift], ["num_groups": .int(2)]),
      try ONNXCase(Op.GroupNormalization.self, "open", [open, scale, shift], ["num_groups": .int(2)]),
      try ONNXCase(Op.GroupNormalization.self, "half-open", [half, scale], ["num_groups": .int(4)]),
      try ONNXCase(Op.GroupNormalization.self, "plain", [x], ["num_groups": .int(1)]),
      try ONNXCase(
        Op.GroupNormalization.self, "rows", [.input(drawn([2, 4])), scale, shift], ["num_groups": .int(2)]),
      try ONNXCase(Op.InstanceNormalization.self, [open, scale, shift]),
      try ONNXCase(Op.InstanceNormalization.self, "plain", [open]),
      try ONNXCase(Op.LayerNormalization.self, [x, last, .parameter(weights([3]))]),
      try ONNXCase(Op.LayerNormalization.self, "no-shift", [x, last]),
      try ONNXCase(Op.LayerNormalization.self, "plain", [x], ["axis": .int(1)]),
      try ONNXCase(
        Op.LRN.self, [open], ["size": .int(3), "alpha": .float(0.5), "beta": .float(0.75), "bias": .float(2)]),
    ]
  }

  static func movement() throws -> [ONNXCase] {
    let x = CaseOperand.input(drawn([2, 4, 6, 9]))
    let open = CaseOperand.input(drawn([2, 4, 6, 9]), open: [0, 2, 3])
    let small = CaseOperand.input(drawn([1, 1, 3, 4]), open: [2, 3])
    let blocks = CaseOperand.input(drawn([2, 8, 4, 6]), open: [0, 2, 3])
    let pair: Attributes = ["blocksize": .int(2)]
    let crd: Attributes = ["blocksize": .int(2), "mode": .string("CRD")]
    return [
      try ONNXCase(Op.Concat.self, [x, .input(drawn([2, 1, 6, 9], seed: 2)), x]),
      try ONNXCase(Op.Flatten.self, [x]), try ONNXCase(Op.Flatten.self, "two", [x], ["axis": .int(2)]),
      try ONNXCase(Op.Reshape.self, [x], ["shape": .ints([0, 3, -1, 2])]),
      try ONNXCase(Op.Transpose.self, [x], ["perm": .ints([0, 2, 3, 1])]), try ONNXCase(Op.Transpose.self, "all", [x]),
      try ONNXCase(Op.Unsqueeze.self, [x], ["axes": .ints([1, -1])]),
      try ONNXCase(Op.Squeeze.self, [.input(drawn([2, 1, 3, 1]))], ["axes": .ints([1, -1])]),
      try ONNXCase(Op.Expand.self, [.input(drawn([2, 1, 3]))], ["shape": .ints([4, 1])]),
      try ONNXCase(Op.Tile.self, [.input(drawn([2, 3]))], ["repeats": .ints([1, 2])]),
      try ONNXCase(Op.Pad.self, [x], ["pads": .ints([0, 1, 0, 2, 0, 0, 3, -1])]),
      try ONNXCase(Op.Pad.self, "value", [x], ["pads": .ints([0, 0, 1, 1, 0, 0, 1, 1]), "value": .float(1.5)]),
      try ONNXCase(
        Op.Slice.self, [x],
        ["starts": .ints([1, -1]), "ends": .ints([-1, -6]), "axes": .ints([2, 3]), "steps": .ints([2, -1])]),
      try ONNXCase(Op.Slice.self, "plain", [x], ["starts": .ints([0, 1]), "ends": .ints([99, 3])]),
      try ONNXCase(Op.Split.self, [x], ["axis": .int(1), "split": .ints([1, 3])]),
      try ONNXCase(Op.Split.self, "equal", [x], ["axis": .int(-1), "num_outputs": .int(2)]),
      try ONNXCase(Op.Split.self, "open", [open], ["axis": .int(3), "num_outputs": .int(3)]),
      try ONNXCase(Op.ReshapeLike.self, [.input(drawn([2, 24]), open: [0]), .input(drawn([2, 4, 6]), open: [0])]),
      try ONNXCase(Op.BroadcastToShape.self, [.parameter(drawn([4, 1])), .input(drawn([2, 4, 6]), open: [0, 2])]),
      try ONNXCase(Op.Crop.self, [x, .input(drawn([1, 1, 3, 4]), open: [0])]),
      try ONNXCase(Op.Crop.self, "offset", [x, .input(drawn([1, 1, 3, 4]), open: [0])], ["offset": .ints([2, 5])]),
      try ONNXCase(Op.Crop.self, "open", [open, small]),
      try ONNXCase(Op.Crop.self, "open-offset", [open, small], ["offset": .ints([2, 5])]),
      try ONNXCase(Op.DepthToSpace.self, [blocks], pair), try ONNXCase(Op.DepthToSpace.self, "crd", [blocks], crd),
      try ONNXCase(Op.DepthToSpace.self, "line", [.input(drawn([2, 4, 5]), open: [0, 2])], pair),
      try ONNXCase(Op.DepthToSpace.self, "room", [.input(drawn([2, 8, 2, 3, 2]), open: [0, 2, 3, 4])], crd),
      try ONNXCase(Op.SpaceToDepth.self, [blocks], pair), try ONNXCase(Op.SpaceToDepth.self, "crd", [blocks], crd),
      try ONNXCase(Op.SpaceToDepth.self, "line", [.input(drawn([2, 4, 6]))], pair),
      try ONNXCase(Op.SpaceToDepth.self, "room", [.input(drawn([2, 3, 2, 4, 2]), open: [0, 2, 3, 4])], pair),
      try ONNXCase(Op.Resize.self, [open], ["scales": .floats([2, 1.5])]),
      try ONNXCase(
        Op.Resize.self, "linear", [open], ["scales": .ints([2, 3]), "mode": .string("linear")]),
      try ONNXCase(
        Op.Resize.self, "aligned", [x],
        [
          "sizes": .ints([11, 5]), "mode": .string("linear"),
          "coordinate_transformation_mode": .string("align_corners"),
        ]),
      try ONNXCase(
        Op.Resize.self, "floor", [x],
        [
          "sizes": .ints([5, 13]), "nearest_mode": .string("floor"),
          "coordinate_transformation_mode": .string("asymmetric"),
        ]),
      try ONNXCase(Op.Resize.self, "like", [open, small], ["mode": .string("linear")]),
      try ONNXCase(
        Op.Resize.self, "symmetric", [x],
        [
          "scales": .floats([1.3, 2.2]), "mode": .string("linear"),
          "coordinate_transformation_mode": .string("half_pixel_symmetric"),
        ]),
    ]
  }

  static func selection() throws -> [ONNXCase] {
    let x = CaseOperand.input(drawn([2, 5, 4]))
    return [
      try ONNXCase(Op.ArgMax.self, [x], ["axis": .int(1)]),
      try ONNXCase(
        Op.ArgMax.self, "last", [x], ["axis": .int(-1), "keepdims": .int(0), "select_last_index": .int(1)]),
      try ONNXCase(Op.Gather.self, [x, .input(places([3, 2], below: 5), open: [])], ["axis": .int(1)]),
      try ONNXCase(Op.GatherElements.self, [x, .input(places([2, 3, 4], below: 5))], ["axis": .int(1)]),
      try ONNXCase(Op.OneHot.self, [.input(places([2, 3], below: 4))], ["depth": .int(4)]),
      try ONNXCase(
        Op.OneHot.self, "short", [.input(places([2, 3], below: 4).converted(to: .i32))],
        ["depth": .int(4), "axis": .int(1), "values": .floats([-1, 2])]),
      try ONNXCase(Op.TopK.self, [x], ["k": .int(3), "axis": .int(1)]),
      try ONNXCase(Op.TopK.self, "smallest", [x], ["k": .int(2), "largest": .int(0)]),
      try ONNXCase(Op.YOLOGridDecode.self, [.input(drawn([2, 9 * 13]))], ["cells": .int(3), "classes": .int(3)]),
      try ONNXCase(
        Op.YOLOGridDecode.self, "paper", [.input(drawn([2, 4 * 7]))],
        ["cells": .int(2), "classes": .int(2), "boxes": .int(1), "layout": .string("paper"), "square_roots": .int(0)]),
    ]
  }

  static func others() throws -> [ONNXCase] {
    let x = CaseOperand.input(drawn([2, 5, 4]))
    let scores = CaseOperand.input(drawn([3, 5]))
    let whole = CaseOperand.input(places([3], below: 5).converted(to: .i32))
    let unit = CaseOperand.parameter(shaped([0.25] as [Float], .scalar))
    let units = CaseOperand.parameter(positive([5]))
    let signed = CaseOperand.parameter(shaped([3, -2, 0, 1, 5] as [Int8], [5]))
    func bytes<T: TensorScalar>(_ type: T.Type) -> CaseOperand where T: BinaryInteger {
      .input(shaped(places([2, 5, 4], below: 120).array(of: Int64.self).map { T($0) }, [2, 5, 4]))
    }
    return [
      try ONNXCase(
        Op.Gemm.self, [scores, .parameter(weights([4, 5])), .parameter(weights([4], seed: 2))], ["transB": .int(1)]),
      try ONNXCase(
        Op.Gemm.self, "scaled", [scores, .parameter(weights([3, 4]))],
        ["transA": .int(1), "alpha": .float(0.5), "beta": .float(2)]),
      try ONNXCase(Op.ReduceSum.self, [x], ["axes": .ints([1, -1])]),
      try ONNXCase(Op.ReduceSum.self, "all", [x], ["keepdims": .int(0)]),
      try ONNXCase(Op.ReduceMean.self, [x], ["axes": .ints([1]), "keepdims": .int(0)]),
      try ONNXCase(Op.ReduceMax.self, [x], ["axes": .ints([2])]), try ONNXCase(Op.SquaredNorm.self, [x]),
      try ONNXCase(Op.QuantizeLinear.self, [x, unit]),
      try ONNXCase(Op.QuantizeLinear.self, "axis", [x, units, signed]),
      try ONNXCase(Op.DequantizeLinear.self, [bytes(UInt8.self), unit]),
      try ONNXCase(Op.DequantizeLinear.self, "axis", [bytes(Int8.self), units, signed]),
      try ONNXCase(Op.SoftmaxCrossEntropyLoss.self, [scores, whole]),
      try ONNXCase(Op.MeanSquaredError.self, [scores, .input(drawn([3, 5], seed: 2))]),
      try ONNXCase(
        Op.MeanSquaredError.self, "sum", [scores, .input(drawn([3, 5], seed: 2))], ["reduction": .string("sum")]),
      try ONNXCase(
        Op.BinaryCrossEntropyWithLogits.self, [scores, .input(drawn([3, 5], seed: 2, from: 0, to: 1))]),
    ]
  }
}
