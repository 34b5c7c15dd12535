import FoveaExecution
import FoveaGraphs
import FoveaLayers
import FoveaTensors

extension Graph {
  /// The same graph with lengths for extents of its inputs that are open and that nobody has said: what is written of
  /// those is that they are open.
  /// - Throws: `GraphError` where no length fits.
  fileprivate func withStandIns() throws(GraphError) -> Graph {
    guard inputs.contains(where: { self[$0].type.shape.concrete == nil }) else { return self }
    func sized(_ length: Int) throws(GraphError) -> Graph {
      try retyped { _, info in
        guard case .input = info.source, let dims = info.type.shape.dims else { return info.type }
        return TensorType(info.type.dtype, PartialShape(dims.enumerated().map { $1 ?? length + 32 * $0 }))
      }
    }
    for length in [224, 256, 320, 512, 128, 64, 32] {
      do throws(GraphError) { return try sized(length) } catch { continue }
    }
    return try sized(224)
  }
}

extension ONNXExport {
  /// The file of a model, but for its numbers.
  /// - Throws: `ONNXExportError.refused` with every node that cannot be said; `GraphError`.
  static func message(of model: Model, form: ONNXFile.Form) throws -> Message {
    try model.graph.check()
    // The training form needs no pass: its operators know both modes, and our seeds are no part of the standard.
    let settled = try model.graph.withStandIns()
    let graph = form == .evaluation ? try ChooseMode(mode: .inference).run(settled) : settled
    let translation = Translation(graph, form: form)
    try translation.run()
    var message = translation.message(name: model.name.isEmpty ? "network" : model.name)
    message.metadata = try ModelFile.texts(of: model)
    return message
  }

  /// Why a node cannot be said.
  struct Refused: Error {
    let reason: String
    init(_ reason: String) { self.reason = reason }
  }

  /// A graph on its way into a message.
  final class Translation {
    let graph: Graph
    /// The same graph with whatever follows an open size unknown.
    let open: Graph
    let form: ONNXFile.Form
    private(set) var opset = ONNXExport.leastOpset
    private var names: GraphNames
    /// The nodes that some output needs, in order.
    private let live: [Int]
    private var nodes: [Node] = []
    private var initializers: [String: Initializer] = [:]
    /// How often each value is read by nodes that are written.
    private let reads: [Value: Int]

    /// The attributes of poolings by their places: those whose windows do not overlap and which unpooling alone reads.
    let plainPooling: [Value: Attributes]

    init(_ graph: Graph, form: ONNXFile.Form) {
      self.graph = graph
      self.form = form
      open = graph.withOpenSizes()
      let live = Translation.live(graph)
      self.live = live.sorted()
      names = GraphNames(graph, live: live)
      reads = live.reduce(into: [:]) { reads, index in
        for input in graph.nodes[index].inputs.compactMap({ $0 }) { reads[input, default: 0] += 1 }
      }
      plainPooling = Translation.plainPooling(graph, live)
    }

    private static func plainPooling(_ graph: Graph, _ live: Set<Int>) -> [Value: Attributes] {
      var result: [Value: Attributes] = [:]
      for index in live where graph.nodes[index].op == Op.MaxPoolWithIndices.name {
        let node = graph.nodes[index]
        let geometry = ConvGeometry(node.attributes, kernel: node.attributes.ints("kernel_shape", default: []))
        let isApart = zip(geometry.strides, geometry.kernel).allSatisfy { $0 >= $1 }
        if isApart, !geometry.dependsOnExtent, geometry.dilations.allSatisfy({ $0 == 1 }) {
          result[node.outputs[1]] = node.attributes
        }
      }
      for index in live where graph.nodes[index].op != Op.MaxUnpool.name {
        for input in graph.nodes[index].inputs.compactMap({ $0 }) { result[input] = nil }
      }
      for output in graph.outputs { result[output.value] = nil }
      return result
    }

    /// The nodes whose results reach an output.
    private static func live(_ graph: Graph) -> Set<Int> {
      var needed = Set(graph.outputs.map(\.value))
      var result: Set<Int> = []
      for (index, node) in graph.nodes.enumerated().reversed() where node.outputs.contains(where: needed.contains) {
        result.insert(index)
        needed.formUnion(node.inputs.compactMap { $0 })
      }
      return result
    }

    func run() throws(ONNXExportError) {
      var refusals: [ONNXExportError.Refusal] = []
      for index in live {
        let node = graph.nodes[index]
        if case .written(let rule)? = Rules.all[node.op] { opset = max(opset, rule.opset(graph.site(node))) }
      }
      for index in live {
        let node = graph.nodes[index]
        let piece = Piece(self, node, name: names.nodes[index] ?? node.op)
        do throws(Refused) {
          switch Rules.all[node.op] {
          case .written(let rule): try rule.write(piece)
          case .refused(let reason): throw Refused(reason)
          case nil: throw Refused("it is an operator of your own; build it from others to write it")
          }
        } catch {
          refusals.append(.init(node: piece.name, op: node.op, reason: error.reason))
        }
      }
      guard refusals.isEmpty else { throw .refused(refusals) }
      // Outputs that are inputs, parameters, or a value that bears another output's name.
      for (output, name) in zip(graph.outputs, names.outputs) {
        let own = self.name(of: output.value)
        guard own != name else { continue }
        let node = names.nodeNames.claim(name)
        nodes.append(Node(op: "Identity", name: node, inputs: [own], outputs: [name], attributes: [:]))
      }
    }

