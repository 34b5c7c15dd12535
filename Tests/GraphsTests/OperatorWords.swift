import FoveaGraphs
import FoveaTensors

/// One use of each operator, for tests that go through all of them.
enum OperatorWords {
  typealias Use = (op: any Operator.Type, operands: [TensorType?], attributes: Attributes)

  private static let pool: Attributes = ["kernel_shape": .ints([2])]
  private static let part: Attributes = ["starts": .ints([1]), "ends": .ints([3]), "axes": .ints([1])]
  static let long = TensorType(.i64, Shape.scalar)
  private static let places = TensorType(.i64, [2, 2] as Shape)

  static var further: [Use] {
    [
      (Op.AdamUpdate.self, [f32(5), f32(5), f32(5), f32(5), f32(), long], [:]),
      (Op.AdamWUpdate.self, [f32(5), f32(5), f32(5), f32(5), f32(), long], [:]),
      (Op.ArgMax.self, [f32(2, 3)], [:]), (Op.AveragePool.self, [f32(1, 2, 8)], pool),
      (Op.AveragePoolBackward.self, [f32(1, 2, 7), f32(1, 2, 8)], pool),
      (Op.BinaryCrossEntropyWithLogits.self, [f32(2, 3), f32(2, 3)], [:]),
      (Op.BinaryCrossEntropyWithLogitsBackward.self, [f32(), f32(2, 3), f32(2, 3)], [:]),
      (Op.Cast.self, [f32(2, 3)], ["to": .string("i32")]),
      (Op.ClipScale.self, [f32(), f32()], ["max_norm": .float(1)]),
      (Op.Concat.self, [f32(2, 3), f32(2, 4)], [:]), (Op.ConcatBackward.self, [f32(2, 7), f32(2, 3), f32(2, 4)], [:]),
      (Op.ConvTranspose.self, [f32(1, 2, 6), f32(2, 1, 3), f32(1)], ["strides": .ints([2])]),
      (Op.QuantizeLinear.self, [f32(2, 3), f32(3), TensorType(.i8, [3] as Shape)], [:]),
      (Op.DequantizeLinear.self, [TensorType(.i8, [2, 3] as Shape), f32(3), TensorType(.i8, [3] as Shape)], [:]),
      (Op.Div.self, [f32(2, 3), f32(3)], [:]), (Op.Exp.self, [f32(2, 3)], [:]),
      (Op.Expand.self, [f32(3)], ["shape": .ints([2, 3])]), (Op.GlobalAveragePool.self, [f32(1, 2, 8, 8)], [:]),
      (Op.GlobalAveragePoolBackward.self, [f32(1, 2, 1, 1), f32(1, 2, 8, 8)], [:]),
      (Op.LeakyRelu.self, [f32(2, 3)], [:]), (Op.LeakyReluBackward.self, [f32(2, 3), f32(2, 3)], [:]),
      (Op.Log.self, [f32(2, 3)], [:]), (Op.LogSoftmax.self, [f32(2, 3)], [:]),
      (Op.LogSoftmaxBackward.self, [f32(2, 3), f32(2, 3)], [:]),
      (Op.MeanSquaredError.self, [f32(2, 3), f32(2, 3)], [:]),
      (Op.MeanSquaredErrorBackward.self, [f32(), f32(2, 3), f32(2, 3)], [:]), (Op.Neg.self, [f32(2, 3)], [:]),
      (Op.OneHot.self, [i32(4)], ["depth": .int(3)]), (Op.Pad.self, [f32(2, 3)], ["pads": .ints([0, 1, 0, 1])]),
      (Op.Pow.self, [f32(2, 3), f32()], [:]), (Op.PowBackward.self, [f32(2, 3), f32(2, 3), f32()], [:]),
      (Op.RMSpropUpdate.self, [f32(5), f32(5), f32(5), nil, f32()], [:]),
      (Op.Reshape.self, [f32(2, 6)], ["shape": .ints([0, 2, -1])]), (Op.Sigmoid.self, [f32(2, 3)], [:]),
      (Op.SigmoidBackward.self, [f32(2, 3), f32(2, 3)], [:]), (Op.Slice.self, [f32(2, 5)], part),
      (Op.SliceBackward.self, [f32(2, 2), f32(2, 5)], part),
      (Op.Split.self, [f32(5, 2)], ["num_outputs": .int(2)]), (Op.Sqrt.self, [f32(2, 3)], [:]),
      (Op.SquaredNorm.self, [f32(2, 3)], [:]), (Op.Sub.self, [f32(2, 3), f32(3)], [:]),
      (Op.Tanh.self, [f32(2, 3)], [:]), (Op.TanhBackward.self, [f32(2, 3), f32(2, 3)], [:]),
      (Op.TopK.self, [f32(2, 3)], ["k": .int(2)]), (Op.TopKBackward.self, [f32(2, 2), places, f32(2, 3)], [:]),
      (Op.Transpose.self, [f32(2, 3)], [:]),
      (Op.NonMaxSuppression.self, [f32(2, 9, 4), f32(2, 3, 9)], ["max_output_boxes_per_class": .int(5)]),
      (Op.YOLOGridDecode.self, [f32(2, 1470)], [:]),
      (Op.YOLOGridLoss.self, [f32(2, 1470), f32(2, 7, 7, 25)], [:]),
      (Op.YOLOGridLossBackward.self, [f32(), f32(2, 1470), f32(2, 7, 7, 25)], [:]),
    ] + activations + selections
  }

