import Fovea

/// What `fovea datasets DIR` says about one thing that it found.
struct DatasetReport {
  private let found: DatasetInspection
  /// Lines of classes and of files that are shown at most.
  private static let most = 20

  init(_ found: DatasetInspection) { self.found = found }

  var lines: [String] {
    var lines = ["\(found.form ?? found.path): \(found.summary)"]
    var facts = found.parts.map { part in
      "\(Text.grouped(part.count)) \(part.name == "all" ? "examples" : "to \(part.name)")"
    }
    if found.classNames.count > 1 { facts.append("\(Text.grouped(found.classNames.count)) classes") }
    if let shape = found.sampleShape { facts.append("all \(shape)") }
    if !facts.isEmpty { lines.append("  " + facts.joined(separator: ", ")) }
    if let sizes = found.sizes, found.sampleShape == nil {
      lines.append(
        "  sizes (height x width): smallest \(Text.extents(sizes.smallest)), median \(Text.extents(sizes.median)), "
          + "largest \(Text.extents(sizes.largest))")
    }
    lines += classLines
    if !found.skipped.isEmpty {
      lines.append("  left out: \(Text.grouped(found.skipped.count)) \(found.skipped.count == 1 ? "file" : "files")")
      lines += found.skipped.prefix(Self.most).map { "    \($0)" } + rest(of: found.skipped.count)
    }
    return lines + found.notes.map { "  note: \($0)" }
  }

  private var classLines: [String] {
    guard found.classNames.count > 1, !found.parts.isEmpty else { return [] }
    let rows = found.classNames.indices.prefix(Self.most).map { index in
      [found.classNames[index]] + found.parts.map { Text.grouped($0.classCounts[index]) }
    }
    let heading = found.parts.count > 1 ? [["class"] + found.parts.map(\.name)] : []
    let table = Text.table(heading + rows, right: Set(1...found.parts.count))
    return table.map { "    " + $0 } + rest(of: found.classNames.count)
  }

  private func rest(of count: Int) -> [String] {
    count > Self.most ? ["    … and \(Text.grouped(count - Self.most)) more (--json lists all)"] : []
  }

  var object: [String: Any] {
    var object: [String: Any] = [
      "path": found.path, "summary": found.summary, "classes": found.classNames, "notes": found.notes,
      "parts": found.parts.map { part -> [String: Any] in
        ["name": part.name, "examples": part.count, "class_counts": part.classCounts]
      },
      "left_out": found.skipped.map { file -> [String: Any] in
        var one: [String: Any] = ["path": file.path, "reason": file.reason]
        one["line"] = file.line
        return one
      },
    ]
    object["found"] = found.form
    object["shape"] = found.sampleShape?.dims
    if let sizes = found.sizes {
      object["sizes"] = ["smallest": sizes.smallest, "median": sizes.median, "largest": sizes.largest]
    }
    return object
  }
}
