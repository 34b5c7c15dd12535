import FoveaGraphs
import FoveaTensors
import Testing

struct MaxPoolTests {
  @Test func byHand() throws {
    let found = try apply(
      Op.MaxPool.self, [floats([1, 5, 5, 2, 0, 3, 4, 4, 9], [1, 1, 3, 3])], ["kernel_shape": .ints([2, 2])])
    #expect(found[0].numbers == [5, 5, 4, 9])
    #expect(found[1].numbers == [1, 1, 6, 8], "of equal numbers the first wins")
  }

  @Test func paddingNeverWinsAndNaNAlways() throws {
    let found = try apply(
      Op.MaxPool.self, [floats([-3, -1, .nan, -2, -5, -.infinity], [1, 1, 6])],
      ["kernel_shape": .ints([2]), "strides": .ints([2]), "pads": .ints([1, 1])])
    #expect(difference(found[0].numbers, [-3, .nan, -2, -.infinity]) == 0)
    #expect(found[1].numbers == [0, 2, 3, 5])
  }

  @Test func aWindowWithoutInputHasNoWinner() throws {
    // One input, dilated taps on both sides of it.
    let attributes: Attributes = ["kernel_shape": .ints([2]), "dilations": .ints([2]), "pads": .ints([1, 1])]
    let found = try apply(Op.MaxPool.self, [floats([7], [1, 1, 1])], attributes)
    #expect(found[1].numbers == [-1])
    let dx = try apply(
      Op.MaxPoolBackward.self, [floats([5], [1, 1, 1]), found[1], floats([7], [1, 1, 1])], attributes)
    #expect(dx[0].numbers == [0])
  }

  @Test(arguments: UInt64(1)...48)
  func agreesWithPlainLoops(seed: UInt64) throws {
    var draws = Draws(seed: seed)
    let axes = draws.int(1...3)
    func list(_ range: ClosedRange<Int>) -> [Int] { (0..<axes).map { _ in draws.int(range) } }
    let kernel = list(1...3)
    let strides = list(1...3)
    let dilations = list(1...2)
    let span = (0..<axes).map { dilations[$0] * (kernel[$0] - 1) + 1 }
    let pads = (0..<(2 * axes)).map { draws.int(0...min(2, span[$0 % axes] - 1)) }
    let up = draws.int(0...1)
    let extents = (0..<axes).map { span[$0] + draws.int(0...4) }
    let x = [draws.int(1...2), draws.int(1...3)] + extents
    // Few different numbers, so that there are ties.
    let values = (0..<x.reduce(1, *)).map { _ in Double(draws.int(0...6)) }
    var output = Array(x.prefix(2))
    for axis in 0..<axes {
      let room = extents[axis] + pads[axis] + pads[axes + axis] - span[axis]
      var count = room / strides[axis] + 1
      // One more window where the last does not reach the end, unless it would start behind the picture.
      if up == 1, room % strides[axis] != 0, count * strides[axis] < extents[axis] + pads[axis] { count += 1 }
      output.append(count)
    }
    var best: [Double] = []
    var places: [Double] = []
    for y in indices(of: output) {
      var value = -Double.infinity
      var place = -1
      for k in indices(of: kernel) {
        var at: [Int] = []
        for axis in 0..<axes { at.append(y[axis + 2] * strides[axis] - pads[axis] + k[axis] * dilations[axis]) }
        guard zip(at, extents).allSatisfy({ $0 >= 0 && $0 < $1 }) else { continue }
        let found = values[offset(Array(y.prefix(2)) + at, x)]
        if place < 0 || found > value { (value, place) = (found, offset(at, extents)) }
      }
      best.append(value)
      places.append(Double(place))
    }
    let attributes: Attributes = [
      "kernel_shape": .ints(kernel), "strides": .ints(strides), "pads": .ints(pads), "dilations": .ints(dilations),
      "ceil_mode": .int(up),
    ]
    let found = try apply(Op.MaxPool.self, [floats(values, Shape(x))], attributes)
    #expect(found[0].shape == Shape(output), "seed \(seed) \(x) \(attributes.text)")
    #expect(found[0].numbers == best, "seed \(seed) \(x) \(attributes.text)")
    #expect(found[1].numbers == places, "seed \(seed) \(x) \(attributes.text)")

    let dy = draws.tensor(Shape(output))
    var dx = [Double](repeating: 0, count: values.count)
    let plane = extents.reduce(1, *)
    let perPlane = output.dropFirst(2).reduce(1, *)
    for (index, place) in places.enumerated() where place >= 0 {
      dx[index / perPlane * plane + Int(place)] += dy.numbers[index]
    }
    let back = try apply(Op.MaxPoolBackward.self, [dy, found[1], doubles(values, Shape(x))], attributes)
    #expect(difference(back[0].numbers, dx, least: 0.1) < 1e-14, "seed \(seed) \(x) \(attributes.text)")
  }

  @Test func gradient() throws {
    var draws = Draws(seed: 3)
    try checkGradient(
      Op.MaxPool.self, [draws.tensor([3, 2, 5, 6])],
      ["kernel_shape": .ints([3, 2]), "strides": .ints([2, 1]), "pads": .ints([1, 0, 0, 1])])
    try checkGradient(
      Op.MaxPool.self, [draws.tensor([3, 2, 7])], ["kernel_shape": .ints([3]), "auto_pad": .string("SAME_UPPER")])
  }

  @Test func unknownExtents() {
    let (types, mistakes) = infer(
      Op.MaxPool.self, [f32(nil, nil, 8, nil)], ["kernel_shape": .ints([2, 2]), "strides": .ints([2, 2])])
    #expect(types == [f32(nil, nil, 4, nil), i32(nil, nil, 4, nil)])
    #expect(mistakes.isEmpty)
    #expect(
      infer(Op.MaxPool.self, [TensorType(.f32, .unknown)], ["kernel_shape": .ints([2])]).types[0] == f32(nil, nil, nil))
  }
}
