#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// Numbers and tables as people read them. By hand, since Foundation would double the time to start.
enum Text {
  /// 1234567 as `1,234,567`.
  static func grouped(_ number: Int) -> String {
    var result = ""
    for (index, digit) in String(number.magnitude).reversed().enumerated() {
      if index > 0, index % 3 == 0 { result.append(",") }
      result.append(digit)
    }
    return (number < 0 ? "-" : "") + String(result.reversed())
  }

  /// Milliseconds with three places, and more where that would leave less than two digits.
  static func milliseconds(_ number: Double) -> String { decimals(number, number < 0.1 ? 5 : 3) }

  /// A number with so many decimals; NaN and the infinities by name.
  static func decimals(_ number: Double, _ places: Int) -> String {
    guard number.isFinite, abs(number) < 1e15 else { return "\(number)" }
    let scale = pow(10.0, Double(places))
    let digits = String(Int((abs(number) * scale).rounded()))
    let padded = String(repeating: "0", count: max(0, places + 1 - digits.count)) + digits
    let whole = padded.dropLast(places)
    let sign = number < 0 && padded.contains { $0 != "0" } ? "-" : ""
    return sign + (places == 0 ? whole : whole + "." + padded.suffix(places))
  }

  /// A positive number with two digits that count: `0.0042`, `0.31`, `2.6`, `0.0000013`.
  static func significant(_ number: Double) -> String {
    guard number > 0, number.isFinite, number < 1e9 else { return decimals(number, 2) }
    let places = max(0, 1 - Int(log10(number).rounded(.down)))
    guard places <= 12 else { return "\(number)" }
    var text = decimals(number, places)
    // A rate as somebody would type it.
    while text.contains("."), text.last == "0" { text.removeLast() }
    if text.last == "." { text.removeLast() }
    return text
  }

  /// 0.9132 as `91.32 %`.
  static func percent(_ share: Double) -> String { decimals(100 * share, 2) + " %" }

  /// `3x224x224`
  static func extents(_ dims: [Int]) -> String { dims.map(String.init).joined(separator: "x") }

  /// Seconds as `35 ms`, `4.5 s`, `45 s`, `1:30 min` or `2:05 h`.
  static func duration(_ seconds: Double) -> String {
    guard seconds.isFinite, seconds < 1e9 else { return "?" }
    func two(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
    if seconds < 0.9995 { return decimals(1000 * seconds, 0) + " ms" }
    if seconds < 10 { return decimals(seconds, 1) + " s" }
    let whole = Int(seconds.rounded())
    if whole < 60 { return "\(whole) s" }
    if whole < 3600 { return "\(whole / 60):\(two(whole % 60)) min" }
    return "\(whole / 3600):\(two(whole / 60 % 60)) h"
  }

  /// Whole seconds as `0:07` or `2:05:00`: it does not jump about while it counts down.
  static func clock(_ seconds: Double) -> String {
    guard seconds.isFinite, seconds >= 0, seconds < 1e9 else { return "?:??" }
    func two(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
    let whole = Int(seconds.rounded(.up))
    let start = whole < 3600 ? "\(whole / 60)" : "\(whole / 3600):\(two(whole / 60 % 60))"
    return "\(start):\(two(whole % 60))"
  }

  /// Bytes as `1.50 MiB`.
  static func bytes(_ count: Int) -> String {
    if count < 1024 { return "\(count) bytes" }
    if count < 1_048_576 { return decimals(Double(count) / 1024, 1) + " KiB" }
    if count < 1_073_741_824 { return decimals(Double(count) / 1_048_576, 2) + " MiB" }
    return decimals(Double(count) / 1_073_741_824, 2) + " GiB"
  }

  /// Rows in columns of equal width, two spaces apart; those in `right` stand at the right.
  static func table(_ rows: [[String]], right: Set<Int> = []) -> [String] {
    guard let columns = rows.map(\.count).max() else { return [] }
    let widths = (0..<columns).map { column in
      rows.map { $0.indices.contains(column) ? $0[column].count : 0 }.max() ?? 0
    }
    return rows.map { row in
      var line = row.enumerated().map { column, cell in
        let fill = String(repeating: " ", count: widths[column] - cell.count)
        return right.contains(column) ? fill + cell : cell + fill
      }.joined(separator: "  ")
      while line.last == " " { line.removeLast() }
      return line
    }
  }
}
