import Fovea

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// MODEL and what goes with it: a name from the zoo or a model file, and `--weights`.
struct ModelOptions: Sendable {
  static let operand = OperandSpec("MODEL", "a name that fovea models lists, or a .safetensors model file")
  static let specs = [
    OptionSpec("weights", "FILE", "parameters from a .safetensors file, in place of the model's own")
  ]

  let text: String
  let weights: String?
  /// A file that the user named, or a network of the zoo.
  let isFile: Bool

  init(_ text: String, _ arguments: inout Arguments) {
    self.text = text
    weights = arguments.text("weights")
    isFile = ModelOptions.isFile(text)
    guard !text.isEmpty else { return }
    if !isFile {
      do { _ = try Zoo.standard.entry(text) } catch { arguments.reject("\(error)") }
    } else if let ending = [".onnx", ".cfg", ".pth"].first(where: text.hasSuffix) {
      arguments.reject("\(text): \(ending) files are read by a later version; this one reads .safetensors model files")
    }
  }

  /// A path is told from a name by its slash or its ending; a file that is there is one too.
  private static func isFile(_ text: String) -> Bool {
    text.contains("/") || [".safetensors", ".onnx", ".cfg", ".pth"].contains(where: text.hasSuffix)
      || (!Zoo.standard.entries.contains { $0.name == text } && access(text, F_OK) == 0)
  }

  /// What a zoo network is made for, where the user or a data set says so.
  struct Wish: Sendable {
    var input: InputShape?
    var classes: Int?
    var classNames: [String] = []
    var seed: UInt64 = 0
    var initialization = InitializationScheme.standard
    var preprocessing: Preprocessing?
  }

  /// The model, with its own weights, those of `--weights`, or random ones.
  func load(_ wish: Wish = Wish()) throws -> Model {
    let model = try isFile ? read() : build(wish)
    guard let weights else { return model }
    try ModelOptions.checkFile(weights)
    try ModelFile.loadWeights(weights, into: model)
    guard !isFile, wish.preprocessing == nil, try ModelFile.hasGraph(weights) else { return model }
    // The weights know what they were trained to see.
    let source = try ModelFile.read(weights)
    return Model(
      graph: model.graph, store: model.store, preprocessing: source.preprocessing,
      classNames: model.classNames.isEmpty ? source.classNames : model.classNames, name: model.name)
  }

  /// The model of a file, with `--weights` in it; nil where a network of the zoo is named.
  func given() throws -> Model? { isFile ? try load() : nil }

  private func read() throws -> Model {
    try ModelOptions.checkFile(text)
    return try ModelFile.read(text)
  }

  private func build(_ wish: Wish) throws -> Model {
    do {
      return try Zoo.standard.model(
        text, input: wish.input, classes: wish.classes, classNames: wish.classNames, seed: wish.seed,
        initialization: wish.initialization, preprocessing: wish.preprocessing)
    } catch let error as GraphError {
      guard let input = wish.input else { throw error }
      throw Failure("\(text) does not fit inputs of shape \(input.shape): \(error)")
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
