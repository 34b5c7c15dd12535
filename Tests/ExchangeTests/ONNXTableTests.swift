import Foundation
import FoveaExchange
import Testing

/// `docs/onnx.md` says what is read: a row for each operator, with the words of what is refused.
@Suite struct ONNXTableTests {
  @Test func theTableIsTheReaders() throws {
    let page = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent().appendingPathComponent("docs/onnx.md")
    let text = try String(contentsOf: page, encoding: .utf8)
    let part = try #require(text.components(separatedBy: "\n## What is read\n").dropFirst().first)
    let rows = part.components(separatedBy: "\n## ")[0].split(separator: "\n").filter { $0.hasPrefix("| ") }
    var listed: [String: String] = [:]
    for row in rows {
      let cells = row.split(separator: "|").map { $0.trimmingCharacters(in: .whitespaces) }
      if cells.count >= 4, cells[0] != "operator", !cells[0].hasPrefix("-") { listed[cells[0]] = cells[3] }
    }
    let known = Dictionary(
      ONNXFile.operatorsRead.map { ($0.name, $0.refused) }, uniquingKeysWith: { first, _ in first })
    #expect(Set(listed.keys) == Set(known.keys))
    for (name, refused) in known where listed[name] != nil { #expect(listed[name] == refused, "\(name)") }
  }
}
