import FoveaGraphs
import FoveaTensors

/// Reads what `GraphEncoder` writes. Everything is checked before it is used: numbers of values, sizes,
/// operands; then the operators' own shape rules run.
struct GraphDecoder {
  let file: SafetensorsFile
  let registry: Registry

  /// As large as layers accept: far above any use, and products of three do not overflow.
  private static let largestExtent = 1 << 30
  private static let largestCount = 1 << 40

  init(file: SafetensorsFile, registry: Registry) {
    self.file = file
    self.registry = registry
  }

  mutating func decode(_ text: String) throws(GraphCodingError) -> Graph {
    let json: JSONValue
    do throws(JSONError) { json = try JSONValue(parsing: text) } catch { throw .notJSON(reason: error.description) }
    let unknown = unknownOperators(json)
    let graph: Graph
    do throws(GraphCodingError) {
      graph = try decode(json, at: "the graph")
    } catch {
      // All unknown operators in one message, also where something else is noticed first.
      if case .newerFormat = error { throw error }
      throw unknown.isEmpty ? error : .unknownOperators(unknown)
    }
    return graph
  }

  private func unknownOperators(_ json: JSONValue) -> [(name: String, nearest: String?)] {
    var names: Set<String> = []
    func look(_ json: JSONValue) {
      for entry in json.object?["values"]?.array ?? [] {
        if let name = entry.object?["op"]?.string, registry[name] == nil { names.insert(name) }
        if let body = entry.object?["body"] { look(body) }
      }
    }
    look(json)
    return names.sorted().map { ($0, nearestName(to: $0, among: registry.names)) }
  }

  private mutating func decode(_ json: JSONValue, at place: String) throws(GraphCodingError) -> Graph {
    let fields = try Fields(json, at: place)
    let format = try fields.integer("format")
    guard format <= GraphEncoder.format else { throw .newerFormat(found: format, known: GraphEncoder.format) }
    guard format >= 1 else { throw .broken(at: place, problem: "format \(format)") }
    var graph = Graph(registry: registry)
    var names: Set<String> = []
    for (index, entry) in try fields.array("values").enumerated() {
      try add(Fields(entry, at: "\(place), entry \(index)"), to: &graph, names: &names)
    }
    if !graph.mistakes.isEmpty { throw .mistakes(graph.mistakes) }
    var outputs: Set<String> = []
    for (index, entry) in try fields.array("outputs").enumerated() {
      let output = try Fields(entry, at: "\(place), output \(index)")
      let name = try output.string("name")
      guard outputs.insert(name).inserted else { throw output.broken("a second output \(Named.short(name))") }
      graph.addOutput(name, try output.value(output["value"], in: graph))
    }
    guard !outputs.isEmpty else { throw .broken(at: place, problem: "it has no outputs") }
    for (index, entry) in (fields["updates"]?.array ?? []).enumerated() {
      try addUpdate(entry, at: "\(place), update \(index)", to: &graph)
    }
    return graph
  }

  private func addUpdate(_ entry: JSONValue, at place: String, to graph: inout Graph) throws(GraphCodingError) {
    guard let pair = entry.array, pair.count == 2 else { throw .broken(at: place, problem: "not two values") }
    let fields = Fields(at: place)
    let (before, after) = (try fields.value(pair[0], in: graph), try fields.value(pair[1], in: graph))
    switch graph[before].source {
    case .parameter, .state: break
    default: throw .broken(at: place, problem: "\(graph[before].name) is neither a parameter nor a state")
    }
    guard graph[before].type == graph[after].type else {
      throw .broken(at: place, problem: "\(graph[before].type) would become \(graph[after].type)")
    }
    graph.addUpdate(before: before, after: after)
  }

  // MARK: Entries

  private mutating func add(
    _ entry: Fields, to graph: inout Graph, names: inout Set<String>
  ) throws(GraphCodingError) {
    if entry["op"] != nil { return try addNode(entry, to: &graph) }
    if let name = entry["input"]?.string {
      let type = try type(entry)
      guard names.insert("input \(name)").inserted else { throw entry.broken("a second input \(Named.short(name))") }
      let open = try entry.integers("open", default: [])
      guard let rank = type.shape.rank, open.allSatisfy({ (0..<rank).contains($0) }) else {
        throw entry.broken("open axes \(open) of \(type.shape)")
      }
      _ = graph.addInput(name, type, open: Set(open))
    } else if let path = entry["parameter"]?.string {
      let value = graph.addParameter(try parameter(path, entry, &names), try type(entry))
      if let name = entry["name"]?.string { graph.rename(value, to: name) }
    } else if let path = entry["state"]?.string {
      let value = graph.addState(try parameter(path, entry, &names), try type(entry))
      if let name = entry["name"]?.string { graph.rename(value, to: name) }
    } else if let name = entry["constant"]?.string {
      let tensor = try tensor(entry["tensor"], entry)
      _ = graph.addConstant(tensor, name: name)
    } else {
      throw entry.broken("none of input, parameter, state, constant and op")
    }
  }

