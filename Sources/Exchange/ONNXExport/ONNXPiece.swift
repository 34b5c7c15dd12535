import FoveaGraphs
import FoveaTensors

extension ONNXExport {
  /// One node of the graph while it becomes one or more of the file.
  ///
  /// The node that gives the first result bears the graph node's name; what stands before it and numbers of its own
  /// are called `NAME/part`.
  struct Piece {
    let name: String
    let site: NodeSite
    let form: ONNXFile.Form
    let opset: Int
    private let node: FoveaGraphs.Node
    private let whole: Translation

    init(_ whole: Translation, _ node: FoveaGraphs.Node, name: String) {
      self.whole = whole
      self.node = node
      self.name = name
      site = whole.graph.site(node)
      form = whole.form
      opset = whole.opset
    }

    var attributes: Attributes { node.attributes }

    // MARK: Operands and results

    var inputCount: Int { node.inputs.count }

    /// The name of an operand; empty where it is left out.
    func input(_ index: Int) -> String {
      guard index < node.inputs.count, let value = node.inputs[index] else { return "" }
      return whole.name(of: value)
    }

    /// All operands, in order.
    var inputs: [String] { node.inputs.indices.map(input) }

    /// The name of a result.
    func output(_ index: Int = 0) -> String { whole.name(of: node.outputs[index]) }

    var outputs: [String] { node.outputs.map { whole.name(of: $0) } }

    /// The extents of an operand, nil where they follow an open size.
    func extents(_ index: Int) -> [Int?] {
      guard index < node.inputs.count, let value = node.inputs[index] else { return [] }
      return whole.open[value].type.shape.dims ?? whole.graph[value].type.shape.dims?.map { _ in nil } ?? []
    }

    /// The extents of a result, nil where they follow an open size.
    func outputExtents(_ index: Int = 0) -> [Int?] {
      let value = node.outputs[index]
      return whole.open[value].type.shape.dims ?? whole.graph[value].type.shape.dims?.map { _ in nil } ?? []
    }

    /// The name of an operand of one number for each channel, as it broadcasts over an input of `rank` axes.
    func perChannel(_ index: Int, rank: Int, part: String) -> String {
      guard let value = node.inputs[index], rank > 2, let shape = site.inputs[index]?.shape.concrete, shape.rank == 1
      else { return input(index) }
      if let name = whole.name(of: value, reshapedTo: shape.dims + [Int](repeating: 1, count: rank - 2)) { return name }
      return step("Unsqueeze", part, [input(index), integers(part + "/axes", Array(1...(rank - 2)))])
    }

    // MARK: Pooling and unpooling

    /// The attributes of the pooling whose places an operand holds, where its windows do not overlap and only unpooling
    /// reads them; nil for others.
    func pooling(_ index: Int) -> Attributes? {
      guard let places = node.inputs[index] else { return nil }
      return whole.plainPooling[places]
    }

    /// True for places that ONNX's own unpooling can read as they are, and nobody else reads.
    func isOnlyUnpooled(_ index: Int) -> Bool { whole.plainPooling[node.outputs[index]] != nil }

    // MARK: Nodes

    /// The node that gives the results, under the graph node's name.
    func add(
      _ op: String, _ inputs: [String], _ attributes: [String: AttributeValue] = [:], outputs: [String]? = nil
    ) {
      let outputs = outputs ?? [output()]
      whole.add(Node(op: op, name: name, inputs: inputs, outputs: outputs, attributes: attributes))
    }

    /// A node before or behind it, and the name of what it gives.
    @discardableResult
    func step(
      _ op: String, _ part: String, _ inputs: [String], _ attributes: [String: AttributeValue] = [:],
      output: String? = nil
    ) -> String {
      let result = output ?? whole.valueName("\(name)/\(part)")
      whole.add(
        Node(
          op: op, name: whole.nodeName("\(name)/\(part)"), inputs: inputs, outputs: [result], attributes: attributes))
      return result
    }

    /// A further result of a node, which the graph does not have.
    func further(_ part: String) -> String { whole.valueName("\(name)/\(part)") }

    /// The result is the operand itself: no node.
    func passOn(_ index: Int = 0) {
      guard let value = node.inputs[index], !whole.isNamedOutput(node.outputs[0]) else {
        return add("Identity", [input(index)])
      }
      whole.alias(node.outputs[0], to: value)
    }

    // MARK: Numbers

    /// Whole numbers, as shapes, axes and pads are given.
    func integers(_ part: String, _ values: [Int]) -> String {
      whole.add(Tensor(values.map { Int64($0) }), "\(name)/\(part)")
    }

    func integer(_ part: String, _ value: Int) -> String { whole.add(Tensor(scalar: Int64(value)), "\(name)/\(part)") }

    /// A number of the type that the node computes in.
    func number(_ part: String, _ value: Double) -> String {
      constant(part, Tensor(scalar: value))
    }

    /// A number of the first operand's type, kept within its bounds.
    func operandNumber(_ part: String, _ value: Double) -> String {
      whole.add(Tensor(scalar: value).converted(to: site.inputs.first??.dtype ?? site.computeType), "\(name)/\(part)")
    }

    /// Numbers, in the type that the node computes in.
    func constant(_ part: String, _ tensor: Tensor) -> String {
      whole.add(tensor.dtype.isFloat ? tensor.converted(to: site.computeType) : tensor, "\(name)/\(part)")
    }

    // MARK: Shapes

    /// An extent of a shape that is written.
    enum Extent: Equatable {
      case known(Int)
      /// That of another value's axis.
      case axis(Int, of: String)
    }

    /// A shape as an operand: whole numbers where all are known, else put together when the network runs.
    func shape(_ part: String, _ extents: [Extent]) -> String {
      let known = extents.compactMap { if case .known(let count) = $0 { count } else { nil } }
      if known.count == extents.count { return integers(part, known) }
      var pieces: [String] = []
      var run: [Int] = []
      func close() {
        if !run.isEmpty { pieces.append(integers("\(part)/\(pieces.count)", run)) }
        run = []
      }
      for extent in extents {
        switch extent {
        case .known(let count): run.append(count)
        case .axis(let axis, let value):
          close()
          pieces.append(
            step("Shape", "\(part)/\(pieces.count)", [value], ["start": .int(axis), "end": .int(axis + 1)]))
        }
      }
      close()
      return step("Concat", part, pieces, ["axis": .int(0)])
    }

    /// The shape operand of a reshape to `extents`, of which the first may copy that of what is reshaped: 0 copies, −1
    /// takes what is left, and only where more are open they are looked up in `like`.
    func reshape(_ part: String, _ extents: [Int?], copies: Int = 1, like: String) -> String {
      let wanted = extents.enumerated().map { axis, extent in axis < copies && extent == nil ? 0 : extent }
      if let rest = wanted.firstIndex(of: nil), wanted.count(where: { $0 == nil }) == 1 {
        return integers(part, wanted.enumerated().map { $0.offset == rest ? -1 : $0.element ?? 0 })
      }
      return shape(part, wanted.enumerated().map { axis, extent in extent.map { .known($0) } ?? .axis(axis, of: like) })
    }
  }
}
