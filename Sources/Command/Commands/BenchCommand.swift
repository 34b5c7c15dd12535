import Fovea

/// `fovea bench`
struct BenchCommand: Command {
  static let name = "bench"
  static let summary = "time a training step or an inference"
  static let details = [
    "After a warm-up, steps are timed in several rounds of at least 0.3 s; ms is the median of one step. GFLOP/s "
      + "counts two operations for each multiply-add that the planned step does, as its operators are defined; the peak "
      + "and the speed of memory that they are held against are measured in the same run."
  ]
  static let operands = [
    OperandSpec(
      "MODEL", "names that fovea models lists, or model files", isOptional: true, takesMany: true)
  ]
  static let options =
    [
      OptionSpec("task", "T", "infer, or train: forward, backward and update", standard: "infer"),
      OptionSpec("batch", "N", "examples in a step", standard: "64"),
      InputSizes.spec,
      MemoryUse.option,
      OptionSpec(
        "profile", nil, "each step of the plan: time, speed, what bounds it; the same by operator; reorders"),
      OptionSpec("explain-plan", nil, "what runs where: implementations, layouts, reorders, memory, fallbacks"),
      OptionSpec(
        "sweep", Sweep.form,
        "time it for several values of batch, size, channels (width), depth (of a family such as "
          + "resnet20, resnet56) or threads"),
      OptionSpec("plot", "FILE.svg", "draw what --sweep finds"),
      OptionSpec("suite", nil, "the cases of Benchmarks/README.md, each in a process of its own; takes no MODEL"),
      OptionSpec("only", "TEXT", "with --suite: the cases whose names contain this, e.g. lenet5"),
      OptionSpec("out", "FILE", "with --suite: write JSON lines there too"),
      OptionSpec("json", nil, "one JSON object a line, one for each model, value or case"),
    ] + ModelOptions.specs + DeviceOptions.specs
  static let examples = [
    Example("fovea bench two-conv --task train --batch 128", "the figures"),
    Example("fovea bench two-conv --profile --explain-plan", "where the time goes"),
    Example("fovea bench resnet20 --sweep batch=1,2,4,8,16 --plot batch.svg", "what a larger batch costs"),
    Example("fovea bench resnet20 --sweep depth=20,32,44,56 --task train", "what depth costs"),
    Example("fovea bench --suite --only lenet5", "LeNet-5's rows of the table"),
  ]

  let models: [ModelOptions]
  let task: SummaryCommand.Task
  let batch: Int
  /// True where the user said it.
  private let saysBatch: Bool
  let input: InputSizes
  let memory: MemoryUse
  let profile: Bool
  let explain: Bool
  let sweep: Sweep?
  let plot: String?
  let suite: [SuiteCases.Case]?
  let output: String?
  let json: Bool
  let device: DeviceOptions
  /// What a case of the suite is handed on.
  private let handedOn: [String]

  init(_ arguments: inout Arguments) {
    var models: [ModelOptions] = []
    for text in arguments.operands { models.append(ModelOptions(text, &arguments)) }
    self.models = models
    task =
      arguments.choice("task", of: SummaryCommand.Task.allCases.map(\.rawValue))
      .flatMap(SummaryCommand.Task.init(rawValue:)) ?? .infer
    batch = arguments.integer("batch", in: 1...1_000_000) ?? 64
    saysBatch = arguments.isGiven("batch")
    input = InputSizes(models, &arguments)
    memory = MemoryUse(&arguments)
    profile = arguments.has("profile")
    explain = arguments.has("explain-plan")
    sweep = arguments.text("sweep").flatMap { Sweep($0, &arguments) }
    plot = arguments.text("plot")
    suite = BenchCommand.suite(&arguments)
    output = arguments.text("out")
    json = arguments.has("json")
    device = DeviceOptions(&arguments)
    handedOn = ["threads", "device", "tune"].flatMap { name in
      arguments.text(name).map { ["--\(name)", $0] } ?? []
    }
    if models.count > 1, models[0].weights != nil { arguments.reject("--weights goes with one model at a time") }
    if models.isEmpty, suite == nil { arguments.reject("MODEL… is missing: \(BenchCommand.operands[0].help)") }
    checkTogether(&arguments)
  }

