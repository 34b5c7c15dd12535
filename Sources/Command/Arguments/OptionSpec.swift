/// One `--option` of a command, as data: the parser, the help and the tests read the same list.
struct OptionSpec: Sendable {
  /// The word behind the two dashes.
  let name: String
  /// What help calls its value, e.g. `N`; nil for a flag.
  let value: String?
  /// One sentence.
  let help: String
  /// What it is when it is not given, for the help.
  let standard: String?
  /// True when it may come several times.
  let isRepeatable: Bool

  init(_ name: String, _ value: String?, _ help: String, standard: String? = nil, isRepeatable: Bool = false) {
    self.name = name
    self.value = value
    self.help = help
    self.standard = standard
    self.isRepeatable = isRepeatable
  }

  /// `--epochs N`
  var form: String { value.map { "--\(name) \($0)" } ?? "--\(name)" }
}

/// The words of a command that are no options.
struct OperandSpec: Sendable {
  /// As help writes it, e.g. `MODEL`.
  let name: String
  let help: String
  let isOptional: Bool
  /// True for the last one when it takes all that remain.
  let takesMany: Bool

  init(_ name: String, _ help: String, isOptional: Bool = false, takesMany: Bool = false) {
    self.name = name
    self.help = help
    self.isOptional = isOptional
    self.takesMany = takesMany
  }

  /// `MODEL`, `[DIR]`, `IMAGE…`
  var form: String {
    let word = takesMany ? "\(name)…" : name
    return isOptional ? "[\(word)]" : word
  }
}

/// A line that people can type, and what it does.
struct Example: Sendable {
  let line: String
  let meaning: String

  init(_ line: String, _ meaning: String) {
    self.line = line
    self.meaning = meaning
  }
}
