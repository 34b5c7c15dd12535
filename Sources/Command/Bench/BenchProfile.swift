import Fovea

/// Where the time of a step goes: each step of the plan under the roof, and their sums by kind.
struct BenchProfile: Sendable {
  /// One step of the plan, or all of a kind.
  struct Row: Sendable {
    let name: String
    let op: String
    let implementation: String
    let isReorder: Bool
    let count: Int
    /// Of the whole.
    let share: Double
    let roof: Roofline

    var object: [String: Any] {
      [
        "name": name, "op": op, "implementation": implementation, "count": count, "ms": 1000 * roof.seconds,
        "share": share, "gflops": roof.gigaflops, "bytes": roof.bytes, "gb_per_s": roof.gigabytes,
        "bound": roof.bound.rawValue, "share_of_bound": roof.share,
      ]
    }

    /// The cells that both tables have.
    fileprivate func cells(_ places: Int) -> [String] {
      let computes = roof.operations > 0
      return [
        Text.decimals(1000 * roof.seconds, places), Text.decimals(100 * share, 1),
        computes ? Text.decimals(roof.gigaflops, 1) : "–", Text.decimals(roof.gigabytes, 1),
        roof.bytes > 0 ? roof.bound.rawValue : "–",
        roof.bytes > 0 && roof.bound != .cache ? Text.decimals(100 * roof.share, 0) : "–",
      ]
    }
  }

  /// In running order.
  let steps: [Row]
  /// By operator, slowest first.
  let kinds: [Row]

  init(_ profile: [Timing.TimedStep], _ limits: MachineLimits, precision: String) {
    let total = max(profile.reduce(0) { $0 + $1.milliseconds }, 1e-12)
    func row(_ steps: [Timing.TimedStep]) -> Row {
      let milliseconds = steps.reduce(0) { $0 + $1.milliseconds }
      let first = steps[0].cost
      return Row(
        name: steps.count == 1 ? first.name : "\(steps.count) steps", op: first.op,
        implementation: first.implementation, isReorder: first.isReorder, count: steps.count,
        share: milliseconds / total,
        roof: Roofline(
          seconds: milliseconds / 1000, operations: steps.reduce(0) { $0 + 2 * Double($1.cost.multiplyAdds) },
          bytes: steps.reduce(0) { $0 + Double($1.cost.bytes) }, peak: limits.peak(precision),
          bandwidth: limits.bandwidth))
    }
    steps = profile.map { row([$0]) }
    kinds = Dictionary(grouping: profile) { $0.cost.op }.values.map(row)
      .sorted { ($1.roof.seconds, $0.op) < ($0.roof.seconds, $1.op) }
  }

  private static let heads = ["ms", "%", "GFLOP/s", "GB/s", "bound", "% of it"]

  /// Both tables and the reorders, within 120 columns.
  var lines: [String] {
    let total = steps.reduce(0) { $0 + $1.roof.seconds }
    let places = total < 1e-3 ? 5 : total < 1e-2 ? 4 : 3
    var rows = [["  step", "operator", "kernel"] + BenchProfile.heads]
    for step in steps {
      rows.append(
        [
          "  " + BenchProfile.short(step.name, 24), BenchProfile.short(step.op, 20),
          BenchProfile.short(BenchProfile.kernel(step.implementation), 20),
        ] + step.cells(places))
    }
    var lines = Text.table(rows, right: [3, 4, 5, 6, 8])
    rows = [["  operator", "steps"] + BenchProfile.heads]
    for kind in kinds { rows.append(["  " + kind.op, "\(kind.count)"] + kind.cells(places)) }
    rows.append(["  all", "\(steps.count)", Text.decimals(1000 * total, places)])
    lines += [""] + Text.table(rows, right: [1, 2, 3, 4, 5, 7]) + [""] + reorderLines
    return lines
  }

  /// Reorders cost time that a better choice of layouts would save, so they are named.
  private var reorderLines: [String] {
    let reorders = steps.filter(\.isReorder).sorted { $0.roof.seconds > $1.roof.seconds }
    guard !reorders.isEmpty else { return ["  no reorders in a step"] }
    let share = Text.decimals(100 * reorders.reduce(0) { $0 + $1.share }, 1)
    var lines = [
      "  \(reorders.count) \(reorders.count == 1 ? "reorder takes" : "reorders take") \(share) % of the step:"
    ]
    let shown = 12
    for reorder in reorders.prefix(shown) {
      lines.append(
        "    \(BenchProfile.short(reorder.name, 40)): \(BenchProfile.short(reorder.implementation, 40)), "
          + "\(Text.decimals(1000 * reorder.roof.seconds, 3)) ms, \(Text.decimals(100 * reorder.share, 1)) %")
    }
    if reorders.count > shown { lines.append("    and \(reorders.count - shown) more") }
    return lines
  }

  /// What runs, without the library's name and the words that all its kernels share.
  private static func kernel(_ implementation: String) -> String {
    implementation.hasPrefix("oneDNN ") ? String(implementation.dropFirst(7)) : implementation
  }

  /// At most `width` letters: the middle is left out, since beginnings and ends tell names apart.
  static func short(_ text: String, _ width: Int) -> String {
    guard text.count > width else { return text }
    let end = (width - 1) / 2
    return text.prefix(width - 1 - end) + "…" + text.suffix(end)
  }
}
