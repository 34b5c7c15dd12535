import FoveaExecution
import FoveaGraphs
import FoveaLayers
import FoveaTensors

/// Makes a graph of an ONNX graph, node by node, for one choice of sizes.
///
/// Two graphs grow side by side, one at the declared sizes and one at others: what comes out differently depends on
/// an open size. So shapes that an exporter computes become what our operators say without numbers, such as
/// "copy this extent", and what cannot be said so is found out.
final class ONNXImporter {
  let model: ONNXModel
  let index: ONNXIndex
  let files: ONNXFiles
  let sizes: ONNXSizes
  private(set) var graph: Graph
  private(set) var there: Graph
  /// The tensors of parameters, states and of nothing else, by path.
  private(set) var leaves: [(path: String, tensor: ONNXTensor, type: TensorType)] = []
  private(set) var unsupported: [ONNXUnsupported] = []
  /// What was passed over: results of training that nobody can read here, for instance.
  private(set) var remarks: [String] = []

  /// Values that had to be known and were not, by name.
  var asked: Set<String> = []
  /// Inputs whose numbers are known while reading.
  let contents: [String: Tensor]
  /// True for one that reads a single node, to compute it.
  let isScratch: Bool

  private var bound: [String: ONNXBinding] = [:]
  /// What names a branch of control flow has bound, and what they were before.
  private var hidden: [(name: String, before: ONNXBinding?)]?
  private var paths: [String: Int] = [:]
  /// Values whose shapes constants of open sizes follow.
  private var followed: [String: Value] = [:]
  private var constants: [String: Value] = [:]
  /// Branches that have been read: their names are their own.
  private var branches = 0
  /// What came out of nodes that are not supported.
  private var unknown: Set<Value> = []
  /// Values behind those of which the file says no type, and the nodes that read them: their mistakes may be none.
  private var guessed: Set<Value> = []
  private(set) var doubtful: Set<String> = []
  private(set) var current = ONNXNode()
  /// The attributes of the current node that somebody has asked for.
  var attributesRead: Set<String> = []

  init(
    _ index: ONNXIndex, _ files: ONNXFiles, _ sizes: ONNXSizes, contents: [String: Tensor] = [:], registry: Registry
  ) {
    self.index = index
    model = index.model
    self.files = files
    self.sizes = sizes
    self.contents = contents
    isScratch = false
    graph = Graph(registry: registry)
    there = graph
  }

  /// One for a single node of a network that another reads.
  init(besides other: ONNXImporter, _ node: ONNXNode) {
    index = other.index
    model = other.model
    files = other.files
    sizes = other.sizes
    contents = [:]
    isScratch = true
    knownElements = other.knownElements
    current = node
    graph = Graph(registry: other.graph.registry)
    there = graph
  }

  /// More mistakes than these are no news, and each costs a walk through the graph.
  private static let mostMistakes = 40
  /// Elements of tensors that are computed while reading; the shapes of any network have far fewer.
  private static let mostKnownElements = 1 << 23
  private var knownElements = 0

  /// True where so many elements more may be computed.
  func canSpend(_ elements: Int) -> Bool {
    Cost.sum(knownElements, elements) <= ONNXImporter.mostKnownElements
  }

  /// Counts elements that are computed while reading: a small file must not ask for much memory or time.
  func spend(_ elements: Int) throws(ONNXRefusal) {
    knownElements = Cost.sum(knownElements, elements)
    guard knownElements <= ONNXImporter.mostKnownElements else {
      throw ONNXRefusal("more numbers are to be computed while reading than any network's shapes need")
    }
  }

  /// Reads every node; what is not supported is kept in `unsupported`.
  func run() {
    for tensor in model.graph.initializers where sizes.inputs[tensor.name] == nil {
      if bound.updateValue(.stored(tensor, isConstant: false), forKey: tensor.name) != nil {
        refuse(tensor.name, "an initializer", "there are two of this name")
      }
    }
    var inputs: Set<String> = []
    for input in model.graph.inputs {
      if !inputs.insert(input.name).inserted { refuse(input.name, "an input", "there are two of this name") }
      // Old files list initializers among their inputs.
      if bound[input.name] == nil { declare(input) }
    }
    for (node, isNeeded) in zip(model.graph.nodes, index.isNeeded) where isNeeded {
      read(node)
      guard graph.mistakes.count + there.mistakes.count < ONNXImporter.mostMistakes else { return }
    }
    for output in model.graph.outputs { name(output) }
  }

