import Fovea

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// `--device` and `--threads`, which several commands take.
struct DeviceOptions: Sendable {
  static let specs = [
    OptionSpec("device", "D", "where to compute: cpu, or reference (plain loops: slow, and right)", standard: "cpu"),
    OptionSpec("threads", "N", "threads to compute with", standard: "all processors"),
    OptionSpec(
      "tune", "on|off", "whether the ways of running each convolution are timed, and the fastest remembered",
      standard: "on for train and bench, else what was found earlier is used"),
    OptionSpec(
      "precision", OneDNNBackend.Precision.allCases.map(\.rawValue).joined(separator: "|"),
      "in which type convolutions and matrix products read their operands; weights are kept in f32", standard: "f32"),
  ]

  let name: String
  let threads: Int?
  /// What `--tune`, or else `FOVEA_TUNE`, asks for; nil where neither does.
  let tuning: OneDNNBackend.Tuning?
  /// What `--precision` asks for; nil where it was not typed.
  let precision: OneDNNBackend.Precision?

  init(_ arguments: inout Arguments) {
    name = arguments.choice("device", of: Device.names, later: ["cuda", "gpu"]) ?? "cpu"
    threads = arguments.integer("threads", in: 1...1024)
    let usual = getenv("FOVEA_TUNE").map { String(cString: $0) }
    let typed = arguments.choice("tune", of: ["on", "off"])
    tuning = (typed ?? usual).flatMap { $0 == "on" ? .measured : $0 == "off" ? .fixed : nil }
    precision = arguments.choice("precision", of: OneDNNBackend.Precision.allCases.map(\.rawValue))
      .flatMap(OneDNNBackend.Precision.init(rawValue:))
    if name == "reference", let precision, precision != .f32 {
      arguments.reject("--device reference computes in f32, so --precision \(precision.rawValue) contradicts it")
    }
    if name == "reference", typed == "on" {
      arguments.reject("--device reference has one way of everything, so --tune on contradicts it")
    }
    if name == "reference", let threads, threads > 1 {
      arguments.reject("--device reference has one thread, so --threads \(threads) contradicts it")
    }
  }

  /// The device, and on standard error what it lacks.
  /// - Parameter usual: how convolutions are chosen where nobody says so; a single answer is not worth measuring for.
  /// - Parameter threads: in place of `--threads`.
  func device(
    _ console: Console? = nil, tuning usual: OneDNNBackend.Tuning = .remembered, threads own: Int? = nil
  ) -> Device {
    let device =
      Device.named(name, threads: own ?? threads, tuning: tuning ?? usual, precision: precision ?? .f32)
      ?? .reference
    if let console, let shortcoming = device.shortcoming { console.note(shortcoming) }
    return device
  }
}
