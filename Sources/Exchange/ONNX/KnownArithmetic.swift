import FoveaGraphs
import FoveaTensors

/// Arithmetic on whole numbers and truths that are known while a file is read: exact, and an extent that is moved by a
/// number stays an extent.
enum KnownArithmetic {
  /// The result of an operator that works element by element; nil where it is another operator, an operand is of
  /// floats, or a number does not fit its type.
  static func result(_ op: String, _ operands: [KnownTensor]) -> KnownTensor? {
    guard let first = operands.first, operands.allSatisfy({ $0.ints != nil }) else { return nil }
    if op == "Range" { return range(operands) }
    if operands.count == 1 { return single(op, first) }
    guard operands.count == 2 || ["Min", "Max", "Sum"].contains(op) else { return nil }
    var result = first
    for other in operands.dropFirst() {
      guard let next = pair(op, result, other) else { return nil }
      result = next
    }
    return result
  }

  /// The same numbers in another type; nil where one does not fit.
  static func cast(_ x: KnownTensor, to target: DType) -> KnownTensor? {
    let isWide = target == .f64
    switch x.numbers {
    case .ints(let list):
      guard !target.isFloat else {
        let floats = list.map { isWide ? Double($0) : Double(Float($0)) }
        return KnownTensor(isWide ? .f64 : .f32, x.shape, .floats(floats))
      }
      let values = target == .bool ? list.map { $0 == 0 ? 0 : 1 } : list
      return checked(KnownTensor(target, x.shape, .ints(values), origins: target == .bool ? [] : x.origins))
    case .floats(let list):
      guard !target.isFloat else {
        return KnownTensor(isWide ? .f64 : .f32, x.shape, .floats(isWide ? list : list.map { Double(Float($0)) }))
      }
      guard list.allSatisfy({ $0.isFinite && abs($0) < 1e18 }) else { return nil }
      return checked(KnownTensor(target, x.shape, .ints(list.map { target == .bool ? ($0 == 0 ? 0 : 1) : Int($0) })))
    }
  }

  /// Nil where a whole number is outside the bounds of its type.
  private static func checked(_ x: KnownTensor) -> KnownTensor? {
    let bounds: ClosedRange<Int> =
      switch x.dtype {
      case .i8: -128...127
      case .u8: 0...255
      case .i16: -32768...32767
      case .i32: Int(Int32.min)...Int(Int32.max)
      case .bool: 0...1
      default: .min ... .max
      }
    return (x.ints ?? []).allSatisfy(bounds.contains) ? x : nil
  }

  // MARK: One operand

  private static func single(_ op: String, _ x: KnownTensor) -> KnownTensor? {
    func each(_ dtype: DType? = nil, _ rule: (Int) -> Int?) -> KnownTensor? {
      var result: [Int] = []
      for number in x.ints ?? [] {
        guard let next = rule(number) else { return nil }
        result.append(next)
      }
      return checked(KnownTensor(dtype ?? x.dtype, x.shape, .ints(result)))
    }
    switch op {
    case "Min", "Max", "Sum": return x
    case "Neg": return each { $0 == .min ? nil : -$0 }
    case "Abs": return each { $0 == .min ? nil : abs($0) }
    case "Sign": return each { $0.signum() }
    case "Not": return each(.bool) { $0 == 0 ? 1 : 0 }
    default: return nil
    }
  }

  private static func range(_ operands: [KnownTensor]) -> KnownTensor? {
    let numbers = operands.compactMap { $0.ints?.first }
    guard operands.count == 3, operands.allSatisfy({ $0.count == 1 }), numbers[2] != 0 else { return nil }
    let (start, limit, step) = (numbers[0], numbers[1], numbers[2])
    guard numbers.allSatisfy({ $0.magnitude < 1 << 60 }) else { return nil }
    let (distance, unit) = step > 0 ? (limit - start, step) : (start - limit, -step)
    let count = distance <= 0 ? 0 : (distance - 1) / unit + 1
    guard count <= KnownTensor.mostElements else { return nil }
    return KnownTensor(operands[0].dtype, [count], .ints((0..<count).map { start + $0 * step }))
  }

  // MARK: Two operands

  /// The shape that two shapes are repeated to; nil where they do not fit, or that would have too many elements.
  private static func broadcast(_ a: [Int], _ b: [Int]) -> [Int]? {
    let rank = max(a.count, b.count)
    guard rank <= 8 else { return nil }
    let left = [Int](repeating: 1, count: rank - a.count) + a
    let right = [Int](repeating: 1, count: rank - b.count) + b
    var result: [Int] = []
    for (x, y) in zip(left, right) {
      guard x == y || x == 1 || y == 1 else { return nil }
      result.append(x == 1 ? y : x)
    }
    return Shape(result).isCountable(upTo: KnownTensor.mostElements) ? result : nil
  }

  /// Where each element of `shape` lies in a tensor that is repeated to it.
  private static func places(_ small: [Int], in shape: [Int]) -> [Int] {
    let padded = [Int](repeating: 1, count: shape.count - small.count) + small
    let strides = Shape(padded).strides
    var result = [0]
    for axis in shape.indices {
      let step = padded[axis] == 1 ? 0 : strides[axis]
      result = result.flatMap { start in (0..<shape[axis]).map { start + $0 * step } }
    }
    return result
  }

  private static func pair(_ op: String, _ a: KnownTensor, _ b: KnownTensor) -> KnownTensor? {
    guard let shape = broadcast(a.shape, b.shape) else { return nil }
    let (x, y) = (
      a.picking(places(a.shape, in: shape), shape: shape), b.picking(places(b.shape, in: shape), shape: shape)
    )
    var result: [Int] = []
    for (p, q) in zip(x.ints ?? [], y.ints ?? []) {
      guard let value = whole(op, p, q) else { return nil }
      result.append(value)
    }
    let origins = (op == "Add" || op == "Sub") ? result.indices.map { moved(op, x, y, $0) } : []
    let isTruth = ["Equal", "Less", "LessOrEqual", "Greater", "GreaterOrEqual", "And", "Or", "Xor"].contains(op)
    return checked(KnownTensor(isTruth ? .bool : a.dtype, shape, .ints(result), origins: origins))
  }

  /// An extent and a number are still that extent and so many more.
  private static func moved(
    _ op: String, _ x: KnownTensor, _ y: KnownTensor, _ index: Int
  ) -> KnownTensor.ExtentOrigin? {
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
}
