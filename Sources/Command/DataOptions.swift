import Fovea

/// `--data`, which training and evaluation take.
struct DataOptions: Sendable {
  static let spec = OptionSpec(
    "data", "DATASET", "a data set that fovea datasets lists, e.g. fashion-mnist or mnist:DIR")

  /// Nil when it is not given or not understood.
  let source: DatasetSource?

  init(_ arguments: inout Arguments, isNeeded: Bool = true) {
    guard let text = arguments.text("data") else {
      if isNeeded { arguments.reject("--data is missing: \(DataOptions.spec.form)") }
      source = nil
      return
    }
    var parsed: DatasetSource?
    do { parsed = try DatasetSource.parse(text) } catch { arguments.reject("--data: \(error)") }
    source = parsed
  }

  /// The data set; `check` has thrown before when there is none.
  func required() throws(UsageError) -> DatasetSource {
    guard let source else { throw UsageError("--data is missing: \(DataOptions.spec.form)") }
    return source
  }
}

extension Evaluation {
  /// The commonest mistakes by name, a line each.
  func confusions(_ names: [String], limit: Int) -> [String] {
    func name(_ index: Int) -> String { names.indices.contains(index) ? names[index] : String(index) }
    return confusion.mostConfused(limit: limit).map { mistake in
      "\(name(mistake.actual)) taken for \(name(mistake.predicted)): \(Text.grouped(mistake.count)) of "
        + "\(Text.grouped((0..<confusion.classes).reduce(0) { $0 + confusion[actual: mistake.actual, predicted: $1] }))"
    }
  }

  /// The fields that `evaluate --json` promises, and the commonest mistakes.
  func object(_ names: [String]) -> [String: Any] {
    [
      // Of five classes or fewer, the right one is always among the five largest scores.
      "top1": top1, "top5": top5 ?? 1, "loss": loss, "examples": examples,
      "confused": confusion.mostConfused(limit: 10).map { mistake -> [String: Any] in
        [
          "actual": names.indices.contains(mistake.actual) ? names[mistake.actual] : String(mistake.actual),
          "predicted": names.indices.contains(mistake.predicted) ? names[mistake.predicted] : String(mistake.predicted),
          "count": mistake.count,
        ]
      },
    ]
  }
}
