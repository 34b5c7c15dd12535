import Foundation
import Fovea
import Testing

/// `docs/lectures.md` leads nowhere that is not there.
@Suite struct LectureMapTests {
  private static let root = URL(filePath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

  /// The Swift files below a folder, with their texts.
  private static func sources(_ folder: String) throws -> [(path: String, text: String)] {
    let base = root.appending(path: folder)
    let walk = try #require(FileManager.default.enumerator(atPath: base.path))
    return try walk.compactMap { $0 as? String }.filter { $0.hasSuffix(".swift") }.sorted().map {
      ($0, try String(contentsOf: base.appending(path: $0), encoding: .utf8))
    }
  }

  /// What the program prints for these words.
  private static func program(_ words: String...) throws -> String {
    let own = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? CommandLine.arguments[0]
    var folder = URL(filePath: own).deletingLastPathComponent()
    // On macOS the tests lie in a bundle.
    while folder.path.contains(".xctest") { folder = folder.deletingLastPathComponent() }
    let process = Process()
    let output = Pipe()
    process.executableURL = folder.appending(path: "fovea")
    process.arguments = words
    process.standardOutput = output
    process.standardInput = FileHandle.nullDevice
    try process.run()
    let data = output.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    return String(decoding: data, as: UTF8.self)
  }

  private static func surroundings() throws -> Surroundings {
    var tests: Set<String> = []
    for (path, text) in try sources("Tests") {
      let target = path.split(separator: "/").first ?? ""
      // The attribute may stand on the lines before, with its arguments.
      for part in text.components(separatedBy: "@Test").dropFirst() {
        if let name = part.firstMatch(of: /func (\w+)/) { tests.insert("\(target)/\(name.1)") }
      }
    }
    var help: [String: String] = [:]
    let list = try program("--help").split(separator: "\n").drop { $0 != "commands:" }.dropFirst()
    for line in list.prefix(while: { $0.hasPrefix("  ") }) {
      if let name = line.split(separator: " ").first { help[String(name)] = try program("help", String(name)) }
    }
    let lists = try program("datasets").split(separator: "\n")
    return Surroundings(
      tests: tests, sources: try sources("Sources").map(\.text), help: help,
      models: Set(Zoo.standard.entries.map(\.name)),
      datasets: Set(lists.compactMap { $0.firstMatch(of: #/^(\S+): /#).map { String($0.1) } }))
  }

  @Test func everyRowLeadsSomewhere() throws {
    let text = try String(contentsOf: Self.root.appending(path: "docs/lectures.md"), encoding: .utf8)
    let map = LectureMap(text)
    #expect(map.rows.count > 150)
    for mistake in map.mistakes(in: try Self.surroundings()) { Issue.record("docs/lectures.md, \(mistake)") }
  }

  @Test func whatIsBrokenIsFound() throws {
    let world = Surroundings(
      tests: ["LectureTests/o1_right", "LectureTests/m5RightToo"],
      sources: ["public struct Conv2D: Layer {\n  public func declare() {}\n  func hidden() {}\n  case valid, full\n}"],
      help: [
        "summary":
          "usage: fovea summary MODEL [OPTIONS]\n  --batch N  examples\n  --json     one object\n  --data DATASET  set"
      ],
      models: ["two-conv"], datasets: ["mnist:DIR", "mnist-1d"])
    /// What is found in one row, the ids that are missing left out.
    func found(_ things: String, _ tests: String = "`LectureTests/o1_right`", id: String = "O1") -> [String] {
      LectureMap("| \(id) | sums | \(things) | \(tests) |").mistakes(in: world).filter { !$0.hasSuffix(" 0 times") }
    }
    #expect(found("`Conv2D`, `Conv2D.full`, `fovea summary two-conv --json --data mnist:d --batch 3`") == [])
    #expect(found("`Conv2D`", "`LectureTests/m5RightToo`", id: "M5") == [])
    #expect(found("`Conv4D`") == ["line 1, O1: nothing public is called Conv4D"])
    #expect(found("`Conv2D.hidden()`").count == 1)
    #expect(found("`Dense.valid`").count == 1)
    #expect(found("in words").count == 1)
    #expect(found("`Conv2D`", "").count == 2)
    #expect(found("`Conv2D`", "`LectureTests/o1_wrong`") == ["line 1, O1: there is no test LectureTests/o1_wrong"])
    #expect(found("`Conv2D`", "`LectureTests/m5RightToo`") == ["line 1, O1: no test bears the id"])
    for line in [
      "fovea", "fovea draw two-conv", "fovea summary", "fovea summary three-conv", "fovea summary two-conv --bath 3",
      "fovea summary two-conv --batch", "fovea summary two-conv --data minst", "fovea summary two-conv --data mnist",
    ] { #expect(found("`\(line)`").count == 1, "\(line)") }
    #expect(LectureMap("| O1 | sums | `Conv2D` |").misfits.count == 1)
    // Every id, once.
    let rows = LectureMap.wanted.map { "| \($0) | it | `Conv2D` | `LectureTests/o1_right` |\n" }
    func counted(_ text: String) -> [String] { LectureMap(text).mistakes(in: world).filter { $0.hasSuffix(" times") } }
    #expect(counted(rows.joined()) == [])
    #expect(counted(rows.dropFirst().joined()) == ["A1 stands in the map 0 times"])
    #expect(
      counted(rows.joined() + "| M1 | it | `Conv2D` | |\n| M1 | it | `Conv2D` | |") == ["M1 stands in the map 2 times"])
    #expect(counted(rows.joined() + "## Open\n| A3, W1–W2 | later |\n").count == 3)
    #expect(counted(rows.dropFirst(2).joined() + "## Open\n| A1–A2 | later |\n") == [])
  }
}