  private func declare(_ input: ONNXValueInfo) {
    guard let size = sizes.inputs[input.name], let dtype = ONNXTensor.dtype(input.elementType) else {
      return refuse(
        input.name, "an input", "has elements of type \(ONNXTensor.typeName(input.elementType))", isAlways: true)
    }
    if let tensor = contents[input.name] {
      bound[input.name] = .known(Known(KnownTensor(tensor)))
      return
    }
    let type = dtype.isFloat ? DType.f32 : dtype
    let value = graph.addInput(input.name, TensorType(type, Shape(size.here)), open: size.open)
    _ = there.addInput(input.name, TensorType(type, Shape(size.there)), open: size.open)
    bound[input.name] = .value(value)
  }

  private func name(_ output: ONNXValueInfo) {
    guard let binding = bound[output.name] else {
      return refuse(output.name, "an output", "nothing in the network makes it")
    }
    do throws(ONNXRefusal) {
      let value: Value
      switch binding {
      case .value(let made):
        guard !unknown.contains(made) else { return }
        value = made
      case .places(let places):
        current = ONNXNode()
        current.inputs = [output.name]
        value = try ONNXSite(importer: self, node: current, opset: model.opset).wholePlaces(places, pooled(places))
      case .nothing:
        remarks.append("the output \(Named.short(output.name)) is left out: it is no result of a network that is used")
        return
      case .known, .stored:
        // The same for all inputs: a shape, say.
        current = ONNXNode()
        current.inputs = [output.name]
        value = try ONNXSite(importer: self, node: current, opset: model.opset).value(0)
      }
      graph.addOutput(output.name, value)
      there.addOutput(output.name, value)
    } catch { refuse(output.name, "an output", error.reason, isAboutShapes: error.isAboutShapes) }
  }

  /// Says which axes have a fixed extent although the file leaves them open.
  func explainFixed(_ reason: String?) {
    for input in model.graph.inputs {
      guard let size = sizes.inputs[input.name], let dims = input.dims else { continue }
      let axes = dims.indices.filter { axis in
        if case .open = dims[axis] { return !size.open.contains(axis) }
        return false
      }
      guard !axes.isEmpty else { continue }
      remarks.append(
        "the file leaves \(axes.count == 1 ? "axis" : "axes") \(axes.map(String.init).joined(separator: ", ")) of "
          + "\(Named.short(input.name)) open; here it is \(Shape(size.here))" + (reason.map { ", since \($0)" } ?? ""))
    }
  }

  private func refuse(
    _ node: String, _ op: String, _ reason: String, isAlways: Bool = false, isAboutShapes: Bool = false
  ) {
    unsupported.append(
      ONNXUnsupported(node: node, op: op, reason: reason, isAlways: isAlways, isAboutShapes: isAboutShapes))
  }

  // MARK: Nodes

