import Fovea

/// Draws a node of one of some operators; false where it did not come about.
struct Drawing: Sendable {
  /// The operators it may add.
  let operators: [any Operator.Type]
  /// How often it is tried.
  let weight: Double
  let draw: @Sendable (inout Sketch) -> Bool

  init(_ operators: [any Operator.Type], weight: Double = 1, _ draw: @escaping @Sendable (inout Sketch) -> Bool) {
    self.operators = operators
    self.weight = weight
    self.draw = draw
  }

  static let all =
    pointwise + arithmetic + reductions + movements + selections + windows + products + others + wholes + recurrent
}

extension Drawing {
  private static func function(_ op: any Operator.Type, _ attributes: @escaping @Sendable (inout Dice) -> Attributes)
    -> Drawing
  {
    Drawing([op]) { sketch in
      let x = sketch.dice.chance(0.6) ? sketch.picture() : sketch.tensor()
      return sketch.emit(op, [x], attributes(&sketch.dice)) != nil
    }
  }

  /// Functions of one tensor that have no attributes.
  private static let bare: [any Operator.Type] = [
    Op.Abs.self, Op.Neg.self, Op.Exp.self, Op.Erf.self, Op.Sigmoid.self, Op.Tanh.self, Op.Softplus.self,
    Op.HardSwish.self, Op.Mish.self, Op.Ceil.self, Op.Floor.self, Op.Round.self, Op.Sign.self,
  ]

  /// Functions of one tensor.
  static let pointwise: [Drawing] =
    bare.map { op in function(op) { _ in [:] } }
    + [
      Drawing([Op.Relu.self], weight: 5) { sketch in
        let x = sketch.dice.chance(0.8) ? sketch.picture() : sketch.tensor()
        return sketch.emit(Op.Relu.self, [x]) != nil
      },
      function(Op.LeakyRelu.self) { dice in ["alpha": .float(dice.number(0.01, 0.5))] },
      function(Op.Elu.self) { dice in ["alpha": .float(dice.number(0.5, 1.5))] },
      function(Op.Selu.self) { _ in [:] },
      function(Op.HardSigmoid.self) { dice in ["alpha": .float(dice.number(0.1, 0.5))] },
      function(Op.Swish.self) { dice in ["alpha": .float(dice.number(0.5, 2))] },
      function(Op.Gelu.self) { dice in ["approximate": .string(dice.pick(["none", "tanh"]))] },
      function(Op.Clip.self) { dice in
        let low = dice.number(-1.5, 0.2)
        var bounds: Attributes = [:]
        if dice.chance(0.8) { bounds["min"] = .float(dice.chance(0.3) ? 0 : low) }
        if dice.chance(0.8) { bounds["max"] = .float(dice.chance(0.3) ? 6 : low + dice.number(0.1, 2)) }
        return bounds
      },
      // What is defined for positive numbers alone is given some.
      Drawing([Op.Sqrt.self, Op.Log.self, Op.Pow.self]) { sketch in
        let x = sketch.tensor()
        guard let positive = sketch.emit(sketch.dice.chance(0.5) ? Op.Softplus.self : Op.Sigmoid.self, [x]) else {
          return false
        }
        switch sketch.dice.int(0...2) {
        case 0: return sketch.emit(Op.Sqrt.self, positive) != nil
        case 1: return sketch.emit(Op.Log.self, positive) != nil
        default:
          let exponent = sketch.constant([], .f32, .uniform(-1, 3))
          return sketch.emit(Op.Pow.self, [positive[0], exponent]) != nil
        }
      },
      Drawing([Op.Dropout.self]) { sketch in
        let stream = "drop\(sketch.graph.values.count)"
        let x = sketch.tensor(1...5)
        return sketch.emit(
          Op.Dropout.self, [x], ["ratio": .float(sketch.dice.number(0.1, 0.6)), "stream": .string(stream)]) != nil
      },
      Drawing([Op.PRelu.self]) { sketch in
        let x = sketch.picture()
        let shape: [Int] = sketch.dice.pick([[], [1], [sketch.shape(x)[1]]])
        let slope = sketch.weight(shape, .other, .uniform(0.05, 0.4))
        return sketch.emit(Op.PRelu.self, [x, slope]) != nil
      },
      Drawing([Op.Cast.self]) { sketch in
        if sketch.dice.chance(0.5), let whole = sketch.existing(sketch.dice.pick([.i32, .i64, .bool, .u8])) {
          return sketch.emit(Op.Cast.self, [whole], ["to": .string("f32")]) != nil
        }
        let to = sketch.dice.pick(["i32", "i64", "bool"])
        return sketch.emit(Op.Cast.self, [sketch.tensor()], ["to": .string(to)]) != nil
      },
    ]

