import Fovea

/// `--device` and `--threads`, which several commands take.
struct DeviceOptions: Sendable {
  static let specs = [
    OptionSpec("device", "D", "where to compute: cpu, or reference (plain loops: slow, and right)", standard: "cpu"),
    OptionSpec("threads", "N", "threads to compute with", standard: "all processors"),
  ]

  let name: String
  let threads: Int?

  init(_ arguments: inout Arguments) {
    name = arguments.choice("device", of: Device.names, later: ["cuda", "gpu"]) ?? "cpu"
    threads = arguments.integer("threads", in: 1...1024)
    if name == "reference", let threads, threads > 1 {
      arguments.reject("--device reference has one thread, so --threads \(threads) contradicts it")
    }
  }

  /// The device, and on standard error what it lacks.
  func device(_ console: Console? = nil) -> Device {
    let device = Device.named(name, threads: threads) ?? .reference
    if let console, let shortcoming = device.shortcoming { console.note(shortcoming) }
    return device
  }
}
