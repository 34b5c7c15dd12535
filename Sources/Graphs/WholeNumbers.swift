import FoveaTensors

/// A whole number that reference loops run in. Results wrap as two's complement.
public protocol WholeScalar: FixedWidthInteger, TensorScalar {}

extension Int64: WholeScalar {}
extension Int32: WholeScalar {}
extension Int8: WholeScalar {}
extension UInt8: WholeScalar {}

/// An operator that computes in whole numbers, too: in i64, i32, i8 and u8, in the type of its first operand.
public protocol WholeOperator: Operator {
  /// The plain loop over whole numbers; truths come as bytes of 0 and 1.
  static func whole<I: WholeScalar>(_ site: NodeSite, _ type: I.Type) -> ReferenceKernel

  /// The loop in the type of the first operand; nil where that is a float. It is here, and given, so that each
  /// operator's loops are made for each type: generic ones run some thirty times slower.
  static func wholeKernel(_ site: NodeSite) -> ReferenceKernel?
}

extension WholeOperator {
  /// Every operand may be whole.
  public static var nonFloatInputs: Set<Int> { Set(inputNames.indices) }

  @inline(__always)
  public static func wholeKernel(_ site: NodeSite) -> ReferenceKernel? {
    switch site.inputs.first??.dtype {
    case .i64: whole(site, Int64.self)
    case .i32: whole(site, Int32.self)
    case .i8: whole(site, Int8.self)
    case .u8, .bool: whole(site, UInt8.self)
    default: nil
    }
  }
}

extension DType {
  /// The types that arithmetic knows besides floats.
  static let whole: [DType] = [.i64, .i32, .i8, .u8]
}

extension ShapeQuery {
  /// Reports an input whose elements are no numbers to compute with, as truths are but where `truths` lets them be.
  mutating func requireNumbers(_ index: Int = 0, truths: Bool = false) {
    guard has(index), !dtype(index).isFloat else { return }
    let allowed = DType.whole + (truths ? [.bool] : [])
    guard !allowed.contains(dtype(index)), wrongTypes.insert(index).inserted else { return }
    reject(
      "\(name(index)) has elements of type \(dtype(index).rawValue)",
      mend: "give one of f64, f32, \(allowed.map(\.rawValue).joined(separator: ", ")), or convert it to one")
  }
}

/// Arithmetic of whole numbers in which every case is defined.
enum Whole {
  /// The quotient without its rest; 0 where the divisor is 0. The least number by −1 is itself.
  @inline(__always)
  static func quotient<I: WholeScalar>(_ a: I, _ b: I) -> I {
    b == 0 ? 0 : a.dividedReportingOverflow(by: b).partialValue
  }

  /// aⁿ; of a negative n what is left of 1/a⁻ⁿ without its rest, which is 0 but for ±1, and 0 for 1/0.
  @inline(__always)
  static func power<I: WholeScalar, N: BinaryInteger>(_ base: I, _ exponent: N) -> I {
    if exponent < 0 { return base == 1 ? 1 : I.isSigned && base == 0 &- 1 ? (exponent & 1 == 0 ? 1 : base) : 0 }
    var (result, factor, rest) = (1 as I, base, exponent)
    while rest > 0 {
      if rest & 1 == 1 { result &*= factor }
      factor &*= factor
      rest >>= 1
    }
    return result
  }

  /// The number of this type that a float stands for: toward zero, kept within the bounds; NaN becomes 0.
  @inline(__always)
  static func bounded<A: BinaryFloatingPoint, I: FixedWidthInteger>(_ value: A) -> I {
    if value.isNaN { return 0 }
    // Of the bounds that A cannot hold exactly, its nearest is one step outside.
    if value >= A(I.max) { return .max }
    if value <= A(I.min) { return .min }
    return I(value.rounded(.towardZero))
  }
}

extension Broadcast {
  /// The loop of a function of two numbers.
  @inline(__always)
  func apply<A, B, C>(_ buffers: Buffers, _ function: (A, B) -> C) {
    let a = buffers.input(0, as: A.self)
    let b = buffers.input(1, as: B.self)
    let y = buffers.output(0, as: C.self)
    forEach { yAt, aAt, bAt in y[yAt] = function(a[aAt], b[bAt]) }
  }
}
