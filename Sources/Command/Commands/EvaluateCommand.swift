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
  let split: DataSplit
  let batch: Int?
  let json: Bool
  let preprocessing: PreprocessingOptions
  let device: DeviceOptions

  init(_ arguments: inout Arguments) {
    model = ModelOptions(arguments.operands.first ?? "", &arguments)
    data = DataOptions(&arguments)
    split =
      arguments.choice("split", of: DataSplit.allCases.map(\.rawValue)).flatMap(DataSplit.init(rawValue:)) ?? .test
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
    let (model, dataset) = try JudgedModel(options: self.model, preprocessing: preprocessing, split: split).loaded(
      source)
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
}
