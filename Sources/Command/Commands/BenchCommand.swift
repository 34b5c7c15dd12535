import Fovea

/// `fovea bench`
struct BenchCommand: Command {
  static let name = "bench"
  static let summary = "time a training step or an inference"
  static let details = [
    "After a warm-up, steps are timed in several rounds of at least 0.3 s; ms is the median of one step. GFLOP/s "
      + "counts two operations for each multiply-add that the planned step does."
  ]
  static let operands = [
    OperandSpec("MODEL", "names that fovea models lists, or .safetensors model files", takesMany: true)
  ]
  static let options =
    [
      OptionSpec("task", "T", "infer, or train: forward, backward and update", standard: "infer"),
      OptionSpec("batch", "N", "examples in a step", standard: "64"),
      OptionSpec("input", "CxHxW", "shape of one example", standard: "the model's own"),
      MemoryUse.option,
      OptionSpec("profile", nil, "how long each step of the plan takes"),
      OptionSpec("explain-plan", nil, "what runs where: implementations, layouts, reorders, memory, fallbacks"),
      OptionSpec("json", nil, "one JSON object a line, one for each model"),
    ] + ModelOptions.specs + DeviceOptions.specs
  static let examples = [
    Example("fovea bench two-conv --task train --batch 128", "one line with the figures"),
    Example("fovea bench two-conv --profile --explain-plan", "where the time goes"),
  ]

  let models: [ModelOptions]
  let task: SummaryCommand.Task
  let batch: Int
  let input: [Int]?
  let memory: MemoryUse
  let profile: Bool
  let explain: Bool
  let json: Bool
  let device: DeviceOptions

  init(_ arguments: inout Arguments) {
    var models: [ModelOptions] = []
    for text in arguments.operands { models.append(ModelOptions(text, &arguments)) }
    self.models = models
    task =
      arguments.choice("task", of: SummaryCommand.Task.allCases.map(\.rawValue))
      .flatMap(SummaryCommand.Task.init(rawValue:)) ?? .infer
    batch = arguments.integer("batch", in: 1...1_000_000) ?? 64
    input = arguments.extents("input")
    memory = MemoryUse(&arguments)
    profile = arguments.has("profile")
    explain = arguments.has("explain-plan")
    json = arguments.has("json")
    device = DeviceOptions(&arguments)
    if models.count > 1, models[0].weights != nil { arguments.reject("--weights goes with one model at a time") }
  }

  func run(_ console: Console) async throws -> Int32 {
    let device = device.device(console)
    for options in models {
      PeakMemory.reset()
      let model = try options.load(.init(input: input.map { InputShape(Shape($0)) }))
      let step = try PlannedStep(model, task: task, batch: batch, memory: memory)
      let wantsProfile = profile
      console.progress("timing \(options.text)")
      let timing = try await Worker().perform { () throws -> Timing in
        try Timing.measure(step, model, device, profile: wantsProfile)
      }
      console.endProgress()
      try json
        ? console.json(object(options.text, timing, device)) : show(options.text, timing, device, console)
    }
    return Program.Status.done
  }

  private func object(_ name: String, _ timing: Timing, _ device: Device) -> [String: Any] {
    var object: [String: Any] = [
      "model": name, "task": task.rawValue, "batch": batch, "device": device.name, "threads": device.threads,
      "ms": timing.milliseconds, "images_per_s": Double(batch) / timing.milliseconds * 1000,
      "gflops": timing.gigaflops, "peak_rss_mb": timing.peakMegabytes, "plan_ms": timing.planMilliseconds,
      "first_step_ms": timing.firstMilliseconds, "steps_timed": timing.steps,
    ]
    if profile {
      object["steps"] = timing.profile.map { step -> [String: Any] in
        ["name": step.name, "op": step.op, "implementation": step.detail, "ms": step.milliseconds]
      }
    }
    if explain { object["plan"] = timing.plan.lines }
    return object
  }

  private func show(_ name: String, _ timing: Timing, _ device: Device, _ console: Console) throws {
    try console.out(
      "\(name), \(task == .train ? "training step" : "inference"), batch \(batch), \(device.text): "
        + "\(Text.decimals(timing.milliseconds, 3)) ms, "
        + "\(Text.grouped(Int(Double(batch) / timing.milliseconds * 1000))) images/s, "
        + "\(Text.decimals(timing.gigaflops, 1)) GFLOP/s, peak memory \(Text.decimals(timing.peakMegabytes, 0)) MB")
    try console.out(
      "  planned in \(Text.decimals(timing.planMilliseconds, 1)) ms, first step \(Text.decimals(timing.firstMilliseconds, 1)) ms, "
        + "median of \(timing.steps) steps")
    if profile {
      let sum = timing.profile.reduce(0) { $0 + $1.milliseconds }
      var rows = [["  step", "operator", "implementation", "ms", "share"]]
      for step in timing.profile {
        rows.append([
          "  " + step.name, step.op, step.detail, Text.decimals(step.milliseconds, 3),
          Text.decimals(100 * step.milliseconds / max(sum, 1e-12), 1) + " %",
        ])
      }
      rows.append(["  sum", "", "", Text.decimals(sum, 3), ""])
      for line in Text.table(rows, right: [3, 4]) { try console.out(line) }
    }
    if explain { for line in timing.plan.lines { try console.out("  \(line)") } }
  }
}