  /// The cases that `--suite` and `--only` choose; nil without `--suite`.
  private static func suite(_ arguments: inout Arguments) -> [SuiteCases.Case]? {
    guard arguments.has("suite") else {
      for name in ["only", "out"] where arguments.isGiven(name) { arguments.reject("--\(name) goes with --suite") }
      return nil
    }
    for name in [
      "task", "batch", "input", "memory", "precision", "weights", "class-names", "profile", "explain-plan", "sweep",
    ]
    where arguments.isGiven(name) { arguments.reject("--suite has its own cases, so --\(name) contradicts it") }
    if !arguments.operands.isEmpty { arguments.reject("--suite has its own networks; leave out MODEL, or use --only") }
    guard let text = arguments.text("only") else { return SuiteCases.all }
    let chosen = SuiteCases.all.filter { $0.name.contains(text) }
    if chosen.isEmpty {
      arguments.reject(
        "no case of the suite contains \"\(text)\"; there are \(SuiteCases.all.map(\.name).joined(separator: ", "))")
    }
    return chosen
  }

  private func checkTogether(_ arguments: inout Arguments) {
    if arguments.isGiven("sweep") {
      for name in ["profile", "explain-plan"] where arguments.has(name) {
        arguments.reject("--\(name) looks at one case, so it does not go with --sweep")
      }
      let own = ["batch": "batch", "threads": "threads", "size": "input"]
      if let sweep, let name = own[sweep.axis.rawValue], arguments.isGiven(name) {
        arguments.reject("--sweep \(sweep.axis.rawValue) gives that, so --\(name) contradicts it")
      }
    } else if plot != nil {
      arguments.reject("--plot draws what --sweep finds; add e.g. --sweep batch=1,2,4,8")
    }
  }

  func run(_ console: Console) async throws -> Int32 {
    let usual = device.device(console, tuning: .measured)
    if let suite {
      let failures = try Suite(
        cases: suite, options: handedOn, tunes: usual.name != "reference" && !handedOn.contains("--tune"),
        threads: usual.threads, output: output, json: json
      ).run(console)
      return failures == 0 ? Program.Status.done : Program.Status.failed
    }
    if let sweep {
      try await run(sweep, console)
      return Program.Status.done
    }
    for options in models {
      PeakMemory.reset()
      let model = try options.load(inputs: input, batch: batch)
      let count = try input.batch(of: model, options.text, wanted: saysBatch ? batch : nil, standard: batch)
      let report = try await measure(options.text, model, batch: count, on: usual, console)
      if json {
        try console.json(report.object(explain: explain))
      } else {
        for line in report.lines(explain: explain) { try console.out(line) }
      }
    }
    return Program.Status.done
  }

  private func measure(
    _ name: String, _ model: Model, batch: Int, on device: Device, _ console: Console
  ) async throws -> BenchReport {
    let step = try PlannedStep(model, task: task, batch: batch, memory: memory)
    let wantsProfile = profile
    console.progress("timing \(name)")
    let timing = try await Worker().perform { () throws -> Timing in
      try Timing.measure(step, model, device, profile: wantsProfile)
    }
    let report = BenchReport(name, task: task, batch: batch, memory: memory, device: device, timing: timing)
    console.endProgress()
    return report
  }

  /// Each value of each network, shown when it is measured.
  private func run(_ sweep: Sweep, _ console: Console) async throws {
    for options in models { try sweep.check(options) }
    if let plot { try OutputFile.write(plot, []) }
    let names = models.map(\.text)
    var rows: [SweepRow] = []
    if !json { try console.out(SweepRow.head(sweep.axis, names)) }
    for options in models {
      for value in sweep.values {
        PeakMemory.reset()
        let own = try sweep.point(
          value, options, input: input, batch: batch, threads: device.device().threads)
        let place = device.device(tuning: .measured, threads: own.threads)
        let report = try await measure(options.text, own.model, batch: own.batch, on: place, console)
        let row = SweepRow(name: options.text, value: value, report: report)
        rows.append(row)
        if json {
          var object = report.object(explain: false)
          object["sweep"] = sweep.axis.rawValue
          object["value"] = value
          try console.json(object)
        } else {
          try console.out(row.line(names))
        }
      }
    }
    guard let plot else { return }
    try OutputFile.write(plot, Array(SweepPlot.svg(rows, sweep.axis, task: task).utf8))
    if !json { try console.out("drawn in \(plot)") }
  }
}
