import FoveaTensors
import Testing

@Suite struct HalfPrecisionTests {
  /// The value of a pattern by the definition of IEEE 754, in plain arithmetic.
  private func definition(_ bits: Int, exponentBits: Int, mantissaBits: Int) -> Double {
    let sign = bits >> 15 == 0 ? 1.0 : -1.0
    let bias = (1 << (exponentBits - 1)) - 1
    let exponent = (bits >> mantissaBits) & ((1 << exponentBits) - 1)
    let mantissa = Double(bits & ((1 << mantissaBits) - 1)) / Double(1 << mantissaBits)
    if exponent == (1 << exponentBits) - 1 { return mantissa == 0 ? sign * .infinity : .nan }
    if exponent == 0 { return sign * Double(sign: .plus, exponent: 1 - bias, significand: 1) * mantissa }
    return sign * Double(sign: .plus, exponent: exponent - bias, significand: 1 + mantissa)
  }

  @Test func everyF16PatternHasItsValueAndComesBack() {
    var wrong: [Int] = []
    for bits in 0...0xffff {
      let value = HalfPrecision.float(fromF16: UInt16(bits))
      let expected = definition(bits, exponentBits: 5, mantissaBits: 10)
      if expected.isNaN {
        let back = HalfPrecision.f16(from: value)
        if !value.isNaN || back & 0x7c00 != 0x7c00 || back & 0x3ff == 0 { wrong.append(bits) }
      } else if Double(value) != expected || value.sign != expected.sign || HalfPrecision.f16(from: value) != bits {
        wrong.append(bits)
      }
    }
    #expect(wrong == [])
  }

  @Test func everyBF16PatternHasItsValueAndComesBack() {
    var wrong: [Int] = []
    for bits in 0...0xffff {
      let value = HalfPrecision.float(fromBF16: UInt16(bits))
      let expected = definition(bits, exponentBits: 8, mantissaBits: 7)
      if expected.isNaN {
        if !value.isNaN || !HalfPrecision.float(fromBF16: HalfPrecision.bf16(from: value)).isNaN { wrong.append(bits) }
      } else if Double(value) != expected || value.sign != expected.sign || HalfPrecision.bf16(from: value) != bits {
        wrong.append(bits)
      }
    }
    #expect(wrong == [])
  }

  /// Between each two neighbours: the middle goes to the even one, anything off the middle to the nearer.
  @Test func f16RoundsToNearestEven() {
    var wrong: [UInt16] = []
    for low in UInt16(0)..<0x7c00 {
      // Infinity rounds as if it were the next number after the largest.
      let a = HalfPrecision.float(fromF16: low)
      let b = low == 0x7bff ? 65536 : HalfPrecision.float(fromF16: low + 1)
      let middle = a + (b - a) / 2
      let even = low & 1 == 0 ? low : low + 1
      for sign: UInt16 in [0, 0x8000] {
        let s: Float = sign == 0 ? 1 : -1
        if HalfPrecision.f16(from: s * middle) != sign | even { wrong.append(sign | low) }
        if HalfPrecision.f16(from: s * middle.nextDown) != sign | low { wrong.append(sign | low) }
        if HalfPrecision.f16(from: s * middle.nextUp) != sign | (low + 1) { wrong.append(sign | low) }
      }
    }
    #expect(wrong == [])
    #expect(HalfPrecision.f16(from: .greatestFiniteMagnitude) == 0x7c00)
    #expect(HalfPrecision.f16(from: -.infinity) == 0xfc00)
    #expect(HalfPrecision.f16(from: .leastNonzeroMagnitude) == 0)
  }

  @Test func bf16RoundsToNearestEven() {
    var wrong: [UInt16] = []
    for low in UInt16(0)..<0x7f80 {
      let middle = UInt32(low) << 16 | 0x8000
      let even = low & 1 == 0 ? low : low + 1
      if HalfPrecision.bf16(from: Float(bitPattern: middle)) != even { wrong.append(low) }
      if HalfPrecision.bf16(from: Float(bitPattern: middle - 1)) != low { wrong.append(low) }
      if HalfPrecision.bf16(from: Float(bitPattern: middle + 1)) != low + 1 { wrong.append(low) }
    }
    #expect(wrong == [])
  }

  #if !(os(macOS) && arch(x86_64))
    @Test func f16AgreesWithTheCompilersFloat16() {
      var wrong: [UInt32] = []
      // Every 4097th single-precision number, all exponents and signs.
      for bits in stride(from: UInt32(0), to: UInt32.max - 4097, by: 4097) {
        let value = Float(bitPattern: bits)
        if !value.isNaN, HalfPrecision.f16(from: value) != Float16(value).bitPattern { wrong.append(bits) }
      }
      #expect(wrong == [])
    }
  #endif
}
