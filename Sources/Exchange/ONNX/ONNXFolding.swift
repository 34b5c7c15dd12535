import FoveaGraphs
import FoveaTensors

/// Arithmetic on tensors that are known while a file is read: the shapes that exporters compute.
enum ONNXFolding {
  /// The results of a node of known operands; nil where it is not one that is folded.
  static func fold(
    _ op: String, _ inputs: [KnownTensor?], _ attributes: [String: ONNXAttribute]
  ) -> [KnownTensor]? {
    guard let first = inputs.first ?? nil else { return nil }
    func int(_ name: String, _ value: Int) -> Int {
      if case .int(let found)? = attributes[name] { return found }
      return value
    }
    func ints(_ name: String, _ index: Int) -> [Int]? {
      if case .ints(let found)? = attributes[name] { return found }
      return inputs.indices.contains(index) ? inputs[index]?.ints : nil
    }
    switch op {
    case "Identity": return [first]
    case "Cast":
      guard let target = ONNXTensor.dtype(int("to", 0)) else { return nil }
      return cast(first, target).map { [$0] }
    case "CastLike":
      guard inputs.count > 1, let like = inputs[1] else { return nil }
      return cast(first, like.dtype).map { [$0] }
    case "Gather":
      guard inputs.count > 1, let indices = inputs[1] else { return nil }
      return gather(first, indices, axis: int("axis", 0)).map { [$0] }
    case "Concat":
      return concat(inputs, axis: int("axis", 0)).map { [$0] }
    case "Slice":
      return slice(first, inputs, attributes).map { [$0] }
    case "Unsqueeze":
      guard let axes = ints("axes", 1) else { return nil }
      return unsqueezed(first, axes).map { [$0] }
    case "Squeeze": return squeezed(first, ints("axes", 1)).map { [$0] }
    case "Flatten": return [first.reshaped([1, first.count])]
    case "Reshape":
      guard let wanted = ints("shape", 1) else { return nil }
      return reshaped(first, wanted).map { [$0] }
    case "Split":
      guard first.shape.count == 1, let sizes = ints("split", 1), sizes.allSatisfy({ $0 >= 0 }),
        sizes.reduce(0, Cost.sum) == first.count
      else { return nil }
      var start = 0
      return sizes.map { size in
        defer { start += size }
        return first.picking(Array(start..<start + size), shape: [size])
      }
    case "ReduceProd", "ReduceSum", "ReduceMin", "ReduceMax":
      guard first.shape.count <= 1 else { return nil }
      return reduced(op, first, keep: int("keepdims", 1) != 0).map { [$0] }
    case "Range": return range(inputs).map { [$0] }
    case "Expand":
      guard inputs.count > 1, let wanted = inputs[1]?.ints,
        let shape = broadcast(first.shape, wanted), let places = places(first.shape, in: shape)
      else { return nil }
      return [first.picking(places, shape: shape)]
    case "Where":
      guard inputs.count == 3, let x = inputs[1], let y = inputs[2] else { return nil }
      return choose(first, x, y).map { [$0] }
    case "Not":
      return first.ints.map { [KnownTensor(.bool, first.shape, .ints($0.map { $0 == 0 ? 1 : 0 }))] }
    default: break
    }
    if let rule = unary[op] { return unary(first, rule).map { [$0] } }
    guard inputs.count > 1, let second = inputs[1] else {
      return ["Min", "Max", "Sum"].contains(op) && inputs.count == 1 ? [first] : nil
    }
    guard var result = binary(op, first, second) else { return nil }
    for other in inputs.dropFirst(2) {
      guard ["Min", "Max", "Sum"].contains(op), let other, let next = binary(op, result, other) else { return nil }
      result = next
    }
    return [result]
  }

  private static let unary: [String: @Sendable (Double) -> Double] = [
    "Neg": { -$0 }, "Abs": { abs($0) }, "Floor": { $0.rounded(.down) }, "Ceil": { $0.rounded(.up) },
    "Round": { $0.rounded(.toNearestOrEven) }, "Sqrt": { $0.squareRoot() }, "Reciprocal": { 1 / $0 },
    "Sign": { $0 > 0 ? 1 : $0 < 0 ? -1 : 0 },
  ]

  private static func unary(_ x: KnownTensor, _ rule: (Double) -> Double) -> KnownTensor? {
    switch x.numbers {
    case .floats(let list): return KnownTensor(x.dtype, x.shape, .floats(list.map(rule)))
    case .ints(let list):
      guard list.allSatisfy({ $0.magnitude < 1 << 53 }) else { return nil }
      return KnownTensor(x.dtype, x.shape, .ints(list.map { Int(rule(Double($0))) }))
    }
  }

