import FoveaExchange
import FoveaExecution
import FoveaGraphs
import FoveaLayers
import FoveaTensors

/// Writes small ONNX files for tests, field by field.
struct ONNXBytes {
  var nodes: [[UInt8]] = []
  var initializers: [[UInt8]] = []
  var inputs: [[UInt8]] = []
  var outputs: [[UInt8]] = []
  var opset: Int64 = 17

  enum Attribute {
    case int(Int64)
    case float(Float)
    case string(String)
    case ints([Int64])
    case floats([Float])
  }

  mutating func input(_ name: String, _ dims: [Int64?], type: Int64 = 1) { inputs.append(value(name, dims, type)) }

  mutating func output(_ name: String) { outputs.append(value(name, [], 1)) }

  private func value(_ name: String, _ dims: [Int64?], _ type: Int64) -> [UInt8] {
    var writer = ProtobufWriter()
    writer.string(1, name)
    writer.message(2) { kind in
      kind.message(1) { tensor in
        tensor.int(1, type)
        tensor.message(2) { shape in
          for (axis, extent) in dims.enumerated() {
            shape.message(1) { if let extent { $0.int(1, extent) } else { $0.string(2, "d\(axis)") } }
          }
        }
      }
    }
    return writer.bytes
  }

  mutating func node(
    _ op: String, _ inputs: [String], _ outputs: [String], _ attributes: KeyValuePairs<String, Attribute> = [:],
    name: String = "", domain: String = ""
  ) {
    var writer = ProtobufWriter()
    for input in inputs { writer.string(1, input) }
    for output in outputs { writer.string(2, output) }
    writer.string(3, name)
    writer.string(4, op)
    for (key, value) in attributes {
      writer.message(5) { attribute in
        attribute.string(1, key)
        switch value {
        case .int(let value):
          attribute.int(3, value)
          attribute.int(20, 2)
        case .float(let value):
          attribute.float(2, value)
          attribute.int(20, 1)
        case .string(let value):
          attribute.string(4, value)
          attribute.int(20, 3)
        case .ints(let list):
          for value in list { attribute.int(8, value) }
          attribute.int(20, 7)
        case .floats(let list):
          for value in list { attribute.float(7, value) }
          attribute.int(20, 6)
        }
      }
    }
    if !domain.isEmpty { writer.string(7, domain) }
    nodes.append(writer.bytes)
  }

  /// A stored tensor, whose numbers `content` writes.
  mutating func tensor(_ name: String, _ dims: [Int64], type: Int64, _ content: (inout ProtobufWriter) -> Void) {
    var writer = ProtobufWriter()
    writer.packed(1, dims)
    writer.int(2, type)
    writer.string(8, name)
    content(&writer)
    initializers.append(writer.bytes)
  }

  mutating func floats(_ name: String, _ dims: [Int64], _ values: [Float]) {
    tensor(name, dims, type: 1) { $0.packed(4, values) }
  }

  mutating func ints(_ name: String, _ values: [Int64]) {
    tensor(name, [Int64(values.count)], type: 7) { $0.packed(7, values) }
  }

  var bytes: [UInt8] {
    var writer = ProtobufWriter()
    writer.int(1, 8)
    writer.message(7) { graph in
      for node in nodes { graph.bytes(1, node) }
      for tensor in initializers { graph.bytes(5, tensor) }
      for input in inputs { graph.bytes(11, input) }
      for output in outputs { graph.bytes(12, output) }
    }
    writer.message(8) { $0.int(2, opset) }
    return writer.bytes
  }

  /// The network that these bytes are, read from a file.
  func model(_ directory: TemporaryDirectory, _ name: String = "m.onnx") throws -> Model {
    let path = directory.file(name)
    try AtomicFile.write(bytes, to: path)
    return try ONNXFile.read(path)
  }
}

extension Model {
  /// The outputs for one input, by the reference loops.
  func answers(_ input: Tensor) throws -> [String: Tensor] {
    let only = graph.inputs[0]
    let sized = try graph.specialized(to: [graph[only].name: input.shape])
    var feeds: [Value: Tensor] = [only: input]
    for (value, parameter) in sized.parameters + sized.states { feeds[value] = try store.tensor(parameter.path) }
    let all = try Interpreter.run(sized, feeds)
    return Dictionary(sized.outputs.map { ($0.name, all[$0.value]!) }, uniquingKeysWith: { first, _ in first })
  }

  /// The numbers of the only output.
  func numbers(_ values: [Float], _ dims: [Int]) throws -> [Float] {
    let answers = try answers(try Tensor(values, shape: Shape(dims)))
    return answers.values.first?.array(of: Float.self) ?? []
  }
}
