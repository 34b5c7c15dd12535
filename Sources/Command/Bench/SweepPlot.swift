import Fovea

/// A sweep as a picture: time of a step and arithmetic speed over what was varied.
enum SweepPlot {
  static func svg(_ rows: [SweepRow], _ axis: Sweep.Axis, task: SummaryCommand.Task) -> String {
    let names = rows.reduce(into: [String]()) { if !$0.contains($1.name) { $0.append($1.name) } }
    func series(_ y: (BenchReport) -> Double) -> [LinePlot.Series] {
      names.map { name in
        let own = rows.filter { $0.name == name }.sorted { $0.value < $1.value }
        // The number in a family's name is what is varied.
        let shown = axis == .depth ? family(name) : name
        return LinePlot.Series(name: shown, points: own.map { (Double($0.value), y($0.report)) })
      }
    }
    let label =
      switch axis {
      case .batch: "batch (examples in a step)"
      case .size: "size of the input (pixels a side)"
      case .channels: "width (channels of the first layer)"
      case .depth: "depth (layers)"
      case .threads: "threads"
      }
    let times = LinePlot.Panel(
      title: task == .train ? "One training step" : "One inference", x: label, y: "ms",
      series: series(\.timing.milliseconds))
    var speeds = LinePlot.Panel(
      title: "Arithmetic", x: label, y: "GFLOP/s", series: series { $0.roof.gigaflops }, startsAtZero: true)
    // The limit tells something where it is in sight.
    let highest = rows.map { $0.report.roof.gigaflops }.max() ?? 0
    let peaks = rows.map { (Double($0.value), $0.report.limits.peak($0.report.precision)) }.sorted { $0.0 < $1.0 }
    if let least = peaks.map(\.1).min(), highest > 0.3 * least {
      speeds.limit = LinePlot.Series(name: "measured peak", points: peaks)
    }
    var note = [Machine.processor]
    if let report = rows.first?.report {
      if axis != .threads { note.append(report.deviceText) }
      if axis != .batch { note.append("batch \(report.batch)") }
    }
    return LinePlot.svg([times, speeds], note: note.joined(separator: ", "))
  }

  /// `resnet20` as `resnet…`.
  private static func family(_ name: String) -> String {
    guard let first = name.firstIndex(where: \.isNumber) else { return name }
    return name[..<first] + "…" + name[first...].drop(while: \.isNumber)
  }
}
