import Fovea

/// `fovea convert`
struct ConvertCommand: Command {
  static let name = "convert"
  static let summary = "write a network in another format"
  static let details = [
    "The ending of TO says the format: .onnx for other programs, .safetensors for this one. A file that is there is "
      + "replaced once the new one is complete. Afterwards both networks run on the same random input, the first one "
      + "also by the plain loops where that takes seconds, and the largest difference of their outputs is shown."
  ]
  static let operands = [
    OperandSpec("FROM", "a name that fovea models lists, or a model file"),
    OperandSpec("TO", "the file to write; it ends in .onnx or .safetensors"),
  ]
  static let options =
    [
      OptionSpec(
        "form", ONNXFile.Form.allCases.map(\.rawValue).joined(separator: "|"),
        "whether dropout and norms of an .onnx file are for use or for training on", standard: "evaluation"),
      InputSizes.spec,
      OptionSpec("name", "TEXT", "what the network is called, in place of its own name"),
      OptionSpec("json", nil, "one JSON object: the file, its bytes, and the difference"),
    ] + ModelOptions.specs + DeviceOptions.specs
  static let examples = [
    Example("fovea convert runs/two-conv/best.safetensors two-conv.onnx", "for any program that reads ONNX"),
    Example("fovea convert resnet18 resnet18.onnx --weights resnet18.safetensors", "torchvision's weights as ONNX"),
    Example("fovea convert lenet5 lenet5.onnx --form training", "dropout and norms as they are while training"),
  ]

  /// What TO may end in.
  private enum Format: String, CaseIterable { case onnx, safetensors }

  let model: ModelOptions
  let target: String
  private let format: Format?
  let form: ONNXFile.Form
  let input: InputSizes
  let modelName: String?
  let json: Bool
  let device: DeviceOptions

  init(_ arguments: inout Arguments) {
    model = ModelOptions(arguments.operands.first ?? "", &arguments)
    target = arguments.operands.count > 1 ? arguments.operands[1] : ""
    format = Format.allCases.first { [target] in target.hasSuffix("." + $0.rawValue) }
    let wanted = arguments.choice("form", of: ONNXFile.Form.allCases.map(\.rawValue))
    form = wanted.flatMap(ONNXFile.Form.init(rawValue:)) ?? .evaluation
    input = InputSizes([model], &arguments)
    modelName = arguments.text("name")
    json = arguments.has("json")
    device = DeviceOptions(&arguments)
    guard !target.isEmpty else { return }
    if format == nil { arguments.reject(ConvertCommand.refusal(of: target)) }
    if target == model.text || target == model.weights {
      arguments.reject("\(target) is read and cannot be written too; give another name")
    }
    if wanted != nil, format == .safetensors {
      arguments.reject("--form is for .onnx files; a .safetensors model file serves both training and use")
    }
  }

  /// Why a file of that ending is not written.
  private static func refusal(of target: String) -> String {
    if target.hasSuffix(".pth") || target.hasSuffix(".pt") {
      return "\(target): PyTorch's files hold Python objects, which are not written; PyTorch reads the parameters of a "
        + ".safetensors file with the package safetensors"
    }
    if target.hasSuffix(".cfg") || target.hasSuffix(".weights") {
      return "\(target): darknet's files hold only the layers that darknet has and are not written; write .onnx"
    }
    return "\(target): the ending says the format; give a name that ends in .onnx or .safetensors"
  }

  func run(_ console: Console) async throws -> Int32 {
    let loaded = try model.load(inputs: input, batch: 1)
    // Before anything is written.
    try loaded.store.checkNumbers()
    let source = modelName.map { loaded.named($0) } ?? loaded
    if format == .onnx { try ONNXFile.write(source, to: target, form: form) } else { try source.save(to: target) }
    let bytes = SystemFile.byteCount(target)
    let found = form == .evaluation ? try await comparison(of: source, console) : nil
    if json {
      var object: [String: Any] = ["file": target, "bytes": bytes]
      if let found { object["difference"] = found.difference }
      if let loops = found?.toLoops { object["reference_difference"] = loops }
      try console.json(object)
    } else {
      try console.out("wrote \(target), \(Text.bytes(bytes))")
      if let found {
        try console.out("largest difference on random input: \(ConvertCommand.words(found.difference))")
        let loops = found.toLoops.map(ConvertCommand.words)
        try console.out("to the plain loops: \(loops ?? "unchecked, they would take \(found.loopSeconds) s")")
      }
    }
    guard let found else { return Program.Status.done }
    if found.difference > ConvertCommand.tolerance {
      throw Failure("\(target) does not compute what \(model.text) computes; please report this network")
    }
    if let loops = found.toLoops, loops > ConvertCommand.tolerance {
      throw Failure(
        "\(model.text) runs otherwise here than by the plain loops (--device reference); please report this network")
    }
    return Program.Status.done
  }

