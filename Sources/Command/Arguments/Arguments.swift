import Fovea

/// What a user typed for one command, sorted into options and operands; mistakes are collected, so that
/// one message tells all of them.
struct Arguments {
  private(set) var operands: [String] = []
  private var values: [String: [String]] = [:]
  private var flags: Set<String> = []
  private(set) var mistakes: [String] = []
  private(set) var wantsHelp = false

  /// Sorts `words`: `--name value`, `--name=value`, `--flag`; behind `--` all are operands.
  init(_ words: [String], options: [OptionSpec], operands specs: [OperandSpec]) {

    var index = 0
    var onlyOperands = false
    var found: [String] = []
    while index < words.count {
      let word = words[index]
      index += 1
      guard !onlyOperands, word.hasPrefix("-"), word != "-" else {
        found.append(word)
        continue
      }
      if word == "--" {
        onlyOperands = true
        continue
      }
      if word == "--help" || word == "-h" {
        wantsHelp = true
        continue
      }
      guard word.hasPrefix("--") else {
        mistakes.append("there is no option \(word); options begin with two dashes")
        continue
      }
      let parts = word.dropFirst(2).split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(
        String.init)
      guard let option = options.first(where: { $0.name == parts[0] }) else {
        let meant = Arguments.nearest(parts[0], options)
        mistakes.append("there is no option --\(parts[0])" + (meant.map { "; did you mean --\($0)?" } ?? ""))
        // The value of a misspelled option is no mistake of its own.
        let takesValue = options.first { $0.name == meant }?.value != nil
        if takesValue, parts.count == 1, index < words.count, !words[index].hasPrefix("-") { index += 1 }
        continue
      }
      guard option.value != nil else {
        if parts.count == 2 {
          mistakes.append("--\(option.name) takes no value, but got \"\(parts[1])\"")
        }
        flags.insert(option.name)
        continue
      }
      if parts.count == 2 {
        add(option, parts[1])
      } else if index < words.count, !Arguments.isOption(words[index], options) {
        add(option, words[index])
        index += 1
      } else {
        mistakes.append("--\(option.name) needs a value: \(option.form)")
      }
    }

    operands = found
    checkOperands(specs)
  }

  /// True when a word stands for an option rather than for a value: `-1` is a number.
  private static func isOption(_ word: String, _ options: [OptionSpec]) -> Bool {
    if word == "-h" || word == "--" { return true }
    guard word.hasPrefix("--") else { return false }
    let name = word.dropFirst(2).split(separator: "=", omittingEmptySubsequences: false).first.map(String.init) ?? ""
    return name == "help" || options.contains { $0.name == name }
  }

  /// The option that a misspelled word most likely means.
  private static func nearest(_ name: String, _ options: [OptionSpec]) -> String? {
    let names = options.map(\.name)
    return nearestName(to: name, among: names + ["help"])
      ?? names.first { name.count > 2 && $0.count > 2 && name.hasPrefix($0) }
  }

  private mutating func add(_ option: OptionSpec, _ value: String) {
    if !option.isRepeatable, let before = values[option.name]?.first {
      mistakes.append("--\(option.name) is given twice, as \"\(before)\" and as \"\(value)\"")
      return
    }
    values[option.name, default: []].append(value)
  }

  private mutating func checkOperands(_ specs: [OperandSpec]) {
    let needed = specs.filter { !$0.isOptional }
    if operands.count < needed.count {
      let missing = needed[operands.count...].map(\.form).joined(separator: " ")
      mistakes.append("\(missing) is missing: \(needed[operands.count].help)")
    }
    let takesMany = specs.last?.takesMany ?? false
    if operands.count > specs.count, !takesMany {
      let extra = operands[specs.count...].map { "\"\($0)\"" }.joined(separator: ", ")
      mistakes.append("\(extra) is too much" + (specs.isEmpty ? ": no operands are taken" : ""))
    }
  }

  // MARK: Reading

