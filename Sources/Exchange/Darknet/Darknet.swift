import FoveaExecution
import FoveaGraphs
import FoveaLayers
import FoveaTensors

/// Networks of darknet (Redmon 2013–2016; Bochkovskiy et al. 2020): a `.cfg` that describes the layers and a `.weights`
/// file of numbers.
///
/// ```swift
/// let model = try Darknet.read("yolo-fastest.cfg")          // and yolo-fastest.weights beside it
/// for found in try await Predictor(model, device: .cpu()).detections(in: image) { print(found) }
/// ```
///
/// The graph consists of ordinary operators, with a parameter path such as `layer3.conv.weight` for each layer. YOLO
/// layers are outputs `yolo1`, `yolo2` … of raw numbers [N, anchors·(5 + classes), H, W]; `Model.detection` says what
/// they mean. Any other network's output is `output`.
public enum Darknet {
  /// The weights that lie beside a configuration under the same name; nil where there are none.
  public static func weights(beside config: String) -> String? {
    let path = stem(config) + ".weights"
    return (try? MappedFile(path: path)) == nil ? nil : path
  }

  /// Reads a network and its weights.
  ///
  /// - Parameters:
  ///   - config: the path of the `.cfg`.
  ///   - weights: the path of the `.weights`; nil for a network without values, which the caller gives.
  ///   - classNames: what the classes are called.
  /// - Throws: `DarknetError`; `GraphError.mistakes` with everything that does not fit, each with its line in the
  ///   configuration; `ExecutionError.tooLarge`.
  public static func read(_ config: String, weights: String?, classNames: [String] = []) throws -> Model {
    let file: MappedFile
    do throws(TensorError) { file = try MappedFile(path: config) } catch { throw DarknetError.unreadable(error) }
    let network = try DarknetNetwork(DarknetConfig(path: config, parsing: file.bytes))
    return try model(network, config, try weights.map { try DarknetWeights(path: $0) }, classNames)
  }

  /// Reads a network and its weights from `weights` beside the configuration.
  /// - Throws: as `read(_:weights:classNames:)`; `DarknetError.unreadable` where there are none.
  public static func read(_ config: String) throws -> Model {
    try read(config, weights: stem(config) + ".weights")
  }

  /// Both files from memory.
  package static func read(
    config: UnsafeRawBufferPointer, weights: TensorStorage, name: String
  ) throws -> Model {
    let network = try DarknetNetwork(DarknetConfig(path: name + ".cfg", parsing: config))
    return try model(network, name + ".cfg", DarknetWeights(path: name + ".weights", storage: weights), [])
  }

  private static func model(
    _ network: DarknetNetwork, _ config: String, _ weights: DarknetWeights?, _ classNames: [String]
  ) throws -> Model {
    let graph = network.graph
    let store = Store()
    // Counted before anything is kept.
    if let weights {
      for (path, tensor) in try weights.tensors(network.order, of: graph, config: config) {
        try store.set(path, to: tensor)
      }
    } else {
      try Model.checkMemory(of: graph)
    }
    let name = stem(config).split(separator: "/").last.map(String.init) ?? ""
    return Model(
      graph: graph, store: store, preprocessing: network.preprocessing, classNames: classNames, name: name,
      composites: network.composites, detection: network.heads)
  }

  /// A path without its ending.
  private static func stem(_ path: String) -> String {
    path.hasSuffix(".cfg") ? String(path.dropLast(".cfg".count)) : path
  }
}
