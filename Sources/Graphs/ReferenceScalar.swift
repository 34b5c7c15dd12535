import FoveaTensors

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

extension Float: ReferenceScalar {
  @inlinable public static func exponential(_ x: Float) -> Float { expf(x) }
  @inlinable public static func exponentialMinusOne(_ x: Float) -> Float { expm1f(x) }
  @inlinable public static func logarithm(_ x: Float) -> Float { logf(x) }
  @inlinable public static func logarithm(onePlus x: Float) -> Float { log1pf(x) }
  @inlinable public static func power(_ x: Float, _ y: Float) -> Float { powf(x, y) }
  @inlinable public static func hyperbolicTangent(_ x: Float) -> Float { tanhf(x) }
  @inlinable public static func errorFunction(_ x: Float) -> Float { erff(x) }
  @inlinable public static func complementaryErrorFunction(_ x: Float) -> Float { erfcf(x) }
}

extension Double: ReferenceScalar {
  @inlinable public static func exponential(_ x: Double) -> Double { exp(x) }
  @inlinable public static func exponentialMinusOne(_ x: Double) -> Double { expm1(x) }
  @inlinable public static func logarithm(_ x: Double) -> Double { log(x) }
  @inlinable public static func logarithm(onePlus x: Double) -> Double { log1p(x) }
  @inlinable public static func power(_ x: Double, _ y: Double) -> Double { pow(x, y) }
  @inlinable public static func hyperbolicTangent(_ x: Double) -> Double { tanh(x) }
  @inlinable public static func errorFunction(_ x: Double) -> Double { erf(x) }
  @inlinable public static func complementaryErrorFunction(_ x: Double) -> Double { erfc(x) }
}
