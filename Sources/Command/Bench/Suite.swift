import Fovea

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// Runs the cases of the suite, each in a process of its own, and shows each when it is done.
struct Suite {
  let cases: [SuiteCases.Case]
  /// What to hand on to each case: `--threads`, `--device`, `--tune`.
  let options: [String]
  /// True where steps run convolutions in the ways that are measured to be fastest, as long trainings do; whole
  /// processes do as the program does unasked.
  let tunes: Bool
  /// On how many threads the machine's limits are measured.
  let threads: Int
  /// Where JSON lines are written; nil writes none.
  let output: String?
  /// True where JSON goes to standard output, and nothing else.
  let json: Bool

  /// How often a whole process is run.
  static let processRuns = 15

  /// Returns how many cases could not be measured.
  func run(_ console: Console) throws -> Int {
    let directory = try TemporaryDirectory()
    if let output { try OutputFile.write(output, []) }
    let width = cases.map(\.name.count).max() ?? 0
    var failures = 0
    // Processes come first: the system counts what their parent holds as theirs, and the limits take much.
    let ordered = cases.filter(\.isProcess) + cases.filter { !$0.isProcess }
    var isPrepared = false
    var limits: MachineLimits?
    for item in ordered {
      console.progress("measuring \(item.name)")
      var object: [String: Any] = ["row": item.name]
      var text: String
      do {
        switch item.work {
        case .process(let process):
          if !isPrepared, process == .predict || process == .train { try prepare(directory) }
          isPrepared = true
          text = try measure(process, directory, &object)
        case .step(let step):
          if limits == nil { limits = try begin(console) }
          text = try measure(step, directory, limits, &object)
        }
      } catch let failure as Failure {
        failures += 1
        object["error"] = failure.description
        text = failure.description
      }
      console.endProgress()
      try put(object, console)
      let space = String(repeating: " ", count: width - item.name.count)
      if !json { try console.out("\(item.name)\(space)  \(text)") }
    }
    return failures
  }

  /// Measures the machine and says so, before the first row that is held against it.
  private func begin(_ console: Console) throws -> MachineLimits {
    let limits = MachineLimits.measured(threads: threads)
    try put(["machine": limits.object, "fovea": Version.text], console)
    console.endProgress()
    if !json { try console.out(limits.text) }
    return limits
  }

  private func put(_ object: [String: Any], _ console: Console) throws {
    if json { try console.json(object) }
    if let output { try OutputFile.write(output, Array((JSONText.line(object) + "\n").utf8), appending: true) }
  }

  // MARK: Steps

  private func measure(
    _ step: SuiteCases.Step, _ directory: TemporaryDirectory, _ limits: MachineLimits?, _ object: inout [String: Any]
  ) throws(Failure) -> String {
    var words = ["bench", step.network, "--task", step.task.rawValue, "--batch", "\(step.batch)", "--json"] + options
    if tunes { words += ["--tune", "on"] }
    if step.precision != "f32" { words += ["--precision", step.precision] }
    if step.memory != .usual { words += ["--memory", step.memory.rawValue] }
    let outcome = try ChildProcess.run(words, in: directory)
    guard outcome.status == 0, let measured = Suite.parsed(outcome.output) else { throw Suite.failure(outcome) }
    for member in measured.members { object[member.key] = member.value }
    object["precision"] = step.precision
    guard let milliseconds = measured["ms"]?.double, let gigaflops = measured["gflops"]?.double else {
      throw Suite.failure(outcome)
    }
    let peak = limits?.peak(step.precision) ?? 0
    let bandwidth = limits?.bandwidth ?? 0
    let moved = measured["gb_per_s"]?.double ?? 0
    object["fma_peak_gflops"] = peak
    object["share_of_peak"] = peak > 0 ? gigaflops / peak : nil
    object["memory_gb_per_s"] = bandwidth
    object["share_of_bandwidth"] = bandwidth > 0 ? moved / bandwidth : nil
    func right(_ text: String, _ width: Int) -> String {
      String(repeating: " ", count: max(0, width - text.count)) + text
    }
    return right(Text.decimals(milliseconds, milliseconds < 0.1 ? 5 : milliseconds < 1 ? 4 : 2), 9) + " ms"
      + right(Text.grouped(Int(1000 * Double(step.batch) / milliseconds)), 11) + " images/s"
      + right(Text.decimals(gigaflops, 1), 8) + " GFLOP/s"
      + right(peak > 0 ? Text.decimals(100 * gigaflops / peak, 0) : "?", 5) + " % of peak"
      + right(Text.decimals(moved, 1), 7) + " GB/s"
      + right(Text.decimals(measured["peak_rss_mb"]?.double ?? 0, 0), 6) + " MB"
  }

