import FoveaGraphs
import FoveaLayers
import FoveaTensors

/// A file of trained weights for a network of the zoo: `.safetensors` or `.pth` with torchvision's keys, or a model
/// file.
///
/// ```swift
/// let weights = try PretrainedWeights("mobilenet_v2.safetensors", for: Zoo.standard.entry("mobilenet_v2"))
/// let model = try Zoo.standard.model("mobilenet_v2", classes: 5)
/// let fresh = try weights.load(into: model)      // ["classifier.1.weight", "classifier.1.bias"]
/// ```
public struct PretrainedWeights: Sendable {
  /// The network that the weights are for.
  public let entry: Zoo.Entry
  /// Number of classes that the weights tell apart; nil when the file's last layer is not this network's.
  public let classes: Int?
  /// How pictures become inputs: what the file says of itself, else what the network was published with.
  public let preprocessing: Preprocessing?
  /// Names of the classes, where the file says them.
  public let classNames: [String]
  private let file: any TensorFile
  /// The paths whose shapes depend on the number of classes.
  private let head: Set<String>

  /// What was left out or renamed in the file, in sentences for people (`TensorFile.remarks`).
  public var remarks: [String] { file.remarks }

  /// Opens the file and looks at its last layer; no tensor is read yet.
  /// - Throws: `ModelFileError`.
  public init(_ path: String, for entry: Zoo.Entry) throws {
    self.entry = entry
    let leaves = Self.leaves(entry, entry.classes)
    let more = Self.leaves(entry, entry.classes + 1)
    let head = leaves.filter { more[$0.key] != $0.value }
    self.head = Set(head.keys)
    let file = try ModelFile.tensorFile(path).fitted(to: leaves.keys)
    self.file = file
    classes = Self.classes(entry, head, more) { file.shape(of: $0).map(PartialShape.init) }
    if file.metadata[ModelFile.Key.graph] != nil, let file = file as? SafetensorsFile {
      // The weights know what they were trained to see.
      let source = try ModelFile.read(file, registry: .standard)
      preprocessing = source.preprocessing
      classNames = source.classNames.count == classes ? source.classNames : []
    } else {
      preprocessing = entry.preprocessing
      classNames = []
    }
  }

  /// Sets the parameters and states of a model of this network; all or, when anything does not fit, nothing.
  ///
  /// Where the model tells another number of classes apart, its last layer keeps its initial values.
  /// - Returns: the paths that keep their initial values, in the order of declaration.
  /// - Throws: `ModelFileError.tensors` with everything that is missing, unused or misshaped.
  @discardableResult
  public func load(into model: Model) throws -> [String] {
    var fresh: Set<String> = []
    if let classes, !head.isEmpty {
      let leaves = Dictionary(uniqueKeysWithValues: model.graph.leafShapes)
      let fits = head.allSatisfy { path in file.shape(of: path).map(PartialShape.init) == leaves[path] }
      // Only a head that is this network's own, for other classes, may be left behind.
      if !fits,
        Self.leaves(entry, classes).filter({ head.contains($0.key) }).allSatisfy({ path, shape in
          file.shape(of: path).map(PartialShape.init) == shape
        })
      {
        fresh = head
      }
    }
    try ModelFile.loadWeights(file, into: model, except: fresh, leavingOut: entry.leavesOut)
    return model.graph.leafShapes.map(\.path).filter(fresh.contains)
  }

  /// The names of the networks whose parameters a file holds, for whatever number of classes.
  ///
  /// For files that hold weights and no network: the keys and shapes mostly tell which one they are for.
  /// - Throws: `ModelFileError` when the file cannot be read.
  public static func networks(fitting path: String, in zoo: Zoo = .standard) throws -> [String] {
    let whole = try ModelFile.tensorFile(path)
    let count = whole.names.count { !ModelFile.isCounter($0) && !$0.hasPrefix(ModelFile.reservedPrefix) }
    return zoo.entries.filter { entry in
      let leaves = leaves(entry, entry.classes)
      // A look at the names of a file with far more of them would be for nothing.
      guard leaves.count <= count, count <= 2 * leaves.count else { return false }
      let file = whole.fitted(to: leaves.keys)
      // Most networks differ in their first names or in how many there are; only the rest are declared once more.
      guard leaves.keys.allSatisfy({ file.shape(of: $0) != nil }) else { return false }
      let others = file.names.count { name in
        leaves[name] == nil && !ModelFile.isCounter(name) && entry.leavesOut.contains(where: name.hasPrefix)
      }
      guard leaves.count + others == count else { return false }
      let more = Self.leaves(entry, entry.classes + 1)
      return leaves.allSatisfy { path, shape in
        more[path] != shape || file.shape(of: path).map(PartialShape.init) == shape
      }
    }.map(\.name)
  }

  private static func leaves(_ entry: Zoo.Entry, _ classes: Int) -> [String: PartialShape] {
    let graph = Model.draft(input: entry.input) { entry.network(classes) }
    return Dictionary(graph.leafShapes, uniquingKeysWith: { first, _ in first })
  }

  /// What the extents along the axes that grow with the classes say, when all say the same.
  private static func classes(
    _ entry: Zoo.Entry, _ head: [String: PartialShape], _ more: [String: PartialShape],
    _ found: (String) -> PartialShape?
  ) -> Int? {
    var counts: Set<Int> = []
    for (path, shape) in head {
      guard let own = shape.dims, let next = more[path]?.dims, let there = found(path)?.dims,
        own.count == there.count, own.count == next.count
      else { return nil }
      for axis in own.indices {
        // Only axes that are the number of classes itself can be read back.
        guard own[axis] == entry.classes, next[axis] == entry.classes + 1 else { continue }
        if let count = there[axis] { counts.insert(count) }
      }
    }
    return counts.count == 1 ? counts.first : nil
  }
}

extension Graph {
  /// The shapes of parameters and states by path, in the order of declaration.
  fileprivate var leafShapes: [(path: String, shape: PartialShape)] {
    (parameters + states).sorted { $0.value.id < $1.value.id }.map { ($0.parameter.path, self[$0.value].type.shape) }
  }
}
