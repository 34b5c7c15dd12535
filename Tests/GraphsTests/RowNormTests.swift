import FoveaGraphs
import FoveaTensors
import Testing

/// Layer, group and instance normalization.
struct RowNormTests {
  @Test func byHand() throws {
    // Mean 2.5, variance 1.25; each group of the same numbers.
    let x = doubles([1, 2, 3, 4, 5, 6, 7, 8], [1, 4, 2])
    let unit = [-1.5, -0.5, 0.5, 1.5].map { $0 / 1.25.squareRoot() }
    let exact: Attributes = ["num_groups": .int(2), "epsilon": .float(0)]
    let ones = doubles([1, 1, 1, 1], [4])
    let zeros = doubles([0, 0, 0, 0], [4])
    let grouped = try apply(Op.GroupNormalization.self, [x, ones, zeros], exact)
    #expect(difference(grouped[0].numbers, unit + unit) < 1e-14)
    #expect(grouped[1].numbers == [2.5, 6.5])
    let instance = try apply(Op.InstanceNormalization.self, [x, nil, nil], ["epsilon": .float(0)])[0]
    #expect(instance.numbers == [-1, 1, -1, 1, -1, 1, -1, 1])
    let rows = try apply(
      Op.LayerNormalization.self,
      [doubles([1, 2, 3, 4], [1, 4]), doubles([1, 2, 1, 2], [4]), doubles([0, 0, 5, 0], [4])], ["epsilon": .float(0)])[
        0]
    #expect(difference(rows.numbers, [unit[0], 2 * unit[1], unit[2] + 5, 2 * unit[3]]) < 1e-14)
  }

  /// Runs of indices that are normalized together, and each index' scale.
  private struct Runs {
    let runs: [[Int]]
    let scale: [Int]
    let scales: Int
  }

  private func layer(_ shape: [Int], _ axis: Int) -> Runs {
    let width = shape[axis...].reduce(1, *)
    let count = shape.reduce(1, *)
    return Runs(
      runs: (0..<(count / width)).map { run in Array((run * width)..<((run + 1) * width)) },
      scale: (0..<count).map { $0 % width }, scales: width)
  }

  private func groups(_ shape: [Int], _ groups: Int) -> Runs {
    var runs = [[Int]](repeating: [], count: shape[0] * groups)
    var scale: [Int] = []
    for (place, at) in indices(of: shape).enumerated() {
      runs[at[0] * groups + at[1] / (shape[1] / groups)].append(place)
      scale.append(at[1])
    }
    return Runs(runs: runs, scale: scale, scales: shape[1])
  }

  @Test(arguments: UInt64(1)...24)
  func agreesWithPlainLoops(seed: UInt64) throws {
    var draws = Draws(seed: seed)
    let groupCount = draws.int(1...3)
    let shape =
      [draws.int(1...3), groupCount * draws.int(1...3)] + (0..<draws.int(1...3)).map { _ in draws.int(1...4) }
    let axis = draws.int(0...(shape.count - 1))
    let epsilon = 0.01 + draws.uniform()
    let common: Attributes = ["epsilon": .float(epsilon)]
    var layerAttributes = common
    layerAttributes["axis"] = .int(draws.int(0...1) == 0 ? axis : axis - shape.count)
    var groupAttributes = common
    groupAttributes["num_groups"] = .int(groupCount)
    let cases: [(any Operator.Type, any Operator.Type, Attributes, Runs)] = [
      (Op.LayerNormalization.self, Op.LayerNormalizationBackward.self, layerAttributes, layer(shape, axis)),
      (Op.GroupNormalization.self, Op.GroupNormalizationBackward.self, groupAttributes, groups(shape, groupCount)),
      (Op.InstanceNormalization.self, Op.GroupNormalizationBackward.self, common, groups(shape, shape[1])),
    ]
    for (op, backward, attributes, runs) in cases {
      let words = "seed \(seed) \(op.name) \(shape) \(attributes.text)"
      let isLayer = op.name == "LayerNormalization"
      let affine = draws.int(0...2) > 0
      let vector = isLayer ? Shape(Array(shape[axis...])) : Shape([shape[1]])
      let x = draws.tensor(Shape(shape), scale: 2, offset: 1)
      let (scale, shift) = (draws.tensor(vector), draws.tensor(vector))
      let dy = draws.tensor(x.shape)
      var y = [Double](repeating: 0, count: x.count)
      var dx = y
      var dScale = [Double](repeating: 0, count: runs.scales)
      var dShift = dScale
      for run in runs.runs {
        let n = Double(run.count)
        let mean = run.reduce(0) { $0 + x.numbers[$1] } / n
        let variance = run.reduce(0) { $0 + (x.numbers[$1] - mean) * (x.numbers[$1] - mean) } / n
        let deviation = (variance + epsilon).squareRoot()
        func unit(_ i: Int) -> Double { (x.numbers[i] - mean) / deviation }
        func g(_ i: Int) -> Double { dy.numbers[i] * (affine ? scale.numbers[runs.scale[i]] : 1) }
        let sum = run.reduce(0) { $0 + g($1) } / n
        let product = run.reduce(0) { $0 + g($1) * unit($1) } / n
        for i in run {
          let s = runs.scale[i]
          y[i] = affine ? unit(i) * scale.numbers[s] + shift.numbers[s] : unit(i)
          dx[i] = (g(i) - sum - unit(i) * product) / deviation
          dScale[s] += dy.numbers[i] * unit(i)
          dShift[s] += dy.numbers[i]
        }
      }
      for (dtype, tolerance) in [(DType.f64, 1e-12), (.f32, 2e-5)] {
        func typed(_ tensor: Tensor) -> Tensor { tensor.converted(to: dtype) }
        let found = try apply(op, [typed(x)] + (affine ? [typed(scale), typed(shift)] : [nil, nil]), attributes)
        #expect(difference(found[0].numbers, y, least: 0.1) < tolerance, "\(words)")
        let back = try apply(
          backward, [typed(dy), typed(x), found[1], found[2]] + (affine ? [typed(scale)] : []), attributes)
        for (tensor, expected) in zip(back, [dx, dScale, dShift]) {
          #expect(difference(tensor.numbers, expected, least: 0.5) < tolerance, "\(words)")
        }
        #expect(back[1].shape == vector && back[2].shape == vector, "\(words)")
      }
    }
  }

