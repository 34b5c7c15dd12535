import Fovea

extension Drawing {
  /// Whole-number places below `bound`, as an input or a constant, i32 or i64.
  private static func places(_ shape: [Int], below bound: Int, _ sketch: inout Sketch) -> Value {
    let dtype = sketch.dice.pick([DType.i32, .i64])
    // Negative ones count from the end.
    let fill = sketch.dice.chance(0.3) ? Fill.whole(-bound, bound - 1) : .below(bound)
    return sketch.dice.chance(0.5) ? sketch.constant(shape, dtype, fill) : sketch.input(shape, dtype, fill)
  }

  static let selections: [Drawing] = [
    Drawing([Op.Gather.self]) { sketch in
      let x = sketch.tensor(1...5)
      let axis = sketch.dice.int(0...sketch.rank(x) - 1)
      let count = sketch.dice.int(0...2)
      let places = places(sketch.extents(count).map { min($0, 5) }, below: sketch.shape(x)[axis], &sketch)
      return sketch.emit(Op.Gather.self, [x, places], ["axis": .int(axis)]) != nil
    },
    Drawing([Op.GatherElements.self, Op.ScatterElements.self]) { sketch in
      let x = sketch.tensor(1...4)
      let shape = sketch.shape(x)
      let axis = sketch.dice.int(0...shape.count - 1)
      let own = shape.indices.map { $0 == axis ? sketch.dice.int(1...4) : sketch.dice.int(1...shape[$0]) }
      let places = places(own, below: shape[axis], &sketch)
      if sketch.dice.chance(0.5) {
        return sketch.emit(Op.GatherElements.self, [x, places], ["axis": .int(axis)]) != nil
      }
      return sketch.emit(
        Op.ScatterElements.self, [x, places, sketch.leaf(own)],
        ["axis": .int(axis), "reduction": .string(sketch.dice.pick(["none", "add"]))]) != nil
    },
    Drawing([Op.GatherND.self, Op.ScatterND.self]) { sketch in
      let x = sketch.tensor(1...4)
      let shape = sketch.shape(x)
      let depth = sketch.dice.int(1...shape.count)
      let rows = sketch.dice.int(1...4)
      let places = places([rows, depth], below: shape.prefix(depth).min() ?? 1, &sketch)
      if sketch.dice.chance(0.5) { return sketch.emit(Op.GatherND.self, [x, places]) != nil }
      return sketch.emit(
        Op.ScatterND.self, [x, places, sketch.leaf([rows] + shape.dropFirst(depth))],
        ["reduction": .string(sketch.dice.pick(["none", "add"]))]) != nil
    },
    Drawing([Op.OneHot.self]) { sketch in
      let places = sketch.existing(.i64) ?? places(sketch.extents(2), below: 5, &sketch)
      guard sketch.rank(places) < 5 else { return false }
      return sketch.emit(Op.OneHot.self, [places], ["depth": .int(sketch.dice.int(1...6)), "axis": .int(-1)]) != nil
    },
    Drawing([Op.GridSample.self]) { sketch in
      let x = sketch.picture(2...2)
      let size = [sketch.shape(x)[0], sketch.dice.int(1...5), sketch.dice.int(1...5), 2]
      let grid = sketch.leaf(size, .uniform(-1.3, 1.3))
      return sketch.emit(
        Op.GridSample.self, [x, grid],
        [
          "mode": .string(sketch.dice.pick(["linear", "nearest"])),
          "padding_mode": .string(sketch.dice.pick(["zeros", "border", "reflection"])),
          "align_corners": .int(sketch.dice.int(0...1)),
        ]) != nil
    },
    Drawing([Op.RoiAlign.self]) { sketch in
      let x = sketch.picture(2...2)
      let count = sketch.dice.int(1...3)
      let boxes = sketch.input([count, 4], .f32, .uniform(0, 6))
      let pictures = sketch.input([count], sketch.dice.pick([.i32, .i64]), .below(sketch.shape(x)[0]))
      return sketch.emit(
        Op.RoiAlign.self, [x, boxes, pictures],
        [
          "output_height": .int(sketch.dice.int(1...3)), "output_width": .int(sketch.dice.int(1...3)),
          "sampling_ratio": .int(sketch.dice.int(0...2)),
        ]) != nil
    },
    Drawing([Op.NonMaxSuppression.self], weight: 0.3) { sketch in
      let (count, classes) = (sketch.dice.int(1...8), sketch.dice.int(1...3))
      let boxes = sketch.input([sketch.batch, count, 4], .f32, .uniform(0, 5), isBatched: true)
      let scores = sketch.input([sketch.batch, classes, count], .f32, .uniform(0, 1), isBatched: true)
      return sketch.emit(
        Op.NonMaxSuppression.self, [boxes, scores],
        [
          "max_output_boxes_per_class": .int(sketch.dice.int(1...5)), "iou_threshold": .float(0.4),
          "score_threshold": .float(0.2), "center_point_box": .int(sketch.dice.int(0...1)),
        ]) != nil
    },
  ]

