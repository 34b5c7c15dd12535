import Fovea

/// `fovea quantize`
struct QuantizeCommand: Command {
  static let name = "quantize"
  static let summary = "bring a trained network to 8 bits"
  static let details = [
    "Weights become whole numbers of 8 bits with a scale for each channel; what convolutions and dense layers read "
      + "gets one scale each, chosen by examples of the training part so that the mean square error is least. The "
      + "file is a model like any other: predict, evaluate, bench and summary take it."
  ]
  static let operands = [ModelOptions.operand]
  static let options =
    [
      DataOptions.spec,
      OptionSpec("out", "FILE", "the .safetensors file to write"),
      OptionSpec("count", "N", "examples to choose scales by", standard: "256"),
      OptionSpec("batch", "N", "examples at once while accuracy is measured", standard: "256, fewer of large ones"),
      OptionSpec("json", nil, "one JSON object: accuracy and bytes before and after"),
    ] + ModelOptions.specs + PreprocessingOptions.specs + DeviceOptions.specs
  static let examples = [
    Example(
      "fovea quantize runs/resnet20/best.safetensors --data cifar10:DIR --out resnet20-8bit.safetensors",
      "a quarter of the bytes; says what it costs in accuracy"),
    Example(
      "fovea quantize mobilenet_v2 --weights v2.safetensors --data labels:a.csv --out small.safetensors",
      "torchvision's weights, on pictures that are listed in a table"),
  ]

  let model: ModelOptions
  let data: DataOptions
  let out: String
  let count: Int
  let batch: Int?
  let json: Bool
  let preprocessing: PreprocessingOptions
  let device: DeviceOptions

  init(_ arguments: inout Arguments) {
    model = ModelOptions(arguments.operands.first ?? "", &arguments)
    data = DataOptions(&arguments)
    out = arguments.text("out") ?? ""
    count = arguments.integer("count", in: 1...1_000_000) ?? 256
    batch = arguments.integer("batch", in: 1...1_000_000)
    json = arguments.has("json")
    preprocessing = PreprocessingOptions(&arguments)
    device = DeviceOptions(&arguments)
    if out.isEmpty {
      arguments.reject("--out FILE is missing: where the network in 8 bits is written")
    } else if !out.hasSuffix(".safetensors") {
      arguments.reject("--out \(out): model files end in .safetensors")
    } else if out == model.text || out == model.weights {
      arguments.reject("--out \(out) is the network itself; give another name, since it is still wanted")
    }
    if !model.isFile, !model.text.isEmpty, model.weights == nil {
      arguments.reject("\(model.text) has random weights; name a model file, or give --weights FILE")
    }
  }

  func run(_ console: Console) async throws -> Int32 {
    let source = try data.required()
    if !self.model.isFile { try self.model.requireClassifier() }
    let judged = JudgedModel(options: self.model, preprocessing: preprocessing, split: .test)
    let (model, test) = try judged.loaded(source)
    var pictures = PictureOptions(model.preprocessing)
    pictures.classNames = test.classNames
    let examples = try source.load(split: .train, pictures: pictures)
    console.noteSkipped(test)
    let device = device.device(console)
    let start = Clock.seconds()
    let quantized = try await Fovea.quantize(model, calibratedOn: examples, count: count, device: device) {
      console.progress("calibrating, \(Text.grouped($0)) of \(Text.grouped($1))")
    }
    let before = try await judge(model, test, device, "in f32", console)
    let after = try await judge(quantized.model, test, device, "in 8 bits", console)
    console.endProgress()
    try quantized.model.save(to: out)
    let seconds = Clock.seconds() - start
    if json {
      try console.json([
        "before": before.object(test.classNames), "after": after.object(test.classNames),
        "bytes_before": quantized.bytes.before, "bytes_after": quantized.bytes.after, "layers": quantized.layers,
        "left": quantized.left, "file": out, "seconds": seconds,
      ])
      return Program.Status.done
    }
    func line(_ result: Evaluation, _ bytes: Int) -> String {
      "accuracy \(Text.percent(result.top1))" + (result.top5.map { ", top 5 \(Text.percent($0))" } ?? "")
        + ", loss \(Text.decimals(result.loss, 4)), \(Text.bytes(bytes)) of parameters"
    }
    try console.out("\(test.name), test part, \(Text.grouped(before.examples)) examples")
    try console.out("  before: \(line(before, quantized.bytes.before))")
    try console.out("  after:  \(line(after, quantized.bytes.after))")
    try console.out(
      "\(quantized.layers) \(quantized.layers == 1 ? "layer" : "layers") in 8 bits, scales by "
        + "\(Text.grouped(min(count, examples.count))) examples of \(examples.name), \(Text.duration(seconds))")
    if !quantized.left.isEmpty {
      try console.out("left in f32, since their weights are shared or made: \(quantized.left.joined(separator: ", "))")
    }
    try console.out("wrote \(out)")
    return Program.Status.done
  }

  private func judge(
    _ model: Model, _ test: any Dataset, _ device: Device, _ words: String, _ console: Console
  ) async throws -> Evaluation {
    try await Fovea.evaluate(model, on: test, device: device, batch: batch) { done, total in
      console.progress("evaluating \(words), \(Text.grouped(done)) of \(Text.grouped(total))")
    }
  }
}
