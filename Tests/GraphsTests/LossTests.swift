import Foundation
import FoveaGraphs
import FoveaTensors
import Testing

/// The class axis taken apart: [outer][extent][inner] as (outer, extent, inner).
private func split(_ shape: [Int], _ axis: Int) -> (Int, Int, Int) {
  (shape[..<axis].reduce(1, *), shape[axis], shape[(axis + 1)...].reduce(1, *))
}

struct SoftmaxTests {
  @Test func byHand() throws {
    let y = try apply(Op.Softmax.self, [doubles([0, log(3), 1000, 1000], [2, 2])])[0].numbers
    #expect(difference(y, [0.25, 0.75, 0.5, 0.5]) < 1e-15, "large scores must not overflow")
  }

  @Test(arguments: UInt64(1)...16)
  func agreesWithPlainLoops(seed: UInt64) throws {
    var draws = Draws(seed: seed)
    let shape = (0..<draws.int(1...4)).map { _ in draws.int(1...4) }
    let axis = draws.int(0...(shape.count - 1))
    let x = draws.tensor(Shape(shape), scale: 5)
    let dy = draws.tensor(Shape(shape))
    let (outer, extent, inner) = split(shape, axis)
    var y = [Double](repeating: 0, count: x.count)
    var dx = y
    for o in 0..<outer {
      for i in 0..<inner {
        let places = (0..<extent).map { (o * extent + $0) * inner + i }
        let powers = places.map { exp(x.numbers[$0]) }
        let total = powers.reduce(0, +)
        for (place, power) in zip(places, powers) { y[place] = power / total }
        // The Jacobian written out: dyₖ·yₖ·(δ − yⱼ).
        for j in places { for k in places { dx[j] += dy.numbers[k] * y[k] * ((j == k ? 1 : 0) - y[j]) } }
      }
    }
    for (dtype, tolerance) in [(DType.f64, 1e-13), (.f32, 2e-6)] {
      for name in [axis, axis - shape.count] {
        let attributes: Attributes = ["axis": .int(name)]
        let found = try apply(Op.Softmax.self, [x.converted(to: dtype)], attributes)[0]
        #expect(difference(found.numbers, y) < tolerance, "seed \(seed) \(shape) axis \(axis)")
        let back = try apply(
          Op.SoftmaxBackward.self, [dy, doubles(y, Shape(shape))].map { $0.converted(to: dtype) }, attributes)
        #expect(difference(back[0].numbers, dx, least: 0.1) < tolerance, "seed \(seed) \(shape) axis \(axis)")
      }
    }
  }

  @Test func gradient() throws {
    var draws = Draws(seed: 3)
    try checkGradient(Op.Softmax.self, [draws.tensor([3, 4, 2])], ["axis": .int(1)])
    try checkGradient(Op.Softmax.self, [draws.tensor([3, 4])])
  }
}

struct CrossEntropyTests {
  @Test func byHand() throws {
    // Two rows of equal scores: ln 2 each.
    let found = try apply(Op.SoftmaxCrossEntropyLoss.self, [doubles([0, 0, 5, 5], [2, 2]), ints([0, 1], [2])])
    #expect(abs(found[0].numbers[0] - log(2)) < 1e-15)
    #expect(found[0].shape == .scalar)
    #expect(difference(found[1].numbers, [Double](repeating: -log(2), count: 4)) < 1e-15)
  }

  @Test func aLabelThatIsNoClassGivesNaN() throws {
    for label in [-1, 2, 1_000_000] as [Int32] {
      let labels = ints([0, label], [2])
      let found = try apply(Op.SoftmaxCrossEntropyLoss.self, [floats([1, 2, 3, 4], [2, 2]), labels])
      #expect(found[0].numbers[0].isNaN)
      let back = try apply(Op.SoftmaxCrossEntropyLossBackward.self, [floats([1], .scalar), found[1], labels])[0].numbers
      #expect(!back[0].isNaN && back[2].isNaN && back[3].isNaN)
    }
  }

