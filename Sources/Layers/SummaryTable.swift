import FoveaGraphs
import FoveaTensors

/// What a model is made of, layer by layer, with totals. It prints as a table, and encodes as the object
/// that `fovea summary --json` writes.
public struct SummaryTable: Sendable, Equatable {
  /// One declared layer that computes something.
  public struct Row: Sendable, Equatable {
    /// The layer's path.
    public let name: String
    /// The layer's kind, e.g. `Conv2D`.
    public let type: String
    /// The layer as it was typed, e.g. `Conv2D(64, kernel: 5)`.
    public let layer: String
    /// Shape of the output, batch included.
    public let output: Shape
    /// Learned numbers; shared ones are counted where they first appear.
    public let parameters: Int
    /// Per example, weights only, as papers count them.
    public let multiplyAdds: Int
    /// `[min, max]` per spatial axis, in elements of the input, over all paths from it.
    public let receptiveField: [[Int]]
  }

  public let rows: [Row]
  /// What the model is called, or empty.
  public let name: String
  /// Examples at once.
  public let batch: Int
  /// Learned numbers.
  public let parameters: Int
  /// Those that an optimizer changes.
  public let trainableParameters: Int
  /// Numbers that are kept but not learned, such as running means.
  public let states: Int
  /// Per example, weights only.
  public let multiplyAdds: Int
  /// For the whole batch, each added bias counted as one more: the count of some courses and tools.
  public let multiplyAddsWithBiases: Int
  /// The inputs of the whole batch.
  public let inputBytes: Int
  /// The outputs of all layers with parameters and their gradients, for the whole batch: what a training
  /// step at least keeps, as torchinfo counts it.
  public let activationBytes: Int
  /// The learned numbers.
  public let parameterBytes: Int
}

extension SummaryTable: Encodable {
  private enum Keys: String, CodingKey {
    case parameters, layers
    case multiplyAdds = "multiply_adds"
    case activationBytes = "activation_bytes"
    case parameterBytes = "parameter_bytes"
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: Keys.self)
    try container.encode(parameters, forKey: .parameters)
    try container.encode(multiplyAdds, forKey: .multiplyAdds)
    try container.encode(activationBytes, forKey: .activationBytes)
    try container.encode(parameterBytes, forKey: .parameterBytes)
    try container.encode(rows, forKey: .layers)
  }
}

extension SummaryTable.Row: Encodable {
  private enum Keys: String, CodingKey {
    case name, type, output, parameters
    case receptiveField = "receptive_field"
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: Keys.self)
    try container.encode(name, forKey: .name)
    try container.encode(type, forKey: .type)
    try container.encode(output.dims, forKey: .output)
    try container.encode(parameters, forKey: .parameters)
    try container.encode(receptiveField, forKey: .receptiveField)
  }
}

extension SummaryTable: CustomStringConvertible {
  public var description: String {
    var cells = [["layer", "type", "output", "parameters", "multiply-adds", "receptive field"]]
    for row in rows {
      cells.append([
        row.name, row.layer, "\(row.output)", grouped(row.parameters), grouped(row.multiplyAdds),
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
        + (states > 0 ? "; \(grouped(states)) kept but not learned" : ""),
      "multiply-adds  \(grouped(multiplyAdds)) per example, weights only; "
        + "\(grouped(multiplyAddsWithBiases)) with biases for a batch of \(batch)",
    ]
    lines.append(
      "memory         \(megabytes(inputBytes)) input, \(megabytes(activationBytes)) forward and backward, "
        + "\(megabytes(parameterBytes)) parameters, \(megabytes(inputBytes + activationBytes + parameterBytes)) in all")
    return lines
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

/// Bytes in units of 10⁶ with two decimals.
func megabytes(_ bytes: Int) -> String {
  let hundredths = (Double(bytes) / 10_000).rounded()
  let whole = Int(hundredths / 100)
  let rest = Int(hundredths) - 100 * whole
  return "\(grouped(whole)).\(rest < 10 ? "0" : "")\(rest) MB"
}
