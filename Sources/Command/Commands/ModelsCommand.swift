import Fovea

/// `fovea models`
struct ModelsCommand: Command {
  static let name = "models"
  static let summary = "list the networks that are known by name"
  static let operands = [
    OperandSpec("PATTERN", "only names that contain it", isOptional: true)
  ]
  static let options = [OptionSpec("json", nil, "one JSON object a line")]
  static let examples = [
    Example("fovea models", "sizes, costs and one sentence each"),
    Example("fovea models resnet", "those whose names contain resnet"),
  ]

  let pattern: String
  let json: Bool

  init(_ arguments: inout Arguments) {
    pattern = arguments.operands.first?.lowercased() ?? ""
    json = arguments.has("json")
  }

  func run(_ console: Console) async throws -> Int32 {
    let entries = Zoo.standard.entries.filter { pattern.isEmpty || $0.name.contains(pattern) }
    guard !entries.isEmpty else {
      throw Failure("no network's name contains \"\(pattern)\"; fovea models lists all of them")
    }
    var rows = [["name", "input", "classes", "parameters", "multiply-adds", "paper", ""]]
    for entry in entries {
      let graph = Model.draft(input: entry.input) { entry.network(entry.classes) }
      let analysis = graph.analysis()
      if json {
        try console.json([
          "name": entry.name, "summary": entry.summary, "input": entry.input.shape.dims, "classes": entry.classes,
          "parameters": analysis.parameters, "multiply_adds": analysis.multiplyAddsPerExample, "paper": entry.paper,
          "task": entry.task.rawValue,
        ])
      } else {
        rows.append([
          entry.name, Text.extents(entry.input.shape.dims), String(entry.classes), Text.grouped(analysis.parameters),
          Text.grouped(analysis.multiplyAddsPerExample), entry.paper, entry.summary,
        ])
      }
    }
    if !json { for line in Text.table(rows, right: [2, 3, 4]) { try console.out(line) } }
    return Program.Status.done
  }
}
