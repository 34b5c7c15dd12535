import FoveaExecution
import FoveaGraphs
import FoveaLayers
import FoveaTensors

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

extension ONNXFile {
  /// Reads a network of opset 6 to 25.
  ///
  /// ```swift
  /// let model = try ONNXFile.read("resnet50.onnx")
  /// ```
  ///
  /// Weights stay in the mapped file where they can. Floats of any width compute as f32.
  /// A batch that the file fixes at 1 is opened where the network allows it; other sizes are open where the file says
  /// so and the network can follow.
  /// - Parameter sizes: whole shapes of inputs, by name, for extents that the file leaves open; others may follow from
  ///   them. An extent that nobody says stays unknown in the graph.
  /// - Throws: `ONNXError`; all nodes that are not supported at once. `.openSizes` where the network cannot be made
  ///   without an extent that is open.
  public static func read(
    _ path: String, sizes: [String: Shape] = [:], registry: Registry = .standard
  ) throws -> Model {
    let (model, files) = try open(path)
    return try read(path, model, files, ONNXGiven(shapes: sizes), registry).model
  }

  /// Reads a network for arrays that it will run on, and for arrays of these shapes alone.
  ///
  /// Inputs whose numbers decide what the network looks like (axes, bounds, widths) become part of it: they are no
  /// inputs of the model any more.
  /// - Throws: `ONNXError`; `GraphError` for arrays that are missing or of another shape.
  public static func read(
    _ path: String, for arrays: [String: Tensor], registry: Registry = .standard
  ) throws -> Model {
    let (model, files) = try open(path)
    let given = ONNXGiven(shapes: arrays.mapValues(\.shape), arrays: arrays, isExact: true)
    return try read(path, model, files, given, registry).model
  }

  /// Reads a network, and what a reader of it should know: sizes that are fixed although the file leaves them open, and
  /// why.
  /// - Throws: as `read(_:sizes:registry:)`.
  public static func readWithRemarks(
    _ path: String, sizes: [String: Shape] = [:], registry: Registry = .standard
  ) throws -> (model: Model, remarks: [String]) {
    let (model, files) = try open(path)
    return try read(path, model, files, ONNXGiven(shapes: sizes), registry)
  }

  /// Reads a network whose bytes are in memory; `path` is what errors call it.
  package static func read(_ path: String, bytes: TensorStorage) throws -> Model {
    try read(path, try message(path, bytes), ONNXFiles(bytes, path: nil), ONNXGiven(), .standard).model
  }

  private static func read(
    _ path: String, _ model: ONNXModel, _ files: ONNXFiles, _ given: ONNXGiven, _ registry: Registry
  ) throws -> (model: Model, remarks: [String]) {
    let importer = try best(path, model, files, given, registry)
    let store = Store()
    for leaf in importer.leaves {
      let tensor: Tensor
      do throws(ONNXProblem) { tensor = try leaf.tensor.tensor(files) } catch {
        throw ONNXError.tensor(path: path, name: leaf.tensor.name, problem: error.text)
      }
      guard let shape = leaf.type.shape.concrete else { continue }
      try store.adopt(leaf.path, tensor.converted(to: leaf.type.dtype).reshaped(to: shape))
    }
    let graph = try importer.declared()
    let input = graph.inputs.first.flatMap { graph[$0].type.shape.dims }
    let read = Model(
      graph: graph, store: store,
      preprocessing: try preprocessing(of: model, path, input),
      classNames: try metadata(ModelFile.Key.classes, of: model, path) ?? [],
      name: model.metadata[ModelFile.Key.name] ?? "",
      detection: try metadata(ModelFile.Key.detection, of: model, path) ?? [])
    return (read, importer.remarks)
  }

  /// The ends of a network as the file declares them; nothing else of it is read.
  /// - Throws: `ONNXError` for a file that is damaged.
  public static func ends(_ path: String) throws -> ONNXEnds {
    let (model, _) = try open(path)
    let stored = Set(model.graph.initializers.map(\.name))
    let inputs = model.graph.inputs.map { ONNXEnd($0, hasValue: stored.contains($0.name)) }
    let first = inputs.first { !$0.hasValue }?.dims
    return ONNXEnds(
      inputs: inputs, outputs: model.graph.outputs.map { ONNXEnd($0, hasValue: false) },
      preprocessing: try preprocessing(of: model, path, first))
  }

  private static func preprocessing(
    of model: ONNXModel, _ path: String, _ input: [Int?]?
  ) throws -> Preprocessing {
    try metadata(ModelFile.Key.preprocessing, of: model, path)
      ?? input.map { Preprocessing(forOpen: Array($0.dropFirst())) } ?? Preprocessing()
  }

  /// The operators that are read, and in a few words the forms of them that are not.
  package static var operatorsRead: [(name: String, refused: String)] {
    ONNXOperator.all.values.map { ($0.name, $0.refused.isEmpty ? "–" : $0.refused) }.sorted { $0.name < $1.name }
  }

