import Fovea

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// MODEL and what goes with it: a name from the zoo or a model file, and `--weights`.
struct ModelOptions: Sendable {
  static let operand = OperandSpec(
    "MODEL", "a name that fovea models lists, or a file: .safetensors, .onnx, or a darknet .cfg")
  static let weightsSpec = OptionSpec(
    "weights", "FILE",
    "parameters from a .safetensors or .pth file (.weights for a .cfg), in place of the model's own")
  static let specs = [
    weightsSpec,
    OptionSpec("class-names", "FILE", "a text with a line for each class, in place of the model's own names"),
  ]

  let text: String
  let weights: String?
  /// What `--class-names` lists.
  let classNames: String?
  /// A file that the user named, or a network of the zoo.
  let isFile: Bool

  init(_ text: String, _ arguments: inout Arguments) {
    self.text = text
    weights = arguments.text("weights")
    classNames = arguments.text("class-names")
    isFile = ModelOptions.isFile(text)
    guard !text.isEmpty else { return }
    if !isFile {
      do { _ = try Zoo.standard.entry(text) } catch { arguments.reject("\(error)") }
    }
  }

  /// The names that `--class-names` lists; nil where it is not given. WordNet's numbers before names, as in
  /// `synset_words.txt`, are left out.
  func listedNames() throws(Failure) -> [String]? {
    guard let path = classNames else { return nil }
    try ModelOptions.checkFile(path)
    let lines = SystemFile.lines(path).filter { !$0.allSatisfy { $0 == " " } }
    guard !lines.isEmpty else { throw Failure("\(path) has no lines; write the name of a class on each") }
    func isNumber(_ word: Substring) -> Bool {
      word.count == 9 && word.first == "n" && word.dropFirst().allSatisfy { ("0"..."9").contains($0) }
    }
    guard lines.allSatisfy({ isNumber($0.prefix { $0 != " " }) && $0.contains(" ") }) else { return lines }
    return lines.map { String($0.drop { $0 != " " }.dropFirst()) }
  }

  /// The model under the names of `--class-names`.
  private func named(_ model: Model) throws -> Model {
    guard let names = try listedNames() else { return model }
    if let count = model.scores, count != names.count {
      throw Failure("--class-names lists \(names.count) names, but \(text) tells \(count) classes apart")
    }
    return model.with(classNames: names)
  }

  /// A path is told from a name by its slash or its ending; a file that is there is one too.
  static func isFile(_ text: String) -> Bool {
    text.contains("/") || FileFormat(name: text) != nil
      || (!Zoo.standard.entries.contains { $0.name == text } && access(text, F_OK) == 0)
  }

  /// What a zoo network is made for, where the user or a data set says so.
  struct Wish: Sendable {
    var input: InputShape?
    var classes: Int?
    var classNames: [String] = []
    var seed: UInt64 = 0
    var initialization: InitializationScheme?
    var preprocessing: Preprocessing?
    /// False where nobody looks at the values.
    var needsValues = true
    /// Shapes of the inputs of an ONNX file, by name, for what it leaves open.
    var sizes: [String: Shape] = [:]
    /// Arrays that an ONNX file is read for, and for no others.
    var arrays: [String: Tensor]?
    /// True where a last layer for another number of classes than that of `--weights` starts anew.
    var mayReplaceHead = false
  }

  /// The model, with its own weights, those of `--weights`, or random ones.
  func load(_ wish: Wish = Wish()) throws -> Model { try loaded(wish).model }

  /// The model, and the paths of the last layer that starts at random where `wish.mayReplaceHead`.
  func loaded(_ wish: Wish = Wish()) throws -> (model: Model, fresh: [String]) {
    guard let weights else { return (try named(isFile ? read(wish) : build(wish, isEmpty: !wish.needsValues)), []) }
    guard !isFile else {
      let model = try read(wish)
      if isDarknet, ModelOptions.isDarknetWeights(weights) { return (try named(model), []) }
      try ModelOptions.checkFile(weights)
      ModelOptions.tell(try ModelFile.loadWeights(weights, into: model), of: weights)
      return (try named(model), [])
    }
    let trained = try pretrained(weights)
    ModelOptions.tell(trained.remarks, of: weights)
    var wish = wish
    if wish.preprocessing == nil { wish.preprocessing = trained.preprocessing }
    if !wish.mayReplaceHead, let classes = trained.classes {
      if wish.classNames.count != classes {
        wish.classNames = trained.classNames
        wish.classes = classes
      }
    }
    let model = try build(wish, isEmpty: true)
    let fresh = try trained.load(into: model)
    // Only a new last layer has nothing yet.
    try model.initializeMissing(seed: wish.seed, initialization: wish.initialization ?? trained.entry.initialization)
    return (try named(model), fresh)
  }

  /// What `--weights` says of itself, for a network of the zoo; nil where there are none.
  func trained() throws -> PretrainedWeights? {
    guard let weights, !isFile else { return nil }
    return try pretrained(weights)
  }

  private func pretrained(_ weights: String) throws -> PretrainedWeights {
    try ModelOptions.checkFile(weights)
    return try PretrainedWeights(weights, for: Zoo.standard.entry(text))
  }

