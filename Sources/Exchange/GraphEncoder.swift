import FoveaGraphs
import FoveaTensors

/// A graph as JSON. Values are numbered in the order in which they appear: a leaf is one value, a node as
/// many as it has outputs.
///
/// `{"format":1,"values":[{"input":"input","type":"f32","shape":[1,1,28,28],"open":[0]}, …,
/// {"op":"Conv","name":"conv1","inputs":[0,1,2],"attributes":{"strides":{"ints":[1,1]}}, …}],
/// "outputs":[{"name":"output","value":17}]}`
struct GraphEncoder {
  /// Raised when a reader of today would misunderstand what is written.
  static let format = 1

  /// The constants and tensor attributes that the text refers to.
  private(set) var tensors: [(name: String, tensor: Tensor)] = []

  /// - Throws: `GraphCodingError.mistakes`, `.notDeclared`.
  mutating func encode(_ graph: Graph) throws(GraphCodingError) -> JSONValue {
    if !graph.mistakes.isEmpty { throw .mistakes(graph.mistakes) }
    var numbers: [Value: Int] = [:]
    var values: [JSONValue] = []
    var next = 0

    func number(_ value: Value) throws(GraphCodingError) -> JSONValue {
      guard let number = numbers[value] else { throw .notDeclared(value: graph[value].name) }
      return .integer(number)
    }
    // A leaf stands before the first node that was declared after it, as it did in the declaration.
    var leaf = 0
    func addLeaves(before end: Int) throws(GraphCodingError) {
      while leaf < end {
        let value = Value(id: leaf)
        leaf += 1
        guard numbers[value] == nil, let entry = try self.leaf(graph[value]) else { continue }
        values.append(entry)
        numbers[value] = next
        next += 1
      }
    }
    for node in graph.nodes {
      let used = node.inputs.compactMap { $0?.id }.max().map { $0 + 1 } ?? 0
      try addLeaves(before: max(used, node.outputs.first?.id ?? 0))
      var object: [(String, JSONValue)] = [("op", .string(node.op))]
      if let first = node.outputs.first { object.append(("name", .string(graph[first].name))) }
      var operands: [JSONValue] = []
      for input in node.inputs {
        if let input { operands.append(try number(input)) } else { operands.append(.null) }
      }
      object.append(("inputs", .array(operands)))
      object.append(("results", .integer(node.outputs.count)))
      if !node.attributes.entries.isEmpty { object.append(("attributes", attributes(node.attributes))) }
      if !node.origin.path.isEmpty { object.append(("path", .string(node.origin.path))) }
      if !node.origin.layer.isEmpty { object.append(("layer", .string(node.origin.layer))) }
      if let body = node.body { object.append(("body", try encode(body))) }
      values.append(.object(object))
      for output in node.outputs {
        numbers[output] = next
        next += 1
      }
    }
    try addLeaves(before: graph.values.count)

    var outputs: [JSONValue] = []
    for output in graph.outputs {
      outputs.append(.object([("name", .string(output.name)), ("value", try number(output.value))]))
    }
    var updates: [JSONValue] = []
    for update in graph.updates { updates.append(.array([try number(update.before), try number(update.after)])) }
    var object: [(String, JSONValue)] = [
      ("format", .integer(GraphEncoder.format)), ("values", .array(values)), ("outputs", .array(outputs)),
    ]
    if !updates.isEmpty { object.append(("updates", .array(updates))) }
    return .object(object)
  }

  /// The entry of a leaf, nil for what a node makes.
  private mutating func leaf(_ info: ValueInfo) throws(GraphCodingError) -> JSONValue? {
    func type() throws(GraphCodingError) -> [(String, JSONValue)] {
      guard let shape = info.type.shape.concrete else { throw .notDeclared(value: info.name) }
      return [
        ("type", .string(info.type.dtype.rawValue)), ("shape", .array(shape.dims.map { .integer($0) })),
      ]
    }
    switch info.source {
    case .input(let open):
      return .object(
        [("input", .string(info.name))] + (try type())
          + (open.isEmpty ? [] : [("open", .array(open.sorted().map { .integer($0) }))]))
    case .parameter(let parameter):
      return .object([("parameter", .string(parameter.path))] + (try type()) + self.parameter(parameter, info))
    case .state(let parameter):
      return .object([("state", .string(parameter.path))] + (try type()) + self.parameter(parameter, info))
    case .constant(let tensor):
      return .object([("constant", .string(info.name)), ("tensor", .string(keep(tensor)))])
    case .node: return nil
    case .ghost: throw .notDeclared(value: info.name)
    }
  }

  private func parameter(_ parameter: Parameter, _ info: ValueInfo) -> [(String, JSONValue)] {
    var fields: [(String, JSONValue)] = [("role", .string(parameter.role.rawValue))]
    switch parameter.initializer {
    case .constant(let number): fields.append(("constant", .number(number)))
    // A program that knows no patterns starts anew with zeros, which a file's values do not need.
    case .pattern(let pattern): fields += [("constant", .number(0)), ("pattern", .string(pattern.rawValue))]
    case .fan(let scheme, let fanIn, let fanOut):
      fields.append(("fan", .array([.integer(fanIn), .integer(fanOut)])))
      if let scheme { fields.append(("scheme", .string(scheme.rawValue))) }
    }
    if !parameter.trainable { fields.append(("trainable", .bool(false))) }
    if info.name != parameter.path { fields.append(("name", .string(info.name))) }
    return fields
  }

  private mutating func attributes(_ attributes: Attributes) -> JSONValue {
    var members: [(String, JSONValue)] = []
    for (name, attribute) in attributes.entries.sorted(by: { $0.key < $1.key }) {
      // Each says its kind: JSON alone tells neither 1 from 1.0 nor the kind of an empty list.
      let (kind, value): (String, JSONValue) =
        switch attribute {
        case .int(let value): ("int", .integer(value))
        case .float(let value): ("float", .number(value))
        case .string(let value): ("string", .string(value))
        case .ints(let list): ("ints", .array(list.map { .integer($0) }))
        case .floats(let list): ("floats", .array(list.map { .number($0) }))
        case .strings(let list): ("strings", .array(list.map { .string($0) }))
        case .tensor(let tensor): ("tensor", .string(keep(tensor)))
        }
      members.append((name, .object([(kind, value)])))
    }
    return .object(members)
  }

  private mutating func keep(_ tensor: Tensor) -> String {
    let name = "\(ModelFile.constantPrefix)\(tensors.count)"
    tensors.append((name, tensor))
    return name
  }
}

extension JSONValue {
  /// An object of members with different keys.
  static func object(_ members: [(String, JSONValue)]) -> JSONValue {
    var object = JSONObject()
    for (key, value) in members { _ = object.add(key, value) }
    return .object(object)
  }
}
