import FoveaGraphs
import FoveaTensors

/// A network while it is being declared: the graph so far, and the tree of layers.
///
/// Paths depend on the whole tree, so what is declared is kept as a list of steps; `finish` plays it
/// again into the graph that remains, with every name in place.
public final class Declaration {
  enum Step {
    case input(name: String, TensorType, open: Set<Int>)
    case leaf(Parameter, TensorType, isState: Bool)
    case constant(Tensor)
    case node(any Operator.Type, [Value?], Attributes, pathAttribute: String?)
    case mistake(problem: String, mend: String, at: Value?)
  }

  /// Shapes while declaring; names are provisional.
  private(set) var graph: Graph
  var steps: [(step: Step, scope: Scope, first: Value)] = []
  let root = Scope(parent: nil)
  let token = DeclarationToken()
  private var current: Scope
  private var shared: [String: Scope] = [:]
  /// Set when layers nest without end; everything after it is skipped.
  private var isStopped = false
  var outputs: [(name: String, value: Value, scope: Scope)] = []
  /// Set by `finish`: symbols of a network that is done add nothing any more.
  var isFinished = false

  init(registry: Registry) {
    graph = Graph(registry: registry)
    current = root
  }

  private func keep(_ step: Step, _ first: Value) { steps.append((step, current, first)) }
  private var next: Value { Value(id: graph.values.count) }

  // MARK: Layers

  /// Opens a scope for a layer, declares it there, and closes the scope.
  func enter(_ layer: any Layer, _ x: Symbol, _ source: SourceLine) -> Symbol {
    guard !isStopped, !isFinished else { return x }
    let modified = layer as? ModifiedLayer
    let base = modified?.base ?? layer
    let scope = Scope(
      parent: current, text: layerHeadline(base), source: source, modifiers: modified?.modifiers ?? Modifiers(),
      isCombinator: base is any Combinator)
    current.children.append(scope)
    current = scope
    defer { current = scope.parent ?? root }
    guard scope.depth < 200 else {
      isStopped = true
      x.reject(
        "layers nest more than 200 deep", mend: "make sure that a body does not contain its own layer without end")
      return x
    }
    checkName(scope, x)
    linkShared(scope)
    let y = own(base.declare(x))
    scope.result = y.value
    if let name = scope.modifiers.sharing { closeShared(scope, name) }
    if let tap = scope.modifiers.tap { outputs.append((tap, scope.sideOutput ?? y.value, scope)) }
    return y
  }

  private func checkName(_ scope: Scope, _ x: Symbol) {
    for name in [scope.modifiers.name, scope.modifiers.sharing, scope.modifiers.tap] where name?.isEmpty == true {
      x.reject("the name is empty", mend: "give a name, or none")
    }
  }

  func setSideOutput(_ end: Symbol) { current.sideOutput = own(end).value }

  /// The symbol itself, or when it belongs to another network a poisoned one in its place.
  private func own(_ symbol: Symbol) -> Symbol {
    guard symbol.declaration !== self else { return symbol }
    reject(
      "a value \(symbol.shape) of another network is used here", mend: "use values of one network only", at: nil)
    return poison(from: nil, symbol.shape)
  }

  // MARK: Values

  func addInput(_ name: String, _ type: TensorType, open: Set<Int>) -> Symbol {
    keep(.input(name: name, type, open: open), next)
    return Symbol(graph.addInput(name, type, open: open), in: self)
  }

  func addConstant(_ tensor: Tensor) -> Symbol {
    keep(.constant(tensor), next)
    return Symbol(graph.addConstant(tensor), in: self)
  }

  func addNode(
    _ op: any Operator.Type, _ operands: [Symbol?], _ attributes: Attributes, pathAttribute: String?
  ) -> Symbol {
    let values = operands.map { $0.map { own($0).value } }
    current.hasNodes = true
    keep(.node(op, values, attributes, pathAttribute: pathAttribute), next)
    let outputs = graph.add(op, values, attributes)
    guard let first = outputs.first else {
      reject("\(op.name) gives no output", mend: "use an operator with at least one output", at: nil)
      return poison(from: nil, .unknown)
    }
    return Symbol(first, in: self)
  }

  func poison(from x: Symbol?, _ shape: PartialShape) -> Symbol {
    let attributes = Op.Unknown.attributes(shape)
    current.hasNodes = true
    let operand = x.map { own($0).value }
    keep(.node(Op.Unknown.self, [operand], attributes, pathAttribute: nil), next)
    return Symbol(graph.add(Op.Unknown.self, [operand], attributes)[0], in: self)
  }

  func reject(_ problem: String, mend: String, at value: Value?) {
    keep(.mistake(problem: problem, mend: mend, at: value), next)
  }

  /// At most 2⁴⁰ elements: more is a slip of the pen, and later sums of bytes stay far from overflow.
  private func isCountable(_ shape: Shape) -> Bool { shape.isCountable(upTo: 1 << 40) }

  func addLeaf(_ parameter: Parameter, _ dims: [Int?], isState: Bool) -> Symbol {
    var shape = PartialShape(dims)
    if let twin = current.twin {
      if let known = twin.parameters.first(where: { $0.name == parameter.path }) {
        current.parameters.append((parameter.path, known.value))
        if fits(graph[known.value].type.shape, shape) { return Symbol(known.value, in: self) }
        reject(
          "\(parameter.path) is \(shape) here, but \(graph[known.value].type.shape) where the shared layer stood first",
          mend: "share only between layers that see the same number of channels", at: nil)
        return poison(from: nil, shape)
      }
      current.sharesBadly = true
    }
    if let concrete = shape.concrete, !isCountable(concrete) {
      reject(
        "its \(parameter.path) \(shape) has too many elements to be held", mend: "check channels, units and kernel",
        at: nil)
      // Channels and kernel stay known, so that the operator has nothing more to complain about.
      shape = shape.replacing(axis: min(1, dims.count - 1), with: nil)
    }
    let type = TensorType(.f32, shape)
    keep(.leaf(parameter, type, isState: isState), next)
    let value = isState ? graph.addState(parameter, type) : graph.addParameter(parameter, type)
    current.parameters.append((parameter.path, value))
    return Symbol(value, in: self)
  }

  private func fits(_ a: PartialShape, _ b: PartialShape) -> Bool {
    guard let a = a.dims, let b = b.dims else { return true }
    return a.count == b.count && zip(a, b).allSatisfy { x, y in x == nil || y == nil || x == y }
  }

  // MARK: Sharing

  /// Finds the first use of the shared layer that this scope stands in or is.
  private func linkShared(_ scope: Scope) {
    if let name = scope.modifiers.sharing {
      if let first = shared[name] { scope.twin = first } else { shared[name] = scope }
    } else if let twin = scope.parent?.twin {
      guard twin.children.indices.contains(scope.position) else {
        // Reported, once, where the shared layer closes.
        scope.parent?.sharesBadly = true
        return
      }
      scope.twin = twin.children[scope.position]
    }
  }

  private func closeShared(_ scope: Scope, _ name: String) {
    guard let twin = scope.twin else { return }
    var differs = false
    func compare(_ a: Scope, _ b: Scope) {
      if a.sharesBadly || a.parameters.count != b.parameters.count || a.children.count != b.children.count {
        differs = true
      }
      for (x, y) in zip(a.children, b.children) { compare(x, y) }
    }
    compare(scope, twin)
    guard differs else { return }
    reject(
      "the layers that share \"\(name)\" do not have the same parameters: "
        + "\(scope.text) here, \(twin.text) at \(twin.source?.description ?? "the first use")",
      mend: "share the same layer, or give this one another name", at: nil)
  }
}
