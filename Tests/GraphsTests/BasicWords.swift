import FoveaGraphs
import FoveaTensors

extension OperatorWords {
  /// One use of every operator but the fused one, whose operands are its body's.
  static var all: [Use] { basic + further + spatial + foreign }

  /// One use of each operator of the first networks.
  static var basic: [Use] {
    let vector = f32(8)
    return [
      (Op.BatchNormalization.self, [f32(2, 8, 3, 3), vector, vector, vector, vector], ["training_mode": .int(1)]),
      (Op.Conv.self, [f32(1, 3, 8, 8), f32(8, 3, 3, 3), f32(8)], [:]),
      (Op.Dropout.self, [f32(4, 10), long, long], ["ratio": .float(0.2), "training_mode": .int(1)]),
      (Op.Gemm.self, [f32(8, 10), f32(10, 4), f32(4)], [:]),
      (Op.MaxPool.self, [f32(1, 2, 8)], ["kernel_shape": .ints([2])]),
      (Op.ReduceMean.self, [f32(2, 3)], [:]), (Op.SGDUpdate.self, [f32(5), f32(5), f32(5), f32(), f32()], [:]),
      (Op.SoftmaxCrossEntropyLoss.self, [f32(4, 10), i32(4)], [:]),
      (Op.Add.self, [f32(2, 3), f32(3)], [:]), (Op.Mul.self, [f32(2, 3), f32(3)], [:]),
      (Op.BatchNormFold.self, [f32(8, 3, 3, 3), nil, vector, vector, vector, vector], [:]),
      (Op.BatchNormalizationBackward.self, [f32(2, 8), f32(2, 8), vector, vector, vector], [:]),
      (Op.BroadcastToShape.self, [f32(3), f32(2, 3)], [:]), (Op.SumToShape.self, [f32(2, 3), f32(3)], [:]),
      (Op.ConvBackwardData.self, [f32(1, 2, 6), f32(2, 1, 3), f32(1, 1, 8)], [:]),
      (Op.ConvBackwardWeights.self, [f32(1, 1, 8), f32(1, 2, 6), f32(2, 1, 3)], [:]),
      (Op.Flatten.self, [f32(2, 3, 4)], [:]), (Op.ReshapeLike.self, [f32(2, 12), f32(2, 3, 4)], [:]),
      (Op.MaxPoolBackward.self, [f32(1, 1, 3), i32(1, 1, 3), f32(1, 1, 4)], ["kernel_shape": .ints([2])]),
      (Op.ReduceMax.self, [f32(2, 3)], [:]), (Op.ReduceSum.self, [f32(2, 3)], [:]),
      (Op.ReduceMaxBackward.self, [f32(1, 1), f32(2, 3), f32(1, 1)], [:]),
      (Op.ReduceMeanBackward.self, [f32(1, 1), f32(2, 3)], [:]),
      (Op.ReduceSumBackward.self, [f32(1, 1), f32(2, 3)], [:]),
      (Op.Relu.self, [f32(2, 3)], [:]), (Op.ReluBackward.self, [f32(2, 3), f32(2, 3)], [:]),
      (Op.Softmax.self, [f32(2, 3)], [:]), (Op.SoftmaxBackward.self, [f32(2, 3), f32(2, 3)], [:]),
      (Op.SoftmaxCrossEntropyLossBackward.self, [f32(), f32(2, 3), i32(2)], [:]),
      (Op.TopKCorrect.self, [f32(2, 3), i32(2)], [:]),
    ]
  }
}
