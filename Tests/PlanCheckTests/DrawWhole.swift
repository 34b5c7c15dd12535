import Fovea

extension Drawing {
  /// Whole numbers of a type: some there are, or a new leaf.
  private static func whole(_ dtype: DType, _ sketch: inout Sketch) -> Value {
    if sketch.dice.chance(0.5), let found = sketch.existing(dtype, where: { own, _ in own.count < 6 }) { return found }
    let fill = dtype == .u8 ? Fill.whole(0, 60) : .whole(-50, 50)
    let shape = sketch.extents(sketch.dice.int(0...4))
    return sketch.dice.chance(0.3) ? sketch.constant(shape, dtype, fill) : sketch.input(shape, dtype, fill)
  }

  /// Arithmetic, comparisons and reductions of whole numbers.
  static let wholes: [Drawing] = [
    Drawing(arithmeticOfWholes, weight: 2) { sketch in
      let dtype = sketch.dice.pick([DType.i64, .i32, .i8, .u8])
      let x = whole(dtype, &sketch)
      let shape = sketch.shape(x).map { sketch.dice.chance(0.25) ? 1 : $0 }
      let fill = dtype == .u8 ? Fill.whole(0, 9) : .whole(-9, 9)
      let other = sketch.existing(dtype, where: { own, _ in own == shape }) ?? sketch.input(shape, dtype, fill)
      let op = sketch.dice.pick(arithmeticOfWholes)
      return sketch.emit(op, sketch.dice.chance(0.3) ? [other, x] : [x, other]) != nil
    },
    Drawing([Op.ReduceSum.self, Op.ReduceMax.self, Op.ReduceMin.self, Op.ReduceProd.self, Op.ArgMax.self, Op.Neg.self])
    {
      sketch in
      let x = whole(sketch.dice.pick([.i64, .i32]), &sketch)
      guard sketch.rank(x) > 0 else { return sketch.emit(Op.Neg.self, [x]) != nil }
      let ops: [any Operator.Type] = [Op.ReduceSum.self, Op.ReduceMax.self, Op.ReduceMin.self, Op.ReduceProd.self]
      if sketch.dice.chance(0.2) { return sketch.emit(Op.ArgMax.self, [x], ["axis": .int(0)]) != nil }
      let op = sketch.dice.pick(ops)
      return sketch.emit(op, [x], ["axes": .ints(axes(sketch.rank(x), &sketch.dice))]) != nil
    },
    Drawing([Op.Cast.self]) { sketch in
      let x = whole(sketch.dice.pick([.i64, .i32, .i8, .u8]), &sketch)
      return sketch.emit(Op.Cast.self, [x], ["to": .string(sketch.dice.pick(["i64", "i32", "f32", "bool"]))]) != nil
    },
  ]

  private static let arithmeticOfWholes: [any Operator.Type] = [
    Op.Add.self, Op.Sub.self, Op.Mul.self, Op.Div.self, Op.Mod.self, Op.Max.self, Op.Min.self, Op.Equal.self,
    Op.Greater.self, Op.LessOrEqual.self,
  ]

  /// Recurrent layers and the functions of angles.
  static let recurrent: [Drawing] = [
    Drawing([Op.LSTM.self, Op.GRU.self, Op.RNN.self]) { sketch in
      let (steps, inputs, hidden) = (sketch.dice.int(1...5), sketch.dice.int(1...9), sketch.dice.int(1...7))
      let x = sketch.input([steps, sketch.batch, inputs])
      let direction = sketch.dice.pick(["forward", "reverse", "bidirectional"])
      let ways = direction == "bidirectional" ? 2 : 1
      let kind = sketch.dice.int(0...2)
      let ops: [any Operator.Type] = [Op.LSTM.self, Op.GRU.self, Op.RNN.self]
      let gates = [4, 3, 1][kind]
      var operands: [Value?] = [
        x, sketch.weight([ways, gates * hidden, inputs]), sketch.weight([ways, gates * hidden, hidden]),
      ]
      operands.append(sketch.dice.chance(0.7) ? sketch.weight([ways, 2 * gates * hidden], .bias) : nil)
      operands.append(
        sketch.dice.chance(0.3) ? sketch.input([sketch.batch], .i32, .whole(1, steps)) : nil)
      if sketch.dice.chance(0.5) { operands.append(sketch.input([ways, sketch.batch, hidden])) }
      var attributes: Attributes = ["hidden_size": .int(hidden), "direction": .string(direction)]
      if kind == 1 { attributes["linear_before_reset"] = .int(sketch.dice.int(0...1)) }
      return sketch.emit(ops[kind], operands, attributes) != nil
    },
    Drawing(angles, weight: 2) { sketch in
      let op = sketch.dice.pick(angles)
      // Not up to 1, where some of them are infinitely steep.
      let inside = sketch.constant([], .f32, .uniform(0.8, 0.9))
      guard let tanh = sketch.emit(Op.Tanh.self, [sketch.tensor()]),
        let bounded = sketch.emit(Op.Mul.self, [tanh[0], inside])
      else { return false }
      // Acosh begins at 1.
      guard op.name == Op.Acosh.name else { return sketch.emit(op, bounded) != nil }
      let shift = sketch.constant([], .f32, .uniform(2.2, 3))
      return sketch.emit(Op.Add.self, [bounded[0], shift]).flatMap { sketch.emit(op, $0) } != nil
    },
  ]

  private static let angles: [any Operator.Type] = [
    Op.Sin.self, Op.Cos.self, Op.Tan.self, Op.Asin.self, Op.Acos.self, Op.Atan.self, Op.Sinh.self, Op.Cosh.self,
    Op.Asinh.self, Op.Acosh.self, Op.Atanh.self,
  ]
}
