import FoveaGraphs
import FoveaTensors

/// One node of an ONNX graph while it is read: its operands, its attributes, and where its results go.
struct ONNXSite {
  let importer: ONNXImporter
  let node: ONNXNode
  let opset: Int

  // MARK: Attributes

  func attribute(_ name: String) -> ONNXAttribute? {
    importer.attributesRead.insert(name)
    return node.attributes.last { $0.name == name }?.value
  }

  /// Says that attributes do not matter here.
  func passOver(_ names: String...) { importer.attributesRead.formUnion(names) }

  func has(_ name: String) -> Bool { attribute(name) != nil }

  func int(_ name: String, _ value: Int) -> Int {
    if case .int(let found)? = attribute(name) { return found }
    return value
  }

  func flag(_ name: String, _ value: Bool = false) -> Bool { int(name, value ? 1 : 0) != 0 }

  func float(_ name: String, _ value: Double) -> Double {
    switch attribute(name) {
    case .float(let found)?: return found
    case .int(let found)?: return Double(found)
    default: return value
    }
  }

  func string(_ name: String, _ value: String) -> String {
    if case .string(let found)? = attribute(name) { return found }
    return value
  }

  func ints(_ name: String) -> [Int]? {
    if case .ints(let found)? = attribute(name) { return found }
    return nil
  }

  /// The attributes of these names as they are.
  func keeping(_ names: String...) throws(ONNXRefusal) -> Attributes {
    var result: Attributes = [:]
    for name in names {
      switch attribute(name) {
      case .int(let value)?: result[name] = .int(value)
      case .float(let value)?: result[name] = .float(value)
      case .string(let value)?: result[name] = .string(value)
      case .ints(let list)?: result[name] = .ints(list)
      case .floats(let list)?: result[name] = .floats(list)
      case .strings(let list)?: result[name] = .strings(list)
      case .tensor?: throw ONNXRefusal("its attribute \(name) is a tensor")
      case .graph?: throw ONNXRefusal("its attribute \(name) is a graph of its own")
      case .other(let what)?: throw ONNXRefusal("its attribute \(name) is \(what)")
      case nil: break
      }
    }
    return result
  }

  // MARK: Operands

  var inputCount: Int { node.inputs.count }
  func isGiven(_ index: Int) -> Bool { index < node.inputs.count && !node.inputs[index].isEmpty }
  /// True when somebody reads the result of that number; a name alone does not matter.
  func isWanted(_ index: Int) -> Bool {
    index < node.outputs.count && !node.outputs[index].isEmpty && importer.index.read.contains(node.outputs[index])
  }

  func binding(_ index: Int) throws(ONNXRefusal) -> ONNXBinding {
    guard isGiven(index), let binding = importer.binding(node.inputs[index]) else {
      throw ONNXRefusal("its input \(index + 1) is left out")
    }
    if case .places(let places) = binding { return .value(try wholePlaces(places, importer.pooled(places))) }
    if case .nothing = binding {
      throw ONNXRefusal("its input \(Named.short(node.inputs[index])) is a result that only training has")
    }
    return binding
  }

  /// An operand as a value of the graph. A stored tensor becomes a parameter, or a constant where it is one number
  /// or of whole numbers.
  func value(_ index: Int, _ role: Parameter.Role = .other) throws(ONNXRefusal) -> Value {
    let name = node.inputs.indices.contains(index) ? node.inputs[index] : ""
    switch try binding(index) {
    case .value(let value): return value
    case .known(let known): return try value(of: known, name)
    case .stored(let tensor, let isConstant):
      guard let dtype = tensor.dtype, dtype.isFloat, (tensor.count ?? 0) > 1, !isConstant || role != .other else {
        let contents = try importer.contents(name, tensor)
        return importer.constant(name, contents.dtype.isFloat ? contents.converted(to: .f32) : contents.copied())
      }
      return try importer.parameter(name, tensor, role)
    case .nothing, .places: throw ONNXRefusal("its input \(index + 1) is left out")
    }
  }

  /// A tensor that is known while reading as a value of the graph.
  func value(of known: Known, _ name: String) throws(ONNXRefusal) -> Value {
    if known.here.isUniform, known.here.count > 4096 || !known.isFixed { return try filled(known, name) }
    guard known.isFixed else {
      throw ONNXRefusal("its input \(Named.short(name)) depends on a size that is open", isAboutShapes: true)
    }
    guard let tensor = known.here.writtenOut?.tensor else {
      throw ONNXRefusal("its input \(Named.short(name)) has no shape")
    }
    // Floats of any width compute as f32.
    return importer.constant(name, tensor.dtype == .f64 && !importer.isScratch ? tensor.converted(to: .f32) : tensor)
  }