  @Test(arguments: UInt64(1)...16)
  func agreesWithPlainLoops(seed: UInt64) throws {
    var draws = Draws(seed: seed)
    let shape = [draws.int(1...4), draws.int(1...5)] + (0..<draws.int(0...2)).map { _ in draws.int(1...3) }
    let reduction = draws.int(0...1) == 0 ? "mean" : "sum"
    let x = draws.tensor(Shape(shape), scale: 4)
    let labels = draws.labels(Shape([shape[0]] + shape.dropFirst(2)), below: shape[1])
    let (outer, extent, inner) = split(shape, 1)
    let share = reduction == "mean" ? 1 / Double(outer * inner) : 1
    var loss = 0.0
    var dx = [Double](repeating: 0, count: x.count)
    for o in 0..<outer {
      for i in 0..<inner {
        let places = (0..<extent).map { (o * extent + $0) * inner + i }
        let total = places.reduce(0) { $0 + exp(x.numbers[$1]) }
        let label = Int(labels.numbers[o * inner + i])
        loss -= log(exp(x.numbers[places[label]]) / total) * share
        for (index, place) in places.enumerated() {
          dx[place] = (exp(x.numbers[place]) / total - (index == label ? 1 : 0)) * share * 0.5
        }
      }
    }
    let attributes: Attributes = ["reduction": .string(reduction)]
    for (dtype, tolerance) in [(DType.f64, 1e-12), (.f32, 3e-6)] {
      let forward = try apply(Op.SoftmaxCrossEntropyLoss.self, [x.converted(to: dtype), labels], attributes)
      #expect(difference(forward[0].numbers, [loss], least: 0.1) < tolerance, "seed \(seed) \(shape) \(reduction)")
      let back = try apply(
        Op.SoftmaxCrossEntropyLossBackward.self, [doubles([0.5], .scalar).converted(to: dtype), forward[1], labels],
        attributes)
      #expect(difference(back[0].numbers, dx, least: 0.01) < tolerance, "seed \(seed) \(shape) \(reduction)")
    }
  }

  @Test func gradient() throws {
    var draws = Draws(seed: 4)
    for reduction in ["mean", "sum"] {
      try checkGradient(
        Op.SoftmaxCrossEntropyLoss.self, [draws.tensor([3, 4]), draws.labels([3], below: 4)], batched: [0, 1],
        ["reduction": .string(reduction)], scalarLoss: true)
      try checkGradient(
        Op.SoftmaxCrossEntropyLoss.self, [draws.tensor([3, 4, 2, 2]), draws.labels([3, 2, 2], below: 4)],
        batched: [0, 1], ["reduction": .string(reduction)], scalarLoss: true)
    }
  }

  @Test func unknownExtents() {
    let (types, mistakes) = infer(Op.SoftmaxCrossEntropyLoss.self, [f32(nil, 10), i32(nil)])
    #expect(types == [f32(), f32(nil, 10)])
    #expect(mistakes.isEmpty)
    #expect(infer(Op.SoftmaxCrossEntropyLoss.self, [TensorType(.f32, .unknown), i32(4)]).mistakes.isEmpty)
  }
}

struct TopKTests {
  @Test func byHand() throws {
    let scores = floats([1, 3, 2, /**/ 5, 5, 5, /**/ 0, .nan, 9, /**/ .nan, 1, 2, /**/ 1, 2, 3], [5, 3])
    let labels = ints([2, 1, 2, 0, 7], [5])
    // Ranks: 2nd; 2nd (a tie goes to the lower class); 2nd (NaN is ahead); never (own is NaN); never (no class).
    for (k, expected) in [(1, 0.0), (2, 3), (3, 3)] {
      #expect(try apply(Op.TopKCorrect.self, [scores, labels], ["k": .int(k)])[0].numbers == [expected])
    }
  }

  @Test(arguments: UInt64(1)...16)
  func agreesWithSorting(seed: UInt64) throws {
    var draws = Draws(seed: seed)
    let (rows, classes, k) = (draws.int(1...8), draws.int(1...6), draws.int(1...4))
    let scores = (0..<(rows * classes)).map { _ in Double(draws.int(0...4)) }
    let labels = draws.labels([rows], below: classes)
    var expected = 0.0
    for row in 0..<rows {
      let own = Array(scores[(row * classes)..<((row + 1) * classes)])
      let order = own.indices.sorted { own[$0] != own[$1] ? own[$0] > own[$1] : $0 < $1 }
      if order.prefix(k).contains(Int(labels.numbers[row])) { expected += 1 }
    }
    for dtype in [DType.f32, .f64] {
      let found = try apply(
        Op.TopKCorrect.self, [doubles(scores, [rows, classes]).converted(to: dtype), labels], ["k": .int(k)])
      #expect(found[0].numbers == [expected], "seed \(seed)")
    }
  }

  @Test func hasNoGradient() {
    var graph = Graph()
    let x = graph.addInput("x", f32(2, 3))
    let labels = graph.addInput("labels", i32(2))
    let count = graph.add(Op.TopKCorrect.self, [x, labels])[0]
    do {
      _ = try graph.differentiate(count, withRespectTo: [x])
      Issue.record("a gradient of a count")
    } catch {
      #expect(
        error.description
          == "TopKCorrect has no gradient: a count of right answers does not change with small steps; "
          + "differentiate the loss instead")
    }
  }
}