  private static var activations: [Use] {
    let forward: [any Operator.Type] = [
      Op.Abs.self, Op.Clip.self, Op.Elu.self, Op.Floor.self, Op.Gelu.self, Op.HardSigmoid.self, Op.HardSwish.self,
      Op.Mish.self, Op.Selu.self, Op.Sign.self, Op.Softplus.self, Op.Swish.self,
    ]
    let backward: [any Operator.Type] = [
      Op.ClipBackward.self, Op.EluBackward.self, Op.GeluBackward.self, Op.HardSigmoidBackward.self,
      Op.HardSwishBackward.self, Op.MishBackward.self, Op.SeluBackward.self, Op.SwishBackward.self,
    ]
    return forward.map { ($0, [f32(2, 3)], [:]) } + backward.map { ($0, [f32(2, 3), f32(2, 3)], [:]) } + [
      (Op.PRelu.self, [f32(2, 3), f32(3)], [:]), (Op.PReluBackward.self, [f32(2, 3), f32(2, 3), f32(3)], [:]),
    ]
  }

  private static var selections: [Use] {
    let truth = TensorType(.bool, [2, 3] as Shape)
    let size: Attributes = ["blocksize": .int(2)]
    let relations: [any Operator.Type] = [
      Op.Equal.self, Op.Greater.self, Op.GreaterOrEqual.self, Op.Less.self, Op.LessOrEqual.self, Op.Max.self,
      Op.Min.self,
    ]
    return relations.map { ($0, [f32(2, 3), f32(3)], [:]) } + [
      (Op.And.self, [truth, truth], [:]), (Op.Or.self, [truth, truth], [:]), (Op.Not.self, [truth], [:]),
      (Op.ExtremumBackward.self, [f32(2, 3), f32(2, 3), f32(2, 3), f32(3)], [:]),
      (Op.Where.self, [truth, f32(2, 3), f32(3)], [:]), (Op.Gather.self, [f32(2, 3), i32(4)], [:]),
      (Op.GatherBackward.self, [f32(4, 3), i32(4), f32(2, 3)], [:]),
      (Op.GatherElements.self, [f32(2, 3), i32(4, 3)], [:]),
      (Op.GatherElementsBackward.self, [f32(4, 3), i32(4, 3), f32(2, 3)], [:]),
      (Op.Tile.self, [f32(2, 3)], ["repeats": .ints([2, 2])]),
      (Op.TileBackward.self, [f32(4, 6), f32(2, 3)], ["repeats": .ints([2, 2])]),
      (Op.DepthToSpace.self, [f32(1, 8, 2, 2)], size), (Op.SpaceToDepth.self, [f32(1, 2, 4, 4)], size),
      (Op.Squeeze.self, [f32(2, 1)], ["axes": .ints([1])]), (Op.Unsqueeze.self, [f32(2)], ["axes": .ints([0])]),
    ]
  }
}
