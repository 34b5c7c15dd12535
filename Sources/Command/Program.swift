import Fovea

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// The program: finds the command, reads its arguments, runs it and turns what went wrong into one line
/// and an exit status.
@main
enum Program {
  /// In the order of the list that `fovea --help` prints.
  static let commands: [any Command.Type] = [
    TrainCommand.self, EvaluateCommand.self, PredictCommand.self, RunCommand.self, SummaryCommand.self,
    BenchCommand.self, QuantizeCommand.self, ConvertCommand.self, ModelsCommand.self, DatasetsCommand.self,
    DoctorCommand.self,
  ]

  /// Commands that the design names and this version does not have.
  static let later = ["explain", "draw", "find", "filter", "serve", "experiment"]

  /// Exit statuses, as the design promises them.
  enum Status {
    static let done: Int32 = 0
    static let failed: Int32 = 1
    static let wrongUsage: Int32 = 2
  }

  static func main() async {
    // A reader that goes away is answered where the write fails, not by a signal that kills a training.
    signal(SIGPIPE, SIG_IGN)
    exit(await run(Array(CommandLine.arguments.dropFirst()), Console()))
  }

  static func run(_ words: [String], _ console: Console) async -> Int32 {
    do {
      guard let word = words.first else {
        console.note(Help.program(commands).dropLastNewline)
        return Status.wrongUsage
      }
      switch word {
      case "--help", "-h", "help":
        guard words.count > 1, word == "help" else {
          try console.out(Help.program(commands).dropLastNewline)
          return Status.done
        }
        try console.out(Help.command(try command(words[1])).dropLastNewline)
        return Status.done
      case "--version":
        try console.out("fovea \(Version.text)")
        return Status.done
      default:
        return try await run(try command(word), Array(words.dropFirst()), console)
      }
    } catch let error as UsageError {
      console.note(message("fovea", error.mistakes, hint: nil))
      return Status.wrongUsage
    } catch {
      console.note("fovea: \(error)")
      return Status.failed
    }
  }

  private static func command(_ word: String) throws(UsageError) -> any Command.Type {
    if let command = commands.first(where: { $0.name == word }) { return command }
    if later.contains(word) {
      throw UsageError("\"\(word)\" comes with a later version; fovea --help lists what there is")
    }
    let names = commands.map { $0.name }
    let nearest = nearestNames(to: word, among: names).first
    throw UsageError(
      word.hasPrefix("-")
        ? "there is no option \(word) before a command; fovea --help lists the commands"
        : "there is no command \"\(word)\"; "
          + (nearest.map { "did you mean \($0)?" } ?? "there are \(names.joined(separator: ", "))"))
  }

  private static func run(_ type: any Command.Type, _ words: [String], _ console: Console) async throws -> Int32 {
    let name = "fovea \(type.name)"
    do {
      var arguments = Arguments(words, options: type.options, operands: type.operands)
      if arguments.wantsHelp {
        try console.out(Help.command(type).dropLastNewline)
        return Status.done
      }
      let command = try type.init(&arguments)
      try arguments.check()
      return try await command.run(console)
    } catch let error as UsageError {
      console.endProgress()
      console.note(message(name, error.mistakes, hint: "\(name) --help"))
      return Status.wrongUsage
    } catch {
      console.endProgress()
      console.note("\(name): \(error)")
      return Status.failed
    }
  }

  /// One line for one mistake, a list for several.
  private static func message(_ name: String, _ mistakes: [String], hint: String?) -> String {
    let end = hint.map { " (\($0))" } ?? ""
    if mistakes.count == 1 { return "\(name): \(mistakes[0])\(end)" }
    return (["\(name): \(mistakes.count) mistakes\(end):"] + mistakes.map { "  \($0)" }).joined(separator: "\n")
  }
}

extension String {
  fileprivate var dropLastNewline: String { hasSuffix("\n") ? String(dropLast()) : self }
}
