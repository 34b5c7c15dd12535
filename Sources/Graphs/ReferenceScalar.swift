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
  @inlinable public static func sine(_ x: Float) -> Float { sinf(x) }
  @inlinable public static func cosine(_ x: Float) -> Float { cosf(x) }
  @inlinable public static func tangent(_ x: Float) -> Float { tanf(x) }
  @inlinable public static func inverseSine(_ x: Float) -> Float { asinf(x) }
  @inlinable public static func inverseCosine(_ x: Float) -> Float { acosf(x) }
  @inlinable public static func inverseTangent(_ x: Float) -> Float { atanf(x) }
  @inlinable public static func hyperbolicSine(_ x: Float) -> Float { sinhf(x) }
  @inlinable public static func hyperbolicCosine(_ x: Float) -> Float { coshf(x) }
  @inlinable public static func inverseHyperbolicSine(_ x: Float) -> Float { asinhf(x) }
  @inlinable public static func inverseHyperbolicCosine(_ x: Float) -> Float { acoshf(x) }
  @inlinable public static func inverseHyperbolicTangent(_ x: Float) -> Float { atanhf(x) }
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
  @inlinable public static func sine(_ x: Double) -> Double { sin(x) }
  @inlinable public static func cosine(_ x: Double) -> Double { cos(x) }
  @inlinable public static func tangent(_ x: Double) -> Double { tan(x) }
  @inlinable public static func inverseSine(_ x: Double) -> Double { asin(x) }
  @inlinable public static func inverseCosine(_ x: Double) -> Double { acos(x) }
  @inlinable public static func inverseTangent(_ x: Double) -> Double { atan(x) }
  @inlinable public static func hyperbolicSine(_ x: Double) -> Double { sinh(x) }
  @inlinable public static func hyperbolicCosine(_ x: Double) -> Double { cosh(x) }
  @inlinable public static func inverseHyperbolicSine(_ x: Double) -> Double { asinh(x) }
  @inlinable public static func inverseHyperbolicCosine(_ x: Double) -> Double { acosh(x) }
  @inlinable public static func inverseHyperbolicTangent(_ x: Double) -> Double { atanh(x) }
  @inlinable public static func errorFunction(_ x: Double) -> Double { erf(x) }
  @inlinable public static func complementaryErrorFunction(_ x: Double) -> Double { erfc(x) }
}
