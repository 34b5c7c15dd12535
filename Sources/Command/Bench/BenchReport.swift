import Fovea

/// What was measured of one network, held against the machine's limits.
struct BenchReport: Sendable {
  let name: String
  let task: SummaryCommand.Task
  let batch: Int
  /// As `--precision` calls it.
  let precision: String
  let memory: MemoryUse
  /// E.g. `cpu`.
  let device: String
  /// E.g. `cpu, oneDNN 2.6.3, 2 threads`.
  let deviceText: String
  let backends: [String]
  let threads: Int
  let timing: Timing
  let limits: MachineLimits

  init(
    _ name: String, task: SummaryCommand.Task, batch: Int, memory: MemoryUse, device: Device, timing: Timing
  ) {
    self.name = name
    self.task = task
    self.batch = batch
    self.memory = memory
    precision = device.precision
    self.device = device.name
    deviceText = device.text
    backends = device.backends.map(\.name)
    threads = device.threads
    self.timing = timing
    // After the timing, so that the peak of memory is the network's own.
    limits = MachineLimits.measured(threads: device.threads)
  }

  /// The whole step under the roof.
  var roof: Roofline {
    Roofline(
      seconds: timing.milliseconds / 1000, operations: 2 * timing.multiplyAdds, bytes: timing.bytes,
      peak: limits.peak(precision), bandwidth: limits.bandwidth)
  }

  var imagesPerSecond: Double { Double(batch) / timing.milliseconds * 1000 }
  var shareOfPeak: Double { roof.gigaflops / max(limits.peak(precision), 1e-9) }
  var shareOfBandwidth: Double { roof.gigabytes / max(limits.bandwidth, 1e-9) }

  /// For JSON, with the steps where they were profiled and the plan where it is explained.
  func object(explain: Bool) -> [String: Any] {
    var object: [String: Any] = [
      "model": name, "task": task.rawValue, "batch": batch, "precision": precision, "memory": memory.rawValue,
      "device": device,
      "threads": threads, "backends": backends, "ms": timing.milliseconds, "images_per_s": imagesPerSecond,
      "gflops": roof.gigaflops,
      "peak_rss_mb": timing.peakMegabytes, "plan_ms": timing.planMilliseconds,
      "first_step_ms": timing.firstMilliseconds, "steps_timed": timing.steps,
      "multiply_adds": timing.multiplyAdds, "bytes": timing.bytes, "gb_per_s": roof.gigabytes,
      "fma_peak_gflops": limits.peak(precision), "share_of_peak": shareOfPeak,
      "memory_gb_per_s": limits.bandwidth, "share_of_bandwidth": shareOfBandwidth,
    ]
    if !timing.profile.isEmpty {
      let profile = profile
      object["steps"] = profile.steps.map(\.object)
      object["kinds"] = profile.kinds.map(\.object)
    }
    if explain { object["plan"] = timing.plan.lines }
    return object
  }

  /// For people.
  func lines(explain: Bool) -> [String] {
    var lines = [
      "\(name), \(task == .train ? "training step" : "inference"), batch \(batch), \(deviceText): "
        + "\(Text.milliseconds(timing.milliseconds)) ms, \(Text.grouped(Int(imagesPerSecond))) images/s",
      "  \(Text.decimals(roof.gigaflops, 1)) GFLOP/s, \(Text.decimals(100 * shareOfPeak, 0)) % of the "
        + "\(Text.decimals(limits.peak(precision), 0)) measured (\(precision), \(limits.vectors)); "
        + "\(BenchReport.megabytes(timing.bytes)) moved, \(Text.decimals(roof.gigabytes, 1)) GB/s, "
        + "\(Text.decimals(100 * shareOfBandwidth, 0)) % of \(Text.decimals(limits.bandwidth, 1)) measured",
      "  peak memory \(Text.decimals(timing.peakMegabytes, 0)) MB, planned in "
        + "\(Text.decimals(timing.planMilliseconds, 1)) ms, first step \(Text.decimals(timing.firstMilliseconds, 1)) ms, "
        + "median of \(timing.steps) steps",
    ]
    if !timing.profile.isEmpty { lines += [""] + profile.lines }
    if explain { lines += timing.plan.lines.map { "  \($0)" } }
    return lines
  }

  private var profile: BenchProfile { BenchProfile(timing.profile, limits, precision: precision) }

  /// Bytes in 10⁶, as memory is counted here.
  static func megabytes(_ bytes: Double) -> String {
    bytes < 1e6 ? Text.decimals(bytes / 1e3, 0) + " kB" : Text.decimals(bytes / 1e6, bytes < 1e8 ? 1 : 0) + " MB"
  }
}