  /// Every node of a file, with what keeps it from being read: for a look at networks that cannot be run.
  /// - Throws: `ONNXError` for a file that is damaged.
  public static func nodes(_ path: String, registry: Registry = .standard) throws -> [ONNXNodeRow] {
    let (model, files) = try open(path)
    let index = ONNXIndex(model)
    try ONNXGiven().check(model.graph, path)
    guard let sizes = ONNXSizeChoices(index, ONNXGiven()).all().last else { return [] }
    let importer = ONNXImporter(index, files, sizes, registry: registry)
    importer.run()
    var reasons: [String: String] = [:]
    for entry in importer.unsupported { reasons[entry.node] = reasons[entry.node] ?? entry.reason }
    return model.graph.nodes.map { node in
      var shape: PartialShape?
      if let output = node.outputs.first, case .value(let value)? = importer.binding(output) {
        shape = importer.graph[value].type.shape
      }
      return ONNXNodeRow(
        name: node.label, op: node.qualifiedOp, inputs: node.inputs, output: shape, problem: reasons[node.label])
    }
  }

  private static func metadata<T: Decodable>(_ key: String, of model: ONNXModel, _ path: String) throws -> T? {
    guard let text = model.metadata[key] else { return nil }
    do { return try JSONDecoder().decode(T.self, from: Data(text.utf8)) } catch {
      throw ONNXError.damaged(path: path, problem: "its metadata \(Named.short(key)) cannot be understood")
    }
  }

  static func open(_ path: String) throws(ONNXError) -> (ONNXModel, ONNXFiles) {
    let file: MappedFile
    do throws(TensorError) { file = try MappedFile(path: path, isWritable: true) } catch { throw .file(error) }
    guard let base = file.bytes.baseAddress else { throw .damaged(path: path, problem: "it is empty") }
    let bytes = TensorStorage(
      borrowing: UnsafeMutableRawPointer(mutating: base), byteCount: file.bytes.count, keeper: file)
    return (try message(path, bytes), ONNXFiles(bytes, path: path))
  }

  private static func message(_ path: String, _ bytes: TensorStorage) throws(ONNXError) -> ONNXModel {
    let model: ONNXModel
    do throws(ONNXProblem) {
      model = try ONNXModel(ProtobufReader(UnsafeRawBufferPointer(start: bytes.base, count: bytes.byteCount)))
    } catch { throw .damaged(path: path, problem: error.text) }
    guard ONNXOperator.opsets.contains(model.opset) else {
      let known = "\(ONNXOperator.opsets.lowerBound) to \(ONNXOperator.opsets.upperBound)"
      throw .version(
        path: path,
        problem: model.opset < 1
          ? "it says no opset of the standard's operators; opsets \(known) are read"
          : "its opset is \(model.opset), opsets \(known) are read; convert it with onnx.version_converter")
    }
    return model
  }

  /// The reading with the most open sizes that works.
  static func best(
    _ path: String, _ model: ONNXModel, _ files: ONNXFiles, _ given: ONNXGiven, _ registry: Registry
  ) throws -> ONNXImporter {
    try given.check(model.graph, path)
    let index = ONNXIndex(model)
    let choices = ONNXSizeChoices(index, given)
    let shapeless = choices.inputs.filter { $0.dims == nil && given.shapes[$0.name] == nil }
    guard shapeless.isEmpty else {
      throw ONNXError.openSizes(path: path, shapeless.map(ONNXOpenInput.init), reason: nil)
    }
    var last: ONNXImporter?
    var reason: String?
    for sizes in choices.all() {
      let importer = read(index, files, sizes, given, registry)
      last = importer
      if importer.isSound {
        if holds(importer, at: choices.others(sizes), given, registry) {
          importer.explainFixed(reason)
          return importer
        }
        reason = reason ?? "what it computes from them is no simple rule"
      } else if !sizes.opensBatch {
        reason = reason ?? importer.problem
      }
      // What is not there at any size needs no further tries.
      if importer.isHopeless { break }
    }
    guard let last else { throw ONNXError.damaged(path: path, problem: "it has no inputs") }
    if choices.hasUnsaid, last.unsupported.allSatisfy(\.isAboutShapes) {
      throw ONNXError.openSizes(
        path: path, choices.inputs.filter { $0.hasOpen }.map(ONNXOpenInput.init), reason: reason)
    }
    throw last.error(path)
  }

  /// One reading; inputs whose numbers it asks for are read again as known where they are given.
  private static func read(
    _ index: ONNXIndex, _ files: ONNXFiles, _ sizes: ONNXSizes, _ given: ONNXGiven, _ registry: Registry
  ) -> ONNXImporter {
    var contents: [String: Tensor] = [:]
    while true {
      let importer = ONNXImporter(index, files, sizes, contents: contents, registry: registry)
      importer.run()
      guard !importer.isSound, !given.arrays.isEmpty else { return importer }
      let wanted = index.inputs(behind: importer.asked).filter { name in
        contents[name] == nil && (given.arrays[name]?.count ?? .max) <= KnownTensor.mostElements
      }
      guard !wanted.isEmpty else { return importer }
      for name in wanted { contents[name] = given.arrays[name] }
    }
  }

