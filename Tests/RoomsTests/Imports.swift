/// An `import` in a Swift file.
struct Import: Equatable {
  let module: String
  let line: Int
}

/// The modules that a Swift source imports, with their lines.
///
/// Knows attributes (`@_exported import`, `@_spi(Name) import`), access levels (`package import`), kinds
/// (`import struct A.B`) and several statements on a line; skips comments and string literals of many lines.
func imports(in source: String) -> [Import] {
  var found: [Import] = []
  var skipper = LineSkipper()
  for (index, line) in source.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
    for statement in skipper.code(of: line).split(separator: ";") {
      if let module = importedModule(statement) { found.append(Import(module: module, line: index + 1)) }
    }
  }
  return found
}

/// The module that one statement imports, if it is an import.
private func importedModule(_ statement: Substring) -> String? {
  let pattern = /(@\w+(\([^)]*\))?\s+|(public|package|internal|fileprivate|private)\s+)*import\s+(?<path>[\w.\s]+)/
  guard let match = statement.trimmed.prefixMatch(of: pattern) else { return nil }
  let kinds: Set<Substring> = ["struct", "class", "enum", "protocol", "typealias", "func", "let", "var"]
  let words = match.path.split(whereSeparator: \.isWhitespace)
  let path = words.count > 1 && kinds.contains(words[0]) ? words[1] : words[0]
  return path.split(separator: ".").first.map(String.init)
}

/// Walks through the lines of a file and hands back what is code in each of them.
private struct LineSkipper {
  private var commentDepth = 0
  private var insideString = false

  mutating func code(of line: Substring) -> String {
    // Most lines are only code: no need to walk through them.
    let isPlain = !line.utf8.contains { $0 == UInt8(ascii: "/") || $0 == UInt8(ascii: "\"") }
    if isPlain { return commentDepth == 0 && !insideString ? String(line) : "" }
    var code = ""
    var rest = line
    while !rest.isEmpty {
      if insideString {
        if rest.hasPrefix("\"\"\"") { insideString = false }
        rest = rest.dropFirst(insideString ? 1 : 3)
      } else if rest.hasPrefix("/*") {
        commentDepth += 1
        rest = rest.dropFirst(2)
      } else if commentDepth > 0 {
        let closes = rest.hasPrefix("*/")
        if closes { commentDepth -= 1 }
        rest = rest.dropFirst(closes ? 2 : 1)
      } else if rest.hasPrefix("//") {
        break
      } else if rest.hasPrefix("\"\"\"") {
        insideString = true
        rest = rest.dropFirst(3)
      } else if rest.hasPrefix("\"") {
        rest = rest.afterStringLiteral
        code += "\"\""
      } else {
        code.append(rest.removeFirst())
      }
    }
    return code
  }
}

extension Substring {
  fileprivate var trimmed: Substring {
    drop(while: \.isWhitespace)
  }

  /// What follows the one-line string literal that this begins with.
  fileprivate var afterStringLiteral: Substring {
    var rest = dropFirst()
    while let character = rest.popFirst(), character != "\"" {
      if character == "\\" { rest = rest.dropFirst() }
    }
    return rest
  }
}
