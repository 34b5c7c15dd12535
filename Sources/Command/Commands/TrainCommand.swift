import Fovea

/// `fovea train`
struct TrainCommand: Command {
  static let name = "train"
  static let summary = "train a network on a data set"
  static let details = [
    "Ctrl-C stops after the step, saves and says how to go on; a second one ends at once. The run's directory holds "
      + "run.json, last.safetensors (and best.safetensors with --validation), metrics.jsonl and TensorBoard's events."
  ]
  static let operands = [
    OperandSpec("MODEL", ModelOptions.operand.help, isOptional: true)
  ]
  static let options =
    [DataOptions.spec] + TrainRecipe.specs + PictureSizeOptions.specs + [
      ModelOptions.weightsSpec,
      OptionSpec("out", "DIR", "the run's directory", standard: "runs/MODEL, runs/MODEL-2, …"),
      OptionSpec("resume", "DIR", "go on with the run in DIR; needs nothing else"),
      OptionSpec("find-rate", nil, "train nothing: try rising learning rates on a copy and advise one"),
      OptionSpec("json", nil, "one JSON object at the end"),
    ] + DeviceOptions.specs
  static let examples = [
    Example("fovea train two-conv --data fashion-mnist --epochs 5", "trains, evaluates, says what to do next"),
    Example(
      "fovea train two-conv --data mnist:digits --validation 0.1 --schedule one-cycle --lr 0.1",
      "keeps the best model by a tenth of the training part"),
    Example("fovea train --resume runs/two-conv", "goes on after Ctrl-C"),
  ]

  let job: Job
  let device: DeviceOptions
  let json: Bool

  enum Job: Sendable {
    case new(ModelOptions, DataOptions, TrainRecipe, out: String?, findsRate: Bool)
    case resumed(ResumedRun)
  }

  init(_ arguments: inout Arguments) throws(UsageError) {
    device = DeviceOptions(&arguments)
    json = arguments.has("json")
    let recipe = TrainRecipe(&arguments)
    let model = arguments.operands.first
    if let directory = arguments.text("resume") {
      if arguments.has("find-rate") {
        arguments.reject("--find-rate looks for the rate of a new run, so --resume contradicts it")
      }
      let data = DataOptions(&arguments, isNeeded: false)
      job = .resumed(ResumedRun(directory, model: model, data: data.source, recipe: recipe, arguments))
      return
    }
    if model == nil { arguments.reject("MODEL is missing: \(ModelOptions.operand.help)") }
    job = .new(
      ModelOptions(model ?? "", &arguments), DataOptions(&arguments), recipe, out: arguments.text("out"),
      findsRate: arguments.has("find-rate"))
  }

  func run(_ console: Console) async throws -> Int32 {
    switch job {
    case .new(let model, let data, let recipe, let out, let findsRate):
      if findsRate {
        try await findRate(model, try data.required(), recipe, out: out, console)
      } else {
        try await start(model, try data.required(), recipe, out: out, console)
      }
    case .resumed(let run): try await resume(run, console)
    }
  }

  // MARK: A new run

  private func start(
    _ modelOptions: ModelOptions, _ source: DatasetSource, _ recipe: TrainRecipe, out: String?, _ console: Console
  ) async throws -> Int32 {
    if !modelOptions.isFile { try modelOptions.requireClassifier() }
    let given = try modelOptions.given()
    if let given { try modelOptions.requireClassifier(given) }
    let published = try given?.preprocessing ?? modelOptions.trained()?.preprocessing
    let (dataset, pictures) = try trainingPart(source, modelOptions, published, recipe, console)
    // Looked at before the training: a damaged test part is said now, not after it.
    async let test = TrainCommand.testPart(source, pictures)
    let directory = out ?? TrainCommand.freshDirectory(for: modelOptions)
    let options = recipe.options(data: source, directory: directory, weights: modelOptions.weights)
    let (model, fresh) = try makeModel(modelOptions, given, published, dataset, recipe, options)
    let device = device.device(tuning: .measured)
    let line =
      "fovea train \(ShellLine.quoted(modelOptions.text)) \(ShellLine.join(options.words)) "
      + (recipe.leavesAugmentation ? "--augment none " : "")
      + "--threads \(device.threads) --device \(device.name) "
      + (device.tuning == OneDNNBackend.Tuning.fixed.rawValue ? "--tune off " : "")
      + (device.precision == OneDNNBackend.Precision.f32.rawValue ? "" : "--precision \(device.precision) ")
      + "--out \(ShellLine.quoted(directory))"
    let part = try await test
    try options.check(model, on: dataset)
    // Where nothing can be written, nothing is begun.
    if RunDirectory(directory).holdsRun { throw TrainingError.directoryHoldsRun(directory) }
    try Directory.make(directory)
    try introduce(line, model, dataset, options, device, console)
    if !fresh.isEmpty {
      console.note(
        "\(modelOptions.weights ?? modelOptions.text) tells other classes apart, so these start at random: "
          + fresh.joined(separator: ", "))
    }
    let trainer = Trainer(model: model, dataset: dataset, options: options, device: device)
    return try await TrainSession(trainer, test: part, device: device, source: source, json: json, console).run()
  }

