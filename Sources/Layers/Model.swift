import FoveaExecution
import FoveaGraphs
import FoveaTensors
import FoveaVision

/// A network with its values: an immutable graph, a store of parameters, and what is needed to use them
/// on pictures.
///
/// ```swift
/// let model = try Model(input: [1, 28, 28]) {
///   Conv2D(32, kernel: 5, padding: .same).named("conv1")
///   ReLU()
///   MaxPool2D(2)
///   Flatten()
///   Dense(10).named("fc")
/// }
/// print(model.summary())
/// ```
///
/// The graph says neither whether it is trained or evaluated, nor on what machine: that is chosen when a
/// plan is made. Its batch is open and declared as 1. The ends of a model of layers are called `input` and
/// `output`; taps are further outputs.
public final class Model: Sendable {
  /// What computes the outputs from the inputs.
  public let graph: Graph
  /// The values of parameters and states, by path; sub-models share it.
  public let store: Store
  /// How a picture becomes an input.
  public let preprocessing: Preprocessing
  /// What the numbers of the output stand for, in order; empty when nobody said.
  public let classNames: [String]
  /// What the model is called, e.g. `two-conv`; empty when nobody said.
  public let name: String
  /// The layers that are made of others, as typed, by path: `layer1.0` is `BasicBlock(16)`. The graph does not
  /// need them; a summary shows them. Empty when nobody said.
  public let composites: [String: String]
  /// Which outputs are YOLO layers, and what their numbers mean; empty for networks that do not detect so.
  public let detection: [YOLOHead]

  /// Joins a graph that is known to be sound with the store that holds its values.
  public init(
    graph: Graph, store: Store, preprocessing: Preprocessing = Preprocessing(), classNames: [String] = [],
    name: String = "", composites: [String: String] = [:], detection: [YOLOHead] = []
  ) {
    self.graph = graph
    self.store = store
    self.preprocessing = preprocessing
    self.classNames = classNames
    self.name = name
    self.composites = composites
    self.detection = detection
  }

  /// Declares layers, one applied after the other, and gives them initial values.
  ///
  /// - Parameters:
  ///   - input: the shape of one example, [C, H, W].
  ///   - classes: names of the classes, in the order of the output's numbers.
  ///   - seed: of the random initial values; they depend on it and on each parameter's path alone.
  ///   - initialization: the scale of random initial values where a layer does not choose.
  ///   - preprocessing: what the input's shape suggests when nil.
  ///   - isEmpty: leaves out the values, for a look at the network or for weights that follow; see
  ///     `initializeMissing(seed:initialization:)`.
  /// - Throws: `GraphError.mistakes` with every mistake of the declaration, or `ExecutionError.tooLarge`.
  public convenience init(
    input: InputShape, classes: [String] = [], seed: UInt64 = 0, initialization: InitializationScheme = .standard,
    preprocessing: Preprocessing? = nil, name: String = "", registry: Registry = .standard, isEmpty: Bool = false,
    @LayerBuilder _ layers: () -> [Placed]
  ) throws {
    let declared = Model.declare(input: input, registry: registry, layers)
    try self.init(
      checking: declared.graph, declared.composites, seed: isEmpty ? nil : seed, initialization: initialization,
      preprocessing: preprocessing ?? Preprocessing(for: input.shape), classNames: classes, name: name)
  }

  /// The general form: several named inputs and outputs, and layers called like functions.
  ///
  /// ```swift
  /// let model = try Model(inputs: ["left": [3, 32, 32], "right": [3, 32, 32]]) { inputs in
  ///   let eye = Conv2D(16, kernel: 3).sharing("eye")
  ///   let both = eye(inputs["left"]) + eye(inputs["right"])
  ///   return ["logits": Dense(10)(Flatten()(both))]
  /// }
  /// ```
  ///
  /// - Throws: `GraphError.mistakes` with every mistake of the declaration, or `ExecutionError.tooLarge`.
  public convenience init(
    inputs: KeyValuePairs<String, InputShape>, classes: [String] = [], seed: UInt64 = 0,
    initialization: InitializationScheme = .standard, preprocessing: Preprocessing? = nil, name: String = "",
    registry: Registry = .standard, outputs: (ModelInputs) -> KeyValuePairs<String, Symbol>
  ) throws {
    let suggested = inputs.first.map { Preprocessing(for: $0.value.shape) }
    let declared = Model.declare(inputs: inputs, registry: registry, outputs: outputs)
    try self.init(
      checking: declared.graph, declared.composites, seed: seed,
      initialization: initialization, preprocessing: preprocessing ?? suggested ?? Preprocessing(),
      classNames: classes, name: name)
  }

  private convenience init(
    checking graph: Graph, _ composites: [String: String], seed: UInt64?, initialization: InitializationScheme,
    preprocessing: Preprocessing,
    classNames: [String], name: String
  ) throws {
    try graph.check()
    try Model.checkMemory(of: graph)
    self.init(
      graph: graph, store: Store(), preprocessing: preprocessing, classNames: classNames, name: name,
      composites: composites)
    if let seed { try initializeMissing(seed: seed, initialization: initialization) }
  }

  /// Gives initial values to the parameters and states that have none; all others stay.
  /// - Throws: `ExecutionError`.
  public func initializeMissing(
    seed: UInt64 = 0, initialization: InitializationScheme = .standard
  ) throws(ExecutionError) {
    try store.initialize(graph, seed: seed, scheme: initialization)
  }

  /// The same network on the same store, with other preprocessing or class names.
  public func with(preprocessing: Preprocessing? = nil, classNames: [String]? = nil) -> Model {
    Model(
      graph: graph, store: store, preprocessing: preprocessing ?? self.preprocessing,
      classNames: classNames ?? self.classNames, name: name, composites: composites, detection: detection)
  }
}
