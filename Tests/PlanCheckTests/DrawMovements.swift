import Fovea

extension Drawing {
  /// Some axes of a tensor, in any order, counted from the front or from the end.
  static func axes(_ rank: Int, _ dice: inout Dice) -> [Int] {
    let chosen = dice.shuffled(Array(0..<rank)).prefix(dice.int(1...max(rank, 1)))
    return chosen.map { dice.chance(0.2) ? $0 - rank : $0 }
  }

  static let reductions: [Drawing] = [
    Drawing(
      [Op.ReduceMean.self, Op.ReduceSum.self, Op.ReduceMax.self, Op.ReduceMin.self, Op.ReduceProd.self], weight: 3
    ) { sketch in
      let x = sketch.tensor(1...8)
      let ops: [any Operator.Type] = [
        Op.ReduceMean.self, Op.ReduceSum.self, Op.ReduceMax.self, Op.ReduceMin.self, Op.ReduceProd.self,
      ]
      var attributes: Attributes = ["keepdims": .int(sketch.dice.int(0...1))]
      if sketch.dice.chance(0.85) { attributes["axes"] = .ints(axes(sketch.rank(x), &sketch.dice)) }
      let op = sketch.dice.pick(ops)
      return sketch.emit(op, [x], attributes) != nil
    },
    Drawing([Op.ArgMax.self, Op.ArgMin.self, Op.Hardmax.self, Op.CumSum.self, Op.TopK.self]) { sketch in
      let x = sketch.tensor(1...5)
      let axis = sketch.dice.int(0...sketch.rank(x) - 1)
      switch sketch.dice.int(0...4) {
      case 0:
        return sketch.emit(Op.ArgMax.self, [x], ["axis": .int(axis), "keepdims": .int(sketch.dice.int(0...1))]) != nil
      case 1: return sketch.emit(Op.ArgMin.self, [x], ["axis": .int(axis)]) != nil
      case 2: return sketch.emit(Op.Hardmax.self, [x], ["axis": .int(axis)]) != nil
      case 3:
        return sketch.emit(
          Op.CumSum.self, [x],
          ["axis": .int(axis), "reverse": .int(sketch.dice.int(0...1)), "exclusive": .int(sketch.dice.int(0...1))])
          != nil
      default:
        let k = sketch.dice.int(1...sketch.shape(x)[axis])
        return sketch.emit(
          Op.TopK.self, [x], ["axis": .int(axis), "k": .int(k), "largest": .int(sketch.dice.int(0...1))]) != nil
      }
    },
    Drawing([Op.Softmax.self, Op.LogSoftmax.self], weight: 2) { sketch in
      let x = sketch.tensor(1...5)
      let axis: Attributes = ["axis": .int(sketch.dice.int(-1...sketch.rank(x) - 1))]
      return sketch.emit(sketch.dice.chance(0.6) ? Op.Softmax.self : Op.LogSoftmax.self, [x], axis) != nil
    },
    Drawing([Op.SquaredNorm.self, Op.ClipScale.self]) { sketch in
      guard let norm = sketch.emit(Op.SquaredNorm.self, [sketch.tensor()]) else { return false }
      return sketch.dice.chance(0.5)
        || sketch.emit(Op.ClipScale.self, norm, ["max_norm": .float(sketch.dice.number(0.5, 5))]) != nil
    },
  ]