  private func findRate(
    _ modelOptions: ModelOptions, _ source: DatasetSource, _ recipe: TrainRecipe, out: String?, _ console: Console
  ) async throws -> Int32 {
    if !modelOptions.isFile { try modelOptions.requireClassifier() }
    let given = try modelOptions.given()
    if let given { try modelOptions.requireClassifier(given) }
    let published = try given?.preprocessing ?? modelOptions.trained()?.preprocessing
    let (dataset, _) = try trainingPart(source, modelOptions, published, recipe, console)
    let options = recipe.options(data: source, directory: "", weights: modelOptions.weights)
    let (model, _) = try makeModel(modelOptions, given, published, dataset, recipe, options)
    let directory = out ?? TrainCommand.freshDirectory(for: modelOptions, "-rates")
    try Directory.make(directory)
    return try await RateSearch(
      model: model, dataset: dataset, options: options, device: device.device(console),
      directory: directory,
      json: json
    ).run(console)
  }

  /// The examples that are trained on, and what pictures in files become: what a model file says of itself, else
  /// what was typed, else their own size, else the network's.
  private func trainingPart(
    _ source: DatasetSource, _ modelOptions: ModelOptions, _ published: Preprocessing?, _ recipe: TrainRecipe,
    _ console: Console
  ) throws -> (any Dataset, PictureOptions) {
    var pictures = recipe.pictures.pictures(published)
    let dataset: any Dataset
    do {
      dataset = try source.load(split: .train, pictures: pictures)
    } catch DataError.differentSizes(let name, let sizes) {
      guard let shape = try? Zoo.standard.entry(modelOptions.text).input.shape, shape.rank == 3 else {
        throw DataError.differentSizes(name: name, sizes: sizes)
      }
      pictures.size = [shape[1], shape[2]]
      dataset = try source.load(split: .train, pictures: pictures)
    }
    console.noteSkipped(dataset)
    // The test part becomes what the training part has become.
    if dataset.sampleShape.rank == 3 {
      pictures.size = [dataset.sampleShape[1], dataset.sampleShape[2]]
      pictures.channels = dataset.sampleShape[0]
    }
    pictures.classNames = dataset.classNames
    return (dataset, pictures)
  }

  /// The network, and the paths of a last layer that starts at random above weights for other classes.
  private func makeModel(
    _ modelOptions: ModelOptions, _ given: Model?, _ published: Preprocessing?, _ dataset: any Dataset,
    _ recipe: TrainRecipe, _ options: TrainingOptions
  ) throws -> (Model, fresh: [String]) {
    var preprocessing = published ?? Preprocessing(for: dataset.sampleShape)
    if preprocessing.mean.isEmpty, preprocessing.std.isEmpty {
      let measured = try Preprocessing(measuring: dataset, for: options)
      if published == nil { preprocessing.channels = measured.channels }
      preprocessing.mean = measured.mean
      preprocessing.std = measured.std
    }
    if published == nil { preprocessing.resize = options.resize }
    if dataset.sampleShape.rank == 3, published?.size != nil {
      preprocessing.resize = options.resize ?? preprocessing.resize
      preprocessing.size = options.size ?? preprocessing.size
      let own = [dataset.sampleShape[1], dataset.sampleShape[2]]
      if preprocessing.size != own {
        // A set with a size of its own, which nothing resizes.
        preprocessing.resize = nil
        preprocessing.size = own
      }
    } else if dataset.sampleShape.rank == 3 {
      preprocessing.size = [dataset.sampleShape[1], dataset.sampleShape[2]]
    }
    if let given {
      let ready = given.with(preprocessing: preprocessing, classNames: dataset.classNames)
      guard let scores = given.scores, scores != dataset.classNames.count else { return (ready, []) }
      return try ready.withNewHead(
        classNames: dataset.classNames, seed: recipe.seed, initialization: recipe.initialization)
    }
    return try modelOptions.loaded(
      .init(
        input: InputShape(dataset.sampleShape), classNames: dataset.classNames, seed: recipe.seed,
        initialization: recipe.initialization, preprocessing: preprocessing, mayReplaceHead: true))
  }

