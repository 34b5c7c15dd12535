import FoveaGraphs
import FoveaTensors
import Testing

/// Operators that find places, and those that change the element type.
struct SelectionTests {
  private func said(_ op: any Operator.Type, _ operands: [TensorType?], _ attributes: Attributes) -> [String] {
    infer(op, operands, attributes).mistakes.map { "\($0.problem); \($0.mend)" }
  }

  @Test func byHand() throws {
    let x = floats([1, 5, 5, -2, .nan, 4], [2, 3])
    #expect(try apply(Op.ArgMax.self, [x], ["axis": .int(1)])[0].numbers == [1, 1])
    #expect(try apply(Op.ArgMax.self, [x], ["axis": .int(1), "select_last_index": .int(1)])[0].numbers == [2, 1])
    let top = try apply(Op.TopK.self, [x], ["k": .int(2)])
    #expect(difference(top[0].numbers, [5, 5, .nan, 4]) == 0)
    #expect(top[1].numbers == [1, 2, 1, 2] && top[1].dtype == .i64)
    let least = try apply(Op.TopK.self, [x], ["k": .int(3), "largest": .int(0)])
    #expect(least[1].numbers == [0, 1, 2, 0, 2, 1])
    let rows = try apply(Op.OneHot.self, [ints([2, -1, 7], [3])], ["depth": .int(3)])[0]
    #expect(rows.numbers == [0, 0, 1, 0, 0, 1, 0, 0, 0])
    let columns = try apply(
      Op.OneHot.self, [ints([1, 0], [2])], ["depth": .int(2), "axis": .int(0), "values": .floats([-1, 1])])[0]
    #expect(columns.numbers == [-1, 1, 1, -1])
  }

  @Test(arguments: UInt64(1)...24)
  func agreesWithSorting(seed: UInt64) throws {
    var draws = Draws(seed: seed)
    let rank = draws.int(1...4)
    let shape = (0..<rank).map { _ in draws.int(1...5) }
    let axis = draws.int(0...(rank - 1))
    // Few different numbers, so that there are ties.
    let values = (0..<shape.reduce(1, *)).map { _ in Double(draws.int(0...4)) }
    let x = doubles(values, Shape(shape))
    let k = draws.int(1...shape[axis])
    var rows = shape
    rows[axis] = 1
    for largest in [1, 0] {
      let found = try apply(Op.TopK.self, [x], ["k": .int(k), "axis": .int(axis - rank), "largest": .int(largest)])
      var picked = shape
      picked[axis] = k
      for at in indices(of: rows) {
        func value(_ index: Int) -> Double {
          var full = at
          full[axis] = index
          return values[offset(full, shape)]
        }
        let order = (0..<shape[axis]).sorted { a, b in
          value(a) == value(b) ? a < b : (value(a) > value(b)) == (largest == 1)
        }
        for rank in 0..<k {
          var full = at
          full[axis] = rank
          #expect(found[1].numbers[offset(full, picked)] == Double(order[rank]), "seed \(seed) \(shape) axis \(axis)")
          #expect(found[0].numbers[offset(full, picked)] == value(order[rank]), "seed \(seed) \(shape) axis \(axis)")
        }
      }
    }
    let best = try apply(Op.ArgMax.self, [x], ["axis": .int(axis), "keepdims": .int(draws.int(0...1))])[0]
    let first = try apply(Op.TopK.self, [x], ["axis": .int(axis), "k": .int(1)])[1]
    #expect(best.numbers == first.numbers, "seed \(seed) \(shape) axis \(axis)")
  }

  @Test func gradients() throws {
    var draws = Draws(seed: 6)
    try checkGradient(Op.TopK.self, [draws.tensor([3, 5])], ["k": .int(2)])
    try checkGradient(Op.TopK.self, [draws.tensor([3, 5, 2])], ["k": .int(3), "axis": .int(1), "largest": .int(0)])
  }

  @Test func castKeepsWithinBounds() throws {
    let x = doubles([1.9, -1.9, 0, 300, -1e30, 1e30, .nan, .infinity], [8])
    for from in [DType.f64, .f32] {
      func cast(_ to: String) throws -> [Double] {
        try apply(Op.Cast.self, [x.converted(to: from)], ["to": .string(to)])[0].numbers
      }
      #expect(try cast("i32") == [1, -1, 0, 300, Double(Int32.min), Double(Int32.max), 0, Double(Int32.max)])
      #expect(try cast("i64")[4] == Double(Int64.min))
      #expect(try cast("u8") == [1, 0, 0, 255, 0, 255, 0, 255])
      #expect(try cast("bool") == [1, 1, 0, 1, 1, 1, 1, 1])
      #expect(try apply(Op.Cast.self, [x.converted(to: from)], ["to": .int(11)])[0].dtype == .f64)
    }
  }