  private func read(_ node: ONNXNode) {
    current = node
    for input in node.inputs where !input.isEmpty && bound[input] == nil {
      refuse(node.label, node.qualifiedOp, "its input \(Named.short(input)) is made by no node before it")
      return leaveOpen(node)
    }
    for output in node.outputs where bound[output] != nil && !output.isEmpty && hidden == nil {
      refuse(node.label, node.qualifiedOp, "a second result is called \(Named.short(output))")
      return
    }
    let isStandard = node.domain.isEmpty || node.domain == "ai.onnx"
    guard isStandard, let known = ONNXOperator.all[node.op] else {
      refuse(
        node.label, node.qualifiedOp, ONNXOperator.reason(for: node, in: model, suggests: unsupported.count < 50),
        isAlways: true)
      return leaveOpen(node)
    }
    do throws(ONNXRefusal) {
      if let problem = ONNXSignatures.problem(of: node, opset: model.opset) { throw ONNXRefusal(problem) }
      let results = try results(of: node, known)
      for (output, result) in zip(node.outputs, results) where !output.isEmpty {
        bind(output, result)
        if let value = result.node, case .node = graph[value].source,
          graph.nodes.last?.outputs.contains(value) == true
        {
          graph.rename(value, to: output)
          there.rename(value, to: output)
        }
      }
    } catch {
      // What follows from another node that is not supported is no news.
      let follows = node.inputs.contains { name in
        if case .value(let value)? = bound[name] { return unknown.contains(value) }
        return false
      }
      if !follows || !error.isAboutShapes {
        refuse(node.label, node.qualifiedOp, error.reason, isAboutShapes: error.isAboutShapes)
      }
      // Its own parts may not fit either.
      doubtful.insert(path(of: node))
      leaveOpen(node)
    }
  }

  private func results(of node: ONNXNode, _ known: ONNXOperator) throws(ONNXRefusal) -> [ONNXBinding] {
    let site = ONNXSite(importer: self, node: node, opset: model.opset)
    if let folded = try site.folded() { return folded.map { .known($0) } }
    attributesRead = []
    let results = try known.read(site)
    // What nobody asks for might mean something: an answer must not be wrong in silence.
    if let other = node.attributes.first(where: { !attributesRead.contains($0.name) })?.name {
      throw ONNXRefusal("its attribute \(Named.short(other)) is not read")
    }
    if let missing = node.outputs.indices.first(where: { $0 >= results.count && site.isWanted($0) }) {
      throw ONNXRefusal("its result \(missing + 1) is not made here")
    }
    return results
  }

  /// Says what a name stands for from here on.
  func bind(_ name: String, _ binding: ONNXBinding) {
    hidden?.append((name, bound[name]))
    bound[name] = binding
  }

  /// Reads the graph of a branch in place: it sees all names around it, and what it names itself ends with it.
  func read(branch: ONNXGraph) throws(ONNXRefusal) -> [ONNXBinding] {
    let (outer, node, attributes) = (hidden, current, attributesRead)
    hidden = []
    branches += 1
    defer {
      for (name, before) in (hidden ?? []).reversed() { bound[name] = before }
      (hidden, current, attributesRead) = (outer, node, attributes)
    }
    for tensor in branch.initializers { bind(tensor.name, .stored(tensor, isConstant: false)) }
    for node in branch.nodes { read(node) }
    var results: [ONNXBinding] = []
    for output in branch.outputs {
      guard let binding = bound[output.name] else {
        throw ONNXRefusal("nothing makes \(Named.short(output.name)) in its branch")
      }
      results.append(binding)
    }
    return results
  }

  /// Says whose shape a constant of an open size has.
  func follow(_ name: String, _ value: Value?) { followed[name] = value }

  /// The value whose shape a constant of an open size has.
  func shapeSource(_ name: String) -> Value? { followed[name] }

  /// Stands in for the results of a node that cannot be read, so that all others are looked at.
  private func leaveOpen(_ node: ONNXNode) {
    for output in node.outputs where !output.isEmpty {
      let info = index.types[output]
      let shape = info?.dims.map { dims in
        dims.map { extent -> Int? in if case .known(let size) = extent { size } else { nil } }
      }
      let type = TensorType(
        ONNXTensor.dtype(info?.elementType ?? 1).map { $0.isFloat ? .f32 : $0 } ?? .f32, PartialShape(shape))
      let value = graph.addInput(output, type)
      _ = there.addInput(output, type)
      unknown.insert(value)
      if info == nil { guessed.insert(value) }
      bind(output, .value(value))
    }
  }

  /// What the parts of a node say of where they come from.
  private func path(of node: ONNXNode) -> String { node.name.isEmpty ? node.label : node.name }

