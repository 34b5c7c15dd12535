import FoveaGraphs
import FoveaTensors

extension OperatorWords {
  private static let pool: Attributes = ["kernel_shape": .ints([2])]
  private static let two: Attributes = ["kernel_shape": .ints([2]), "strides": .ints([2])]

  /// One use of each operator that moves, pools or normalizes maps.
  static var spatial: [Use] {
    let (x, half) = (f32(1, 2, 8), f32(1, 2, 4))
    let statistics = f32(1, 2)
    let doubled: Attributes = ["scales": .floats([2])]
    return [
      (Op.AdaptiveAveragePool.self, [x], ["output_size": .ints([3])]),
      (Op.AdaptiveAveragePoolBackward.self, [f32(1, 2, 3), x], ["output_size": .ints([3])]),
      (Op.Col2Im.self, [f32(1, 4, 7), x], pool), (Op.Crop.self, [x, half], [:]),
      (Op.CropBackward.self, [half, x], [:]), (Op.GlobalLpPool.self, [x], [:]),
      (Op.GlobalLpPoolBackward.self, [f32(1, 2, 1), x, f32(1, 2, 1)], [:]), (Op.GlobalMaxPool.self, [x], [:]),
      (Op.GroupNormalization.self, [x, f32(2), f32(2)], ["num_groups": .int(1)]),
      (Op.GroupNormalizationBackward.self, [x, x, statistics, statistics, f32(2)], [:]),
      (Op.Im2Col.self, [x], pool), (Op.InstanceNormalization.self, [x, f32(2), f32(2)], [:]),
      (Op.LRN.self, [x], ["size": .int(3)]), (Op.LRNBackward.self, [x, x, x], ["size": .int(3)]),
      (Op.LayerNormalization.self, [x, f32(8), f32(8)], [:]),
      (Op.LayerNormalizationBackward.self, [x, x, f32(1, 2, 1), f32(1, 2, 1), f32(8)], [:]),
      (Op.LocallyConnected.self, [x, f32(7, 3, 4), f32(3, 7)], pool),
      (Op.LocallyConnectedBackwardData.self, [f32(1, 3, 7), f32(7, 3, 4), x], pool),
      (Op.LocallyConnectedBackwardWeights.self, [x, f32(1, 3, 7), f32(7, 3, 4)], pool),
      (Op.LpPool.self, [x], pool), (Op.LpPoolBackward.self, [f32(1, 2, 7), x, f32(1, 2, 7)], pool),
      (Op.MaxPoolWithIndices.self, [x], two), (Op.MaxUnpool.self, [half, i32(1, 2, 4), x], [:]),
      (Op.MaxUnpoolBackward.self, [x, i32(1, 2, 4)], [:]), (Op.Resize.self, [x], doubled),
      (Op.ResizeBackward.self, [f32(1, 2, 16), x], doubled),
    ]
  }
}
