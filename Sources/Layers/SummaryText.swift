extension SummaryTable: CustomStringConvertible {
  /// The whole tree.
  public var description: String { text() }

  /// The table: a tree of the layers, those made of others with the sums of what they hold, then the totals.
  ///
  /// ```swift
  /// print(model.summary(batch: 100).text(depth: 2))
  /// ```
  /// - Parameter depth: levels below the whole network that are shown; all when nil.
  public func text(depth: Int? = nil) -> String {
    var cells = [["layer", "type", "output", "parameters", "multiply-adds", "receptive field"]]
    for line in lines(depth: depth) {
      let row = line.row
      cells.append([
        String(repeating: "  ", count: line.depth) + short(line.label), short(row.layer), "\(row.shape)",
        grouped(row.parameters),
        row.isOpen ? "?" : grouped(row.multiplyAdds),
        row.receptiveField.map { $0[0] == $0[1] ? "\($0[0])" : "\($0[0])…\($0[1])" }.joined(separator: "×"),
      ])
    }
    let widths = cells[0].indices.map { column in cells.map { $0[column].count }.max() ?? 0 }
    var lines = cells.map { row in
      var line = ""
      for (column, cell) in row.enumerated() {
        let fill = String(repeating: " ", count: widths[column] - cell.count)
        // Numbers stand at the right.
        line += (column == 3 || column == 4 ? fill + cell : cell + fill) + "  "
      }
      return trimmed(line)
    }
    let rule = String(repeating: "─", count: widths.reduce(0, +) + 2 * (widths.count - 1))
    lines.insert(rule, at: 1)
    lines.append(rule)
    if !name.isEmpty { lines.insert("\(name), batch \(batch)", at: 0) }
    return (lines + totals).joined(separator: "\n")
  }

  private var totals: [String] {
    var lines = [
      "parameters     \(grouped(parameters)): \(grouped(trainableParameters)) trainable, "
        + "\(grouped(parameters - trainableParameters)) not"
        + (states > 0 ? "; \(grouped(states)) kept but not learned" : "")
    ]
    guard !isOpen else {
      return lines + [
        "multiply-adds  depend on sizes that are open",
        "memory         \(megabytes(parameterBytes)) parameters; the rest depends on sizes that are open",
      ]
    }
    lines.append(
      "multiply-adds  \(grouped(multiplyAdds)) per example, weights only; "
        + "\(grouped(multiplyAddsWithBiases))\(rounded(multiplyAddsWithBiases)) with biases for a batch of \(batch)")
    if let connections { lines.append("connections    \(grouped(connections)) per example") }
    lines.append(
      "memory         \(megabytes(inputBytes)) input, \(megabytes(activationBytes)) forward and backward, "
        + "\(megabytes(parameterBytes)) parameters, \(megabytes(inputBytes + activationBytes + parameterBytes)) in all")
    return lines
  }

  /// Cut where it is longer than anybody reads: all lines are as wide as the widest.
  private func short(_ text: String) -> String {
    text.utf8.count <= 160 ? text : text.prefix(160) + "…"
  }

  private func trimmed(_ line: String) -> String {
    var line = line
    while line.last == " " { line.removeLast() }
    return line
  }
}

/// 1234567 as `1,234,567`.
func grouped(_ number: Int) -> String {
  var result = ""
  for (index, digit) in String(number.magnitude).reversed().enumerated() {
    if index > 0, index % 3 == 0 { result.append(",") }
    result.append(digit)
  }
  return (number < 0 ? "-" : "") + String(result.reversed())
}

/// 1234567 as ` (1.23 M)`; nothing below a thousand.
private func rounded(_ number: Int) -> String {
  for (size, unit) in [(1_000_000_000_000, "T"), (1_000_000_000, "G"), (1_000_000, "M"), (1_000, "k")]
  where number >= size {
    return " (\(twoDecimals(Double(number) / Double(size))) \(unit))"
  }
  return ""
}

/// Bytes in units of 10⁶ with two decimals.
func megabytes(_ bytes: Int) -> String { "\(twoDecimals(Double(bytes) / 1_000_000)) MB" }

private func twoDecimals(_ number: Double) -> String {
  let hundredths = Int((number * 100).rounded())
  let rest = hundredths % 100
  return "\(grouped(hundredths / 100)).\(rest < 10 ? "0" : "")\(rest)"
}