  private static func cast(_ x: KnownTensor, _ target: DType) -> KnownTensor? {
    switch x.numbers {
    case .ints(let list):
      if target.isFloat { return KnownTensor(.f32, x.shape, .floats(list.map { Double($0) })) }
      let values = target == .bool ? list.map { $0 == 0 ? 0 : 1 } : list
      return KnownTensor(target, x.shape, .ints(values), origins: x.origins)
    case .floats(let list):
      if target.isFloat { return KnownTensor(.f32, x.shape, .floats(list)) }
      guard list.allSatisfy({ $0.isFinite && abs($0) < 1e18 }) else { return nil }
      return KnownTensor(target, x.shape, .ints(list.map { target == .bool ? ($0 == 0 ? 0 : 1) : Int($0) }))
    }
  }

  // MARK: Places

  private static func axis(_ axis: Int, _ rank: Int) -> Int? {
    (-rank..<rank).contains(axis) ? (axis < 0 ? axis + rank : axis) : nil
  }

  private static func gather(_ x: KnownTensor, _ indices: KnownTensor, axis named: Int) -> KnownTensor? {
    guard x.shape.count == 1, named == 0 || named == -1, let list = indices.ints else { return nil }
    let places = list.map { $0 < 0 ? $0 + x.count : $0 }
    guard places.allSatisfy({ (0..<x.count).contains($0) }) else { return nil }
    return x.picking(places, shape: indices.shape)
  }

  private static func concat(_ inputs: [KnownTensor?], axis named: Int) -> KnownTensor? {
    let all = inputs.compactMap { $0 }
    guard all.count == inputs.count, let first = all.first, all.allSatisfy({ $0.shape.count == 1 }),
      named == 0 || named == -1
    else { return nil }
    let origins = all.flatMap { part in (0..<part.count).map { part.origin($0) } }
    if all.allSatisfy({ $0.ints != nil }) {
      let list = all.flatMap { $0.ints ?? [] }
      return KnownTensor(first.dtype, [list.count], .ints(list), origins: origins)
    }
    let list = all.flatMap(\.doubles)
    return KnownTensor(first.dtype, [list.count], .floats(list))
  }

  private static func slice(
    _ x: KnownTensor, _ inputs: [KnownTensor?], _ attributes: [String: ONNXAttribute]
  ) -> KnownTensor? {
    func list(_ name: String, _ index: Int) -> [Int]? {
      if case .ints(let found)? = attributes[name] { return found }
      return inputs.indices.contains(index) ? inputs[index]?.ints : nil
    }
    guard x.shape.count == 1, let starts = list("starts", 1), let ends = list("ends", 2), starts.count == 1,
      ends.count == 1, (list("axes", 3) ?? [0]).allSatisfy({ $0 == 0 || $0 == -1 })
    else { return nil }
    let step = list("steps", 4)?.first ?? 1
    guard step != 0, step != .min, x.count > 0 else { return nil }
    let (first, count) = Op.Slice.range(x.count, start: starts[0], end: ends[0], step: step)
    return x.picking((0..<count).map { first + $0 * step }, shape: [count])
  }

  private static func unsqueezed(_ x: KnownTensor, _ axes: [Int]) -> KnownTensor? {
    let rank = x.shape.count + axes.count
    let places = Set(axes.compactMap { axis($0, rank) })
    guard places.count == axes.count else { return nil }
    var rest = x.shape[...]
    return x.reshaped((0..<rank).map { places.contains($0) ? 1 : rest.removeFirst() })
  }

  private static func squeezed(_ x: KnownTensor, _ axes: [Int]?) -> KnownTensor? {
    let rank = x.shape.count
    let places = axes.map { Set($0.compactMap { axis($0, rank) }) } ?? Set(x.shape.indices.filter { x.shape[$0] == 1 })
    guard places.allSatisfy({ x.shape[$0] == 1 }) else { return nil }
    return x.reshaped(x.shape.indices.filter { !places.contains($0) }.map { x.shape[$0] })
  }

