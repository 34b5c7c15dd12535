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
  /// Reads a network of opset 7 to 22.
  ///
  /// ```swift
  /// let model = try ONNXFile.read("resnet50.onnx")
  /// ```
  ///
  /// Weights stay in the mapped file where they can. Floats of any width compute as f32.
  /// A batch that the file fixes at 1 is opened where the network allows it; other sizes are open where the file says
  /// so and the network can follow.
  /// - Throws: `ONNXError`; all nodes that are not supported at once.
  public static func read(_ path: String, registry: Registry = .standard) throws -> Model {
    let (model, files) = try open(path)
    return try read(path, model, files, registry)
  }

  /// Reads a network whose bytes are in memory; `path` is what errors call it.
  package static func read(_ path: String, bytes: TensorStorage) throws -> Model {
    try read(path, try message(path, bytes), ONNXFiles(bytes, path: nil), .standard)
  }

  private static func read(
    _ path: String, _ model: ONNXModel, _ files: ONNXFiles, _ registry: Registry
  ) throws -> Model {
    let importer = try best(path, model, files, registry)
    let store = Store()
    for leaf in importer.leaves {
      let tensor: Tensor
      do throws(ONNXProblem) { tensor = try leaf.tensor.tensor(files) } catch {
        throw ONNXError.tensor(path: path, name: leaf.tensor.name, problem: error.text)
      }
      guard let shape = leaf.type.shape.concrete else { continue }
      try store.adopt(leaf.path, tensor.converted(to: leaf.type.dtype).reshaped(to: shape))
    }
    let input = importer.graph.inputs.first.flatMap { importer.graph[$0].type.shape.concrete }
    let guess = input.map { Preprocessing(for: Shape(Array($0.dims.dropFirst()))) } ?? Preprocessing()
    return Model(
      graph: importer.graph, store: store,
      preprocessing: try metadata(ModelFile.Key.preprocessing, of: model, path) ?? guess,
      classNames: try metadata(ModelFile.Key.classes, of: model, path) ?? [],
      name: model.metadata[ModelFile.Key.name] ?? "",
      detection: try metadata(ModelFile.Key.detection, of: model, path) ?? [])
  }

  /// The operators that are read, and in a few words the forms of them that are not.
  package static var operatorsRead: [(name: String, refused: String)] {
    ONNXOperator.all.values.map { ($0.name, $0.refused.isEmpty ? "–" : $0.refused) }.sorted { $0.name < $1.name }
  }

  /// What a reader of the network should know: sizes that are fixed although the file leaves them open, and why.
  /// - Throws: `ONNXError`.
  public static func remarks(_ path: String, registry: Registry = .standard) throws -> [String] {
    let (model, files) = try open(path)
    return try best(path, model, files, registry).remarks
  }

  /// Every node of a file, with what keeps it from being read: for a look at networks that cannot be run.
  /// - Throws: `ONNXError` for a file that is damaged.
  public static func nodes(_ path: String, registry: Registry = .standard) throws -> [ONNXNodeRow] {
    let (model, files) = try open(path)
    let index = ONNXIndex(model)
    guard let sizes = try ONNXSizes.choices(index, path).last else { return [] }
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
    _ path: String, _ model: ONNXModel, _ files: ONNXFiles, _ registry: Registry
  ) throws(ONNXError) -> ONNXImporter {
    var last: ONNXImporter?
    var reason: String?
    let index = ONNXIndex(model)
    for sizes in try ONNXSizes.choices(index, path) {
      let importer = ONNXImporter(index, files, sizes, registry: registry)
      importer.run()
      if importer.isSound {
        importer.explainFixed(reason)
        return importer
      }
      if !sizes.opensBatch { reason = reason ?? importer.problem }
      // What is not there at any size needs no further tries.
      last = importer
      if importer.isHopeless { break }
    }
    guard let last else { throw .damaged(path: path, problem: "it has no inputs") }
    if !last.unsupported.isEmpty { throw .unsupported(path: path, last.unsupported) }
    if !last.graph.mistakes.isEmpty { throw .mistakes(path: path, last.graph.mistakes) }
    throw .damaged(path: path, problem: "its sizes do not fit each other")
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

  /// The first thing that keeps these sizes from being used.
  var problem: String? {
    if let first = unsupported.first { return "\(first.op) \(Named.short(first.node)): \(first.reason)" }
    guard let mistake = graph.mistakes.first ?? there.mistakes.first else { return nil }
    return "\(mistake.origin.path): \(mistake.problem)"
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