  static let movements: [Drawing] = [
    Drawing([Op.Reshape.self, Op.Flatten.self, Op.ReshapeLike.self, Op.Squeeze.self, Op.Unsqueeze.self], weight: 2) {
      sketch in
      let x = sketch.tensor()
      let shape = sketch.shape(x)
      switch sketch.dice.int(0...4) {
      case 0: return sketch.emit(Op.Flatten.self, [x], ["axis": .int(sketch.dice.int(0...shape.count))]) != nil
      case 1:
        let axes = shape.indices.filter { shape[$0] == 1 && sketch.dice.chance(0.7) }
        return !axes.isEmpty && sketch.emit(Op.Squeeze.self, [x], ["axes": .ints(axes)]) != nil
      case 2:
        guard shape.count < 8 else { return false }
        return sketch.emit(Op.Unsqueeze.self, [x], ["axes": .ints([sketch.dice.int(0...shape.count)])]) != nil
      case 3:
        let count = shape.reduce(1, *)
        guard let like = sketch.existing(where: { own, _ in own.reduce(1, *) == count }) else { return false }
        return sketch.emit(Op.ReshapeLike.self, [x, like]) != nil
      default:
        // Two neighbours become one, or one axis two.
        guard shape.count > 1 else { return false }
        let at = sketch.dice.int(0...shape.count - 2)
        var wanted = Array(shape[..<at]) + [shape[at] * shape[at + 1]] + shape[(at + 2)...]
        if at > 0, sketch.dice.chance(0.5) { wanted[0] = 0 }
        if at > 0, sketch.dice.chance(0.3) { wanted[at] = -1 }
        return sketch.emit(Op.Reshape.self, [x], ["shape": .ints(wanted)]) != nil
      }
    },
    Drawing([Op.Transpose.self], weight: 1.5) { sketch in
      let x = sketch.tensor(1...7)
      let perm = sketch.dice.shuffled(Array(0..<sketch.rank(x)))
      return sketch.emit(Op.Transpose.self, [x], sketch.dice.chance(0.1) ? [:] : ["perm": .ints(perm)]) != nil
    },
    Drawing([Op.Concat.self], weight: 2) { sketch in
      let x = sketch.dice.chance(0.6) ? sketch.picture() : sketch.tensor(1...6)
      let axis = sketch.dice.chance(0.6) && sketch.rank(x) > 1 ? 1 : sketch.dice.int(0...sketch.rank(x) - 1)
      var parts = [x]
      for _ in 0..<sketch.dice.int(1...3) {
        var shape = sketch.shape(x)
        let other = sketch.existing(where: { own, _ in
          return own.count == shape.count && own.indices.allSatisfy { $0 == axis || own[$0] == shape[$0] }
        })
        if let other, sketch.dice.chance(0.7) {
          parts.append(other)
        } else {
          shape[axis] = axis == 1 ? sketch.channels() : sketch.dice.int(1...4)
          parts.append(sketch.leaf(shape))
        }
      }
      return sketch.emit(Op.Concat.self, sketch.dice.shuffled(parts), ["axis": .int(axis)]) != nil
    },
    Drawing([Op.Split.self]) { sketch in
      let x = sketch.tensor(1...5)
      let axis = sketch.dice.int(0...sketch.rank(x) - 1)
      let extent = sketch.shape(x)[axis]
      guard extent > 1 else { return false }
      let first = sketch.dice.int(1...extent - 1)
      let attributes: Attributes =
        sketch.dice.chance(0.5)
        ? ["axis": .int(axis), "split": .ints([first, extent - first])] : ["axis": .int(axis), "num_outputs": .int(2)]
      return sketch.emit(Op.Split.self, [x], attributes) != nil
    },
    Drawing([Op.Slice.self, Op.Pad.self], weight: 2) { sketch in
      let x = sketch.dice.chance(0.5) ? sketch.picture() : sketch.tensor(1...6)
      let shape = sketch.shape(x)
      if sketch.dice.chance(0.5) {
        let axes = shape.indices.filter { _ in sketch.dice.chance(0.5) }
        guard !axes.isEmpty else { return false }
        let starts = axes.map { sketch.dice.int(0...shape[$0] - 1) }
        let ends = zip(axes, starts).map { sketch.dice.int($1 + 1...shape[$0]) }
        let steps = axes.map { _ in sketch.dice.chance(0.7) ? 1 : 2 }
        return sketch.emit(
          Op.Slice.self, [x],
          ["axes": .ints(Array(axes)), "starts": .ints(starts), "ends": .ints(ends), "steps": .ints(steps)]) != nil
      }
      let mode = sketch.dice.pick(["constant", "constant", "reflect", "edge", "wrap"])
      let spatial = { (axis: Int) in axis >= 2 || shape.count < 3 }
      let pads = (0..<2 * shape.count).map {
        spatial($0 % shape.count) ? sketch.dice.int(mode == "constant" ? -1...2 : 0...2) : 0
      }
      return sketch.emit(
        Op.Pad.self, [x], ["pads": .ints(pads), "mode": .string(mode), "value": .float(sketch.dice.pick([0, 0.5]))])
        != nil
    },
    Drawing([Op.Expand.self, Op.BroadcastToShape.self, Op.SumToShape.self, Op.Tile.self], weight: 2) { sketch in
      let x = sketch.tensor(0...6)
      let shape = sketch.shape(x)
      switch sketch.dice.int(0...3) {
      case 0:
        let wide = shape.map { $0 == 1 && sketch.dice.chance(0.7) ? sketch.dice.int(1...5) : $0 }
        let more = shape.count < 7 && sketch.dice.chance(0.4) ? [sketch.dice.int(1...3)] : []
        return sketch.emit(Op.Expand.self, [x], ["shape": .ints(more + wide)]) != nil
      case 1:
        guard let like = sketch.existing(where: { own, _ in Drawing.repeats(shape, own) }) else { return false }
        return sketch.emit(Op.BroadcastToShape.self, [x, like]) != nil
      case 2:
        guard let like = sketch.existing(where: { own, _ in Drawing.repeats(own, shape) }) else { return false }
        return sketch.emit(Op.SumToShape.self, [x, like]) != nil
      default:
        let counts = shape.map { _ in sketch.dice.chance(0.7) ? 1 : sketch.dice.int(1...3) }
        return sketch.emit(Op.Tile.self, [x], ["repeats": .ints(counts)]) != nil
      }
    },
    Drawing([Op.DepthToSpace.self, Op.SpaceToDepth.self]) { sketch in
      let x = sketch.picture(1...2)
      let attributes: Attributes = ["blocksize": .int(2), "mode": .string(sketch.dice.pick(["DCR", "CRD"]))]
      return sketch.emit(sketch.dice.chance(0.5) ? Op.DepthToSpace.self : Op.SpaceToDepth.self, [x], attributes) != nil
    },
    Drawing([Op.Crop.self]) { sketch in
      let x = sketch.picture()
      let shape = sketch.shape(x)
      let like = sketch.existing(where: { own, _ in
        return own.count == shape.count && zip(own, shape).dropFirst(2).allSatisfy { $0 <= $1 }
      })
      return like.flatMap { sketch.emit(Op.Crop.self, [x, $0]) } != nil
    },
    Drawing([Op.Trilu.self]) { sketch in
      let x = sketch.tensor(2...5)
      return sketch.emit(
        Op.Trilu.self, [x], ["upper": .int(sketch.dice.int(0...1)), "k": .int(sketch.dice.int(-2...2))]) != nil
    },
  ]

  /// Whether a tensor of the shape `small` repeats to `full`.
  static func repeats(_ small: [Int], _ full: [Int]) -> Bool {
    small.count <= full.count && zip(small.reversed(), full.reversed()).allSatisfy { $0 == $1 || $0 == 1 }
  }
}