  private static func words(_ difference: Double) -> String {
    difference == 0 ? "none" : "\(Text.significant(difference)) of the largest output"
  }

  /// Rounding alone stays far below.
  private static let tolerance = 1e-3

  /// The model of a file that was written, for these inputs.
  private static func reread(_ path: String, for inputs: [String: Tensor]) throws -> Model {
    ModelOptions.format(path) == .onnx
      ? try ONNXFile.read(path, sizes: inputs.mapValues(\.shape)) : try ModelFile.read(path)
  }

  /// What two networks that should be one answer.
  private struct Comparison {
    /// The largest difference of all outputs, each in units of the output's largest number.
    var difference: Double
    /// That to the plain loops: what both networks have wrong alike shows there. Nil where they would take too long.
    var toLoops: Double?
    /// Seconds that the plain loops take, roughly.
    var loopSeconds: Int
  }

  /// Longer nobody waits for the plain loops.
  private static let patience = 20
  /// Multiply-adds that they do in a second, at least.
  private static let loopSpeed = 400_000_000

  /// Both networks on random input. For training there is no such thing: dropout has no one answer.
  private func comparison(of source: Model, _ console: Console) async throws -> Comparison {
    let device = device.device(console)
    let inputs = ConvertCommand.randomInputs(source.graph)
    let copy = try ConvertCommand.reread(target, for: inputs)
    let first = try await Predictor(source, device: device).run(inputs)
    func difference(_ second: [String: Tensor]) -> Double {
      first.map { name, expected in
        second[name].map { ConvertCommand.difference($0, expected) } ?? .infinity
      }.max() ?? 0
    }
    let sized = try? source.graph.specialized(to: inputs.mapValues(\.shape))
    let work = (sized ?? source.graph).nodes.reduce(0) { sum, node in
      Cost.sum(sum, sized.map { $0.op(of: node).cost($0.site(node)).multiplyAdds } ?? 0)
    }
    var result = Comparison(
      difference: difference(try await Predictor(copy, device: device).run(inputs)), toLoops: nil,
      loopSeconds: work / ConvertCommand.loopSpeed + 1)
    if result.loopSeconds <= ConvertCommand.patience, device.name != Device.reference.name {
      result.toLoops = difference(try await Predictor(source, device: .reference).run(inputs))
    }
    return result
  }

  /// The largest difference in units of the largest number; infinite where shapes or NaNs differ.
  private static func difference(_ found: Tensor, _ expected: Tensor) -> Double {
    guard found.shape == expected.shape else { return .infinity }
    let (a, b) = (found.array(of: Double.self), expected.array(of: Double.self))
    var (largest, scale) = (0.0, 0.0)
    for (a, b) in zip(a, b) where a != b && !(a.isNaN && b.isNaN) {
      largest = a.isNaN || b.isNaN ? .infinity : max(largest, abs(a - b))
    }
    for b in b where b.isFinite { scale = max(scale, abs(b)) }
    return largest == 0 ? 0 : scale == 0 ? .infinity : largest / scale
  }

  /// Normal numbers for each input, zeros for whole ones; two examples where the batch is open.
  private static func randomInputs(_ graph: Graph) -> [String: Tensor] {
    var result: [String: Tensor] = [:]
    for input in graph.inputs {
      let info = graph[input]
      guard case .input(let open) = info.source, var dims = info.type.shape.concrete?.dims else { continue }
      if open.contains(0) { dims[0] = 2 }
      var tensor = Tensor(zeros: Shape(dims), dtype: info.type.dtype)
      if info.type.dtype.isFloat {
        let stream = RandomStream(seed: 0, purpose: "convert", path: info.name)
        var numbers = Tensor(zeros: tensor.shape)
        numbers.withMutableElements(of: Float.self) { elements in
          for index in elements.indices { elements[index] = Float(stream.normal(index: index)) }
        }
        tensor = numbers.converted(to: info.type.dtype)
      }
      result[info.name] = tensor
    }
    return result
  }
}

extension Model {
  /// The same network on the same store under another name.
  fileprivate func named(_ name: String) -> Model {
    Model(
      graph: graph, store: store, preprocessing: preprocessing, classNames: classNames, name: name,
      composites: composites, detection: detection)
  }
}
