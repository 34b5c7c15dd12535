import Fovea

extension Drawing {
  /// Windows for a picture: sizes, strides, padding and dilation.
  private static func window(
    _ shape: [Int], _ sketch: inout Sketch, largest: Int = 3, dilates: Bool = true
  ) -> (kernel: [Int], attributes: Attributes) {
    let axes = shape.count - 2
    let isSquare = sketch.dice.chance(0.6)
    let side = sketch.dice.pick([1, 2, 3, 3, largest])
    let kernel = (0..<axes).map { min(isSquare ? side : sketch.dice.int(1...largest), shape[$0 + 2] + 1) }
    var attributes: Attributes = [:]
    if sketch.dice.chance(0.6) {
      attributes["pads"] = .ints((0..<2 * axes).map { min(sketch.dice.int(0...1), kernel[$0 % axes] - 1) })
    } else if sketch.dice.chance(0.2) {
      attributes["auto_pad"] = .string(sketch.dice.pick(["SAME_UPPER", "SAME_LOWER", "VALID"]))
    } else if isSquare, sketch.dice.chance(0.7) {
      attributes["pads"] = .ints([Int](repeating: side / 2, count: 2 * axes))
    }
    if sketch.dice.chance(0.35) { attributes["strides"] = .ints((0..<axes).map { _ in sketch.dice.int(1...2) }) }
    if dilates, sketch.dice.chance(0.12) {
      attributes["dilations"] = .ints((0..<axes).map { _ in sketch.dice.int(1...2) })
    }
    return (kernel, attributes)
  }

  /// Numbers of groups that divide both.
  private static func groups(_ a: Int, _ b: Int, _ dice: inout Dice) -> Int {
    let common = (1...a).filter { a % $0 == 0 && b % $0 == 0 }
    return dice.chance(0.75) ? 1 : dice.pick(common)
  }

  static func convolution(_ sketch: inout Sketch, of picture: Value? = nil) -> Value? {
    let x = picture ?? sketch.picture()
    let shape = sketch.shape(x)
    let outputs = sketch.dice.chance(0.2) ? shape[1] : sketch.channels()
    var (kernel, attributes) = window(shape, &sketch)
    let groups = groups(shape[1], outputs, &sketch.dice)
    if groups > 1 { attributes["group"] = .int(groups) }
    let w = sketch.weight([outputs, shape[1] / groups] + kernel)
    let bias: [Value?] = sketch.dice.chance(0.6) ? [sketch.weight([outputs], .bias)] : []
    return sketch.emit(Op.Conv.self, [x, w] + bias, attributes)?[0]
  }

  private static func norm(_ sketch: inout Sketch, of x: Value) -> Bool {
    let channels = sketch.shape(x)[1]
    let scale = sketch.weight([channels], .scale, .uniform(0.5, 1.5))
    let shift = sketch.weight([channels], .shift, .normal(mean: 0, deviation: 0.3))
    let mean = sketch.state([channels], .normal(mean: 0, deviation: 0.3))
    let variance = sketch.state([channels], .uniform(0.5, 1.5))
    let frozen: Attributes = sketch.dice.chance(0.1) ? ["frozen": .int(1)] : [:]
    return sketch.emit(Op.BatchNormalization.self, [x, scale, shift, mean, variance], frozen) != nil
  }