  /// The inputs and outputs of an ONNX file.
  func ends() throws -> ONNXEnds {
    try ModelOptions.checkFile(text)
    return try ONNXFile.ends(text)
  }

  /// The model of a file, with `--weights` in it; nil where a network of the zoo is named.
  /// - Throws: `Failure` that says how an ONNX file's open sizes are settled, for commands without `--input`.
  func given() throws -> Model? {
    guard isFile else { return nil }
    do { return try load() } catch ONNXError.openSizes(let path, let inputs, let reason) {
      let error = ONNXError.openSizes(path: path, inputs, reason: reason)
      throw Failure("\(error), in fovea convert \(text) MODEL.safetensors, and give that file")
    }
  }

  /// A file in the ONNX format.
  var isONNX: Bool { isFile && ModelOptions.format(text) == .onnx }

  /// True for a darknet configuration.
  private var isDarknet: Bool { isFile && ModelOptions.format(text) == .darknet }

  /// What stands in a file, or where there is none, what its name promises.
  static func format(_ path: String) -> FileFormat? { (try? FileFormat(of: path)) ?? FileFormat(name: path) }

  /// True for a file of darknet's numbers.
  private static func isDarknetWeights(_ path: String) -> Bool { format(path) == .darknetWeights }

  private func read(_ wish: Wish) throws -> Model {
    try ModelOptions.checkFile(text)
    if isONNX {
      return try wish.arrays.map { try ONNXFile.read(text, for: $0) } ?? ONNXFile.read(text, sizes: wish.sizes)
    }
    if isDarknet {
      // Weights of another format replace all values.
      let own = weights.flatMap { ModelOptions.isDarknetWeights($0) ? $0 : nil }
      let (model, remark) = try DarknetModel(path: text).read(
        weights: own, wantsValues: wish.needsValues && (weights == nil || own != nil), seed: wish.seed)
      ModelOptions.tell(remark.map { [$0] } ?? [], of: text)
      return model
    }
    do { return try ModelFile.read(text) } catch ModelFileError.noGraph(let path, let tensors) {
      // Weights without a network: their keys and shapes mostly tell whose they are.
      let fitting = (try? PretrainedWeights.networks(fitting: path)) ?? []
      let named = fitting.first ?? "MODEL"
      throw Failure(
        "\(path) holds \(tensors) tensors but no network; "
          + (fitting.isEmpty ? "" : "they fit \(fitting.joined(separator: ", ")), so ")
          + "name the network and give this file as its weights: fovea … \(named) --weights \(path)")
    }
  }

  /// Says what was left out or renamed in a file.
  private static func tell(_ remarks: [String], of path: String) {
    for remark in remarks { Console().note("\(path): \(remark)") }
  }

  private func build(_ wish: Wish, isEmpty: Bool) throws -> Model {
    do {
      return try Zoo.standard.model(
        text, input: wish.input, classes: wish.classes, classNames: wish.classNames, seed: wish.seed,
        initialization: wish.initialization, preprocessing: wish.preprocessing, isEmpty: isEmpty)
    } catch let error as GraphError {
      guard let input = wish.input else { throw error }
      let own = try Zoo.standard.entry(text).input.shape
      let mend =
        own.rank == 3 && own != input.shape ? ", and pictures can be brought to its size with --size \(own[1])" : ""
      throw Failure("\(text) does not fit inputs of shape \(input.shape); it is made for \(own)\(mend). \(error)")
    }
  }

  /// - Throws: `Failure` when there is no such file.
  static func checkFile(_ path: String) throws(Failure) {
    var information = stat()
    guard stat(path, &information) == 0 else {
      throw Failure("\(path): \(String(cString: strerror(errno)))")
    }
    if information.st_mode & S_IFMT == S_IFDIR {
      let files: [String] = ["best.safetensors", "last.safetensors"].map { "\(path)/" + $0 }
      let inside = files.first { Directory.exists($0) }
      throw Failure("\(path) is a directory" + (inside.map { "; did you mean \($0)?" } ?? ""))
    }
  }
}

extension Model {
  /// The number of classes that a network tells apart, by its scores or its YOLO layers; nil for other networks.
  var scores: Int? {
    if let head = detection.first { return head.classes }
    return graph.scoresOutput.flatMap { graph[$0.value].type.shape[1] }
  }
}

extension ModelOptions {
  /// Refuses networks whose output is no score for each class, before anything is read for them.
  /// - Throws: `Failure` that says what takes such a network.
  func requireClassifier(_ model: Model? = nil) throws(Failure) {
    if let model, !model.detection.isEmpty {
      throw Failure(
        "\(text) says where things are, and this command is for networks that choose a class; "
          + "fovea predict, run, summary and bench take it")
    }
    let name = model?.name ?? text
    guard let entry = Zoo.standard.entries.first(where: { $0.name == name }) else { return }
    let answer =
      switch entry.task {
      case .classification: ""
      case .dense: "gives an answer for every place"
      case .detection: "says where things are"
      case .regression: "answers with quantities"
      }
    guard !answer.isEmpty else { return }
    throw Failure(
      "\(name) \(answer), and this command is for networks that choose a class; "
        + "fovea run, summary and bench take it, and the library trains it with a loss of its own")
  }
}
