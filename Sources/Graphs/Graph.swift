import FoveaTensors

/// A value of a graph: the result of a node, or a leaf.
public struct Value: Hashable, Sendable, CustomStringConvertible {
  public let id: Int
  public init(id: Int) { self.id = id }
  public var description: String { "%\(id)" }
}

/// Where a value comes from.
public enum Source: Sendable {
  /// Fed from outside; `open` names the axes whose extent may change from run to run.
  case input(open: Set<Int>)
  /// Learned, or loaded from a file.
  case parameter(Parameter)
  /// Kept between runs, not learned: running statistics, an optimizer's moments.
  case state(Parameter)
  case constant(Tensor)
  /// The output of a node.
  case node
  /// Known by its shape alone: what made it was removed, but a shape-only operand still names it.
  case ghost
}

/// A named tensor that lives in a store between runs.
public struct Parameter: Sendable, Hashable {
  /// The path that names it in files, e.g. `layer1.0.conv1.weight`.
  public var path: String
  public var role: Role
  public var initializer: Initializer
  /// False keeps an optimizer from changing it.
  public var trainable: Bool

  public enum Role: String, Sendable, Codable { case weight, bias, scale, shift, mean, variance, moment, other }

  public init(path: String, role: Role, initializer: Initializer, trainable: Bool = true) {
    self.path = path
    self.role = role
    self.initializer = initializer
    self.trainable = trainable
  }
}

/// How a parameter starts.
public enum Initializer: Sendable, Hashable {
  case constant(Double)
  /// Random, scaled by how many inputs and outputs meet in one unit; nil takes the scheme that the model
  /// is initialized with.
  case fan(InitializationScheme?, fanIn: Int, fanOut: Int)
  /// A convolution's weights in a fixed pattern.
  case pattern(WeightPattern)
}

/// The scale of random initial weights.
public enum InitializationScheme: String, Sendable, Hashable, CaseIterable {
  /// Weights normal with variance 2 / fan-in, biases zero (He et al. 2015): for layers followed by ReLU.
  case he
  /// Weights uniform in ±√(6 / (fan-in + fan-out)), biases zero (Glorot and Bengio 2010).
  case xavier
  /// Weights and biases uniform in ±1/√fan-in: what PyTorch's layers start with.
  case standard = "default"
}

/// A value's name, type and source.
public struct ValueInfo: Sendable {
  public var name: String
  public var type: TensorType
  public var source: Source
}

/// One use of an operator.
public struct Node: Sendable {
  public let op: String
  public var inputs: [Value?]
  public var outputs: [Value]
  public var attributes: Attributes
  public var origin: Origin
  private var box: Box?

  private final class Box: Sendable {
    let graph: Graph
    init(_ graph: Graph) { self.graph = graph }
  }

  /// What a fused node stands for: its reference.
  public var body: Graph? {
    get { box?.graph }
    set { box = newValue.map(Box.init) }
  }

  public init(
    op: String, inputs: [Value?], outputs: [Value], attributes: Attributes = [:], origin: Origin = .none,
    body: Graph? = nil
  ) {
    self.op = op
    self.inputs = inputs
    self.outputs = outputs
    self.attributes = attributes
    self.origin = origin
    box = body.map(Box.init)
  }
}

/// A network as data: operators over named, typed values.
///
/// Nodes stand in an order in which every value is made before it is used. Values keep their numbers
/// through all passes, so that a pass can be read as a difference.
public struct Graph: Sendable {
  public internal(set) var values: [ValueInfo] = []
  public internal(set) var nodes: [Node] = []
  public internal(set) var inputs: [Value] = []
  public package(set) var outputs: [(name: String, value: Value)] = []
  /// State changes: the value after a run takes the place of the value before it.
  public internal(set) var updates: [(before: Value, after: Value)] = []
  public internal(set) var mistakes: [Mistake] = []
  public internal(set) var registry: Registry
  /// True while gradients are added: they may be made of operators that a user's share their names with.
  var isDerived = false

  public init(registry: Registry = .standard) { self.registry = registry }

  public subscript(value: Value) -> ValueInfo { values[value.id] }

  /// The shape of a value whose size is settled.
  public func shape(_ value: Value) -> Shape {
    guard let shape = values[value.id].type.shape.concrete else {
      preconditionFailure("\(values[value.id].name) has the open shape \(values[value.id].type.shape)")
    }
    return shape
  }

  // MARK: Building

  private mutating func append(_ info: ValueInfo) -> Value {
    values.append(info)
    return Value(id: values.count - 1)
  }

  /// Adds a value fed from outside.
  public mutating func addInput(_ name: String, _ type: TensorType, open: Set<Int> = []) -> Value {
    let value = append(ValueInfo(name: name, type: type, source: .input(open: open)))
    inputs.append(value)
    return value
  }