  private static func reshaped(_ x: KnownTensor, _ wanted: [Int]) -> KnownTensor? {
    guard wanted.count <= 8, wanted.allSatisfy({ (-1...KnownTensor.mostElements).contains($0) }) else { return nil }
    var shape = wanted.enumerated().map { index, extent in
      extent == 0 && x.shape.indices.contains(index) ? x.shape[index] : extent
    }
    let known = shape.filter { $0 != -1 }.reduce(1) { Cost.product($0, $1) }
    if let open = shape.firstIndex(of: -1) {
      guard known > 0, x.count % known == 0, shape.count(where: { $0 == -1 }) == 1 else { return nil }
      shape[open] = x.count / known
    } else if known != x.count {
      return nil
    }
    return x.reshaped(shape)
  }

  private static func range(_ inputs: [KnownTensor?]) -> KnownTensor? {
    let all = inputs.compactMap { $0 }
    guard all.count == 3, all.allSatisfy({ $0.count == 1 }) else { return nil }
    let numbers = all.map { $0.doubles[0] }
    guard numbers.allSatisfy(\.isFinite), numbers[2] != 0 else { return nil }
    let count = ((numbers[1] - numbers[0]) / numbers[2]).rounded(.up)
    guard count <= Double(KnownTensor.mostElements) else { return nil }
    let list = (0..<max(Int(count), 0)).map { numbers[0] + Double($0) * numbers[2] }
    let dtype = all[0].dtype
    guard !dtype.isFloat else { return KnownTensor(dtype, [list.count], .floats(list)) }
    guard list.allSatisfy({ abs($0) < 1e15 }) else { return nil }
    return KnownTensor(dtype, [list.count], .ints(list.map { Int($0) }))
  }

  private static func reduced(_ op: String, _ x: KnownTensor, keep: Bool) -> KnownTensor? {
    let shape = keep ? x.shape.map { _ in 1 } : []
    if let list = x.ints {
      let result: Int? =
        switch op {
        case "ReduceProd": list.reduce(1) { Cost.product($0, $1) }
        case "ReduceSum": list.reduce(0, Cost.sum)
        case "ReduceMin": list.min()
        default: list.max()
        }
      return result.map { KnownTensor(x.dtype, shape, .ints([$0])) }
    }
    let list = x.doubles
    let result: Double? =
      switch op {
      case "ReduceProd": list.reduce(1, *)
      case "ReduceSum": list.reduce(0, +)
      case "ReduceMin": list.min()
      default: list.max()
      }
    return result.map { KnownTensor(x.dtype, shape, .floats([$0])) }
  }

  // MARK: Two operands

  static func broadcast(_ a: [Int], _ b: [Int]) -> [Int]? {
    let rank = max(a.count, b.count)
    guard rank <= 8 else { return nil }
    let (x, y) = ([a, b].map { Array(repeating: 1, count: rank - $0.count) + $0 }).pair
    var result: [Int] = []
    for (left, right) in zip(x, y) {
      guard left == right || left == 1 || right == 1, left >= 0, right >= 0 else { return nil }
      result.append(left == 1 ? right : left)
    }
    return Shape(result).isCountable(upTo: KnownTensor.mostElements) ? result : nil
  }

  /// Where each element of `shape` lies in a tensor that is repeated to it.
  private static func places(_ small: [Int], in shape: [Int]) -> [Int]? {
    guard broadcast(small, shape) == shape else { return nil }
    let padded = Array(repeating: 1, count: shape.count - small.count) + small
    let strides = Shape(padded).strides
    var result = [0]
    for axis in shape.indices {
      let step = padded[axis] == 1 ? 0 : strides[axis]
      result = result.flatMap { start in (0..<shape[axis]).map { start + $0 * step } }
    }
    return result
  }

  private static func binary(_ op: String, _ a: KnownTensor, _ b: KnownTensor) -> KnownTensor? {
    guard let shape = broadcast(a.shape, b.shape), let left = places(a.shape, in: shape),
      let right = places(b.shape, in: shape)
    else { return nil }
    let (x, y) = (a.picking(left, shape: shape), b.picking(right, shape: shape))
    if let p = x.ints, let q = y.ints {
      var result: [Int] = []
      for (p, q) in zip(p, q) {
        guard let value = whole(op, p, q) else { return nil }
        result.append(value)
      }
      let origins = op == "Add" || op == "Sub" ? result.indices.map { moved(op, x, y, $0) } : []
      return KnownTensor(isComparison(op) ? .bool : a.dtype, shape, .ints(result), origins: origins)
    }
    var result: [Double] = []
    for (p, q) in zip(x.doubles, y.doubles) {
      guard let value = real(op, p, q) else { return nil }
      result.append(value)
    }
    guard isComparison(op) else { return KnownTensor(.f32, shape, .floats(result)) }
    return KnownTensor(.bool, shape, .ints(result.map { Int($0) }))
  }

