/// `docs/lectures.md`, read: a row for each id, and the ids that are left open.
struct LectureMap {
  struct Row {
    let line: Int
    let id: String
    /// What stands in backticks in the column of commands and symbols, and in that of tests.
    let things: [String]
    let tests: [String]
  }

  private(set) var rows: [Row] = []
  private(set) var open: [(line: Int, id: String)] = []
  /// Table lines that are no rows.
  private(set) var misfits: [String] = []

  /// Rows of three or four columns; those under the last heading that begins with "Open" are open.
  init(_ text: String) {
    var isOpen = false
    for (index, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
      if line.hasPrefix("#") { isOpen = line.contains("Open") }
      guard line.hasPrefix("|") else { continue }
      let cells = line.dropFirst().split(separator: "|", omittingEmptySubsequences: false).dropLast().map {
        String($0.drop { $0 == " " })
      }
      guard let first = cells.first, !first.hasPrefix("-"), !first.hasPrefix("id") else { continue }
      let ids = LectureMap.ids(first)
      if isOpen {
        open += ids.map { (line: index + 1, id: $0) }
      } else if ids.count == 1, cells.count == 4 {
        rows.append(
          Row(line: index + 1, id: ids[0], things: LectureMap.quoted(cells[2]), tests: LectureMap.quoted(cells[3])))
      } else {
        misfits.append("line \(index + 1) is no row: \(line)")
      }
    }
  }

  /// `A22–A24, A31` is A22, A23, A24 and A31.
  static func ids(_ text: String) -> [String] {
    text.split(separator: ",").flatMap { part -> [String] in
      let ends = part.split(separator: "–").map { $0.filter { !$0.isWhitespace } }
      guard ends.count == 2, let letter = ends[0].first, let from = Int(ends[0].dropFirst()),
        let to = Int(ends[1].dropFirst()), from <= to
      else { return ends.map { String($0) } }
      return (from...to).map { "\(letter)\($0)" }
    }
  }

  /// What stands in backticks.
  private static func quoted(_ text: String) -> [String] {
    text.split(separator: "`", omittingEmptySubsequences: false).enumerated().compactMap {
      $0.offset % 2 == 1 ? String($0.element) : nil
    }
  }

  /// Every id that must stand in the map once.
  static let wanted = ids("A1–A37, O1–O77, W1–W55, W60–W85, X11")
}

/// What the map may speak of.
struct Surroundings {
  /// Test functions as `LectureTests/o1_slidingSum`.
  var tests: Set<String>
  /// The texts of the sources.
  var sources: [String]
  /// The help of each command.
  var help: [String: String]
  /// Names of networks, and data sets as `fovea datasets` lists them.
  var models: Set<String>
  var datasets: Set<String>
}

extension LectureMap {
  /// Everything that is wrong with the map, one sentence each.
  func mistakes(in world: Surroundings) -> [String] {
    let all = rows.map(\.id) + open.map(\.id)
    var found = misfits
    for id in LectureMap.wanted {
      let count = all.count { $0 == id }
      if count != 1 { found.append("\(id) stands in the map \(count) times") }
    }
    for (id, count) in Dictionary(grouping: all, by: { $0 }).mapValues(\.count) where count > 1 {
      if !LectureMap.wanted.contains(id) { found.append("\(id) stands in the map \(count) times") }
    }
    let declarations = Declarations(world.sources)
    for row in rows {
      let place = "line \(row.line), \(row.id):"
      if row.tests.isEmpty { found.append("\(place) no test") }
      for test in row.tests where !world.tests.contains(test) { found.append("\(place) there is no test \(test)") }
      let prefix = row.id.lowercased()
      let isOwn = row.tests.contains { test in
        let name = test.split(separator: "/").last ?? ""
        return name.hasPrefix(prefix + "_")
          || name.hasPrefix(prefix) && name.dropFirst(prefix.count).first?.isUppercase == true
      }
      if LectureMap.wanted.contains(row.id), !isOwn { found.append("\(place) no test bears the id") }
      if row.things.isEmpty { found.append("\(place) neither command nor symbol") }
      for thing in row.things {
        if thing.hasPrefix("fovea ") {
          found += world.mistakes(ofCommand: thing).map { "\(place) `\(thing)`: \($0)" }
        } else if !declarations.contain(thing) {
          found.append("\(place) nothing public is called \(thing)")
        }
      }
    }
    return found
  }
}

