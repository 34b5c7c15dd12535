import Fovea

/// The nodes of an ONNX file as text, for networks that cannot be read whole.
enum ONNXListing {
  static func lines(_ rows: [ONNXNodeRow]) -> [String] {
    var cells = [["node", "operator", "output", ""]]
    for row in rows {
      cells.append([
        row.name, row.op, row.output.map { "\($0)" } ?? "", row.problem.map { "not supported: \($0)" } ?? "",
      ])
    }
    let widths = (0..<3).map { column in min(cells.map { $0[column].count }.max() ?? 0, 60) }
    return cells.map { row in
      let padded = zip(row, widths).map { cell, width in
        cell + String(repeating: " ", count: max(width - cell.count, 0))
      }
      return (padded + [row[3]]).joined(separator: "  ").trimmingSuffix(" ")
    }
  }
}

extension String {
  fileprivate func trimmingSuffix(_ character: Character) -> String {
    var result = Substring(self)
    while result.last == character { result.removeLast() }
    return String(result)
  }
}
