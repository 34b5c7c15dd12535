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

/// `--resize` and `--size`: what pictures in files are made into before they are trained on.
struct PictureSizeOptions: Sendable {
  static let specs = [
    OptionSpec("resize", "N", "pictures in files: resize the shorter side to N pixels before the crop"),
    OptionSpec("size", "N", "pictures in files: cut N×N pixels (or HxW) out, or without --resize shrink to them"),
  ]

  let resize: Int?
  let size: [Int]?

  init(_ arguments: inout Arguments) {
    resize = arguments.integer("resize", in: 1...65_536)
    let extents = arguments.extents("size")
    if let extents, extents.count > 2 { arguments.reject("--size takes N or HxW, not \(extents.count) numbers") }
    size = extents.flatMap { $0.count == 1 ? [$0[0], $0[0]] : $0.count == 2 ? $0 : nil }
    if let resize, let size, let side = size.first(where: { $0 > resize }) {
      arguments.reject("--size \(side) cannot be cut out of pictures that --resize \(resize) has made smaller")
    }
  }

  /// What a model's own preprocessing leaves open, the command line says.
  func pictures(_ preprocessing: Preprocessing? = nil) -> PictureOptions {
    var options = PictureOptions(preprocessing ?? Preprocessing())
    if preprocessing == nil { options.channels = nil }
    if let resize { options.resize = resize }
    if let size { options.size = size }
    return options
  }
}

extension PictureOptions {
  /// What a model does to pictures before their levels.
  init(_ preprocessing: Preprocessing) {
    self.init(
      size: preprocessing.size, resize: preprocessing.resize, channels: preprocessing.channels == .gray ? 1 : 3,
      isBGR: preprocessing.channels == .bgr, antialias: preprocessing.antialias)
  }
}

extension Console {
  /// Names the files that a set leaves out, some of them.
  func noteSkipped(_ dataset: any Dataset) {
    let files = dataset.skipped
    guard !files.isEmpty else { return }
    note("\(Text.grouped(files.count)) file\(files.count == 1 ? " is" : "s are") left out of \(dataset.name):")
    for file in files.prefix(5) { note("  \(file)") }
    if files.count > 5 { note("  and \(Text.grouped(files.count - 5)) more") }
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
