import Fovea

/// `fovea train … --find-rate`: the ramp, its table and its advice; nothing is trained.
struct RateSearch {
  static let file = "rate-finder.jsonl"

  let model: Model
  let dataset: any Dataset
  let options: TrainingOptions
  let device: Device
  /// Where the points are written.
  let directory: String
  let json: Bool

  func run(_ console: Console) async throws -> Int32 {
    let path = "\(directory)/\(RateSearch.file)"
    let finding = try await RateFinder().run(model, on: dataset, options: options, device: device) { step, total in
      console.progress("looking for a rate, step \(step) of \(total)")
    }
    console.endProgress()
    try finding.write(to: path)
    if json {
      var object: [String: Any] = ["file": path, "steps": finding.points.count, "diverged": finding.diverged]
      object["steepest"] = finding.steepest
      object["lowest"] = finding.lowest
      object["advice"] = finding.advice
      try console.json(object)
    } else {
      try show(finding, path, console)
    }
    return Program.Status.done
  }

  private func show(_ finding: RateFinder.Finding, _ path: String, _ console: Console) throws {
    var rows = [["  rate", "loss"]]
    let points = finding.table()
    let (low, high) = (points.map(\.smoothed).min() ?? 0, points.map(\.smoothed).max() ?? 1)
    for point in points {
      let part = high > low ? (point.smoothed - low) / (high - low) : 0
      rows.append([
        "  " + Text.significant(point.rate), Text.decimals(point.smoothed, 4),
        String(repeating: "▪", count: 1 + Int(39 * min(1, part))),
      ])
    }
    for line in Text.table(rows, right: [1]) { try console.out(line) }
    try console.out("")
    if let steepest = finding.steepest, let lowest = finding.lowest, let advice = finding.advice {
      try console.out(
        "the loss falls fastest at a rate of \(Text.significant(steepest)) and is lowest at "
          + "\(Text.significant(lowest))" + (finding.diverged ? "; beyond that it grows" : ""))
      try console.out("try --lr \(Text.significant(advice))")
    } else {
      try console.out("the loss fell at no rate: check the data and the network")
    }
    try console.out("all \(finding.points.count) steps are in \(path); the model is as it was")
  }
}