    // MARK: What pieces ask for

    /// The name of a value; a leaf becomes an initializer when it is named.
    func name(of value: Value) -> String {
      let name = names.values[value] ?? graph[value].name
      let type = graph[value].type
      guard initializers[name] == nil, let shape = type.shape.concrete else { return name }
      switch graph[value].source {
      case .parameter(let parameter), .state(let parameter):
        initializers[name] = Initializer(
          name: name, dims: shape.dims, dtype: type.dtype, source: .stored(path: parameter.path))
      case .constant(let tensor):
        initializers[name] = Initializer(name: name, dims: shape.dims, dtype: type.dtype, source: .tensor(tensor))
      default: break
      }
      return name
    }

    /// A leaf that only one node reads under another shape; nil where there is none.
    func name(of value: Value, reshapedTo dims: [Int]) -> String? {
      guard reads[value] == 1 else { return nil }
      switch graph[value].source {
      case .parameter, .state, .constant: break
      default: return nil
      }
      let name = name(of: value)
      guard initializers[name]?.dims.reduce(1, *) == dims.reduce(1, *) else { return nil }
      initializers[name]?.dims = dims
      return name
    }

    /// Whether an output of the graph bears the name of this value.
    func isNamedOutput(_ value: Value) -> Bool { names.values[value].map(names.outputs.contains) ?? false }

    /// Lets a value bear the name of another.
    func alias(_ value: Value, to other: Value) { names.redirect(value, to: name(of: other)) }

    func valueName(_ wish: String) -> String { names.valueNames.claim(wish) }
    func nodeName(_ wish: String) -> String { names.nodeNames.claim(wish) }
    func add(_ node: Node) { nodes.append(node) }

    /// Adds numbers that are not the graph's.
    func add(_ tensor: Tensor, _ wish: String) -> String {
      let name = valueName(wish)
      initializers[name] = Initializer(
        name: name, dims: tensor.shape.dims, dtype: tensor.dtype, source: .tensor(tensor))
      return name
    }

    // MARK: The result

    func message(name: String) -> Message {
      var message = Message(name: name, opset: opset, nodes: nodes)
      // In the order of first use, which does not depend on how the graph was declared.
      var seen: Set<String> = []
      for input in nodes.flatMap(\.inputs) where seen.insert(input).inserted {
        if let initializer = initializers[input] { message.initializers.append(initializer) }
      }
      let axes = OpenAxes(graph)
      for (index, input) in graph.inputs.enumerated() {
        let type = open[input].type
        message.inputs.append(
          ValueInfo(
            name: names.values[input] ?? graph[input].name, dtype: type.dtype,
            dims: type.shape.dims.map { axes.named($0, input: graph[input].name, isFirst: index == 0) }))
      }
      for (output, name) in zip(graph.outputs, names.outputs) {
        let type = open[output.value].type
        message.outputs.append(
          ValueInfo(
            name: name, dtype: type.dtype,
            dims: type.shape.dims.map { axes.named($0, output: output.value, name: name) }))
      }
      return message
    }
  }

  /// What open extents are called.
  private struct OpenAxes {
    /// The same graph for another batch; nil where it cannot be made.
    private let other: Graph?
    private static let batch = 7

    init(_ graph: Graph) {
      var sizes: [String: Shape] = [:]
      for input in graph.inputs {
        guard case .input(let axes) = graph[input].source, axes.contains(0),
          var dims = graph[input].type.shape.concrete?.dims
        else { continue }
        dims[0] = OpenAxes.batch
        sizes[graph[input].name] = Shape(dims)
      }
      other = try? graph.specialized(to: sizes)
    }

    /// N, C and the spatial axes by their usual letters.
    private static func letter(_ axis: Int, of rank: Int) -> String {
      switch axis {
      case 0: "N"
      case 1: "C"
      default: rank <= 5 && rank >= 3 ? [["L"], ["H", "W"], ["D", "H", "W"]][rank - 3][axis - 2] : "d\(axis)"
      }
    }

    func named(_ dims: [Int?], input: String, isFirst: Bool) -> [ValueInfo.Extent] {
      dims.enumerated().map { axis, extent in
        if let extent { return .known(extent) }
        let letter = OpenAxes.letter(axis, of: dims.count)
        return .open(axis == 0 || isFirst ? letter : "\(input).\(letter)")
      }
    }

    /// The batch is N wherever it comes first; other sizes are the output's own, since they follow by some rule.
    func named(_ dims: [Int?], output: Value, name: String) -> [ValueInfo.Extent] {
      dims.enumerated().map { axis, extent in
        if let extent { return .known(extent) }
        if axis == 0, other?[output].type.shape[0] == OpenAxes.batch { return .open("N") }
        return .open("\(name).\(OpenAxes.letter(axis, of: dims.count))")
      }
    }
  }
}