  /// The second operand of arithmetic: of the same shape, one number, a number a channel, or any form that repeats.
  static func partner(of x: Value, _ sketch: inout Sketch, _ fill: Fill? = nil) -> Value {
    let shape = sketch.shape(x)
    switch sketch.dice.int(0...9) {
    case 0...3:
      if fill == nil, let same = sketch.existing(where: { own, _ in own == shape }) { return same }
      return sketch.leaf(shape, fill)
    case 4: return sketch.constant(sketch.dice.pick([[], [1], shape.map { _ in 1 }]), .f32, fill)
    case 5:
      guard shape.count > 2 else { return sketch.leaf([], fill) }
      let channels = [shape[1]] + shape.dropFirst(2).map { _ in 1 }
      return sketch.leaf(sketch.dice.chance(0.5) ? channels : [1] + channels, fill)
    case 6:
      guard shape.count > 2 else { return sketch.leaf([1], fill) }
      return sketch.leaf(Array(shape.prefix(2)) + shape.dropFirst(2).map { _ in 1 }, fill)
    default:
      // Some axes repeat, leading ones may be missing.
      let ones = shape.map { sketch.dice.chance(0.4) ? 1 : $0 }
      return sketch.leaf(Array(ones.suffix(sketch.dice.int(0...shape.count))), fill)
    }
  }

  private static func pair(_ op: any Operator.Type, weight: Double = 1, fill: Fill? = nil) -> Drawing {
    Drawing([op], weight: weight) { sketch in
      let x = sketch.dice.chance(0.5) ? sketch.picture() : sketch.tensor()
      // An operand that is used twice in one node.
      let y = fill == nil && sketch.dice.chance(0.1) ? x : partner(of: x, &sketch, fill)
      let turned = fill == nil && sketch.dice.chance(0.3)
      return sketch.emit(op, turned ? [y, x] : [x, y]) != nil
    }
  }

  /// Arithmetic, comparisons and truths.
  static let arithmetic: [Drawing] =
    [pair(Op.Add.self, weight: 4), pair(Op.Sub.self, weight: 2), pair(Op.Mul.self, weight: 3)]
    + [
      pair(Op.Div.self, fill: .uniform(0.5, 2)),
      Drawing([Op.Mod.self]) { sketch in
        let x = sketch.tensor()
        return sketch.emit(Op.Mod.self, [x, partner(of: x, &sketch, .uniform(0.6, 2))], ["fmod": .int(1)]) != nil
      },
      Drawing([Op.Max.self, Op.Min.self], weight: 2) { sketch in
        let x = sketch.tensor()
        var operands = [x]
        for _ in 0..<sketch.dice.int(0...2) { operands.append(partner(of: x, &sketch)) }
        return sketch.emit(sketch.dice.chance(0.5) ? Op.Max.self : Op.Min.self, operands) != nil
      },
      Drawing([
        Op.Equal.self, Op.Greater.self, Op.GreaterOrEqual.self, Op.Less.self, Op.LessOrEqual.self,
      ]) { sketch in
        let x = sketch.tensor()
        let ops: [any Operator.Type] = [
          Op.Equal.self, Op.Greater.self, Op.GreaterOrEqual.self, Op.Less.self, Op.LessOrEqual.self,
        ]
        let op = sketch.dice.pick(ops)
        return sketch.emit(op, [x, partner(of: x, &sketch)]) != nil
      },
      Drawing([Op.And.self, Op.Or.self, Op.Xor.self, Op.Not.self]) { sketch in
        let a = sketch.existing(.bool) ?? sketch.input(sketch.extents(2), .bool, .truth)
        if sketch.dice.chance(0.25) { return sketch.emit(Op.Not.self, [a]) != nil }
        let shape = sketch.shape(a)
        let b = sketch.existing(.bool, where: { own, _ in own == shape }) ?? a
        let ops: [any Operator.Type] = [Op.And.self, Op.Or.self, Op.Xor.self]
        let op = sketch.dice.pick(ops)
        return sketch.emit(op, [a, b]) != nil
      },
      Drawing([Op.Where.self], weight: 2) { sketch in
        let x = sketch.tensor()
        let shape = sketch.shape(x)
        let condition =
          sketch.existing(.bool, where: { own, _ in own == shape }) ?? sketch.input(shape, .bool, .truth)
        return sketch.emit(Op.Where.self, [condition, x, partner(of: x, &sketch)]) != nil
      },
    ]
}
