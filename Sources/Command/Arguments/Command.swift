/// A command of the program: one struct, one file.
protocol Command: Sendable {
  /// The word on the command line.
  static var name: String { get }
  /// One line for the list of commands.
  static var summary: String { get }
  /// What else there is to say, a paragraph a line; may be empty.
  static var details: [String] { get }
  static var operands: [OperandSpec] { get }
  static var options: [OptionSpec] { get }
  static var examples: [Example] { get }

  /// Reads what was typed; everything that is wrong is collected in `arguments`.
  init(_ arguments: inout Arguments) throws(UsageError)

  /// Does the job and returns the exit status.
  func run(_ console: Console) async throws -> Int32
}

extension Command {
  static var details: [String] { [] }
}
