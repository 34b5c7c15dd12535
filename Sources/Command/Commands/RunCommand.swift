import Fovea

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// `fovea run`
struct RunCommand: Command {
  static let name = "run"
  static let summary = "run a network on NumPy arrays and write its outputs"
  static let details = [
    "Each output is written to the directory as NAME.npy; characters of its name other than letters, digits, "
      + "dot, underscore and dash become underscores. Inputs have the batch in front, e.g. [N, C, H, W]."
  ]
  static let operands = [ModelOptions.operand]
  static let options =
    [
      OptionSpec(
        "input", "[NAME=]FILE.npy", "an array for an input; the name may be left out where there is one input",
        isRepeatable: true),
      OptionSpec("output", "DIR", "where to write the outputs; made where it is missing"),
      OptionSpec("json", nil, "one JSON object a line for each output"),
    ] + ModelOptions.specs + DeviceOptions.specs
  static let examples = [
    Example("fovea run runs/two-conv/last.safetensors --input x.npy --output out", "writes out/output.npy"),
    Example("fovea run model.safetensors --input left=a.npy --input right=b.npy --output out", "two inputs"),
  ]

  let model: ModelOptions
  let inputs: [String]
  let output: String
  let json: Bool
  let device: DeviceOptions

  init(_ arguments: inout Arguments) {
    model = ModelOptions(arguments.operands.first ?? "", &arguments)
    inputs = arguments.texts("input")
    output = arguments.text("output") ?? ""
    json = arguments.has("json")
    device = DeviceOptions(&arguments)
    if inputs.isEmpty { arguments.reject("--input is missing: --input [NAME=]FILE.npy") }
    if output.isEmpty { arguments.reject("--output is missing: --output DIR") }
  }

  func run(_ console: Console) async throws -> Int32 {
    let (model, tensors, ends) = try model.isONNX ? readONNX() : readModel()
    try Directory.make(output)
    let results = try await Predictor(model, device: device.device(console)).run(tensors)
    var written: [String: String] = [:]
    for name in model.graph.outputs.map(\.name) {
      guard let found = results[name] else { continue }
      // Numbers are written in the type that the file declares, whatever they were computed in.
      let (declared, type) = (ends[name]?.dtype ?? found.dtype, ends[name]?.type ?? "")
      let tensor = declared == .bf16 ? found : found.converted(to: declared)
      let file = "\(output)/\(RunCommand.fileName(name)).npy"
      if let other = written.updateValue(name, forKey: file) {
        throw Failure("the outputs \"\(other)\" and \"\(name)\" would both be written to \(file)")
      }
      if let bits = RunCommand.unsigned[type] {
        try tensor.writeUnsignedNPY(to: file, bits: bits)
      } else {
        try tensor.writeNPY(to: file)
      }
      if json {
        try console.json([
          "name": name, "file": file, "shape": tensor.shape.dims,
          "dtype": RunCommand.unsigned[type].map { "u\($0)" } ?? tensor.dtype.rawValue,
        ])
      } else {
        let dtype = RunCommand.unsigned[type].map { "u\($0)" } ?? tensor.dtype.rawValue
        try console.out("\(file)  \(dtype)\(tensor.shape)")
      }
    }
    return Program.Status.done
  }

  /// A model and its arrays, and the outputs as an ONNX file declares them.
  private typealias Run = (model: Model, inputs: [String: Tensor], ends: [String: ONNXEnd])

  private func readModel() throws -> Run {
    let model = try model.load()
    return (model, try read(names: model.graph.inputs.map { model.graph[$0].name }), [:])
  }

  /// An ONNX file is read for these very arrays, some of which may say what the network looks like.
  private func readONNX() throws -> Run {
    let ends = try model.ends()
    let needed = ends.inputs.filter { !$0.hasValue }
    let tensors = try read(names: (needed.isEmpty ? ends.inputs : needed).map(\.name), all: ends.inputs.map(\.name))
    let model = try model.load(.init(arrays: tensors))
    let names = Set(model.graph.inputs.map { model.graph[$0].name })
    let outputs = Dictionary(ends.outputs.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
    return (model, tensors.filter { names.contains($0.key) }, outputs)
  }

  /// The arrays by input. `NAME=FILE` names one; a bare file goes to the only input.
  /// - Parameter all: inputs that have numbers of their own too.
  private func read(names: [String], all: [String] = []) throws -> [String: Tensor] {
    var tensors: [String: Tensor] = [:]
    for input in inputs {
      let (name, path) = try split(input, names, all.isEmpty ? names : all)
      if tensors[name] != nil { throw UsageError("--input: \"\(name)\" is given twice") }
      tensors[name] = try Tensor(npy: path)
    }
    return tensors
  }

  private func split(_ input: String, _ names: [String], _ all: [String]) throws -> (name: String, path: String) {
    let parts = input.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
    if parts.count == 2, all.contains(parts[0]) { return (parts[0], parts[1]) }
    // A file's own name may hold an equals sign.
    if parts.count == 1 || access(input, F_OK) == 0 {
      guard names.count == 1 else {
        throw UsageError(
          "--input \(input): say which input it is for, NAME=FILE.npy; there are \(names.joined(separator: ", "))")
      }
      return (names[0], input)
    }
    let nearest = nearestNames(to: parts[0], among: names).first.map { "did you mean \"\($0)\"? " } ?? ""
    throw UsageError(
      "--input \(input): the model has no input \"\(parts[0])\"; \(nearest)there is \(names.joined(separator: ", "))")
  }

  /// Types that tensors here have no word for: the bits of their elements.
  private static let unsigned = ["uint16": 16, "uint32": 32, "uint64": 64]

  /// A name as a file name.
  static func fileName(_ name: String) -> String {
    String(
      name.unicodeScalars.map { scalar -> Character in
        let isPlain =
          ("a"..."z").contains(scalar) || ("A"..."Z").contains(scalar) || ("0"..."9").contains(scalar)
          || scalar == "." || scalar == "_" || scalar == "-"
        return isPlain ? Character(scalar) : "_"
      })
  }
}
