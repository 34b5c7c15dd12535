import FoveaExecution
import FoveaGraphs
import FoveaLayers
import FoveaTensors
import FoveaVision

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// A model in one `.safetensors` file: any reader of that format opens it and sees the parameters under
/// their paths; the metadata hold the graph as JSON, the preprocessing and the class names.
///
/// ```swift
/// try ModelFile.write(model, to: "lenet.safetensors")
/// let same = try ModelFile.read("lenet.safetensors")
/// ```
///
/// Tensors whose names begin with `fovea.` are not the model's: constants of the graph, and what a
/// checkpoint keeps besides (an optimizer's moments). Readers of models pass over them.
public enum ModelFile {
  /// The beginning of the names that are not the model's own.
  public static let reservedPrefix = "fovea."
  /// Where tensors that the graph's JSON refers to are kept.
  static let constantPrefix = "fovea.graph."

  enum Key {
    static let graph = "fovea.graph"
    static let preprocessing = "fovea.preprocessing"
    static let classes = "fovea.classes"
    static let name = "fovea.name"
    static let detection = "fovea.detection"
    static let all: Set<String> = [graph, preprocessing, classes, name, detection]
  }

  /// Writes a model: the whole file or none.
  ///
  /// - Parameters:
  ///   - extra: further tensors; their names begin with `fovea.`.
  ///   - metadata: further texts, under names of their own.
  ///   - lasting: waits until the file would survive a power cut.
  /// - Throws: `ModelFileError`; `ExecutionError.missingTensor` when the model's store lacks a value.
  public static func write(
    _ model: Model, extra: [(name: String, tensor: Tensor)] = [], metadata: [String: String] = [:], to path: String,
    lasting: Bool = true
  ) throws {
    var encoder = GraphEncoder()
    let graph: JSONValue
    do throws(GraphCodingError) { graph = try encoder.encode(model.graph) } catch {
      throw ModelFileError.unwritable(path: path, reason: error.description)
    }
    var tensors = try model.parameterTensors().map { (name: $0.path, tensor: $0.tensor) }
    if let taken = tensors.first(where: { $0.name.hasPrefix(reservedPrefix) })?.name {
      throw ModelFileError.unwritable(
        path: path,
        reason: "the parameter \(Named.short(taken)) begins with \"fovea.\", which is kept for other "
          + "uses; give its layer another name")
    }
    if let foreign = extra.first(where: { !$0.name.hasPrefix(reservedPrefix) || $0.name.hasPrefix(constantPrefix) }) {
      throw ModelFileError.unwritable(
        path: path,
        reason: "the further tensor \(Named.short(foreign.name)) needs a name that begins with \"fovea.\" "
          + "and not with \"\(constantPrefix)\"")
    }
    if let taken = metadata.keys.sorted().first(where: Key.all.contains) {
      throw ModelFileError.unwritable(path: path, reason: "the metadata \(Named.short(taken)) are the model's own")
    }
    tensors += encoder.tensors.map { (name: $0.name, tensor: $0.tensor) }
    tensors += extra
    let texts = try metadata.merging(self.texts(of: model)) { _, own in own }
      .merging([Key.graph: JSONText.value(graph)]) { _, own in own }
    do throws(SafetensorsError) { try Safetensors.write(tensors, metadata: texts, to: path, lasting: lasting) } catch {
      throw ModelFileError.file(error)
    }
  }

  /// What a model carries besides graph and values: preprocessing, names of the classes and its own, as texts by key.
  static func texts(of model: Model) throws -> [String: String] {
    let json = JSONEncoder()
    json.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    var texts = [
      Key.preprocessing: String(decoding: try json.encode(model.preprocessing), as: UTF8.self),
      Key.classes: JSONText.value(model.classNames), Key.name: model.name,
    ]
    if !model.detection.isEmpty {
      texts[Key.detection] = String(decoding: try json.encode(model.detection), as: UTF8.self)
    }
    return texts
  }

  /// Reads a model. The graph's shape rules run again, so that nothing of a file is taken on trust.
  ///
  /// - Parameter registry: what the file's operators are looked up in; add your own here.
  /// - Throws: `ModelFileError` with everything that is missing, unused or misshaped at once.
  public static func read(_ path: String, registry: Registry = .standard) throws -> Model {
    try read(open(path), registry: registry)
  }

  /// What a file holds besides a model: the tensors under `fovea.` that are not the graph's, and all metadata.
  package static func readExtra(_ path: String) throws -> (tensors: [String: Tensor], metadata: [String: String]) {
    let file = try open(path)
    var tensors: [String: Tensor] = [:]
    for name in file.names where name.hasPrefix(reservedPrefix) && !name.hasPrefix(constantPrefix) {
      do throws(SafetensorsError) { tensors[name] = try file.tensor(name) } catch { throw ModelFileError.file(error) }
    }
    return (tensors, file.metadata)
  }