  private mutating func addNode(_ entry: Fields, to graph: inout Graph) throws(GraphCodingError) {
    let name = try entry.string("op")
    guard let op = registry[name] else { throw .unknownOperators([(name, nil)]) }
    var operands: [Value?] = []
    for operand in try entry.array("inputs") {
      if case .null = operand { operands.append(nil) } else { operands.append(try entry.value(operand, in: graph)) }
    }
    var attributes = Attributes()
    for member in entry["attributes"]?.object?.members ?? [] {
      attributes[member.key] = try attribute(member.key, member.value, entry)
    }
    var body: Graph?
    if let json = entry["body"] { body = try decode(json, at: "\(entry.place), body") }
    let outputs = graph.add(
      op, operands, attributes, name: entry["name"]?.string,
      origin: Origin(path: entry["path"]?.string ?? "", layer: entry["layer"]?.string ?? ""), body: body)
    let results = try entry.integer("results")
    // What the rules reject is thrown with all mistakes, behind the last entry; values behind one that left out or
    // added results would have other numbers.
    guard graph.mistakes.isEmpty else {
      if outputs.count != results { throw .mistakes(graph.mistakes) }
      return
    }
    guard outputs.count == results else {
      throw entry.broken("\(name) has \(outputs.count) results here, the file says \(results)")
    }
    if let open = outputs.first(where: { graph[$0].type.shape.concrete == nil }) {
      throw entry.broken("the shape of \(Named.short(graph[open].name)) cannot be told: \(graph[open].type.shape)")
    }
  }

  private func type(_ entry: Fields) throws(GraphCodingError) -> TensorType {
    guard let dtype = DType(rawValue: try entry.string("type")) else { throw entry.broken("an unknown element type") }
    let dims = try entry.integers("shape")
    let shape = Shape(dims)
    guard dims.count <= 8, dims.allSatisfy({ (1...GraphDecoder.largestExtent).contains($0) }),
      let count = shape.checkedCount, count <= GraphDecoder.largestCount
    else { throw entry.broken("the shape \(shape) is impossible") }
    return TensorType(dtype, shape)
  }

  private func parameter(
    _ path: String, _ entry: Fields, _ names: inout Set<String>
  ) throws(GraphCodingError) -> Parameter {
    guard names.insert("parameter \(path)").inserted else { throw entry.broken("a second \(Named.short(path))") }
    guard !path.hasPrefix(ModelFile.reservedPrefix) else {
      throw entry.broken("the reserved path \(Named.short(path))")
    }
    // A role or a scheme of a newer program only says how to start anew, which a file's values do not need.
    let role = entry["role"]?.string.flatMap(Parameter.Role.init(rawValue:)) ?? .other
    let initializer: Initializer
    if let pattern = entry["pattern"]?.string.flatMap(WeightPattern.init(rawValue:)) {
      initializer = .pattern(pattern)
    } else if let number = entry["constant"]?.double {
      initializer = .constant(number)
    } else {
      let fan = try entry.integers("fan")
      guard fan.count == 2, fan.allSatisfy({ $0 >= 0 }), !fan[0].addingReportingOverflow(fan[1]).overflow else {
        throw entry.broken("fan \(fan)")
      }
      let scheme = entry["scheme"]?.string.flatMap(InitializationScheme.init(rawValue:))
      initializer = .fan(scheme, fanIn: fan[0], fanOut: fan[1])
    }
    return Parameter(
      path: path, role: role, initializer: initializer, trainable: entry["trainable"]?.bool ?? true)
  }

  private func tensor(_ name: JSONValue?, _ entry: Fields) throws(GraphCodingError) -> Tensor {
    guard let name = name?.string, name.hasPrefix(ModelFile.constantPrefix) else {
      throw entry.broken("no tensor of the graph is named")
    }
    do throws(SafetensorsError) {
      // Copied: constants live as long as the model, which must not hang on the file.
      return try file.tensor(name).copied()
    } catch { throw entry.broken(error.description) }
  }

  private func attribute(_ name: String, _ json: JSONValue, _ entry: Fields) throws(GraphCodingError) -> Attribute {
    guard let member = json.object?.members.first, json.object?.members.count == 1 else {
      throw entry.broken("the attribute \(Named.short(name)) has no kind")
    }
    func all<T>(_ read: (JSONValue) -> T?) -> [T]? {
      guard let list = member.value.array else { return nil }
      let read = list.compactMap(read)
      return read.count == list.count ? read : nil
    }
    let attribute: Attribute? =
      switch member.key {
      case "int": member.value.integer.map { .int($0) }
      case "float": member.value.double.map { .float($0) }
      case "string": member.value.string.map { .string($0) }
      case "ints": all(\.integer).map { .ints($0) }
      case "floats": all(\.double).map { .floats($0) }
      case "strings": all(\.string).map { .strings($0) }
      case "tensor": .tensor(try tensor(member.value, entry))
      default: nil
      }
    guard let attribute else {
      throw entry.broken("the attribute \(Named.short(name)) is no \(Named.short(member.key))")
    }
    return attribute
  }
}