  /// Adds a parameter.
  public mutating func addParameter(_ parameter: Parameter, _ type: TensorType) -> Value {
    append(ValueInfo(name: parameter.path, type: type, source: .parameter(parameter)))
  }

  /// Adds a state, kept between runs but not learned.
  public mutating func addState(_ parameter: Parameter, _ type: TensorType) -> Value {
    append(ValueInfo(name: parameter.path, type: type, source: .state(parameter)))
  }

  /// Adds a constant.
  public mutating func addConstant(_ tensor: Tensor, name: String = "constant") -> Value {
    append(ValueInfo(name: name, type: TensorType(tensor.dtype, tensor.shape), source: .constant(tensor)))
  }

  /// Adds a value of which nothing but the shape is known.
  package mutating func addGhost(_ name: String, _ type: TensorType) -> Value {
    append(ValueInfo(name: name, type: type, source: .ghost))
  }

  /// Adds a node and returns its outputs. Never throws: what does not fit is kept in `mistakes`.
  @discardableResult
  public mutating func add(
    _ op: any Operator.Type, _ operands: [Value?], _ attributes: Attributes = [:], name: String? = nil,
    origin: Origin = .none, body: Graph? = nil
  ) -> [Value] {
    let op = admitted(op, origin)
    var node = Node(
      op: Registry.key(op), inputs: operands, outputs: [], attributes: attributes, origin: origin, body: body)
    let (types, findings) = Graph.infer(op, node, operands.map { $0.map { values[$0.id].type } })
    report(findings, of: node)
    let base = name ?? (origin.path.isEmpty ? op.name : origin.path)
    for (index, type) in types.enumerated() {
      let label = index == 0 ? base : "\(base):\(index)"
      node.outputs.append(append(ValueInfo(name: label, type: type, source: .node)))
    }
    nodes.append(node)
    return node.outputs
  }

  /// Reports a mistake that no operator would find.
  public mutating func reject(_ problem: String, mend: String, origin: Origin, at value: Value? = nil) {
    mistakes.append(
      Mistake(
        origin: origin, problem: problem, mend: mend, inputs: value.map { [values[$0.id].type.shape] } ?? [],
        way: way(to: value)))
  }

  /// Names a value as an output.
  public mutating func addOutput(_ name: String, _ value: Value) { outputs.append((name, value)) }

  /// Says that `after` takes the place of `before` at the end of a run.
  public mutating func addUpdate(before: Value, after: Value) { updates.append((before, after)) }

  /// Renames a value.
  public mutating func rename(_ value: Value, to name: String) { values[value.id].name = name }

  // MARK: Reading

  /// The value of an output.
  public func output(_ name: String) -> Value? { outputs.first { $0.name == name }?.value }

  /// The value of an input.
  public func input(_ name: String) -> Value? { inputs.first { values[$0.id].name == name } }

  /// The learned parameters, in the order of declaration.
  public var parameters: [(value: Value, parameter: Parameter)] {
    values.indices.compactMap { index in
      if case .parameter(let parameter) = values[index].source { return (Value(id: index), parameter) }
      return nil
    }
  }

  /// The states, in the order of declaration.
  public var states: [(value: Value, parameter: Parameter)] {
    values.indices.compactMap { index in
      if case .state(let parameter) = values[index].source { return (Value(id: index), parameter) }
      return nil
    }
  }

  /// The operator of a node.
  public func op(of node: Node) -> any Operator.Type {
    guard let op = registry[key: node.op] else { preconditionFailure("operator \(node.op) is not registered") }
    return op
  }

  /// A node with the types around it.
  public func site(_ node: Node) -> NodeSite {
    NodeSite(
      node: node, inputs: node.inputs.map { $0.map { values[$0.id].type } },
      outputs: node.outputs.map { values[$0.id].type })
  }

  /// The operands of a node whose contents matter (all but the shape-only ones).
  public func dataInputs(of node: Node) -> [Value] {
    let shapeOnly = op(of: node).shapeOnlyInputs
    return node.inputs.enumerated().compactMap { shapeOnly.contains($0.offset) ? nil : $0.element }
  }

  /// Throws every mistake of the declaration.
  public func check() throws(GraphError) {
    if !mistakes.isEmpty { throw .mistakes(mistakes) }
  }

  /// The index of the node that makes each value.
  public var producers: [Value: Int] {
    var result: [Value: Int] = [:]
    for (index, node) in nodes.enumerated() { for output in node.outputs { result[output] = index } }
    return result
  }

  /// The indices of the nodes that read each value's contents.
  public var readers: [Value: [Int]] {
    var result: [Value: [Int]] = [:]
    for (index, node) in nodes.enumerated() {
      for input in dataInputs(of: node) { result[input, default: []].append(index) }
    }
    return result
  }
}
