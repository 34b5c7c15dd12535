import Fovea

/// `fovea train --resume DIR`, and whatever else was typed beside it: it must say what the run says.
struct ResumedRun: Sendable {
  let directory: String
  let device: String?
  let threads: Int?
  private let typed: [(option: String, value: String?)]
  private let model: String?

  init(
    _ directory: String, model: String?, data: DatasetSource?, recipe: TrainRecipe, _ arguments: Arguments
  ) {
    self.directory = directory.count > 1 && directory.hasSuffix("/") ? String(directory.dropLast()) : directory
    self.model = model
    device = arguments.text("device")
    threads = arguments.text("threads").flatMap { Int($0) }
    let source = data ?? .fashionMNIST
    // What was typed, in the spelling that the run's own options have.
    let own = recipe.options(data: source, directory: directory, weights: arguments.text("weights")).words
    var typed = own.filter { arguments.isGiven($0.option) }
    // What leaves no trace in a run's own words: a usual value, or a number of another optimizer.
    for spec in TrainRecipe.specs + PictureSizeOptions.specs
    where arguments.isGiven(spec.name) && !typed.contains(where: { $0.option == spec.name }) {
      typed.append((spec.name, arguments.text(spec.name)))
    }
    if let out = arguments.text("out") { typed.append(("out", out)) }
    self.typed = typed
  }

  /// What `run.json` says, held against what was typed.
  /// - Throws: `UsageError` with every contradiction; `TrainingError` when there is no such run.
  func checkedRecord() throws -> RunRecord {
    let record = try RunRecord.read(directory: directory)
    let own = record.options.words
    var contradictions: [String] = []
    if let model, model != record.model {
      contradictions.append("the run in \(directory) trains \(record.model), not \(model)")
    }
    for word in typed where !isSame(word, own) {
      let known = own.filter { $0.option == word.option }
      let says =
        word.option == "out"
        ? directory : known.isEmpty ? "nothing of it" : known.map { $0.value ?? "yes" }.joined(separator: ", ")
      contradictions.append(
        "--\(word.option)\(word.value.map { " \($0)" } ?? "") contradicts the run in \(directory), which has \(says); "
          + "leave it out, or start a new run")
    }
    if !contradictions.isEmpty { throw UsageError(contradictions) }
    return record
  }

  /// What pictures in files become: the checkpoint's model knows.
  func pictures() throws -> PictureOptions {
    let path = RunDirectory(directory).last
    // A missing or damaged checkpoint is said by the trainer, in better words.
    guard Directory.exists(path), let model = try? ModelFile.read(path) else { return PictureOptions() }
    var pictures = PictureOptions(model.preprocessing)
    pictures.classNames = model.classNames
    return pictures
  }

  private func isSame(_ word: (option: String, value: String?), _ own: [(option: String, value: String?)]) -> Bool {
    if word.option == "out" { return word.value == directory }
    // Values that say that there is nothing of it.
    let nothing = ["validation": ["0", "0.0"], "accumulate": ["1"], "memory": ["usual"], "augment": ["none"]]
    if let value = word.value, nothing[word.option]?.contains(value) == true {
      return !own.contains { $0.option == word.option }
    }
    return own.contains { $0.option == word.option && $0.value == word.value }
  }
}