  /// The one line that a child prints.
  private static func parsed(_ text: String) -> JSONObject? { (try? JSONValue(parsing: text))?.object }

  /// What a child said before it failed, in one line.
  private static func failure(_ outcome: ChildProcess.Outcome) -> Failure {
    let said = outcome.errors.split(separator: "\n").last.map(String.init)
    return Failure(said ?? "ended with status \(outcome.status)")
  }

  // MARK: Whole processes

  /// A model file, a picture and a small data set, as users have them.
  private func prepare(_ directory: TemporaryDirectory) throws {
    try Zoo.standard.model("lenet5").save(to: directory.file("lenet5.safetensors"))
    let stream = RandomStream(seed: 0, purpose: "suite")
    let pixels = (0..<28 * 28).map { UInt8(255 * stream.uniform(index: $0)) }
    let picture = try Image8(height: 28, width: 28, channels: 1, pixels: pixels)
    try directory.write("digit.png", PNGWriter.encode(picture))
    // MNIST's files with as many pictures as one step takes.
    let count = 64
    for (name, count) in [("train", count), ("t10k", 10)] {
      let images = [0, 0, 8, 3] + Suite.bigEndian(count) + Suite.bigEndian(28) + Suite.bigEndian(28)
      try directory.write(
        "\(name)-images-idx3-ubyte",
        images + (0..<count * 28 * 28).map { UInt8(255 * stream.uniform(index: $0)) })
      try directory.write(
        "\(name)-labels-idx1-ubyte", [0, 0, 8, 1] + Suite.bigEndian(count) + (0..<count).map { UInt8($0 % 10) })
    }
  }

  private static func bigEndian(_ number: Int) -> [UInt8] {
    [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: number >> $0) }
  }

  private func measure(
    _ process: SuiteCases.WholeProcess, _ directory: TemporaryDirectory, _ object: inout [String: Any]
  ) throws(Failure) -> String {
    var words: [String]
    switch process {
    case .size:
      var information = stat()
      guard stat(ChildProcess.executable, &information) == 0 else {
        throw Failure("cannot look at \(ChildProcess.executable)")
      }
      object["bytes"] = Int(information.st_size)
      return "\(Text.decimals(Double(information.st_size) / 1e6, 1)) MB"
    case .help: words = ["--help"]
    case .predict:
      words = ["predict", directory.file("lenet5.safetensors"), directory.file("digit.png")] + options
    case .train:
      words =
        [
          "train", "lenet5", "--data", "mnist:\(directory.path)", "--steps", "1", "--batch", "64", "--out",
          directory.file("run"), "--json",
        ] + options
    }
    var seconds: [Double] = []
    var peak = 0.0
    for run in 0...Suite.processRuns {
      if process == .train { words[words.firstIndex(of: "--out")! + 1] = directory.file("run\(run)") }
      let outcome = try ChildProcess.run(words, in: directory)
      guard outcome.status == 0 else { throw Suite.failure(outcome) }
      peak = outcome.peakMegabytes
      // The first brings the files into memory.
      if run > 0 { seconds.append(outcome.seconds) }
    }
    seconds.sort()
    let median = seconds[seconds.count / 2]
    object["wall_ms"] = 1000 * median
    object["fastest_ms"] = 1000 * seconds[0]
    object["runs"] = seconds.count
    object["peak_rss_mb"] = peak
    return "\(Text.decimals(1000 * median, 1)) ms from start to end (fastest \(Text.decimals(1000 * seconds[0], 1))), "
      + "peak memory \(Text.decimals(peak, 0)) MB"
  }
}

extension SuiteCases.Case {
  fileprivate var isProcess: Bool { if case .process = work { true } else { false } }
}
