#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// Numbers in messages: as somebody would type them.
enum NumberText {
  /// Six digits at most, without a needless `.0`, `+` or sign: `0.06`, `0.000234`, `1e20`, `nan`, `inf`.
  static func plain(_ number: Double) -> String {
    // The sign of a NaN says nothing, and a loss that left all bounds did so on either side.
    if number.isNaN { return "nan" }
    if number.isInfinite { return "inf" }
    if number == 0 { return "0" }
    let exponent = Int(log10(abs(number)).rounded(.down))
    // The shortest text that reads back as the same number, where that is short enough.
    let exact = "\(number)"
    if exact.utf8.count <= 8 || exponent < 15 && number == number.rounded() {
      return trimmed(exact)
    }
    if exponent >= 15 || exponent < -5 {
      let mantissa = (number / pow(10, Double(exponent)) * 1e5).rounded() / 1e5
      return trimmed("\(mantissa)") + "e\(exponent)"
    }
    let scale = pow(10, Double(5 - exponent))
    return trimmed("\((number * scale).rounded() / scale)")
  }

  private static func trimmed(_ text: String) -> String {
    let text = text.replacing("e+", with: "e").replacing("e-0", with: "e-").replacing(".0e", with: "e")
    return text.hasSuffix(".0") ? String(text.dropLast(2)) : text
  }
}
