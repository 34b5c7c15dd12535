import FoveaGraphs
import FoveaTensors
import Testing

/// Windows as columns, windows with weights of their own, cuts, and the turned kernel.
struct WindowOperatorTests {
  private static func window(_ draws: inout Draws) -> (x: [Int], kernel: [Int], y: [Int], attributes: Attributes) {
    let axes = draws.int(1...3)
    let kernel = (0..<axes).map { _ in draws.int(1...3) }
    let strides = (0..<axes).map { _ in draws.int(1...3) }
    let dilations = (0..<axes).map { _ in draws.int(1...2) }
    let pads = (0..<(2 * axes)).map { _ in draws.int(0...3) }
    let span = zip(kernel, dilations).map { $1 * ($0 - 1) + 1 }
    let x = [draws.int(1...2), draws.int(1...3)] + span.map { $0 + draws.int(0...3) }
    let y = (0..<axes).map { (x[$0 + 2] + pads[$0] + pads[axes + $0] - span[$0]) / strides[$0] + 1 }
    return (
      x, kernel, y,
      [
        "kernel_shape": .ints(kernel), "strides": .ints(strides), "pads": .ints(pads), "dilations": .ints(dilations),
      ]
    )
  }

  @Test func byHand() throws {
    let x = doubles([1, 2, 3, 4], [1, 1, 4])
    let two: Attributes = ["kernel_shape": .ints([2])]
    let columns = try apply(Op.Im2Col.self, [x], two)[0]
    #expect(columns.shape == [1, 2, 3] && columns.numbers == [1, 2, 3, 2, 3, 4])
    let back = try apply(Op.Col2Im.self, [columns], ["kernel_shape": .ints([2]), "image_shape": .ints([4])])[0]
    #expect(back.numbers == [1, 4, 6, 4])
    let w = doubles([1, 0, 0, 1, 2, 2], [3, 1, 2])
    let bias = doubles([10, 20, 30], [1, 3])
    #expect(try apply(Op.LocallyConnected.self, [x, w, bias], two)[0].numbers == [11, 23, 44])
    let picture = doubles((0..<20).map(Double.init), [1, 1, 4, 5])
    let like = doubles([Double](repeating: 0, count: 4), [1, 1, 2, 2])
    #expect(try apply(Op.Crop.self, [picture, like])[0].numbers == [6, 7, 11, 12])
    #expect(try apply(Op.Crop.self, [picture, like], ["offset": .ints([2, 3])])[0].numbers == [13, 14, 18, 19])
    #expect(
      try apply(Op.CropBackward.self, [doubles([7], [1, 1, 1]), doubles([0, 0, 0], [1, 1, 3])])[0].numbers == [0, 7, 0])
  }

  /// The convolution with the same geometry is what columns and own weights are compared with.
  @Test(arguments: UInt64(1)...32)
  func aConvolutionIsAMatrixProductOfColumns(seed: UInt64) throws {
    var draws = Draws(seed: seed)
    let c = Self.window(&draws)
    let words = "seed \(seed) \(c.x) \(c.attributes.text)"
    var geometry = c.attributes
    geometry["kernel_shape"] = nil
    let outputs = draws.int(1...3)
    let taps = c.kernel.reduce(c.x[1], *)
    let places = c.y.reduce(1, *)
    let x = draws.tensor(Shape(c.x))
    let w = draws.tensor(Shape([outputs, c.x[1]] + c.kernel))
    let conv = try apply(Op.Conv.self, [x, w], geometry)[0]
    for (dtype, tolerance) in [(DType.f64, 1e-13), (.f32, 5e-6)] {
      let columns = try apply(Op.Im2Col.self, [x.converted(to: dtype)], c.attributes)[0]
      #expect(columns.shape == Shape([c.x[0], taps, places]), "\(words)")
      var product = [Double](repeating: 0, count: conv.count)
      for n in 0..<c.x[0] {
        for o in 0..<outputs {
          for t in 0..<taps {
            for p in 0..<places {
              product[(n * outputs + o) * places + p] +=
                w.numbers[o * taps + t] * columns.numbers[(n * taps + t) * places + p]
            }
          }
        }
      }
      #expect(difference(product, conv.numbers, least: 0.1) < tolerance, "\(words)")
      // ⟨columns(x), g⟩ = ⟨x, picture(g)⟩.
      let g = draws.tensor(columns.shape).converted(to: dtype)
      let back = try apply(Op.Col2Im.self, [g, x.converted(to: dtype)], c.attributes)[0]
      #expect(back.shape == x.shape, "\(words)")
      let left = zip(columns.numbers, g.numbers).reduce(0) { $0 + $1.0 * $1.1 }
      let right = zip(x.numbers, back.numbers).reduce(0) { $0 + $1.0 * $1.1 }
      #expect(abs(left - right) < 100 * tolerance, "\(words)")
      // The same weights everywhere, and a bias for each place.
      let shared = try Tensor(
        (0..<(places * outputs * taps)).map { w.numbers[$0 % (outputs * taps)] }, shape: [places, outputs, taps])
      let bias = draws.tensor(Shape([outputs] + c.y))
      let own = try apply(
        Op.LocallyConnected.self, [x, shared, bias].map { $0.converted(to: dtype) }, c.attributes)[0]
      let expected = conv.numbers.enumerated().map { $0.element + bias.numbers[$0.offset % bias.count] }
      #expect(own.shape == conv.shape && difference(own.numbers, expected, least: 0.1) < tolerance, "\(words)")
      // Weights of their own: each place is a convolution with that place's weights.
      let various = draws.tensor([places, outputs, taps])
      let found = try apply(Op.LocallyConnected.self, [x, various].map { $0.converted(to: dtype) }, c.attributes)[0]
      for p in 0..<places {
        let kernel = Array(various.numbers[(p * outputs * taps)..<((p + 1) * outputs * taps)])
        let one = try apply(Op.Conv.self, [x, doubles(kernel, w.shape)], geometry)[0]
        for plane in 0..<(c.x[0] * outputs) {
          let gap = abs(found.numbers[plane * places + p] - one.numbers[plane * places + p])
          #expect(gap < 10 * tolerance, "\(words)")
        }
      }
    }
  }

  @Test func gradients() throws {
    var draws = Draws(seed: 4)
    let geometry: Attributes = [
      "kernel_shape": .ints([2, 3]), "strides": .ints([2, 1]), "pads": .ints([1, 0, 0, 1]), "dilations": .ints([1, 2]),
    ]
    let x = draws.tensor([3, 2, 4, 6])
    try checkGradient(Op.Im2Col.self, [x], geometry)
    let columns = try apply(Op.Im2Col.self, [x], geometry)[0]
    try checkGradient(Op.Col2Im.self, [draws.tensor(columns.shape), x], batched: [0, 1], geometry)
    var fixed = geometry
    fixed["image_shape"] = .ints([4, 6])
    try checkGradient(Op.Col2Im.self, [draws.tensor(columns.shape)], fixed)
    try checkGradient(
      Op.LocallyConnected.self, [x, draws.tensor([6, 2, 12]), draws.tensor([2, 2, 3])], targets: [0, 1, 2], geometry)
    for attributes in [[:], ["offset": .ints([1, 0])]] as [Attributes] {
      let small = draws.tensor([3, 1, 2, 3])
      try checkGradient(Op.Crop.self, [x, small], batched: [0, 1], attributes)
      try checkGradient(Op.CropBackward.self, [draws.tensor([3, 2, 2, 3]), x], batched: [0, 1], attributes)
    }
  }

  @Test(arguments: UInt64(1)...16)
  func cutsAgreeWithPlainLoops(seed: UInt64) throws {
    var draws = Draws(seed: seed)
    let axes = draws.int(1...3)
    let y = [draws.int(1...2), draws.int(1...2)] + (0..<axes).map { _ in draws.int(1...3) }
    let x = Array(y.prefix(2)) + y.dropFirst(2).map { $0 + draws.int(0...3) }
    let isFree = draws.int(0...1) == 0
    let starts = (0..<axes).map { isFree ? (x[$0 + 2] - y[$0 + 2]) / 2 : draws.int(0...(x[$0 + 2] - y[$0 + 2])) }
    let input = draws.tensor(Shape(x))
    let expected = indices(of: y).map { at in
      input.numbers[offset(Array(at.prefix(2)) + (0..<axes).map { at[$0 + 2] + starts[$0] }, x)]
    }
    // Another batch and other channels do not matter.
    let like = draws.tensor(Shape([1, 5] + y.dropFirst(2)))
    let found = try apply(Op.Crop.self, [input, like], isFree ? [:] : ["offset": .ints(starts)])[0]
    #expect(found.shape == Shape(y) && found.numbers == expected, "seed \(seed) \(x) \(y) \(starts)")
  }

  @Test func theMathematiciansConvolution() throws {
    // W81: [1,2,3,4,5] ∗ [1,0,−1], every overlap.
    let turned = try apply(
      Op.Slice.self, [doubles([1, 0, -1], [1, 1, 3])],
      ["starts": .ints([-1]), "ends": .ints([-(1 << 31)]), "steps": .ints([-1]), "axes": .ints([2])])[0]
    let y = try apply(Op.Conv.self, [doubles([1, 2, 3, 4, 5], [1, 1, 5]), turned], ["pads": .ints([2, 2])])[0]
    #expect(y.numbers == [1, 2, 2, 2, 2, -4, -5])
  }

  @Test func shapesAndMistakes() {
    func said(_ op: any Operator.Type, _ operands: [TensorType?], _ attributes: Attributes = [:]) -> [String] {
      infer(op, operands, attributes).mistakes.map(\.problem)
    }
    let two: Attributes = ["kernel_shape": .ints([2])]
    #expect(infer(Op.Im2Col.self, [f32(nil, 3, 8)], two).types == [f32(nil, 6, 7)])
    #expect(infer(Op.Im2Col.self, [f32(nil, 3, nil)], two).types == [f32(nil, 6, nil)])
    #expect(said(Op.Im2Col.self, [f32(1, 3, 1)], two).count == 1)
    #expect(said(Op.Im2Col.self, [f32(1, 3, 8, 8)], two).count == 1)
    #expect(said(Op.Im2Col.self, [f32(1, 3, 8)]) == ["kernel_shape []"])
    #expect(said(Op.Col2Im.self, [f32(1, 5, 7), f32(1, 3, 8)], two) == ["5 rows for kernels of 2 taps"])
    #expect(said(Op.Col2Im.self, [f32(1, 6, 5), f32(1, 3, 8)], two) == ["5 columns for the 7 windows of [1×3×8]"])
    #expect(said(Op.Col2Im.self, [f32(1, 6, 5)], two) == ["a picture [] for a kernel [2]"])
    #expect(
      said(Op.LocallyConnected.self, [f32(1, 3, 9), f32(7, 2, 6)], two) == [
        "the weights [7×2×6] are for 7 places, the input [1×3×9] has 8"
      ])
    #expect(said(Op.LocallyConnected.self, [f32(1, 4, 8), f32(7, 2, 6)], two).count == 1)
    #expect(said(Op.LocallyConnected.self, [f32(1, 3, 8), f32(7, 2, 6), f32(2, 6)], two).count == 1)
    #expect(
      said(Op.Crop.self, [f32(1, 3, 4), f32(1, 3, 5)]) == ["[1×3×4] has no 5 places along axis 2, as [1×3×5] has"])
    #expect(said(Op.Crop.self, [f32(1, 3, 4), f32(1, 3, 3)], ["offset": .ints([2])]).count == 1)
    #expect(said(Op.Crop.self, [f32(1, 3, 4), f32(1, 3, 3)], ["offset": .ints([2, 2])]).count == 1)
    #expect(said(Op.Crop.self, [f32(1, 3, 4), f32(1, 3, 3)], ["offset": .ints([-1])]) == ["an offset of -1"])
    #expect(said(Op.Crop.self, [f32(1, 3, 4), f32(1, 3, 3, 3)]).count == 1)
    #expect(infer(Op.Crop.self, [f32(nil, 3, nil), f32(1, 9, 3)]).types == [f32(nil, 3, 3)])
  }
}
