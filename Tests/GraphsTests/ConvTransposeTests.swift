import FoveaGraphs
import FoveaTensors
import Testing

/// A transposed convolution of random shape.
struct DeconvCase: CustomStringConvertible {
  let x: [Int]
  let w: [Int]
  let strides: [Int]
  let dilations: [Int]
  let pads: [Int]
  let extra: [Int]
  let groups: Int
  let output: [Int]

  init(seed: UInt64, channels: ClosedRange<Int> = 1...2) {
    var draws = Draws(seed: seed)
    let axes = draws.int(1...3)
    let groups = draws.int(1...3)
    let outPerGroup = draws.int(channels)
    let inPerGroup = draws.int(channels)
    var (strides, dilations, extra, kernel, extents): ([Int], [Int], [Int], [Int], [Int]) = ([], [], [], [], [])
    var (reach, before, after): ([Int], [Int], [Int]) = ([], [], [])
    for axis in 0..<axes {
      strides.append(draws.int(1...3))
      dilations.append(draws.int(1...2))
      extra.append(draws.int(0...(strides[axis] - 1)))
      kernel.append(draws.int(1...3))
      extents.append(draws.int(1...4))
      let span = dilations[axis] * (kernel[axis] - 1) + 1
      reach.append((extents[axis] - 1) * strides[axis] + span + extra[axis])
      // Cut off at most what leaves one place.
      before.append(draws.int(0...min(2, reach[axis] - 1)))
      after.append(draws.int(0...min(2, reach[axis] - 1 - before[axis])))
    }
    self.groups = groups
    self.strides = strides
    self.dilations = dilations
    self.extra = extra
    pads = before + after
    x = [draws.int(1...2), groups * inPerGroup] + extents
    w = [groups * inPerGroup, outPerGroup] + kernel
    output = [x[0], outPerGroup * groups] + (0..<axes).map { reach[$0] - before[$0] - after[$0] }
  }

  var attributes: Attributes {
    [
      "strides": .ints(strides), "pads": .ints(pads), "dilations": .ints(dilations), "group": .int(groups),
      "output_padding": .ints(extra),
    ]
  }
  var description: String { "x \(x) w \(w) \(attributes.text)" }

  /// Calls `body` with the positions of (x, w, y) of every product: each input paints the kernel around its place.
  func forEachProduct(_ body: (Int, Int, Int) -> Void) {
    let axes = x.count - 2
    let inPerGroup = x[1] / groups
    for from in indices(of: x) {
      for k in indices(of: Array(w.dropFirst())) {
        var at = [from[0], from[1] / inPerGroup * w[1] + k[0]]
        for axis in 0..<axes { at.append(from[axis + 2] * strides[axis] - pads[axis] + k[axis + 1] * dilations[axis]) }
        let inside = (0..<axes).allSatisfy { at[$0 + 2] >= 0 && at[$0 + 2] < output[$0 + 2] }
        if inside { body(offset(from, x), offset([from[1]] + k, w), offset(at, output)) }
      }
    }
  }
}

struct ConvTransposeTests {
  @Test func byHand() throws {
    // Each number paints 1, 2, 3 around its place, two apart; padding cuts the first off.
    let y = try apply(
      Op.ConvTranspose.self,
      [floats([1, 10, 100], [1, 1, 3]), floats([1, 2, 3], [1, 1, 3]), floats([0.5], [1])],
      ["strides": .ints([2]), "pads": .ints([1, 1]), "output_padding": .ints([1])])[0]
    #expect(y.numbers == [2.5, 13.5, 20.5, 130.5, 200.5, 300.5])
  }

  @Test(arguments: UInt64(1)...48)
  func agreesWithPlainLoops(seed: UInt64) throws {
    let c = DeconvCase(seed: seed)
    var draws = Draws(seed: seed &+ 900)
    let x = draws.tensor(Shape(c.x))
    let w = draws.tensor(Shape(c.w))
    let b = draws.tensor([c.output[1]])
    let plane = c.output.dropFirst(2).reduce(1, *)
    var y = (0..<c.output.reduce(1, *)).map { b.numbers[$0 / plane % c.output[1]] }
    let (xs, ws) = (x.numbers, w.numbers)
    c.forEachProduct { xAt, wAt, yAt in y[yAt] += xs[xAt] * ws[wAt] }
    for (dtype, tolerance) in [(DType.f64, 1e-13), (.f32, 2e-6)] {
      let found = try apply(Op.ConvTranspose.self, [x, w, b].map { $0.converted(to: dtype) }, c.attributes)[0]
      #expect(found.shape == Shape(c.output), "seed \(seed) \(c)")
      #expect(difference(found.numbers, y, least: 0.1) < tolerance, "seed \(seed) \(c)")
    }
    // The adjoint of the convolution with the same weights: ⟨A x, y⟩ = ⟨x, Aᵀ y⟩.
    let g = draws.tensor(Shape(c.output))
    let up = try apply(Op.ConvTranspose.self, [x, w], c.attributes)[0].numbers
    let down = try apply(Op.Conv.self, [g, w], c.attributes)[0].numbers
    let left = zip(up, g.numbers).map(*).reduce(0, +)
    let right = zip(xs, down).map(*).reduce(0, +)
    #expect(abs(left - right) < 1e-11, "seed \(seed) \(c)")
  }