  static let windows: [Drawing] = [
    Drawing([Op.Conv.self], weight: 10) { sketch in convolution(&sketch) != nil },
    // One weight that two convolutions read, one behind the other.
    Drawing([Op.Conv.self], weight: 3) { sketch in
      let x = sketch.picture(1...2)
      let shape = sketch.shape(x)
      let side = sketch.dice.pick([1, 3])
      let w = sketch.weight([shape[1], shape[1]] + shape.dropFirst(2).map { _ in side })
      let pads: Attributes = ["pads": .ints([Int](repeating: side / 2, count: 2 * (shape.count - 2)))]
      guard var y = sketch.emit(Op.Conv.self, [x, w], pads)?[0] else { return false }
      if sketch.dice.chance(0.4), let relu = sketch.emit(Op.Relu.self, [y]) { y = relu[0] }
      return sketch.emit(Op.Conv.self, [y, w], pads) != nil
    },
    Drawing([Op.BatchNormalization.self], weight: 4) { sketch in
      let x = sketch.picture()
      return norm(&sketch, of: x)
    },
    // What backends fuse: a convolution, a norm, a sum with a shortcut, an activation.
    Drawing([Op.Conv.self], weight: 4) { sketch in
      let x = sketch.picture(2...2)
      guard let y = convolution(&sketch, of: x) else { return false }
      if sketch.dice.chance(0.6), norm(&sketch, of: y) {}
      guard let last = sketch.graph.nodes.last?.outputs[0] else { return true }
      let shape = sketch.shape(last)
      if sketch.dice.chance(0.5) {
        let other =
          sketch.existing(where: { own, value in own == shape && value != last }) ?? partner(of: last, &sketch)
        sketch.emit(Op.Add.self, sketch.dice.chance(0.5) ? [last, other] : [other, last])
      }
      guard let sum = sketch.graph.nodes.last?.outputs[0] else { return true }
      let activations: [any Operator.Type] = [
        Op.Relu.self, Op.Relu.self, Op.LeakyRelu.self, Op.Sigmoid.self, Op.Tanh.self, Op.Elu.self, Op.Selu.self,
        Op.HardSigmoid.self, Op.HardSwish.self, Op.Swish.self, Op.Gelu.self, Op.Mish.self, Op.Softplus.self,
        Op.Abs.self,
      ]
      sketch.emit(sketch.dice.pick(activations), [sum])
      return true
    },
    Drawing([Op.ConvTranspose.self], weight: 2) { sketch in
      let x = sketch.picture(1...2)
      let shape = sketch.shape(x)
      let groups = groups(shape[1], shape[1], &sketch.dice)
      var (kernel, attributes) = window(shape, &sketch)
      if groups > 1 { attributes["group"] = .int(groups) }
      let each = sketch.dice.int(1...max(1, 20 / groups))
      let w = sketch.weight([shape[1], each] + kernel)
      let bias: [Value?] = sketch.dice.chance(0.5) ? [sketch.weight([each * groups], .bias)] : []
      return sketch.emit(Op.ConvTranspose.self, [x, w] + bias, attributes) != nil
    },
    Drawing([Op.MaxPool.self, Op.AveragePool.self, Op.LpPool.self], weight: 4) { sketch in
      let x = sketch.picture()
      var (kernel, attributes) = window(sketch.shape(x), &sketch)
      attributes["kernel_shape"] = .ints(kernel)
      if sketch.dice.chance(0.2) { attributes["ceil_mode"] = .int(1) }
      switch sketch.dice.int(0...4) {
      case 0...2: return sketch.emit(Op.MaxPool.self, [x], attributes) != nil
      case 3:
        attributes["count_include_pad"] = .int(sketch.dice.int(0...1))
        return sketch.emit(Op.AveragePool.self, [x], attributes) != nil
      default: return sketch.emit(Op.LpPool.self, [x], attributes) != nil
      }
    },
    Drawing([Op.MaxPoolWithIndices.self, Op.MaxUnpool.self]) { sketch in
      let x = sketch.picture(1...2)
      var (kernel, attributes) = window(sketch.shape(x), &sketch, dilates: false)
      attributes["kernel_shape"] = .ints(kernel)
      guard let pooled = sketch.emit(Op.MaxPoolWithIndices.self, [x], attributes) else { return false }
      if sketch.dice.chance(0.3) { sketch.emit(Op.Relu.self, [pooled[0]]) }
      return sketch.emit(Op.MaxUnpool.self, [pooled[0], pooled[1], x]) != nil
    },
    Drawing([Op.GlobalAveragePool.self, Op.GlobalMaxPool.self, Op.GlobalLpPool.self, Op.AdaptiveAveragePool.self]) {
      sketch in
      let x = sketch.picture()
      let axes = sketch.rank(x) - 2
      switch sketch.dice.int(0...3) {
      case 0: return sketch.emit(Op.GlobalAveragePool.self, [x]) != nil
      case 1: return sketch.emit(Op.GlobalMaxPool.self, [x]) != nil
      case 2: return sketch.emit(Op.GlobalLpPool.self, [x], ["p": .int(sketch.dice.int(1...3))]) != nil
      default:
        let size = (0..<axes).map { _ in sketch.dice.int(1...4) }
        return sketch.emit(Op.AdaptiveAveragePool.self, [x], ["output_size": .ints(size)]) != nil
      }
    },
    Drawing([Op.LocallyConnected.self]) { sketch in
      let x = sketch.picture(1...2)
      let shape = sketch.shape(x)
      var (kernel, attributes) = window(shape, &sketch, dilates: false)
      attributes["kernel_shape"] = .ints(kernel)
      // How many places there are, a pooling of these windows knows.
      var probe = sketch
      guard let pooled = probe.emit(Op.MaxPool.self, [x], attributes) else { return false }
      let places = probe.shape(pooled[0]).dropFirst(2).reduce(1, *)
      let (outputs, taps) = (sketch.dice.int(1...5), shape[1] * kernel.reduce(1, *))
      guard places * outputs * taps < Sketch.mostElements else { return false }
      let w = sketch.parameter([places, outputs, taps], .weight, .normal(mean: 0, deviation: 0.3))
      return sketch.emit(Op.LocallyConnected.self, [x, w], attributes) != nil
    },
    Drawing([Op.Im2Col.self, Op.Col2Im.self]) { sketch in
      let x = sketch.picture(1...2)
      var (kernel, attributes) = window(sketch.shape(x), &sketch)
      attributes["kernel_shape"] = .ints(kernel)
      guard let columns = sketch.emit(Op.Im2Col.self, [x], attributes) else { return false }
      return sketch.dice.chance(0.4) || sketch.emit(Op.Col2Im.self, [columns[0], x], attributes) != nil
    },
    Drawing([Op.Resize.self], weight: 2) { sketch in
      let x = sketch.picture()
      let shape = sketch.shape(x)
      var attributes: Attributes = [
        "mode": .string(sketch.dice.pick(["nearest", "linear", "linear", "cubic"])),
        "coordinate_transformation_mode": .string(
          sketch.dice.pick(["half_pixel", "pytorch_half_pixel", "align_corners", "asymmetric"])),
        "nearest_mode": .string(sketch.dice.pick(["round_prefer_floor", "round_prefer_ceil", "floor", "ceil"])),
      ]
      if sketch.dice.chance(0.15) { attributes["antialias"] = .int(1) }
      if sketch.dice.chance(0.5) {
        attributes["scales"] = .floats(shape.dropFirst(2).map { _ in sketch.dice.pick([0.5, 1, 1.5, 2, 2]) })
      } else {
        attributes["sizes"] = .ints(shape.dropFirst(2).map { sketch.dice.int(1...2 * $0) })
      }
      return sketch.emit(Op.Resize.self, [x], attributes) != nil
    },
  ]
}