  /// An extent and a number are still that extent and so many more.
  private static func moved(_ op: String, _ x: KnownTensor, _ y: KnownTensor, _ index: Int) -> KnownTensor.ExtentOrigin?
  {
    guard let p = x.ints?[index], let q = y.ints?[index] else { return nil }
    switch (x.origin(index), y.origin(index)) {
    case (var first?, nil):
      first.plus = Cost.sum(first.plus, op == "Add" ? q : -max(q, -.max))
      return first
    case (nil, var second?):
      guard op == "Add" else { return nil }
      second.plus = Cost.sum(second.plus, p)
      return second
    default: return nil
    }
  }

  private static func isComparison(_ op: String) -> Bool {
    ["Equal", "Less", "LessOrEqual", "Greater", "GreaterOrEqual", "And", "Or", "Xor"].contains(op)
  }

  private static func whole(_ op: String, _ a: Int, _ b: Int) -> Int? {
    func checked(_ result: (partialValue: Int, overflow: Bool)) -> Int? { result.overflow ? nil : result.partialValue }
    switch op {
    case "Add", "Sum": return checked(a.addingReportingOverflow(b))
    case "Sub": return checked(a.subtractingReportingOverflow(b))
    case "Mul": return checked(a.multipliedReportingOverflow(by: b))
    case "Div": return b == 0 ? nil : checked(a.dividedReportingOverflow(by: b))
    case "Mod":
      guard b != 0, let rest = checked(a.remainderReportingOverflow(dividingBy: b)) else { return nil }
      return rest != 0 && (rest < 0) != (b < 0) ? rest + b : rest
    case "Min": return min(a, b)
    case "Max": return max(a, b)
    case "Pow":
      guard (0...62).contains(b) else { return nil }
      var result = 1
      for _ in 0..<b {
        guard let next = checked(result.multipliedReportingOverflow(by: a)) else { return nil }
        result = next
      }
      return result
    case "Equal": return a == b ? 1 : 0
    case "Less": return a < b ? 1 : 0
    case "LessOrEqual": return a <= b ? 1 : 0
    case "Greater": return a > b ? 1 : 0
    case "GreaterOrEqual": return a >= b ? 1 : 0
    case "And": return a != 0 && b != 0 ? 1 : 0
    case "Or": return a != 0 || b != 0 ? 1 : 0
    case "Xor": return (a != 0) != (b != 0) ? 1 : 0
    default: return nil
    }
  }

  private static func real(_ op: String, _ a: Double, _ b: Double) -> Double? {
    switch op {
    case "Add", "Sum": a + b
    case "Sub": a - b
    case "Mul": a * b
    case "Div": a / b
    case "Min": min(a, b)
    case "Max": max(a, b)
    case "Equal": a == b ? 1 : 0
    case "Less": a < b ? 1 : 0
    case "LessOrEqual": a <= b ? 1 : 0
    case "Greater": a > b ? 1 : 0
    case "GreaterOrEqual": a >= b ? 1 : 0
    default: nil
    }
  }

  private static func choose(_ condition: KnownTensor, _ x: KnownTensor, _ y: KnownTensor) -> KnownTensor? {
    guard let both = broadcast(x.shape, y.shape), let shape = broadcast(condition.shape, both),
      let truths = condition.ints, let which = places(condition.shape, in: shape),
      let left = places(x.shape, in: shape), let right = places(y.shape, in: shape)
    else { return nil }
    if let p = x.ints, let q = y.ints {
      var origins: [KnownTensor.ExtentOrigin?] = []
      var list: [Int] = []
      for index in which.indices {
        let isFirst = truths[which[index]] != 0
        list.append(isFirst ? p[left[index]] : q[right[index]])
        origins.append(isFirst ? x.origin(left[index]) : y.origin(right[index]))
      }
      return KnownTensor(x.dtype, shape, .ints(list), origins: origins)
    }
    let (p, q) = (x.doubles, y.doubles)
    return KnownTensor(
      .f32, shape, .floats(which.indices.map { truths[which[$0]] != 0 ? p[left[$0]] : q[right[$0]] }))
  }
}

extension Array {
  /// The two elements of a list of two.
  fileprivate var pair: (Element, Element) { (self[0], self[1]) }
}
