import Fovea

/// `fovea summary`
struct SummaryCommand: Command {
  static let name = "summary"
  static let summary = "show a network: layers, sizes, costs, and how it is planned"
  static let operands = [ModelOptions.operand]
  static let options =
    [
      InputSizes.spec,
      OptionSpec("batch", "N", "examples at once", standard: "1"),
      OptionSpec("depth", "N", "show composite layers closed below N levels", standard: "all levels"),
      OptionSpec("passes", nil, "what each pass changes in the graph, and the plan: layouts, reorders, memory"),
      OptionSpec("task", "T", "what to plan for: infer, or train (the whole training step)", standard: "infer"),
      OptionSpec("json", nil, "one JSON object"),
    ] + ModelOptions.specs + DeviceOptions.specs
  static let examples = [
    Example("fovea summary two-conv", "a table of the layers, with totals"),
    Example("fovea summary two-conv --input 3x32x32 --batch 100", "the same network for other pictures"),
    Example("fovea summary detector.onnx --input images=1x3x640x640", "a file that leaves sizes open, at one of them"),
    Example("fovea summary resnet20 --depth 1", "its stages, with the sums of what is in them"),
    Example("fovea summary two-conv --passes --task train --batch 128", "how a training step is made"),
  ]

  let model: ModelOptions
  let input: InputSizes
  private let wantedBatch: Int?
  let depth: Int?
  let passes: Bool
  let task: Task
  let json: Bool
  let device: DeviceOptions

  enum Task: String, CaseIterable { case infer, train }

  init(_ arguments: inout Arguments) {
    model = ModelOptions(arguments.operands.first ?? "", &arguments)
    input = InputSizes([model], &arguments)
    wantedBatch = arguments.integer("batch", in: 1...1_000_000)
    depth = arguments.integer("depth", in: 0...1000)
    passes = arguments.has("passes")
    task = arguments.choice("task", of: Task.allCases.map(\.rawValue)).flatMap(Task.init(rawValue:)) ?? .infer
    json = arguments.has("json")
    device = DeviceOptions(&arguments)
    if json, passes { arguments.reject("--json and --passes contradict each other: passes are text for people") }
  }

  func run(_ console: Console) async throws -> Int32 {
    let options = model
    let model: Model
    do {
      model = try options.load(.init(needsValues: passes), inputs: input, batch: wantedBatch ?? 1, isSettled: passes)
    } catch {
      guard case ONNXError.unsupported? = error as? ONNXError, !json, !passes else { throw error }
      for line in ONNXListing.lines(try ONNXFile.nodes(options.text)) { try console.out(line) }
      try console.out("")
      try console.out("\(error)")
      return Program.Status.failed
    }
    let batch = try input.batch(of: model, options.text, wanted: wantedBatch, standard: 1)
    let table = model.summary(batch: batch)
    if json {
      try console.json(object(table))
      return Program.Status.done
    }
    try console.out(depth.map { table.text(depth: $0) } ?? "\(table)")
    for remark in try options.remarks(inputs: input, batch: batch) { try console.out("note: \(remark)") }
    if passes { try await showPasses(model, batch: batch, console) }
    return Program.Status.done
  }

  private func object(_ table: SummaryTable) -> [String: Any] {
    [
      "parameters": table.parameters, "multiply_adds": table.isOpen ? nil as Int? as Any : table.multiplyAdds,
      "activation_bytes": table.isOpen ? nil as Int? as Any : table.activationBytes,
      "parameter_bytes": table.parameterBytes,
      "layers": table.rows.map { row -> [String: Any] in
        [
          "name": row.name, "type": row.type, "output": row.shape.dims as Any, "parameters": row.parameters,
          "receptive_field": row.receptiveField,
        ]
      },
    ]
  }

  private func showPasses(_ model: Model, batch: Int, _ console: Console) async throws {
    let step = try PlannedStep(model, task: task, batch: batch)
    let (lines, prepared) = try step.passes()
    for line in lines { try console.out(line) }
    let device = device.device(console)
    let store = model.store
    let plan = try await Worker().perform { () throws -> PlanReport in
      try PlanReport(try step.plan(prepared, on: device, store))
    }
    try console.out("")
    try console.out("plan for \(device.text):")
    for line in plan.lines { try console.out("  \(line)") }
  }
}