  @Test func gradients() throws {
    var draws = Draws(seed: 8)
    let x = draws.tensor([3, 4, 2, 3])
    let vectors = [draws.tensor([4]), draws.tensor([4])]
    let all = [0, 1, 2]
    try checkGradient(
      Op.GroupNormalization.self, [x] + vectors, targets: all, ["num_groups": .int(2), "epsilon": .float(0.1)])
    try checkGradient(Op.InstanceNormalization.self, [x] + vectors, targets: all, ["epsilon": .float(0.1)])
    try checkGradient(Op.InstanceNormalization.self, [x], ["epsilon": .float(0.1)])
    try checkGradient(
      Op.LayerNormalization.self, [x, draws.tensor([2, 3]), draws.tensor([2, 3])], targets: all,
      ["axis": .int(2), "epsilon": .float(0.1)])
    try checkGradient(Op.LayerNormalization.self, [x], ["axis": .int(-3), "epsilon": .float(0.1)])
  }

  @Test func oneGroupPerChannelIsInstanceNormalization() throws {
    var draws = Draws(seed: 9)
    let operands = [draws.tensor([2, 6, 3, 2]), draws.tensor([6]), draws.tensor([6])]
    let a = try apply(Op.GroupNormalization.self, operands, ["num_groups": .int(6)])[0]
    #expect(a.numbers == (try apply(Op.InstanceNormalization.self, operands)[0].numbers))
    // One group is a layer norm over channels and places, but for the scales.
    let b = try apply(Op.GroupNormalization.self, [operands[0]], ["num_groups": .int(1)])[0]
    #expect(
      difference(b.numbers, try apply(Op.LayerNormalization.self, [operands[0]], ["axis": .int(1)])[0].numbers) < 1e-14)
  }

  @Test func shapesAndMistakes() {
    func said(_ op: any Operator.Type, _ operands: [TensorType?], _ attributes: Attributes = [:]) -> [String] {
      infer(op, operands, attributes).mistakes.map(\.problem)
    }
    #expect(
      infer(Op.LayerNormalization.self, [f32(nil, 4, 5), f32(5), f32(5)]).types
        == [f32(nil, 4, 5), f32(nil, 4, 1), f32(nil, 4, 1)])
    #expect(said(Op.LayerNormalization.self, [f32(2, 5), f32(4), f32(5)]) == ["Scale is [4], but [5] is needed"])
    #expect(said(Op.LayerNormalization.self, [f32(2, 5)], ["axis": .int(2)]).count == 1)
    #expect(said(Op.LayerNormalization.self, [f32(2, 5)], ["epsilon": .float(-1)]) == ["epsilon -1.0"])
    #expect(said(Op.GroupNormalization.self, [f32(2, 6, 4)]) == ["0 groups"])
    #expect(
      said(Op.GroupNormalization.self, [f32(2, 6, 4)], ["num_groups": .int(4)]) == [
        "6 channels do not split into 4 groups"
      ])
    #expect(said(Op.GroupNormalization.self, [f32(2, 6, 4), f32(5)], ["num_groups": .int(3)]).count == 1)
    #expect(said(Op.InstanceNormalization.self, [f32(2, 6)]) == ["X [2×6] has no spatial axes"])
    #expect(
      said(Op.GroupNormalizationBackward.self, [f32(2, 6, 4), f32(2, 6, 4), f32(2, 5), f32(2, 6), f32(6)]).count == 1)
    #expect(
      said(
        Op.LayerNormalizationBackward.self, [f32(2, 5), f32(2, 5), f32(2, 1), f32(2, 1), f32(5)], ["axis": .int(7)]
      )
      .count == 1)
  }
}
