import Fovea

extension Drawing {
  static let products: [Drawing] = [
    Drawing([Op.Gemm.self], weight: 4) { sketch in
      guard let x = matrix(&sketch) else { return false }
      let (rows, columns) = (sketch.shape(x)[0], sketch.shape(x)[1])
      let outputs = sketch.channels()
      let turnsA = sketch.dice.chance(0.1)
      let inner = turnsA ? rows : columns
      let turned = sketch.dice.chance(0.7)
      let w = sketch.weight(turned ? [outputs, inner] : [inner, outputs])
      var operands: [Value?] = [x, w]
      if sketch.dice.chance(0.7) {
        let form: [[Int]] = [
          [outputs], [outputs], [outputs], [1], [], [turnsA ? columns : rows, outputs], [1, outputs],
        ]
        operands.append(sketch.weight(sketch.dice.pick(form), .bias))
      }
      var attributes: Attributes = ["transA": .int(turnsA ? 1 : 0), "transB": .int(turned ? 1 : 0)]
      if sketch.dice.chance(0.15) { attributes["alpha"] = .float(sketch.dice.number(0.3, 2)) }
      if sketch.dice.chance(0.15) { attributes["beta"] = .float(sketch.dice.number(0.3, 2)) }
      guard let y = sketch.emit(Op.Gemm.self, operands, attributes) else { return false }
      if sketch.dice.chance(0.4) { sketch.emit(Op.Relu.self, [y[0]]) }
      return true
    },
    Drawing([Op.MatMul.self], weight: 2) { sketch in
      let a = sketch.tensor(1...4)
      let shape = sketch.shape(a)
      let inner = shape[shape.count - 1]
      let lead = shape.count > 2 && sketch.dice.chance(0.4) ? Array(shape.dropLast(2)) : []
      let other = sketch.existing(where: { own, _ in
        return own.count >= 2 && own[own.count - 2] == inner
      })
      let b = sketch.dice.chance(0.3) ? other : nil
      let w = b ?? sketch.weight(sketch.dice.chance(0.1) ? [inner] : lead + [inner, sketch.dice.int(1...20)])
      return sketch.emit(Op.MatMul.self, [a, w]) != nil
    },
    Drawing(
      [Op.LRN.self, Op.LayerNormalization.self, Op.GroupNormalization.self, Op.InstanceNormalization.self], weight: 2
    ) {
      sketch in
      let x = sketch.picture()
      let channels = sketch.shape(x)[1]
      let vectors: [Value?] =
        sketch.dice.chance(0.7)
        ? [
          sketch.weight([channels], .scale, .uniform(0.5, 1.5)),
          sketch.weight([channels], .shift, .normal(mean: 0, deviation: 0.3)),
        ] : []
      switch sketch.dice.int(0...3) {
      case 0:
        return sketch.emit(
          Op.LRN.self, [x], ["size": .int(sketch.dice.int(1...5)), "alpha": .float(sketch.dice.pick([1e-4, 0.5]))])
          != nil
      case 1:
        let y = sketch.tensor(1...4)
        let shape = sketch.shape(y)
        let axis = sketch.dice.int(0...shape.count - 1)
        let own = Array(shape[axis...])
        let operands: [Value?] =
          sketch.dice.chance(0.7)
          ? [
            sketch.weight(own, .scale, .uniform(0.5, 1.5)),
            sketch.weight(own, .shift, .normal(mean: 0, deviation: 0.3)),
          ]
          : []
        return sketch.emit(Op.LayerNormalization.self, [y] + operands, ["axis": .int(axis)]) != nil
      case 2:
        let groups = sketch.dice.pick((1...channels).filter { channels % $0 == 0 })
        return sketch.emit(Op.GroupNormalization.self, [x] + vectors, ["num_groups": .int(groups)]) != nil
      default: return sketch.emit(Op.InstanceNormalization.self, [x] + vectors) != nil
      }
    },
    // 8 bits: what goes in, weights and what comes out are whole numbers.
    Drawing([Op.QuantizeLinear.self, Op.DequantizeLinear.self], weight: 1.5) { sketch in
      let x = sketch.picture(2...2)
      guard let start = quantized(x, &sketch, isSigned: sketch.dice.chance(0.2)) else { return false }
      let (channels, outputs) = (sketch.shape(x)[1], sketch.channels())
      let side = sketch.dice.pick([1, 3])
      let w = sketch.weight([outputs, channels, side, side])
      let axis = sketch.dice.chance(0.6) ? 0 : nil
      guard let weights = quantized(w, &sketch, isSigned: true, axis: axis) else { return false }
      let bias: [Value?] = sketch.dice.chance(0.6) ? [sketch.weight([outputs], .bias)] : []
      let pads = [Int](repeating: side / 2, count: 4)
      guard let y = sketch.emit(Op.Conv.self, [start, weights] + bias, ["pads": .ints(pads)]) else { return true }
      var last = y[0]
      if sketch.dice.chance(0.6), let relu = sketch.emit(Op.Relu.self, y) { last = relu[0] }
      return sketch.dice.chance(0.2) || quantized(last, &sketch) != nil
    },
  ]

  /// A matrix: one there is, something flattened, or a new input.
  private static func matrix(_ sketch: inout Sketch) -> Value? {
    if sketch.dice.chance(0.4), let found = sketch.existing(where: { own, _ in own.count == 2 }) { return found }
    if sketch.dice.chance(0.7) {
      let x = sketch.picture()
      return sketch.emit(Op.Flatten.self, [x])?[0]
    }
    return sketch.input([sketch.batch, sketch.channels()], isBatched: true)
  }
}