  /// True where a reading at other sizes makes the same network, or these sizes do not fit it.
  private static func holds(
    _ importer: ONNXImporter, at others: [ONNXSizes], _ given: ONNXGiven, _ registry: Registry
  ) -> Bool {
    guard importer.sizes.inputs.values.contains(where: { $0.open.contains { $0 > 0 } }) else { return true }
    return others.allSatisfy { sizes in
      let other = ONNXImporter(importer.index, importer.files, sizes, registry: registry)
      other.run()
      guard other.graph.mistakes.isEmpty, other.there.mistakes.isEmpty else { return true }
      return other.unsupported.isEmpty && other.graph.isSameNetwork(as: importer.graph)
    }
  }
}

extension Graph {
  /// True where the nodes are the same, whatever the sizes of the values.
  fileprivate func isSameNetwork(as other: Graph) -> Bool {
    guard nodes.count == other.nodes.count, values.count == other.values.count else { return false }
    for (own, theirs) in zip(nodes, other.nodes) {
      guard own.op == theirs.op, own.inputs == theirs.inputs, own.attributes == theirs.attributes else { return false }
    }
    for (own, theirs) in zip(values, other.values) {
      switch (own.source, theirs.source) {
      case (.constant(let a), .constant(let b)):
        guard a.shape == b.shape, a.dtype == b.dtype, a.hasSameBytes(as: b) else { return false }
      case (.parameter, .parameter), (.state, .state), (.input, .input), (.node, .node): break
      default: return false
      }
    }
    return true
  }
}

extension Tensor {
  fileprivate func hasSameBytes(as other: Tensor) -> Bool {
    withUnsafeBytes { own in other.withUnsafeBytes { own.elementsEqual($0) } }
  }
}

extension ONNXValueInfo {
  /// True where an extent besides the batch is open.
  fileprivate var hasOpen: Bool {
    (dims ?? []).enumerated().contains { axis, extent in
      if case .open = extent { return axis > 0 }
      return false
    }
  }
}

extension ONNXImporter {
  /// True when the graph can be used, at both sizes.
  var isSound: Bool {
    guard unsupported.isEmpty, graph.mistakes.isEmpty, there.mistakes.isEmpty, !graph.outputs.isEmpty else {
      return false
    }
    guard sizes.opensBatch else { return true }
    // A batch that was opened must come out of every result again.
    let batch = sizes.inputs.values.compactMap(\.there.first).first
    return graph.outputs.allSatisfy { there[$0.value].type.shape[0] == batch }
  }

  /// The first thing that keeps these sizes from being used. Mistakes speak of sizes that stand in for open ones, which
  /// nobody has said.
  var problem: String? {
    if let first = unsupported.first { return "\(first.op) \(Named.short(first.node)): \(first.reason)" }
    guard !sizes.hasUnsaid, let mistake = graph.mistakes.first ?? there.mistakes.first else { return nil }
    return "\(mistake.origin.path): \(mistake.problem)"
  }

  /// Everything that keeps the network from being read: nodes that are not supported, and mistakes of shapes besides.
  func error(_ path: String) -> ONNXError {
    let found = graph.mistakes + there.mistakes.filter { _ in graph.mistakes.isEmpty }
    guard !unsupported.isEmpty else {
      return found.isEmpty
        ? .damaged(path: path, problem: graph.outputs.isEmpty ? "it has no outputs" : "its sizes do not fit each other")
        : .mistakes(path: path, found)
    }
    return .unsupported(
      path: path,
      unsupported
        + found.filter { !doubtful.contains($0.origin.path) }.map { mistake in
          ONNXUnsupported(
            node: mistake.origin.path, op: operators[mistake.origin.path] ?? "a node",
            reason: "\(mistake.problem); \(mistake.mend)")
        })
  }

  /// The operators of the file's nodes, by what messages call them.
  private var operators: [String: String] {
    Dictionary(model.graph.nodes.map { ($0.label, $0.qualifiedOp) }, uniquingKeysWith: { first, _ in first })
  }

  /// The graph with what nobody has said unknown.
  /// - Throws: `GraphError.mistakes`.
  func declared() throws(GraphError) -> Graph {
    guard sizes.hasUnsaid else { return graph }
    return try graph.retyped { value, info in
      guard let unsaid = sizes.inputs[info.name]?.unsaid, case .input = info.source, let dims = info.type.shape.dims
      else { return info.type }
      return TensorType(
        info.type.dtype, PartialShape(dims.enumerated().map { unsaid.contains($0.offset) ? nil : $0.element }))
    }
  }

  /// True when no other sizes would help: an operator is not there at all.
  var isHopeless: Bool { unsupported.contains { $0.isAlways } }
}

/// A node of an ONNX file, as a list of its nodes shows it.
public struct ONNXNodeRow: Sendable {
  public let name: String
  /// With its domain where that is not the standard's.
  public let op: String
  /// The names of what it reads.
  public let inputs: [String]
  /// The shape of its first result; nil where it is known while reading, or not at all.
  public let output: PartialShape?
  /// Why it cannot be read; nil where it can.
  public let problem: String?
}