  /// Nil with the reason where there is no test part; damaged files throw.
  private static func testPart(_ source: DatasetSource, _ pictures: PictureOptions) async throws -> TestPart {
    do { return .here(try source.load(split: .test, pictures: pictures)) } catch DataError.datasetMissing(
      _, let directory, let file, _)
    { return .missing("\(directory) has no \(file)") }
  }

  /// The first of runs/MODEL, runs/MODEL-2, … that is not there yet.
  private static func freshDirectory(for model: ModelOptions, _ ending: String = "") -> String {
    var name = model.text.split(separator: "/").last.map(String.init) ?? "model"
    for ending in [".safetensors", ".onnx"] where name.hasSuffix(ending) { name.removeLast(ending.count) }
    let first = "runs/\(name)\(ending)"
    guard Directory.exists(first) else { return first }
    var number = 2
    while Directory.exists("\(first)-\(number)") { number += 1 }
    return "\(first)-\(number)"
  }

  // MARK: A run that goes on

  /// In what the program itself differs from the one that began the run.
  private static func versionDifferences(_ options: TrainingOptions) -> [String] {
    guard let version = options.versions["fovea"], version != Version.text else { return [] }
    return ["it was begun by fovea \(version), this is \(Version.text)"]
  }

  private func resume(_ run: ResumedRun, _ console: Console) async throws -> Int32 {
    let record = try run.checkedRecord()
    guard let name = record.options.dataset else {
      throw Failure("\(run.directory)/run.json does not say which data set the run has")
    }
    let source = try DatasetSource.parse(name)
    let pictures = try run.pictures()
    async let test = TrainCommand.testPart(source, pictures)
    let dataset = try source.load(split: .train, pictures: pictures)
    console.noteSkipped(dataset)
    // The same machine again unless something else is asked for: only then do the bits repeat.
    let device =
      Device.named(
        run.device ?? record.device, threads: run.threads ?? record.threads,
        tuning: device.tuning ?? record.tuning.flatMap { OneDNNBackend.Tuning(rawValue: $0) } ?? .fixed,
        precision: device.precision ?? record.precision.flatMap { OneDNNBackend.Precision(rawValue: $0) } ?? .f32)
      ?? .reference
    let trainer = try Trainer(resuming: run.directory, dataset: dataset, device: device)
    if !json {
      try console.out("fovea train --resume \(ShellLine.quoted(run.directory))")
      try console.out(
        "  \(record.model) on \(name), \(ShellLine.join(trainer.options.words.filter { $0.option != "data" }))")
      try console.out("device: \(device.text)")
    }
    if let shortcoming = device.shortcoming { console.note(shortcoming) }
    for difference in TrainCommand.versionDifferences(trainer.options) + trainer.differences {
      console.note("the last bits may differ from an uninterrupted run: \(difference)")
    }
    return try await TrainSession(trainer, test: try await test, device: device, source: source, json: json, console)
      .run()
  }

  private func introduce(
    _ line: String, _ model: Model, _ dataset: any Dataset, _ options: TrainingOptions, _ device: Device,
    _ console: Console
  ) throws {
    let table = model.summary(batch: options.batch)
    let shortcoming = device.shortcoming.map { sentence in
      guard device.backends.isEmpty else { return sentence }
      let examples =
        switch options.length {
        case .epochs(let count): Double(count) * Double(dataset.count) * (1 - options.validation)
        case .steps(let count): Double(count) * Double(min(options.batch, dataset.count))
        }
      // Forward and backward are three times the work; the plain loops do about 1.5 GFLOP/s.
      return sentence + "; this run takes about \(Text.duration(examples * Double(table.multiplyAdds) * 6 / 1.5e9))"
    }
    if json {
      if let shortcoming { console.note(shortcoming) }
      return
    }
    try console.out(line)
    try console.out(
      "model: \(model.name.isEmpty ? "unnamed" : model.name), \(Text.grouped(table.parameters)) parameters, "
        + "\(Text.grouped(table.multiplyAdds)) multiply-adds per example")
    try console.out(
      "data: \(dataset.name), \(Text.grouped(dataset.count)) examples \(dataset.sampleShape), "
        + "\(dataset.classNames.count) classes")
    if !options.freeze.isEmpty {
      let frozen = options.frozen(of: model)
      try console.out(
        "frozen: \(frozen.parameters) of \(frozen.of) parameters, \(Text.grouped(frozen.numbers)) numbers")
    }
    if dataset.classNames.count == 1 { console.note("there is one class only, so there is nothing to tell apart") }
    try console.out("device: \(device.text)")
    if let shortcoming { try console.out("  \(shortcoming)") }
  }
}

/// The test part of a data set, or why there is none.
enum TestPart: Sendable {
  case here(any Dataset)
  case missing(String)
}
