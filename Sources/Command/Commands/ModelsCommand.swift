import Fovea

/// `fovea models`
struct ModelsCommand: Command {
  static let name = "models"
  static let summary = "list the networks that are known by name"
  static let operands: [OperandSpec] = []
  static let options = [OptionSpec("json", nil, "one JSON object a line")]
  static let examples = [Example("fovea models", "names, sizes and one sentence each")]

  let json: Bool

  init(_ arguments: inout Arguments) { json = arguments.has("json") }

  func run(_ console: Console) async throws -> Int32 {
    var rows = [["name", "input", "classes", "parameters", ""]]
    for entry in Zoo.standard.entries {
      let graph = Model.draft(input: entry.input) { entry.network(entry.classes) }
      let parameters = graph.parameters.reduce(0) { $0 + (graph[$1.value].type.shape.concrete?.count ?? 0) }
      if json {
        try console.json([
          "name": entry.name, "summary": entry.summary, "input": entry.input.shape.dims, "classes": entry.classes,
          "parameters": parameters,
        ])
      } else {
        rows.append([
          entry.name, Text.extents(entry.input.shape.dims), String(entry.classes), Text.grouped(parameters),
          entry.summary,
        ])
      }
    }
    if !json { for line in Text.table(rows, right: [2, 3]) { try console.out(line) } }
    return Program.Status.done
  }
}