  @Test(arguments: UInt64(1)...8)
  func gradient(seed: UInt64) throws {
    let c = DeconvCase(seed: seed)
    var draws = Draws(seed: seed &+ 950)
    let x = draws.tensor(Shape([3] + c.x.dropFirst()))
    let operands = [x, draws.tensor(Shape(c.w)), draws.tensor([c.output[1]])]
    try checkGradient(Op.ConvTranspose.self, operands, targets: [0, 1, 2], c.attributes, seed: seed)
  }

  @Test func symbolicPaddingMultipliesTheSize() throws {
    for rule in ["SAME_UPPER", "SAME_LOWER"] {
      let attributes: Attributes = ["strides": .ints([2]), "auto_pad": .string(rule)]
      let y = try apply(
        Op.ConvTranspose.self, [floats([1, 10], [1, 1, 2]), floats([1, 2, 3], [1, 1, 3])], attributes)[0]
      #expect(y.numbers == (rule == "SAME_UPPER" ? [1, 2, 13, 20] : [2, 13, 20, 30]))
      var draws = Draws(seed: 1)
      try checkGradient(
        Op.ConvTranspose.self, [draws.tensor([3, 2, 4]), draws.tensor([2, 3, 3])], targets: [0, 1], attributes)
    }
  }

  @Test func mistakes() {
    func said(_ x: TensorType, _ w: TensorType, _ attributes: Attributes = [:], bias: TensorType? = nil) -> [String] {
      infer(Op.ConvTranspose.self, [x, w, bias], attributes).mistakes.map { "\($0.problem); \($0.mend)" }
    }
    #expect(
      said(f32(1, 3, 8), f32(2, 4, 3)) == [
        "the input has 3 channels, the weights [2×4×3] take 2; give weights that take 3 channels"
      ])
    #expect(
      said(f32(1, 3, 8), f32(3, 4, 3), ["group": .int(2)]) == [
        "3 input channels do not split into 2 groups; choose a number of groups that divides 3"
      ])
    #expect(
      said(f32(1, 3, 8), f32(3, 4, 3), ["output_padding": .ints([1])]) == [
        "output_padding [1] for strides [1]; give one number for each spatial axis, less than its stride"
      ])
    #expect(
      said(f32(1, 3, 1), f32(3, 4, 3), ["pads": .ints([2, 2])]) == [
        "a kernel of 3 over 1 inputs leaves nothing after the padding is cut off; pad less, or use a larger kernel"
      ])
    #expect(
      said(f32(1, 3, 8), f32(3, 4, 3), bias: f32(3)) == [
        "bias [3] for 4 output channels; give a bias of shape [4]"
      ])
    #expect(
      said(f32(1, 3, 8, 8), f32(3, 4, 3)) == [
        "X has 4 axes [1×3×8×8], but needs 3 (N×C×L); use the transposed convolution for 2 spatial axes, or reshape the input"
      ])
    #expect(said(f32(1, 3), f32(3, 4)).count == 1)
    #expect(
      said(f32(1, 3, 8), f32(3, 4, 3), ["output_shape": .ints([9])]) == [
        "output_shape is not supported; give pads and output_padding"
      ])
    #expect(
      said(f32(1, 3, 8), f32(3, 4, 3), ["strides": .ints([0])]) == [
        "stride 0 is less than 1; give a stride of at least 1"
      ])
    #expect(said(f32(1, 3, .max), f32(3, 4, 3)).count == 1)
    let (types, none) = infer(Op.ConvTranspose.self, [f32(nil, nil, nil, 4), f32(3, 4, 2, 2)], ["group": .int(3)])
    #expect(types == [f32(nil, 12, nil, 5)] && none.isEmpty)
  }

  @Test func fieldAndCost() throws {
    // Down by 2 and up again: kernel 4 stride 2 sees two of the smaller picture's places.
    var graph = Graph()
    let x = graph.addInput("input", f32(1, 1, 16))
    func weight(_ shape: Shape) -> Value {
      graph.addParameter(Parameter(path: "w", role: .weight, initializer: .constant(0)), TensorType(.f32, shape))
    }
    let down = graph.add(Op.Conv.self, [x, weight([2, 1, 3])], ["strides": .ints([2]), "pads": .ints([1, 1])])[0]
    let up = graph.add(
      Op.ConvTranspose.self, [down, weight([2, 5, 4])], ["strides": .ints([2]), "pads": .ints([1, 1])])[0]
    let fields = graph.receptiveFields()
    func numbers(_ value: Value) -> [Int] {
      fields[value].map { [$0.axes[0].min, $0.axes[0].max, $0.axes[0].jump] } ?? []
    }
    #expect(numbers(down) == [3, 3, 2])
    #expect(numbers(up) == [5, 5, 1])
    #expect(graph.shape(up) == [1, 5, 16])
    #expect(graph.analysis().nodes[1].cost == Cost(multiplyAdds: 8 * 2 * 5 * 4))
  }
}
