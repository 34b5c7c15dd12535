import FoveaTensors

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

extension Float: ReferenceScalar {
  @inlinable public static func exponential(_ x: Float) -> Float { expf(x) }
  @inlinable public static func logarithm(_ x: Float) -> Float { logf(x) }
}

extension Double: ReferenceScalar {
  @inlinable public static func exponential(_ x: Double) -> Double { exp(x) }
  @inlinable public static func logarithm(_ x: Double) -> Double { log(x) }
}