  /// One number as often as a shape says: repeated when the network runs, so that it takes no memory before.
  private func filled(_ known: Known, _ name: String) throws(ONNXRefusal) -> Value {
    guard let tensor = known.here.single.tensor else {
      throw ONNXRefusal("its input \(Named.short(name)) has no shape")
    }
    let number = importer.constant("\(name)/number", tensor.dtype == .f64 ? tensor.converted(to: .f32) : tensor)
    guard !known.isFixed else {
      return emit(Op.Expand.self, [number], ["shape": .ints(known.here.shape)], part: "\(name), filled")
    }
    guard let like = importer.shapeSource(name) else {
      throw ONNXRefusal("its input \(Named.short(name)) depends on a size that is open", isAboutShapes: true)
    }
    return emit(Op.BroadcastToShape.self, [number, like], part: "\(name), filled")
  }

  /// The places that a pooling found, which this operand holds; nil for another operand.
  func places(_ index: Int) -> Value? {
    guard isGiven(index), case .places(let value)? = importer.binding(node.inputs[index]) else { return nil }
    return value
  }

  /// A learned tensor: a stored one becomes a parameter whatever it holds.
  func weight(
    _ index: Int, _ role: Parameter.Role, dims: [Int]? = nil, _ initializer: Initializer? = nil
  ) throws(ONNXRefusal) -> Value {
    guard case .stored(let tensor, _) = try binding(index) else { return try value(index, role) }
    return try importer.parameter(node.inputs[index], tensor, role, dims: dims, initializer: initializer)
  }

  func optional(_ index: Int, _ role: Parameter.Role = .other) throws(ONNXRefusal) -> Value? {
    isGiven(index) ? try value(index, role) : nil
  }

  /// An operand that is known now; nil for one that only a run makes.
  func known(_ index: Int) throws(ONNXRefusal) -> Known? {
    guard isGiven(index) else { return nil }
    switch try binding(index) {
    case .known(let known): return known.writtenOut
    case .stored(let tensor, _):
      guard let count = tensor.count, count <= KnownTensor.mostElements else { return nil }
      try importer.spend(count)
      return Known(KnownTensor(try importer.contents(node.inputs[index], tensor)))
    case .value(let value):
      if case .constant(let tensor) = importer.graph[value].source, tensor.count <= KnownTensor.mostElements {
        return Known(KnownTensor(tensor))
      }
      importer.asked.insert(node.inputs[index])
      return nil
    case .nothing, .places: return nil
    }
  }

  /// Whole numbers that are the same at all sizes; nil where the operand is left out.
  func fixedInts(_ index: Int, _ what: String) throws(ONNXRefusal) -> [Int]? {
    guard isGiven(index) else { return nil }
    guard let known = try known(index), let list = known.here.ints else {
      throw ONNXRefusal(
        "\(what) come out of the network itself; they must be known before it runs", isAboutShapes: true)
    }
    guard known.isFixed else { throw ONNXRefusal("\(what) depend on a size that is open", isAboutShapes: true) }
    return list
  }

  /// Numbers that are the same at all sizes; nil where the operand is left out.
  func fixedFloats(_ index: Int, _ what: String) throws(ONNXRefusal) -> [Double]? {
    guard isGiven(index) else { return nil }
    guard let known = try known(index) else {
      throw ONNXRefusal(
        "\(what) come out of the network itself; they must be known before it runs", isAboutShapes: true)
    }
    guard known.isFixed else { throw ONNXRefusal("\(what) depend on a size that is open", isAboutShapes: true) }
    return known.here.doubles
  }

  // MARK: Shapes

  /// The extents of an operand at the declared sizes and at the others.
  func dims(_ index: Int) throws(ONNXRefusal) -> (here: [Int], there: [Int]) {
    switch try binding(index) {
    case .value(let value): return try dims(of: value)
    case .known(let known): return (known.here.shape, known.there.shape)
    case .stored(let tensor, _): return (tensor.dims, tensor.dims)
    case .nothing, .places: throw ONNXRefusal("its input \(index + 1) is left out")
    }
  }

  func dims(of value: Value) throws(ONNXRefusal) -> (here: [Int], there: [Int]) {
    guard let here = importer.graph[value].type.shape.concrete, let there = importer.there[value].type.shape.concrete
    else { throw ONNXRefusal("the shape of its input is not known", isAboutShapes: true) }
    return (here.dims, there.dims)
  }

  func rank(_ index: Int) throws(ONNXRefusal) -> Int { try dims(index).here.count }

  /// An axis counted from the front.
  func axis(_ axis: Int, rank: Int) throws(ONNXRefusal) -> Int {
    guard (-rank..<max(rank, 1)).contains(axis) else { throw ONNXRefusal("axis \(axis) of \(rank) axes") }
    return axis < 0 ? axis + rank : axis
  }

  // MARK: Results

  /// Adds a node of ours. `part` names what lies between the node's operands and its results.
  func emit(
    _ op: any Operator.Type, _ operands: [Value?], _ attributes: Attributes = [:], part: String? = nil
  ) -> Value {
    importer.emit(op, operands, attributes, part: part)[0]
  }

  func emitAll(_ op: any Operator.Type, _ operands: [Value?], _ attributes: Attributes = [:]) -> [Value] {
    importer.emit(op, operands, attributes)
  }

  /// A constant that the node itself brings along.
  func constant(_ number: Double, _ name: String) -> Value {
    importer.constant("\(node.label)/\(name)", Tensor(scalar: Float(number)))
  }
}
