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

  private var bound: [String: ONNXBinding] = [:]
  private var paths: Set<String> = []
  private var constants: [String: Value] = [:]
  /// What came out of nodes that are not supported.
  private var unknown: Set<Value> = []
  private(set) var current = ONNXNode()
  /// The attributes of the current node that somebody has asked for.
  var attributesRead: Set<String> = []

  init(_ index: ONNXIndex, _ files: ONNXFiles, _ sizes: ONNXSizes, registry: Registry) {
    self.index = index
    model = index.model
    self.files = files
    self.sizes = sizes
    graph = Graph(registry: registry)
    there = graph
  }

  /// More mistakes than these are no news, and each costs a walk through the graph.
  private static let mostMistakes = 40
  /// Elements of tensors that are computed while reading; the shapes of any network have far fewer.
  private static let mostKnownElements = 1 << 23
  private var knownElements = 0

  /// Counts elements that are computed while reading: a small file must not ask for much memory or time.
  func spend(_ elements: Int) throws(ONNXRefusal) {
    knownElements = Cost.sum(knownElements, elements)
    guard knownElements <= ONNXImporter.mostKnownElements else {
      throw ONNXRefusal("more numbers are to be computed while reading than any network's shapes need")
    }
  }

  /// Reads every node; what is not supported is kept in `unsupported`.
  func run() {
    for tensor in model.graph.initializers {
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
    for node in model.graph.nodes {
      current = node
      read(node)
      guard graph.mistakes.count + there.mistakes.count < ONNXImporter.mostMistakes else { return }
    }
    for output in model.graph.outputs { name(output) }
  }

  private func declare(_ input: ONNXValueInfo) {
    guard let size = sizes.inputs[input.name], let dtype = ONNXTensor.dtype(input.elementType) else {
      return refuse(input.name, "an input", "has elements of type \(ONNXTensor.typeName(input.elementType))")
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
    if case .value(let value) = binding, unknown.contains(value) { return }
    if case .value(let value) = binding, case .node = graph[value].source {
      graph.addOutput(output.name, value)
      there.addOutput(output.name, value)
    } else if case .value(let value) = binding, case .input = graph[value].source {
      refuse(output.name, "an output", "it is the input \(Named.short(graph[value].name)) itself")
    } else if case .places = binding {
      refuse(output.name, "an output", "places in the whole tensor are no result here; MaxUnpool reads them")
    } else if case .nothing = binding {
      remarks.append("the output \(Named.short(output.name)) is left out: it is no result of a network that is used")
    } else {
      refuse(output.name, "an output", "it is the same for all inputs")
    }
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

  private func refuse(_ node: String, _ op: String, _ reason: String, isAlways: Bool = false) {
    unsupported.append(ONNXUnsupported(node: node, op: op, reason: reason, isAlways: isAlways))
  }

  // MARK: Nodes

  private func read(_ node: ONNXNode) {
    for input in node.inputs where !input.isEmpty && bound[input] == nil {
      refuse(node.label, node.qualifiedOp, "its input \(Named.short(input)) is made by no node before it")
      return leaveOpen(node)
    }
    for output in node.outputs where bound[output] != nil && !output.isEmpty {
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
    let site = ONNXSite(importer: self, node: node, opset: model.opset)
    do throws(ONNXRefusal) {
      if let folded = try site.folded() {
        for (output, value) in zip(node.outputs, folded) { bound[output] = .known(value) }
        return
      }
      attributesRead = []
      let results = try known.read(site)
      // What nobody asks for might mean something: an answer must not be wrong in silence.
      if let other = node.attributes.first(where: { !attributesRead.contains($0.name) })?.name {
        throw ONNXRefusal("its attribute \(Named.short(other)) is not read")
      }
      for (output, result) in zip(node.outputs, results) where !output.isEmpty {
        bound[output] = result
        if let value = result.node, case .node = graph[value].source,
          graph.nodes.last?.outputs.contains(value) == true
        {
          graph.rename(value, to: output)
          there.rename(value, to: output)
        }
      }
      if let missing = node.outputs.indices.first(where: { $0 >= results.count && !node.outputs[$0].isEmpty }) {
        throw ONNXRefusal("its result \(missing + 1) is not made here")
      }
    } catch {
      // What follows from another node that is not supported is no news.
      let follows = node.inputs.contains { name in
        if case .value(let value)? = bound[name] { return unknown.contains(value) }
        return false
      }
      if !follows || !error.isAboutShapes { refuse(node.label, node.qualifiedOp, error.reason) }
      leaveOpen(node)
    }
  }

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
      bound[output] = .value(value)
    }
  }

  /// Adds a node to both graphs.
  func emit(
    _ op: any Operator.Type, _ operands: [Value?], _ attributes: Attributes, part: String? = nil
  ) -> [Value] {
    let origin = Origin(path: current.name.isEmpty ? current.label : current.name)
    let name = part.map { "\(current.label)/\($0)" }
    let values = graph.add(op, operands, attributes, name: name, origin: origin)
    _ = there.add(op, operands, attributes, name: name, origin: origin)
    if operands.contains(where: { $0.map(unknown.contains) ?? false }) { unknown.formUnion(values) }
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
    while !paths.insert(path).inserted { path += "_" }
    return path
  }

  /// A tensor that never changes.
  func constant(_ name: String, _ tensor: Tensor) -> Value {
    if let known = constants[name], graph[known].type == TensorType(tensor.dtype, tensor.shape) { return known }
    let value = graph.addConstant(tensor, name: name)
    _ = there.addConstant(tensor, name: name)
    constants[name] = value
    return value
  }

  /// The numbers of a stored tensor.
  func contents(_ name: String, _ tensor: ONNXTensor) throws(ONNXRefusal) -> Tensor {
    do throws(ONNXProblem) { return try tensor.tensor(files) } catch {
      throw ONNXRefusal("its tensor \(Named.short(name)) \(error.text)")
    }
  }
}

/// What a name of an ONNX graph stands for.
enum ONNXBinding {
  /// A value of the graph.
  case value(Value)
  /// A tensor that is known while reading.
  case known(Known)
  /// An initializer, or the tensor of a `Constant` node, of which nothing has been read yet.
  case stored(ONNXTensor, isConstant: Bool)
  /// The places of a pooling's winners within their planes, which the standard counts within the whole tensor.
  case places(Value)
  /// A result that nobody may read.
  case nothing
}

extension ONNXBinding {
  /// The value that a node has made.
  var node: Value? {
    switch self {
    case .value(let value), .places(let value): value
    default: nil
    }
  }
}

/// Why a node is not read.
struct ONNXRefusal: Error {
  let reason: String
  /// True where only an unknown shape is to blame.
  let isAboutShapes: Bool

  init(_ reason: String, isAboutShapes: Bool = false) {
    self.reason = reason
    self.isAboutShapes = isAboutShapes
  }
}

/// The sizes that the inputs are read for.
struct ONNXSizes {
  struct Input {
    var here: [Int]
    var there: [Int]
    var open: Set<Int>
  }

  var inputs: [String: Input] = [:]
  /// True where the file fixes the batch at 1, and it is tried as open.
  var opensBatch = false
}