extension Surroundings {
  /// What is wrong with a line that readers are told to type.
  func mistakes(ofCommand line: String) -> [String] {
    var words = line.split(separator: " ").dropFirst().map(String.init)
    guard !words.isEmpty else { return ["no command"] }
    let command = words.removeFirst()
    guard let help = help[command] else { return ["there is no command \(command)"] }
    var found: [String] = []
    var operands: [String] = []
    while !words.isEmpty {
      let word = words.removeFirst()
      guard word.hasPrefix("--") else {
        operands.append(word)
        continue
      }
      guard let option = help.split(separator: "\n").first(where: { $0.split(separator: " ").first == Substring(word) })
      else {
        found.append("there is no option \(word)")
        continue
      }
      // `  --batch N   examples in a batch`: a value follows in capitals.
      let takesValue =
        option.split(separator: " ").dropFirst().first.map { $0.contains { $0.isUppercase } } == true
        && !option.contains(word + "  ")
      guard takesValue else { continue }
      guard !words.isEmpty else {
        found.append("\(word) lacks its value")
        continue
      }
      let value = words.removeFirst()
      if word == "--data" { found += mistakes(ofDataset: value) }
    }
    let usage = help.split(separator: "\n").first { $0.hasPrefix("usage:") } ?? ""
    if usage.contains("MODEL") {
      guard let model = operands.first else { return found + ["no model"] }
      if !models.contains(model), !model.hasSuffix(".safetensors") { found.append("no network is called \(model)") }
    }
    return found
  }
}

extension Surroundings {
  /// What is wrong with a data set that readers are told to use; `mnist:DIR` in the list wants a directory.
  private func mistakes(ofDataset value: String) -> [String] {
    let name = String(value.prefix { $0 != ":" })
    if datasets.contains(name) || name != value && datasets.contains(name + ":DIR") { return [] }
    return [datasets.contains(name + ":DIR") ? "\(name) lacks its directory" : "there is no data set \(value)"]
  }
}

/// What the sources declare.
private struct Declarations {
  /// By the name, the texts that declare it.
  private let sources: [String]
  private let declared: [String: [Int]]

  init(_ sources: [String]) {
    self.sources = sources
    var declared: [String: [Int]] = [:]
    for (index, source) in sources.enumerated() {
      for line in source.split(separator: "\n") {
        for name in Declarations.names(line) { declared[name, default: []].append(index) }
      }
    }
    self.declared = declared
  }

  /// The names that a line declares in public.
  private static func names(_ line: Substring) -> [String] {
    var words = line.split { !($0.isLetter || $0.isNumber || $0 == "_" || $0 == "@") }.map(String.init)
    let isCase = words.first == "case" && !line.contains(":")
    if isCase {
      // `case valid, same` and `case sgd(rate: Double)`
      return line.split(separator: "(").first.map {
        $0.split { !($0.isLetter || $0.isNumber || $0 == "_") }.dropFirst().map(String.init)
      } ?? []
    }
    guard words.contains("public") else { return [] }
    let kinds: Set<String> = ["struct", "class", "enum", "protocol", "func", "var", "let", "typealias"]
    while let word = words.first, !kinds.contains(word) { words.removeFirst() }
    return words.count > 1 ? [words[1]] : []
  }

  /// `Conv2D`, `Op.Conv`, `Padding.full`, `Graph.receptiveFields()`: the last is declared, in a file that speaks of
  /// the first.
  func contain(_ symbol: String) -> Bool {
    let parts = symbol.split(separator: "(").first.map { $0.split(separator: ".") } ?? []
    guard let last = parts.last, let files = declared[String(last)] else { return false }
    guard parts.count > 1 else { return true }
    let owner = parts[parts.count - 2]
    return files.contains { index in
      ["extension \(owner) ", "struct \(owner)", "enum \(owner)", "class \(owner)", "protocol \(owner)"].contains {
        sources[index].contains($0)
      }
    }
  }
}