  /// True when a flag is given.
  func has(_ flag: String) -> Bool { flags.contains(flag) }

  /// True when an option is given, with a value or as a flag.
  func isGiven(_ name: String) -> Bool { flags.contains(name) || values[name] != nil }

  /// The value of an option, nil when it is not given.
  func text(_ name: String) -> String? { values[name]?.last }

  /// All values of an option that may come several times.
  func texts(_ name: String) -> [String] { values[name] ?? [] }

  /// Remembers something that is wrong.
  mutating func reject(_ mistake: String) { mistakes.append(mistake) }

  /// A whole number in a range.
  mutating func integer(_ name: String, in range: ClosedRange<Int> = 1...Int.max) -> Int? {
    guard let text = text(name) else { return nil }
    guard let value = Int(text), range.contains(value) else {
      let bounds =
        range.upperBound == .max ? "from \(range.lowerBound) on" : "from \(range.lowerBound) to \(range.upperBound)"
      reject("--\(name) takes a whole number \(bounds), not \"\(text)\"")
      return nil
    }
    return value
  }

  /// A finite number that `fits`, described by `expected`.
  mutating func number(_ name: String, _ expected: String, _ fits: (Double) -> Bool) -> Double? {
    guard let text = text(name) else { return nil }
    guard let value = Double(text), value.isFinite, fits(value) else {
      reject("--\(name) takes \(expected), not \"\(text)\"")
      return nil
    }
    return value
  }

  /// One of some words; `later` are words of later versions, with what to say.
  mutating func choice(_ name: String, of known: [String], later: [String] = []) -> String? {
    guard let text = text(name) else { return nil }
    if known.contains(text) { return text }
    let list = known.joined(separator: ", ")
    if later.contains(text) {
      reject("--\(name) \(text) comes with a later version; this one has \(list)")
    } else {
      let nearest = nearestName(to: text, among: known).map { "did you mean \($0)? " } ?? ""
      reject("--\(name) \"\(text)\" is unknown; \(nearest)there \(known.count == 1 ? "is" : "are") \(list)")
    }
    return nil
  }

  /// Extents joined by `x`, e.g. `3x224x224`.
  mutating func extents(_ name: String) -> [Int]? { text(name).flatMap { extents(name, $0, of: $0) } }

  /// The same of one of several values.
  /// - Parameter whole: the value that `text` is a part of.
  mutating func extents(_ name: String, _ text: String, of whole: String) -> [Int]? {
    let parts = text.split(separator: "x", omittingEmptySubsequences: false).map { Int($0) }
    let extents = parts.compactMap { $0 }
    guard extents.count == parts.count, extents.allSatisfy({ $0 > 0 }) else {
      reject("--\(name) takes whole numbers joined by x, e.g. 3x224x224, not \"\(whole)\"")
      return nil
    }
    return extents
  }

  /// Numbers separated by commas.
  mutating func numbers(_ name: String) -> [Double]? {
    guard let text = text(name) else { return nil }
    let parts = text.split(separator: ",", omittingEmptySubsequences: false).map { Double($0) }
    let numbers = parts.compactMap { $0 }
    guard numbers.count == parts.count, numbers.allSatisfy(\.isFinite) else {
      reject("--\(name) takes numbers separated by commas, e.g. 0.485,0.456,0.406, not \"\(text)\"")
      return nil
    }
    return numbers
  }

  /// Throws all mistakes at once.
  func check() throws(UsageError) {
    if !mistakes.isEmpty { throw UsageError(mistakes) }
  }
}

/// A command that was typed wrongly: exit status 2.
struct UsageError: Error {
  let mistakes: [String]

  init(_ mistakes: [String]) { self.mistakes = mistakes }
  init(_ mistake: String) { mistakes = [mistake] }
}

/// What went wrong in words, where no room has a type for it: exit status 1.
struct Failure: Error, CustomStringConvertible {
  let description: String

  init(_ description: String) { self.description = description }
}
