import Fovea

/// `fovea predict`
struct PredictCommand: Command {
  static let name = "predict"
  static let summary = "say what is in pictures"
  static let operands = [
    ModelOptions.operand, OperandSpec("IMAGE", "PNG or JPEG pictures", takesMany: true),
  ]
  static let options =
    [
      OptionSpec("top", "K", "how many classes to show", standard: "5"),
      OptionSpec("json", nil, "one JSON object a line, one for each picture"),
    ] + PredictDetections.specs + ModelOptions.specs + PreprocessingOptions.specs + DeviceOptions.specs + [
      OptionSpec("crops", "N", "1: the middle of the picture; 10 comes with a later version", standard: "1")
    ]
  static let examples = [
    Example("fovea predict runs/two-conv/last.safetensors shoe.png", "the five most probable classes"),
    Example("fovea predict model.safetensors --top 1 --json *.png", "for scripts"),
    Example("fovea predict yolo-fastest.cfg dog.jpg --draw found.png", "what is where, by a darknet network"),
  ]

  let model: ModelOptions
  let images: [String]
  let top: Int
  let json: Bool
  let detections: PredictDetections
  let preprocessing: PreprocessingOptions
  let device: DeviceOptions

  init(_ arguments: inout Arguments) {
    model = ModelOptions(arguments.operands.first ?? "", &arguments)
    images = Array(arguments.operands.dropFirst())
    top = arguments.integer("top") ?? 5
    json = arguments.has("json")
    detections = PredictDetections(&arguments, pictures: images.count)
    preprocessing = PreprocessingOptions(&arguments)
    device = DeviceOptions(&arguments)
    _ = arguments.choice("crops", of: ["1"], later: ["10"])
  }

  func run(_ console: Console) async throws -> Int32 {
    if !self.model.isFile { try self.model.requireClassifier() }
    let model: Model
    do { model = preprocessing.applied(to: try self.model.load()) } catch ONNXError.openSizes {
      return try await runOneByOne(console)
    }
    if !model.detection.isEmpty {
      return try await detections.run(
        Predictor(model, device: device.device(console)), images, json: json, console)
    }
    if let option = detections.given {
      throw Failure("--\(option) goes with networks that find things; \(self.model.text) chooses a class")
    }
    try self.model.requireClassifier(model)
    if !self.model.isFile, self.model.weights == nil {
      console.note("\(self.model.text) has random weights; name a model file, or give --weights FILE")
    }
    let predictor = Predictor(model, device: device.device(console))
    var status = Program.Status.done
    for start in stride(from: 0, to: images.count, by: 32) {
      let paths = Array(images[start..<min(start + 32, images.count)])
      // One bad picture must not hide the answers for the others.
      var inputs: [(path: String, tensor: Tensor)] = []
      for path in paths {
        do { inputs.append((path, try predictor.input(of: try ImageDecoder.decode(path: path)))) } catch {
          console.note("fovea predict: \(error)")
          status = Program.Status.failed
        }
      }
      let answers = try await predictor.classify(inputs.map(\.tensor), top: top)
      for (index, answer) in answers.enumerated() { try show(inputs[index].path, answer, console) }
    }
    return status
  }

  /// Pictures of a network that must be read for each size of them.
  private func runOneByOne(_ console: Console) async throws -> Int32 {
    let ends = try model.ends()
    let needed = ends.inputs.filter { !$0.hasValue }
    guard needed.count == 1, let end = needed.first else {
      throw PredictorError.notAClassifier(inputs: needed.map(\.name), outputs: ends.outputs.map(\.name))
    }
    let dims = (end.dims ?? []).dropFirst().map { $0 ?? 2 }
    let isLast = Shape(Array(dims)).isChannelsLast
    let preparation = preprocessing.applied(to: ends.preprocessing)
    var predictors: [Shape: Predictor] = [:]
    var status = Program.Status.done
    for path in images {
      do {
        let picture = try ImageDecoder.decode(path: path)
        let chw = try preparation.tensor(of: picture).shape
        let shape = isLast ? Shape([1, chw[1], chw[2], chw[0]]) : Shape([1] + chw.dims)
        if predictors[shape] == nil {
          let model = preprocessing.applied(to: try self.model.load(.init(sizes: [end.name: shape])))
          try self.model.requireClassifier(model)
          predictors[shape] = Predictor(model, device: device.device(console))
        }
        for answer in try await predictors[shape]?.predict([picture], top: top) ?? [] {
          try show(path, answer, console)
        }
      } catch {
        // One bad picture must not hide the answers for the others.
        guard error is DataError else { throw error }
        console.note("fovea predict: \(error)")
        status = Program.Status.failed
      }
    }
    return status
  }

  private func show(_ path: String, _ answer: [Prediction], _ console: Console) throws {
    if json {
      let classes = answer.map { ["name": $0.name, "index": $0.index, "probability": $0.probability] as [String: Any] }
      return try console.json(["image": path, "classes": classes])
    }
    try console.out(path)
    for line in Text.table(answer.map { ["  " + Text.percent($0.probability), $0.name] }, right: [0]) {
      try console.out(line)
    }
  }
}