  @Test func castAgreesWithConverted() throws {
    let types: [DType] = [.f64, .f32, .i64, .i32, .u8, .bool]
    let all = doubles([0, 1, 2, 7, 250, 70000, -3], [7])
    for from in types {
      for to in types {
        // Whole numbers keep their lower bits here; `converted` keeps them within bounds.
        let x = from.isFloat || to.isFloat ? all : doubles([0, 1, 2, 7, 100], [5])
        let source = x.converted(to: from)
        let found = try apply(Op.Cast.self, [source], ["to": .string(to.rawValue)])[0]
        #expect(found.isIdentical(to: source.converted(to: to)), "\(from) to \(to)")
      }
    }
    let exact = try Tensor([Int64.max, Int64.min, 1 << 53 + 1], shape: [3])
    #expect(try apply(Op.Cast.self, [exact], ["to": .string("i64")])[0].isIdentical(to: exact))
  }

  @Test func castInAGraph() throws {
    // Labels become numbers that a loss in f32 compares; in Double all of it is Double.
    var graph = Graph()
    let x = graph.addInput("x", f32(3))
    let labels = graph.addInput("labels", i32(3))
    let target = graph.add(Op.Cast.self, [labels], ["to": .string("f32")])[0]
    let rows = graph.add(Op.OneHot.self, [labels], ["depth": .int(2)])[0]
    let loss = graph.add(Op.MeanSquaredError.self, [x, target], ["reduction": .string("sum")])[0]
    let gradient = try #require(try graph.differentiate(loss, withRespectTo: [x])[x])
    let ready = try graph.converted(to: .f64)
    #expect(ready[rows].type.dtype == .f64 && ready[loss].type.dtype == .f64)
    let found = try Interpreter.run(ready, [x: doubles([1, 2, 3], [3]), labels: ints([1, 0, 1], [3])])
    #expect(found[gradient]!.numbers == [0, 4, 4])
    var draws = Draws(seed: 1)
    try checkGradient(Op.Cast.self, [draws.tensor([3, 2])], ["to": .string("f64")])
  }

  @Test func mistakes() {
    #expect(
      said(Op.ArgMax.self, [f32(2, 0)], ["axis": .int(1)]) == [
        "axis 1 of [2×0] is empty; give at least one number"
      ])
    #expect(said(Op.ArgMax.self, [f32(2)], ["axis": .int(1)]).count == 1)
    #expect(
      said(Op.TopK.self, [f32(2, 3)], ["k": .int(4)]) == [
        "the 4 largest along axis 1 of [2×3]; give a k of at most 3"
      ])
    #expect(said(Op.TopK.self, [f32(2, 3)], ["k": .int(0)]) == ["the 0 largest; give a k of at least 1"])
    #expect(said(Op.OneHot.self, [i32(2)], [:]) == ["a depth of 0; give the number of classes as depth"])
    #expect(
      said(Op.OneHot.self, [f32(2)], ["depth": .int(3)]) == [
        "indices have elements of type f32; give class numbers as i32 or i64"
      ])
    #expect(said(Op.OneHot.self, [i32(2)], ["depth": .int(3), "axis": .int(2)]).count == 1)
    #expect(said(Op.OneHot.self, [i32(2)], ["depth": .int(3), "values": .floats([1])]).count == 1)
    #expect(said(Op.OneHot.self, [i32(2)], ["depth": .int(3), "to": .string("i32")]).count == 1)
    #expect(
      said(Op.Cast.self, [f32(2)], ["to": .string("f16")]) == [
        "a conversion to \"f16\"; give `to` as one of f64, f32, i64, i32, i8, u8, bool"
      ])
    #expect(said(Op.Cast.self, [f32(2)], [:]).count == 1)
    #expect(infer(Op.Cast.self, [f32(nil, 2)], ["to": .int(7)]).types == [TensorType(.i64, PartialShape([nil, 2]))])
    #expect(infer(Op.OneHot.self, [i32(nil)], ["depth": .int(3)]).types == [f32(nil, 3)])
    #expect(
      infer(Op.ArgMax.self, [f32(nil, 4)], ["axis": .int(1)]).types == [TensorType(.i64, PartialShape([nil, 1]))])
    #expect(infer(Op.TopK.self, [f32(nil, 4)], ["k": .int(2)]).types[0] == f32(nil, 2))
  }
}
