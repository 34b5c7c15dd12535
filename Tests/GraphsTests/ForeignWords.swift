import FoveaGraphs
import FoveaTensors

extension OperatorWords {
  /// One use of each operator that networks from elsewhere bring along.
  static var foreign: [Use] {
    let places = TensorType(.i64, [2, 2] as Shape)
    let truths = TensorType(.bool, [2, 3] as Shape)
    let pictures = f32(1, 2, 4, 4)
    return [
      (Op.ArgMin.self, [f32(2, 3)], [:]), (Op.Ceil.self, [f32(2, 3)], [:]), (Op.CumSum.self, [f32(2, 3)], [:]),
      (Op.Erf.self, [f32(2, 3)], [:]), (Op.GatherND.self, [f32(2, 3, 4), places], [:]),
      (Op.GatherNDBackward.self, [f32(2, 4), places, f32(2, 3, 4)], [:]),
      (Op.GridSample.self, [pictures, f32(1, 3, 3, 2)], [:]),
      (Op.GridSampleBackwardData.self, [f32(1, 2, 3, 3), f32(1, 3, 3, 2), pictures], [:]),
      (Op.GridSampleBackwardGrid.self, [f32(1, 2, 3, 3), f32(1, 3, 3, 2), pictures], [:]),
      (Op.Hardmax.self, [f32(2, 3)], [:]), (Op.MatMul.self, [f32(2, 3, 4), f32(4, 5)], [:]),
      (Op.Mod.self, [f32(2, 3), f32(3)], ["fmod": .int(1)]), (Op.ReduceMin.self, [f32(2, 3)], [:]),
      (Op.PadBackward.self, [f32(2, 5), f32(2, 3)], ["pads": .ints([0, 1, 0, 1]), "mode": .string("edge")]),
      (Op.ReduceProd.self, [f32(2, 3)], [:]), (Op.ReduceProdBackward.self, [f32(1, 1), f32(2, 3)], [:]),
      (Op.RoiAlign.self, [pictures, f32(3, 4), i32(3)], ["output_width": .int(2)]),
      (Op.RoiAlignBackward.self, [f32(3, 2, 1, 1), f32(3, 4), i32(3), pictures], [:]),
      (Op.Round.self, [f32(2, 3)], [:]), (Op.ScatterElements.self, [f32(2, 3), places, f32(2, 2)], [:]),
      (Op.ScatterND.self, [f32(2, 3, 4), places, f32(2, 4)], [:]), (Op.Trilu.self, [f32(3, 3)], [:]),
      (Op.Xor.self, [truths, truths], [:]),
      (Op.LSTM.self, [f32(5, 2, 3), f32(1, 16, 3), f32(1, 16, 4)], [:]),
      (Op.GRU.self, [f32(5, 2, 3), f32(1, 12, 3), f32(1, 12, 4)], [:]),
      (Op.RNN.self, [f32(5, 2, 3), f32(1, 4, 3), f32(1, 4, 4)], [:]),
    ] + trigonometry.map { ($0, [f32(2, 3)], [:]) }
  }

  private static var trigonometry: [any Operator.Type] {
    [
      Op.Sin.self, Op.Cos.self, Op.Tan.self, Op.Asin.self, Op.Acos.self, Op.Atan.self, Op.Sinh.self, Op.Cosh.self,
      Op.Asinh.self, Op.Acosh.self, Op.Atanh.self,
    ]
  }
}