  /// Losses and what judges, which stand at the end of a graph.
  static let others: [Drawing] = [
    Drawing([Op.SoftmaxCrossEntropyLoss.self, Op.TopKCorrect.self], weight: 2) { sketch in
      let scores = sketch.tensor(2...4)
      var shape = sketch.shape(scores)
      let classes = shape.remove(at: 1)
      let labels = sketch.input(shape, .i32, .below(classes))
      if shape.count == 1, sketch.dice.chance(0.4) {
        return sketch.emit(Op.TopKCorrect.self, [scores, labels], ["k": .int(sketch.dice.int(1...classes))]) != nil
      }
      let reduction = sketch.dice.pick(["mean", "sum"])
      return sketch.emit(Op.SoftmaxCrossEntropyLoss.self, [scores, labels], ["reduction": .string(reduction)]) != nil
    },
    Drawing([Op.BinaryCrossEntropyWithLogits.self, Op.MeanSquaredError.self]) { sketch in
      let x = sketch.tensor()
      let target = sketch.leaf(sketch.shape(x), .uniform(0, 1))
      let reduction: Attributes = ["reduction": .string(sketch.dice.pick(["mean", "sum"]))]
      return sketch.emit(
        sketch.dice.chance(0.5) ? Op.BinaryCrossEntropyWithLogits.self : Op.MeanSquaredError.self, [x, target],
        reduction)
        != nil
    },
    Drawing([Op.YOLOGridDecode.self, Op.YOLOGridLoss.self], weight: 0.4) { sketch in
      let (cells, boxes, classes) = (sketch.dice.int(1...3), sketch.dice.int(1...2), sketch.dice.int(1...4))
      let row = cells * cells * (boxes * 5 + classes)
      let x = sketch.input([sketch.batch, row], .f32, .uniform(0.05, 0.95), isBatched: true)
      let grid: Attributes = [
        "cells": .int(cells), "boxes": .int(boxes), "classes": .int(classes),
        "layout": .string(sketch.dice.pick(["darknet", "paper"])),
      ]
      if sketch.dice.chance(0.5) { return sketch.emit(Op.YOLOGridDecode.self, [x], grid) != nil }
      let target = sketch.input([sketch.batch, cells, cells, 5 + classes], .f32, .uniform(0, 1), isBatched: true)
      return sketch.emit(Op.YOLOGridLoss.self, [x, target], grid) != nil
    },
    Drawing([Op.QuantizeLinear.self, Op.DequantizeLinear.self]) { sketch in
      let x = sketch.picture()
      return Drawing.quantized(x, &sketch) != nil
    },
  ]

  /// A value through 8 bits and back.
  static func quantized(_ x: Value, _ sketch: inout Sketch, isSigned: Bool? = nil, axis: Int? = nil) -> Value? {
    let signed = isSigned ?? sketch.dice.chance(0.5)
    let step = max(sketch.magnitude(x), 0.1) / 127
    let count = axis.map { [sketch.shape(x)[$0]] } ?? []
    let scale = sketch.constant(count, .f32, .uniform(step, axis == nil ? step : step * 1.5))
    let zero = sketch.constant(count, signed ? .i8 : .u8, signed ? .whole(0, 0) : .whole(0, axis == nil ? 128 : 0))
    let place: Attributes = axis.map { ["axis": .int($0)] } ?? [:]
    guard let whole = sketch.emit(Op.QuantizeLinear.self, [x, scale, zero], place) else { return nil }
    return sketch.emit(Op.DequantizeLinear.self, [whole[0], scale, zero], place)?[0]
  }
}
