import Fovea

/// `fovea evaluate`
struct EvaluateCommand: Command {
  static let name = "evaluate"
  static let summary = "say how good a network is on a data set"
  static let operands = [ModelOptions.operand]
  static let options =
    [
      DataOptions.spec,
      OptionSpec(
        "split", "PART", "test, train, or validation (the part that a run kept from training)", standard: "test"),
      OptionSpec("batch", "N", "examples at once", standard: "256, fewer of large ones"),
      OptionSpec("json", nil, "one JSON object: top1, top5, loss, examples"),
    ] + ModelOptions.specs + PreprocessingOptions.specs + DeviceOptions.specs
  static let examples = [
    Example("fovea evaluate runs/two-conv/last.safetensors --data fashion-mnist", "accuracy on the test part"),
    Example("fovea evaluate two-conv --weights w.safetensors --data mnist:digits --json", "for scripts"),
    Example(
      "fovea evaluate mobilenet_v2 --weights mobilenet_v2.safetensors --data labels:pictures.csv",
      "torchvision's weights; the table's classes are numbers, or names with --class-names"),
  ]

  let model: ModelOptions
  let data: DataOptions
  let split: Split
  let batch: Int?
  let json: Bool
  let preprocessing: PreprocessingOptions
  let device: DeviceOptions

  enum Split: String, CaseIterable { case test, validation, train }

  init(_ arguments: inout Arguments) {
    model = ModelOptions(arguments.operands.first ?? "", &arguments)
    data = DataOptions(&arguments)
    split = arguments.choice("split", of: Split.allCases.map(\.rawValue)).flatMap(Split.init(rawValue:)) ?? .test
    batch = arguments.integer("batch", in: 1...1_000_000)
    json = arguments.has("json")
    preprocessing = PreprocessingOptions(&arguments)
    device = DeviceOptions(&arguments)
    if split == .validation, !model.isFile {
      arguments.reject("--split validation needs the model file of a run, which knows what it kept from training")
    }
  }

  func run(_ console: Console) async throws -> Int32 {
    let source = try data.required()
    if !self.model.isFile { try self.model.requireClassifier() }
    let (model, dataset) = try loaded(source)
    console.noteSkipped(dataset)
    if !self.model.isFile, self.model.weights == nil {
      console.note("\(self.model.text) has random weights; name a model file, or give --weights FILE")
    }
    let device = device.device(console)
    let start = Clock.seconds()
    let result = try await Fovea.evaluate(model, on: dataset, device: device, batch: batch) { done, total in
      console.progress("evaluating, \(Text.grouped(done)) of \(Text.grouped(total))")
    }
    console.endProgress()
    guard result.loss.isFinite else {
      throw Failure("\(self.model.text): the scores are no numbers (loss \(result.loss)): the weights are damaged")
    }
    let seconds = Clock.seconds() - start
    if json {
      var object = result.object(dataset.classNames)
      object["seconds"] = seconds
      try console.json(object)
      return Program.Status.done
    }
    try console.out(
      "\(dataset.name), \(split.rawValue) part, \(Text.grouped(result.examples)) examples: "
        + "accuracy \(Text.percent(result.top1))"
        + (result.top5.map { ", top 5 \(Text.percent($0))" } ?? "")
        + ", loss \(Text.decimals(result.loss, 4)), \(Text.duration(seconds))")
    for line in result.confusions(dataset.classNames, limit: 5) { try console.out("  \(line)") }
    return Program.Status.done
  }

  /// The network and what it is tried on, each made to fit the other.
  private func loaded(_ source: DatasetSource) throws -> (Model, any Dataset) {
    if let given = try model.given().map({ preprocessing.applied(to: $0) }) {
      var pictures = PictureOptions(given.preprocessing)
      pictures.classNames = given.classNames.isEmpty ? nil : given.classNames
      try model.requireClassifier(given)
      return (given, try part(of: source, pictures))
    }
    let trained = try model.trained()
    var pictures = PictureOptions()
    if let published = trained?.preprocessing {
      pictures = PictureOptions(preprocessing.applied(to: published))
    } else {
      pictures.resize = preprocessing.resize
      pictures.size = preprocessing.size
      pictures.isBGR = preprocessing.channels == .bgr
      pictures.channels = preprocessing.channels.map { $0 == .gray ? 1 : 3 }
    }
    pictures.classNames = try model.listedNames()
    if pictures.classNames == nil, let names = trained?.classNames, !names.isEmpty { pictures.classNames = names }
    var dataset = try part(of: source, pictures)
    if pictures.classNames == nil, let classes = trained?.classes, classes > dataset.classNames.count,
      dataset.classNames.allSatisfy({ Int($0).map { (0..<classes).contains($0) } ?? false })
    {
      // The classes are numbers: of those that the network tells apart, and not all of them occur.
      pictures.classNames = (0..<classes).map(String.init)
      dataset = try part(of: source, pictures)
    }
    let wish = ModelOptions.Wish(input: InputShape(dataset.sampleShape), classNames: dataset.classNames)
    return (preprocessing.applied(to: try model.load(wish)), dataset)
  }

  /// The part that `--split` names. What a run kept from training is written beside its model files.
  private func part(of source: DatasetSource, _ pictures: PictureOptions) throws -> any Dataset {
    if split == .test { return try source.loadForEvaluation(pictures: pictures) }
    let whole = try source.load(split: .train, pictures: pictures)
    let directory = model.text.lastIndex(of: "/").map { String(model.text[..<$0]) } ?? "."
    guard model.isFile, Directory.exists(RunDirectory(directory).record) else {
      if split == .train { return whole }
      throw Failure("\(model.text) does not lie in a run's directory, so nobody knows what it kept from training")
    }
    let record = try RunRecord.read(directory: directory)
    guard record.examples == whole.count else {
      throw Failure(
        "the run in \(directory) trained on \(record.examples) examples of \(record.datasetName), "
          + "but \(source) has \(whole.count); give its own data set")
    }
    let parts = try record.options.split(whole)
    if split == .train { return parts.train }
    guard let validation = parts.validation else {
      throw Failure("the run in \(directory) kept nothing from training; train with --validation FRACTION")
    }
    return validation
  }
}