  /// Adds a node to both graphs.
  func emit(
    _ op: any Operator.Type, _ operands: [Value?], _ attributes: Attributes, part: String? = nil
  ) -> [Value] {
    let origin = Origin(path: path(of: current))
    let name = part.map { "\(current.label)/\($0)" }
    let values = graph.add(op, operands, attributes, name: name, origin: origin)
    _ = there.add(op, operands, attributes, name: name, origin: origin)
    if operands.contains(where: { $0.map(unknown.contains) ?? false }) { unknown.formUnion(values) }
    if operands.contains(where: { $0.map(guessed.contains) ?? false }) {
      guessed.formUnion(values)
      doubtful.insert(origin.path)
    }
    return values
  }

  /// The latest value of these spatial extents, at both sizes.
  func latest(spatial here: [Int], _ there: [Int]) -> Value? {
    for node in graph.nodes.suffix(2000).reversed() {
      guard let value = node.outputs.first, let own = graph[value].type.shape.concrete?.dims,
        let other = self.there[value].type.shape.concrete?.dims
      else { continue }
      if own.count == here.count + 2, own.dropFirst(2).elementsEqual(here), other.dropFirst(2).elementsEqual(there) {
        return value
      }
    }
    return nil
  }

  /// What was pooled where those places were found.
  func pooled(_ places: Value) -> Value {
    for node in graph.nodes.reversed() where node.outputs.contains(places) { return node.inputs[0] ?? places }
    return places
  }

  func binding(_ name: String) -> ONNXBinding? { bound[name] }

  /// True for a value behind a node that is not supported.
  func isUnknown(_ value: Value) -> Bool { unknown.contains(value) }

  // MARK: Leaves

  /// A stored tensor as a parameter of the network, under another shape of as many elements if `dims` says so.
  func parameter(
    _ name: String, _ tensor: ONNXTensor, _ role: Parameter.Role, dims: [Int]? = nil, initializer: Initializer? = nil
  ) throws(ONNXRefusal) -> Value {
    let dtype = try check(name, tensor)
    let type = TensorType(dtype.isFloat ? .f32 : dtype, Shape(dims ?? tensor.dims))
    let path = path(for: tensor.name.isEmpty ? name : tensor.name)
    let isState = role == .mean || role == .variance
    let parameter = Parameter(
      path: path, role: role, initializer: initializer ?? .constant(role == .scale || role == .variance ? 1 : 0),
      trainable: dtype.isFloat)
    let value = isState ? graph.addState(parameter, type) : graph.addParameter(parameter, type)
    _ = isState ? there.addState(parameter, type) : there.addParameter(parameter, type)
    leaves.append((path, tensor, type))
    bound[name] = .value(value)
    return value
  }

  private func check(_ name: String, _ tensor: ONNXTensor) throws(ONNXRefusal) -> DType {
    do throws(ONNXProblem) { try tensor.check(files) } catch {
      throw ONNXRefusal("its tensor \(Named.short(name)) \(error.text)")
    }
    guard let dtype = tensor.dtype else { throw ONNXRefusal("its tensor \(Named.short(name)) has no type") }
    return dtype
  }

  private func path(for name: String) -> String {
    // Names that begin so are kept for other uses in model files.
    var path = name.hasPrefix(ModelFile.reservedPrefix) ? "onnx." + name : name
    // A number that is remembered: a thousand tensors of one name are no work.
    while let used = paths[path] {
      paths[path] = used + 1
      path += "_\(used)"
    }
    paths[path] = 1
    return path
  }

  /// A tensor that never changes.
  func constant(_ name: String, _ tensor: Tensor) -> Value {
    let key = hidden == nil ? name : "\(branches) \(name)"
    if let known = constants[key], graph[known].type == TensorType(tensor.dtype, tensor.shape) { return known }
    let value = graph.addConstant(tensor, name: name)
    _ = there.addConstant(tensor, name: name)
    constants[key] = value
    return value
  }

  /// The numbers of a stored tensor.
  func contents(_ name: String, _ tensor: ONNXTensor) throws(ONNXRefusal) -> Tensor {
    do throws(ONNXProblem) { return try tensor.tensor(files) } catch {
      throw ONNXRefusal("its tensor \(Named.short(name)) \(error.text)")
    }
  }
}
