import Fovea

/// `--input [NAME=]CxHxW`: how large a network's inputs are.
struct InputSizes: Sendable {
  static let spec = OptionSpec(
    "input", "[NAME=]CxHxW", "shape of one example, or of a batch, NxCxHxW; NAME says of which input of a file",
    standard: "the model's own", isRepeatable: true)

  private struct Entry: Sendable {
    let name: String?
    let dims: [Int]
    let text: String
  }

  private let entries: [Entry]

  /// For a network that is no file.
  var shape: InputShape? { entries.first.map { InputShape(Shape($0.dims)) } }

  /// The same as bare numbers.
  var dims: [Int]? { entries.first?.dims }

  var isEmpty: Bool { entries.isEmpty }

  /// - Parameter models: what the sizes are for; NAME goes with files alone.
  init(_ models: [ModelOptions], _ arguments: inout Arguments) {
    var entries: [Entry] = []
    for text in arguments.texts("input") {
      let place = text.lastIndex(of: "=")
      let numbers = place.map { String(text[text.index(after: $0)...]) } ?? text
      guard let dims = arguments.extents("input", numbers, of: text) else { continue }
      entries.append(Entry(name: place.map { String(text[..<$0]) }, dims: dims, text: text))
    }
    self.entries = entries
    guard let named = models.first(where: { !$0.isFile && !$0.text.isEmpty })?.text else { return }
    if let entry = entries.first(where: { $0.name != nil }) {
      arguments.reject("--input \(entry.text): \(named) has one input; leave out the name")
    } else if entries.count > 1 {
      arguments.reject("--input is given \(entries.count) times, but \(named) has one input")
    }
  }

  /// How many examples a network takes at once.
  /// - Parameters:
  ///   - wanted: what `--batch` says.
  ///   - standard: where nobody says it.
  /// - Throws: `Failure` where a file fixes another number.
  func batch(of model: Model, _ text: String, wanted: Int?, standard: Int) throws(Failure) -> Int {
    guard let value = model.graph.inputs.first, case .input(let open) = model.graph[value].source,
      let declared = model.graph[value].type.shape[0]
    else { return wanted ?? standard }
    guard !open.contains(0) else {
      let isSaid = entries.contains { $0.dims.count == model.graph[value].type.shape.rank }
      return wanted ?? (isSaid ? declared : standard)
    }
    guard wanted == nil || wanted == declared else {
      throw Failure("\(text) takes a batch of \(declared) alone, and --batch says \(wanted ?? 0); leave --batch out")
    }
    return declared
  }

  /// An input that sizes can be said of.
  struct End {
    let name: String
    /// An extent for each axis, nil where it is open; nil where nobody says how many axes there are.
    let dims: [Int?]?
  }

  /// Whole shapes of the inputs of which all is said, by name.
  /// - Parameter batch: examples at once, where neither the file nor an option says it.
  /// - Throws: `UsageError` for an input that is not there, or that has other axes.
  func shapes(of ends: [End], batch: Int) throws(UsageError) -> [String: Shape] {
    var result: [String: Shape] = [:]
    for end in ends {
      guard let dims = end.dims, !dims.isEmpty, !dims.dropFirst().contains(nil) else { continue }
      result[end.name] = Shape([dims[0] ?? batch] + dims.dropFirst().compactMap { $0 })
    }
    for entry in entries {
      let end = try end(of: entry, ends)
      guard let dims = end.dims else {
        result[end.name] = Shape(entry.dims)
        continue
      }
      switch entry.dims.count {
      case dims.count: result[end.name] = Shape(entry.dims)
      case dims.count - 1: result[end.name] = Shape([dims[0] ?? batch] + entry.dims)
      default:
        throw UsageError(
          "--input \(entry.text): \"\(end.name)\" has \(dims.count) axes \(PartialShape(dims)); give \(dims.count) "
            + "extents, or \(dims.count - 1) without the batch")
      }
    }
    return result
  }

  private func end(of entry: Entry, _ ends: [End]) throws(UsageError) -> End {
    let names = ends.map(\.name).joined(separator: ", ")
    guard let name = entry.name else {
      guard ends.count == 1 else {
        throw UsageError("--input \(entry.text): say which input it is for, NAME=\(entry.text); there are \(names)")
      }
      return ends[0]
    }
    if let found = ends.first(where: { $0.name == name }) { return found }
    let nearest = nearestNames(to: name, among: ends.map(\.name)).first.map { "did you mean \"\($0)\"? " } ?? ""
    throw UsageError("--input \(entry.text): the model has no input \"\(name)\"; \(nearest)there is \(names)")
  }
}

extension ModelOptions {
  /// The network, for inputs of the sizes that are given.
  /// - Parameters:
  ///   - batch: examples at once.
  ///   - isSettled: refuses a network of which a size besides the batch stays open.
  func load(_ wish: Wish = Wish(), inputs: InputSizes, batch: Int, isSettled: Bool = true) throws -> Model {
    var wish = wish
    guard isFile else {
      wish.input = inputs.shape ?? wish.input
      return try load(wish)
    }
    guard isONNX else {
      let model = try load(wish)
      guard !inputs.isEmpty else { return model }
      return try model.sized(to: inputs.shapes(of: model.inputEnds, batch: 1))
    }
    let ends = try ends().inputs
    wish.sizes = try inputs.shapes(of: ends, batch: batch)
    let model = try load(wish)
    let open = Set(
      model.graph.inputs.filter { model.graph[$0].type.shape.concrete == nil }.map { model.graph[$0].name })
    guard isSettled, !open.isEmpty else { return model }
    throw ONNXError.openSizes(
      path: text, ends.filter { open.contains($0.name) }.map { ONNXOpenInput($0) }, reason: nil)
  }
}

extension ModelOptions {
  /// What a reader of an ONNX file should know at these sizes; nothing for other networks.
  func remarks(inputs: InputSizes, batch: Int) throws -> [String] {
    guard isONNX else { return [] }
    return try ONNXFile.readWithRemarks(text, sizes: inputs.shapes(of: ends().inputs, batch: batch)).remarks
  }
}

extension InputSizes {
  /// Whole shapes of an ONNX file's inputs of which all is said, by name.
  fileprivate func shapes(of ends: [ONNXEnd], batch: Int) throws(UsageError) -> [String: Shape] {
    try shapes(of: ends.filter { !$0.hasValue }.map { End(name: $0.name, dims: $0.dims) }, batch: batch)
  }
}

extension Model {
  /// The inputs, with an unknown extent where an axis is open.
  fileprivate var inputEnds: [InputSizes.End] {
    graph.inputs.map { value in
      var open: Set<Int> = []
      if case .input(let axes) = graph[value].source { open = axes }
      let dims = graph[value].type.shape.dims
      return InputSizes.End(
        name: graph[value].name, dims: dims?.enumerated().map { open.contains($0.offset) ? nil : $0.element })
    }
  }

  /// The same network declared for other sizes.
  fileprivate func sized(to sizes: [String: Shape]) throws -> Model {
    Model(
      graph: try graph.specialized(to: sizes), store: store, preprocessing: preprocessing, classNames: classNames,
      name: name, composites: composites, detection: detection)
  }
}
