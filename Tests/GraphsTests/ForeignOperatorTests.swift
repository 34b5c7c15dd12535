import FoveaGraphs
import FoveaTensors
import Testing

/// Operators that networks from elsewhere bring along; `ONNXForeignCases` holds them against ONNX Runtime.
@Suite struct ForeignOperatorTests {
  private func longs(_ values: [Int64], _ shape: Shape) throws -> Tensor { try Tensor(values, shape: shape) }

  @Test func rounding() throws {
    let x = doubles([-2.5, -1.5, -0.5, 0.5, 1.5, 2.5, 0.75, -7.25], [8])
    #expect(try apply(Op.Round.self, [x])[0].numbers == [-2, -2, 0, 0, 2, 2, 1, -7])
    #expect(try apply(Op.Ceil.self, [x])[0].numbers == [-2, -1, 0, 1, 2, 3, 1, -7])
    try checkGradient(Op.Round.self, [doubles([0.2, -1.4, 2.7], [3])])
    try checkGradient(Op.Ceil.self, [doubles([0.2, -1.4, 2.7], [3])])
  }

  /// From tables of the error function.
  @Test func errorFunction() throws {
    let x: [Double] = [0, 0.5, 1, -2, 1e-6, 30]
    let known = [0, 0.5204998778130465, 0.8427007929497149, -0.9953222650189527, 1.1283791670951364e-06, 1]
    let found = try apply(Op.Erf.self, [doubles(x, [6])])[0].numbers
    for (a, b) in zip(found, known) { #expect(abs(a - b) <= 1e-15 * abs(b)) }
    let single = try apply(Op.Erf.self, [floats(x, [6])])[0].numbers
    for (a, b) in zip(single, known) { #expect(abs(a - b) <= 2e-7 * abs(b)) }
    var draws = Draws(seed: 2)
    try checkGradient(Op.Erf.self, [draws.tensor([3, 4], scale: 2)])
  }

  @Test func rests() throws {
    let (a, b) = (try longs([-7, 7, -7, 7, 0, .min, 5], [7]), try longs([3, -3, -3, 3, 5, -1, 0], [7]))
    func rest(_ attributes: Attributes) throws -> [Int64] {
      try apply(Op.Mod.self, [a, b], attributes)[0].array(of: Int64.self)
    }
    #expect(try rest([:]) == [2, -2, -1, 1, 0, 0, 0])
    #expect(try rest(["fmod": .int(1)]) == [-1, 1, -1, 1, 0, 0, 0])
    let floats = try apply(
      Op.Mod.self, [doubles([-7, 7.5, 5.25], [3]), doubles([3, -2], [2, 1])], ["fmod": .int(1)])[0]
    #expect(floats.numbers == [-1, 1.5, 2.25, -1, 1.5, 1.25])
    #expect(infer(Op.Mod.self, [f32(3), f32(3)]).mistakes.count == 1)
    try checkGradient(
      Op.Mod.self, [doubles([-7.3, 7.5, 5.25], [3]), doubles([3, 2.2], [2, 1])], batched: [], targets: [0, 1],
      ["fmod": .int(1)])
  }

  @Test func exactlyOne() throws {
    let (a, b) = (Tensor([true, true, false, false]), Tensor([true, false, true, false]))
    #expect(try apply(Op.Xor.self, [a, b])[0].array(of: UInt8.self) == [0, 1, 1, 0])
  }

  @Test func reductions() throws {
    var draws = Draws(seed: 4)
    let x = draws.tensor([3, 4, 5])
    for axes in [[0], [1], [-1], [0, 2], []] {
      let attributes: Attributes = axes.isEmpty ? [:] : ["axes": .ints(axes)]
      // The smallest is the largest turned around.
      let turned = try apply(Op.ReduceMax.self, [doubles(x.numbers.map { -$0 }, x.shape)], attributes)[0]
      #expect(try apply(Op.ReduceMin.self, [x], attributes)[0].numbers == turned.numbers.map { -$0 })
      // A product is the power of a sum of logarithms.
      let positive = doubles(x.numbers.map { abs($0) + 0.1 }, x.shape)
      let logs = try apply(
        Op.ReduceSum.self, [try apply(Op.Log.self, [positive])[0]], attributes)[0]
      let powers = try apply(Op.Exp.self, [logs])[0].numbers
      #expect(difference(try apply(Op.ReduceProd.self, [positive], attributes)[0].numbers, powers) < 1e-12)
      try checkGradient(Op.ReduceMin.self, [x], batched: axes == [] || axes.contains(0) ? [] : [0], attributes)
      try checkGradient(Op.ReduceProd.self, [x], batched: axes == [] || axes.contains(0) ? [] : [0], attributes)
    }
    // Zeros are numbers like any other: one lets only its own gradient through, two none.
    try checkGradient(
      Op.ReduceProd.self, [doubles([0, 2, 3, 0, 0, 5, 1, 2, 4], [3, 3])], ["axes": .ints([1])])
    #expect(try apply(Op.ReduceMin.self, [doubles([1, .nan, 0], [3])])[0].numbers[0].isNaN)
  }

  @Test func smallestPlaces() throws {
    let x = doubles([3, 1, 1, 2, 5, 2, 7, .nan, 0], [3, 3])
    func places(_ attributes: Attributes) throws -> [Int64] {
      try apply(Op.ArgMin.self, [x], attributes)[0].array(of: Int64.self)
    }
    #expect(try places(["axis": .int(1)]) == [1, 0, 1])
    #expect(try places(["axis": .int(1), "select_last_index": .int(1)]) == [2, 2, 1])
    #expect(try apply(Op.ArgMin.self, [x], ["axis": .int(0), "keepdims": .int(0)])[0].shape == [3])
  }

  @Test func runningSums() throws {
    let x = doubles([1, 2, 3, 4, 5, 6], [2, 3])
    func sums(_ axis: Int, exclusive: Bool = false, reverse: Bool = false) throws -> [Double] {
      try apply(
        Op.CumSum.self, [x],
        ["axis": .int(axis), "exclusive": .int(exclusive ? 1 : 0), "reverse": .int(reverse ? 1 : 0)])[0].numbers
    }
    #expect(try sums(1) == [1, 3, 6, 4, 9, 15])
    #expect(try sums(-1, exclusive: true) == [0, 1, 3, 0, 4, 9])
    #expect(try sums(1, reverse: true) == [6, 5, 3, 15, 11, 6])
    #expect(try sums(0, exclusive: true, reverse: true) == [4, 5, 6, 0, 0, 0])
    var draws = Draws(seed: 9)
    for exclusive in 0...1 {
      for reverse in 0...1 {
        try checkGradient(
          Op.CumSum.self, [draws.tensor([3, 4, 2])],
          ["axis": .int(1), "exclusive": .int(exclusive), "reverse": .int(reverse)])
      }
    }
    #expect(infer(Op.CumSum.self, [f32(2, 3)], ["axis": .int(2)]).mistakes.count == 1)
  }

  @Test func largestAsOne() throws {
    let x = doubles([3, 1, 3, 2, .nan, 2], [2, 3])
    #expect(try apply(Op.Hardmax.self, [x])[0].numbers == [1, 0, 0, 0, 1, 0])
    #expect(try apply(Op.Hardmax.self, [x], ["axis": .int(0)])[0].numbers == [1, 0, 1, 0, 1, 0])
  }

  @Test func triangles() throws {
    let x = doubles((1...12).map(Double.init), [3, 4])
    func kept(_ upper: Bool, _ k: Int) throws -> [Double] {
      try apply(Op.Trilu.self, [x], ["upper": .int(upper ? 1 : 0), "k": .int(k)])[0].numbers
    }
    #expect(try kept(true, 0) == [1, 2, 3, 4, 0, 6, 7, 8, 0, 0, 11, 12])
    #expect(try kept(false, -1) == [0, 0, 0, 0, 5, 0, 0, 0, 9, 10, 0, 0])
    for k in [-9, -2, 0, 1, 3, .max] {
      // Above and below a diagonal lies everything.
      guard k < 9 else { continue }
      #expect(zip(try kept(true, k + 1), try kept(false, k)).map { $0 + $1 } == x.numbers)
    }
    #expect(try kept(true, .max) == [Double](repeating: 0, count: 12))
    var draws = Draws(seed: 3)
    try checkGradient(Op.Trilu.self, [draws.tensor([2, 3, 3])], ["k": .int(1)])
    #expect(infer(Op.Trilu.self, [f32(3)]).mistakes.count == 1)
  }

  @Test func rimsOfOwnNumbers() throws {
    let x = doubles([1, 2, 3, 4], [4])
    func padded(_ mode: String, _ before: Int, _ after: Int) throws -> [Double] {
      try apply(Op.Pad.self, [x], ["pads": .ints([before, after]), "mode": .string(mode)])[0].numbers
    }
    #expect(try padded("edge", 2, 1) == [1, 1, 1, 2, 3, 4, 4])
    #expect(try padded("reflect", 2, 3) == [3, 2, 1, 2, 3, 4, 3, 2, 1])
    #expect(try padded("wrap", 1, 2) == [4, 1, 2, 3, 4, 1, 2])
    #expect(try padded("edge", -1, 2) == [2, 3, 4, 4, 4])
    var draws = Draws(seed: 12)
    for mode in ["edge", "reflect", "wrap"] {
      try checkGradient(
        Op.Pad.self, [draws.tensor([2, 4, 3])], ["pads": .ints([0, 2, 1, 0, -1, 2]), "mode": .string(mode)])
    }
    #expect(infer(Op.Pad.self, [f32(4)], ["pads": .ints([4, 0]), "mode": .string("reflect")]).mistakes.count == 1)
    #expect(infer(Op.Pad.self, [f32(4)], ["pads": .ints([0, 5]), "mode": .string("wrap")]).mistakes.count == 1)
  }

  @Test func partsByPlaces() throws {
    let x = doubles((0..<24).map(Double.init), [2, 3, 4])
    let rows = try longs([0, 2, 1, -3, 1, 9], [3, 2])
    #expect(
      try apply(Op.GatherND.self, [x, rows])[0].numbers == [8, 9, 10, 11, 12, 13, 14, 15, 0, 0, 0, 0])
    let shared = try apply(Op.GatherND.self, [x, try longs([2, 0], [2, 1])], ["batch_dims": .int(1)])[0]
    #expect(shared.shape == [2, 4] && shared.numbers == [8, 9, 10, 11, 12, 13, 14, 15])
    let updates = doubles([1, 2, 3, 4, 5, 6, 7, 8, 9, 9, 9, 9], [3, 4])
    let written = try apply(Op.ScatterND.self, [x, rows, updates])[0].numbers
    #expect(Array(written[8..<16]) == [1, 2, 3, 4, 5, 6, 7, 8] && written[16...].elementsEqual(x.numbers[16...]))
    let twice = try longs([1, 1], [2, 1])
    let sums = try apply(
      Op.ScatterND.self, [doubles([0, 0, 0], [3]), twice, doubles([2, 3], [2])], ["reduction": .string("add")])[0]
    #expect(sums.numbers == [0, 5, 0])
    #expect(
      try apply(Op.ScatterND.self, [doubles([0, 0, 0], [3]), twice, doubles([2, 3], [2])])[0].numbers == [0, 3, 0])
    #expect(
      infer(Op.ScatterND.self, [f32(3), TensorType(.i64, [2, 1] as Shape), f32(2)], ["reduction": .string("mul")])
        .mistakes.count == 1)
    #expect(infer(Op.GatherND.self, [f32(3), TensorType(.i64, [2, 2] as Shape)]).mistakes.count == 1)
  }

  @Test func gradientsOfPlaces() throws {
    var draws = Draws(seed: 6)
    let rows = try longs([0, 2, 1, -3, 0, 2], [3, 2])
    let own = try longs([0, 2, 1, -3], [2, 2])
    let x = draws.tensor([2, 3, 4])
    try checkGradient(Op.GatherND.self, [x, rows], batched: [])
    try checkGradient(
      Op.GatherND.self, [x, try longs([2, 0], [2, 1])], batched: [], ["batch_dims": .int(1)])
    try checkGradient(Op.ScatterND.self, [x, own, draws.tensor([2, 4])], batched: [], targets: [0, 2])
    try checkGradient(
      Op.ScatterND.self, [x, rows, draws.tensor([3, 4])], batched: [], targets: [0, 2], ["reduction": .string("add")])
    let along = try longs([2, 0, 1, 1, 0, 1, 2, 0], [1, 2, 4])
    let attributes: Attributes = ["axis": .int(1)]
    try checkGradient(
      Op.ScatterElements.self, [x, along, draws.tensor([1, 2, 4])], batched: [], targets: [0, 2], attributes)
  }

  @Test func elementsByPlaces() throws {
    let x = doubles([1, 2, 3, 4, 5, 6], [2, 3])
    let places = try longs([2, 0, -1, 7], [2, 2])
    let updates = doubles([10, 20, 30, 40], [2, 2])
    #expect(
      try apply(Op.ScatterElements.self, [x, places, updates], ["axis": .int(1)])[0].numbers == [20, 2, 10, 4, 5, 30])
    #expect(
      try apply(Op.ScatterElements.self, [x, places, updates], ["axis": .int(1), "reduction": .string("add")])[0]
        .numbers
        == [21, 2, 13, 4, 5, 36])
    // What is written can be read where it was written.
    let read = try apply(
      Op.GatherElements.self,
      [try apply(Op.ScatterElements.self, [x, places, updates], ["axis": .int(1)])[0], places], ["axis": .int(1)])[0]
    #expect(read.numbers == [10, 20, 30, 0])
  }
}
