/// The texts of `--help`.
enum Help {
  /// `fovea --help`
  static func program(_ commands: [any Command.Type]) -> String {
    let width = commands.map { $0.name.count }.max() ?? 0
    let list = commands.map { "  \(padded($0.name, width))  \($0.summary)" }
    return """
      fovea describes, trains, runs and explains convolutional neural networks.

      usage: fovea COMMAND [OPTIONS]

      commands:
      \(list.joined(separator: "\n"))

      examples:
        fovea train two-conv --data fashion-mnist --epochs 5
        fovea evaluate runs/two-conv/last.safetensors --data fashion-mnist
        fovea predict runs/two-conv/last.safetensors shoe.png

      fovea COMMAND --help tells more; fovea --version prints the version.

      """
  }

  /// `fovea COMMAND --help`
  static func command(_ command: any Command.Type) -> String {
    var lines = ["fovea \(command.name): \(command.summary)", "", usage(command)]
    if !command.details.isEmpty { lines += [""] + command.details.flatMap { wrapped($0, at: 96, indent: 0) } }
    let operands = command.operands.map { (form: $0.form, help: $0.help) }
    var options = command.options.map { option in
      (form: option.form, help: option.help + (option.standard.map { " (\($0))" } ?? ""))
    }
    options.append((form: "--help", help: "this text"))
    let width = (operands + options).map(\.form.count).max() ?? 0
    lines += table("operands", operands, width: width) + table("options", options, width: width)
    if !command.examples.isEmpty {
      lines += ["", "examples:"]
      for example in command.examples { lines += ["  \(example.line)", "      \(example.meaning)"] }
    }
    return lines.joined(separator: "\n") + "\n"
  }

  /// `usage: fovea predict MODEL IMAGE… [OPTIONS]`
  static func usage(_ command: any Command.Type) -> String {
    (["usage: fovea \(command.name)"] + command.operands.map(\.form) + ["[OPTIONS]"]).joined(separator: " ")
  }

  private static func table(_ title: String, _ rows: [(form: String, help: String)], width: Int) -> [String] {
    guard !rows.isEmpty else { return [] }
    let indent = width + 4
    return ["", "\(title):"]
      + rows.flatMap { form, help in
        let text = wrapped(help, at: 96 - indent, indent: 0)
        return text.enumerated().map { index, line in
          "  \(padded(index == 0 ? form : "", width))  \(line)"
        }
      }
  }

  private static func padded(_ text: String, _ width: Int) -> String {
    text + String(repeating: " ", count: max(0, width - text.count))
  }

  /// A paragraph in lines of at most `width` letters.
  static func wrapped(_ text: String, at width: Int, indent: Int) -> [String] {
    let space = String(repeating: " ", count: indent)
    var lines: [String] = []
    var line = ""
    for word in text.split(separator: " ") {
      if !line.isEmpty, line.count + 1 + word.count > width {
        lines.append(space + line)
        line = ""
      }
      line += (line.isEmpty ? "" : " ") + word
    }
    return lines + (line.isEmpty ? [] : [space + line])
  }
}