  /// True when the file is a `.safetensors` file with a graph inside, so that `read` makes a model of it.
  public static func hasGraph(_ path: String) throws -> Bool { try tensorFile(path).metadata[Key.graph] != nil }

  static func open(_ path: String) throws -> SafetensorsFile {
    switch try tensorFile(path) {
    case let file as SafetensorsFile: return file
    case let file: throw ModelFileError.noGraph(path: path, tensors: file.names.count)
    }
  }

  /// Opens a file of tensors, safetensors or PyTorch's, whatever it is called (`FileFormat`).
  /// - Throws: `ModelFileError.file`, `.pytorch`, `.otherFormat`.
  public static func tensorFile(_ path: String) throws(ModelFileError) -> any TensorFile {
    let format: FileFormat?
    do throws(TensorError) { format = try FileFormat(of: path) } catch { throw .file(.unreadable(error)) }
    switch format {
    case .pytorch:
      do throws(PyTorchFileError) { return try PyTorchFile(path: path) } catch { throw .pytorch(error) }
    case .onnx, .darknet, .darknetWeights: throw .otherFormat(path: path)
    case .safetensors, nil:
      do throws(SafetensorsError) { return try SafetensorsFile(path: path) } catch { throw .file(error) }
    }
  }

  /// Reads a model of a file that is open.
  package static func read(_ file: SafetensorsFile, registry: Registry) throws -> Model {
    guard let text = file.metadata[Key.graph] else {
      throw ModelFileError.noGraph(path: file.path, tensors: file.names.count)
    }
    let graph: Graph
    do throws(GraphCodingError) {
      var decoder = GraphDecoder(file: file, registry: registry)
      graph = try decoder.decode(text)
    } catch { throw ModelFileError.badGraph(path: file.path, error) }
    let classes = try classNames(file, graph)
    let preprocessing = try preprocessing(file)
    let detection = try detection(file, graph)
    // Names and shapes first: a file that does not fit must not cost its memory.
    let tensors = try FileTensors(file).matched(to: graph, ignoring: { _ in false })
    let store = Store()
    for (path, tensor) in tensors { try store.set(path, to: tensor) }
    return Model(
      graph: graph, store: store, preprocessing: preprocessing, classNames: classes,
      name: file.metadata[Key.name] ?? "", detection: detection)
  }

  /// What YOLO layers say, held against the outputs that they name.
  private static func detection(_ file: SafetensorsFile, _ graph: Graph) throws -> [YOLOHead] {
    guard let text = file.metadata[Key.detection] else { return [] }
    let heads = try? JSONDecoder().decode([YOLOHead].self, from: Data(text.utf8))
    func fits(_ head: YOLOHead) -> Bool {
      guard head.isSound, let shape = graph.output(head.output).map({ graph[$0].type.shape }) else { return false }
      return shape.rank == 4 && shape[1] == head.channels
    }
    guard let heads, heads.allSatisfy(fits) else {
      throw ModelFileError.badMetadata(
        path: file.path, key: Key.detection, expected: "what each YOLO layer's anchors and classes are, as JSON")
    }
    return heads
  }

  private static func preprocessing(_ file: SafetensorsFile) throws -> Preprocessing {
    guard let text = file.metadata[Key.preprocessing] else { return Preprocessing() }
    do {
      return try JSONDecoder().decode(Preprocessing.self, from: Data(text.utf8))
    } catch {
      throw ModelFileError.badMetadata(path: file.path, key: Key.preprocessing, expected: "the preprocessing as JSON")
    }
  }

  private static func classNames(_ file: SafetensorsFile, _ graph: Graph) throws -> [String] {
    guard let text = file.metadata[Key.classes] else { return [] }
    let names = (try? JSONValue(parsing: text))?.array?.map(\.string)
    guard let names, !names.contains(nil) else {
      throw ModelFileError.badMetadata(path: file.path, key: Key.classes, expected: "a JSON list of names")
    }
    let outputs = graph.output("output").flatMap { graph[$0].type.shape.concrete }
    if let outputs, outputs.rank == 2, !names.isEmpty, names.count != outputs[1] {
      throw ModelFileError.badMetadata(
        path: file.path, key: Key.classes, expected: "\(outputs[1]) names, one for each output, not \(names.count)")
    }
    return names.compactMap { $0 }
  }
}

extension Model {
  /// Writes the model to one `.safetensors` file, which `ModelFile.read` and any safetensors reader open.
  /// - Throws: `ModelFileError`; `ExecutionError.missingTensor`.
  public func save(to path: String) throws { try ModelFile.write(self, to: path) }
}
