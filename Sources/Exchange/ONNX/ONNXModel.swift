import FoveaTensors

/// The parts of an ONNX model that are read, in place: names are copied, numbers stay in the file.
struct ONNXModel {
  var irVersion = 0
  var producer = ""
  var opset = 0
  /// Versions of other domains' operators.
  var domains: [(domain: String, version: Int)] = []
  var graph = ONNXGraph()
  var metadata: [String: String] = [:]
  /// Functions that the model defines itself.
  var functions: [(domain: String, name: String)] = []
}

struct ONNXGraph {
  var name = ""
  var nodes: [ONNXNode] = []
  var initializers: [ONNXTensor] = []
  var inputs: [ONNXValueInfo] = []
  var outputs: [ONNXValueInfo] = []
  var values: [ONNXValueInfo] = []
}

/// The name and type of an input, an output or a value between.
struct ONNXValueInfo {
  var name = ""
  /// Of the tensor's elements, as the standard numbers them; 0 where it is no tensor or nobody says.
  var elementType = 0
  /// Nil where nobody says.
  var dims: [ONNXExtent]?
}

/// An extent, or the name of one that is open; an empty name where it has none.
enum ONNXExtent: Equatable {
  case known(Int)
  case open(String)
}

struct ONNXNode {
  var name = ""
  var op = ""
  var domain = ""
  /// Empty names are inputs that are left out.
  var inputs: [String] = []
  var outputs: [String] = []
  var attributes: [(name: String, value: ONNXAttribute)] = []

  /// What messages call it.
  var label: String { name.isEmpty ? outputs.first { !$0.isEmpty } ?? op : name }
  var qualifiedOp: String { domain.isEmpty || domain == "ai.onnx" ? op : "\(domain).\(op)" }
}

enum ONNXAttribute {
  case int(Int)
  case float(Double)
  case string(String)
  case ints([Int])
  case floats([Double])
  case strings([String])
  case tensor(ONNXTensor)
  /// A way through control flow.
  case graph(ONNXGraph)
  /// A part that only loops and sparse or optional values have.
  case other(String)
}

extension ONNXModel {
  /// Reads a whole message. Nothing of it is copied but names and attributes.
  init(_ reader: ProtobufReader) throws(ONNXProblem) {
    var reader = reader
    var hasGraph = false
    try ONNXProblem.catching { () throws(ProtobufError) in
      while let field = try reader.next() {
        switch field.number {
        case 1: irVersion = Int(truncatingIfNeeded: try field.int64)
        case 2: producer = try field.string
        case 7:
          graph = try ONNXGraph(try field.message)
          hasGraph = true
        case 8:
          let (domain, version) = try ONNXModel.opset(try field.message)
          if domain.isEmpty || domain == "ai.onnx" { opset = version } else { domains.append((domain, version)) }
        case 14:
          let (key, value) = try ONNXModel.entry(try field.message)
          metadata[key] = value
        case 25:
          functions.append(try ONNXModel.function(try field.message))
        default: break
        }
      }
    }
    guard hasGraph else { throw ONNXProblem("it holds no graph") }
    guard irVersion > 0 else { throw ONNXProblem("it says no version of the format") }
  }

  private static func opset(_ reader: ProtobufReader) throws(ProtobufError) -> (String, Int) {
    var reader = reader
    var result = ("", 0)
    while let field = try reader.next() {
      if field.number == 1 { result.0 = try field.string }
      if field.number == 2 { result.1 = Int(truncatingIfNeeded: try field.int64) }
    }
    return result
  }

  /// A pair of texts.
  static func entry(_ reader: ProtobufReader) throws(ProtobufError) -> (key: String, value: String) {
    var reader = reader
    var result = (key: "", value: "")
    while let field = try reader.next() {
      if field.number == 1 { result.key = try field.string }
      if field.number == 2 { result.value = try field.string }
    }
    return result
  }

  private static func function(_ reader: ProtobufReader) throws(ProtobufError) -> (domain: String, name: String) {
    var reader = reader
    var result = (domain: "", name: "")
    while let field = try reader.next() {
      if field.number == 1 { result.name = try field.string }
      if field.number == 10 { result.domain = try field.string }
    }
    return result
  }
}

extension ONNXGraph {
  /// More than any network has; each takes some hundred bytes of memory and two of a file.
  private static let mostParts = 400_000
  /// Graphs within graphs; each level takes some of the stack.
  static let mostLevels = 16

  init(_ reader: ProtobufReader, level: Int = 0) throws(ProtobufError) {
    var reader = reader
    var parts = 0
    while let field = try reader.next() {
      parts += 1
      if parts > ONNXGraph.mostParts { throw .tooMany(field: field.number, limit: ONNXGraph.mostParts) }
      switch field.number {
      case 1: nodes.append(try ONNXNode(try field.message, level: level))
      case 2: name = try field.string
      case 5: initializers.append(try ONNXTensor(try field.message))
      case 11: inputs.append(try ONNXValueInfo(try field.message))
      case 12: outputs.append(try ONNXValueInfo(try field.message))
      case 13: values.append(try ONNXValueInfo(try field.message))
      default: break
      }
    }
  }
}

extension ONNXNode {
  /// - Parameter level: how many graphs its own lies in.
  init(_ reader: ProtobufReader, level: Int) throws(ProtobufError) {
    var reader = reader
    while let field = try reader.next() {
      switch field.number {
      case 1: inputs.append(try field.string)
      case 2: outputs.append(try field.string)
      case 3: name = try field.string
      case 4: op = try field.string
      case 5: attributes.append(try ONNXAttribute.read(try field.message, level: level))
      case 7: domain = try field.string
      default: break
      }
    }
  }
}

extension ONNXAttribute {
  static func read(
    _ reader: ProtobufReader, level: Int
  ) throws(ProtobufError) -> (name: String, value: ONNXAttribute) {
    var reader = reader
    var name = ""
    // Old writers leave the kind out; then the field that is there says it.
    var kind = 0
    var single: ONNXAttribute?
    var integers: [Int64] = []
    var numbers: [Float] = []
    var texts: [String] = []
    while let field = try reader.next() {
      switch field.number {
      case 1: name = try field.string
      case 2: single = .float(ONNXAttribute.widened(try field.float))
      case 3: single = .int(Int(try field.int64))
      case 4: single = .string(try ONNXAttribute.text(field))
      case 5: single = .tensor(try ONNXTensor(try field.message))
      case 6 where level < ONNXGraph.mostLevels:
        single = .graph(try ONNXGraph(try field.message, level: level + 1))
      case 6, 11: single = .other("a graph of its own")
      case 7: try field.append(to: &numbers)
      case 8: try field.append(to: &integers)
      case 9: texts.append(try ONNXAttribute.text(field))
      case 10: single = .other("a list of tensors")
      case 14, 15: single = .other("a type")
      case 20: kind = Int(truncatingIfNeeded: try field.int64)
      case 21: single = .other("a function's parameter")
      case 22, 23: single = .other("a sparse tensor")
      default: break
      }
    }
    let value: ONNXAttribute =
      switch kind {
      // Zeros and empty texts may be left out of a file.
      case 1: single ?? .float(0)
      case 2: single ?? .int(0)
      case 3: single ?? .string("")
      case 6: .floats(numbers.map(widened))
      case 7: .ints(integers.map { Int($0) })
      case 8: .strings(texts)
      default:
        single
          ?? (!integers.isEmpty
            ? .ints(integers.map { Int($0) })
            : !numbers.isEmpty ? .floats(numbers.map(widened)) : !texts.isEmpty ? .strings(texts) : .ints([]))
      }
    return (name, value)
  }

  /// A float as the shortest decimal that is the same float: 0.01 and not 0.00999999977.
  static func widened(_ value: Float) -> Double { Double(value.description) ?? Double(value) }

  /// Texts of attributes are bytes; what is no UTF-8 is shown as well as can be.
  private static func text(_ field: ProtobufField) throws(ProtobufError) -> String {
    String(decoding: try field.bytes, as: UTF8.self)
  }
}

extension ONNXValueInfo {
  init(_ reader: ProtobufReader) throws(ProtobufError) {
    var reader = reader
    while let field = try reader.next() {
      if field.number == 1 { name = try field.string }
      guard field.number == 2 else { continue }
      var type = try field.message
      // Field 1 of a type is a tensor; others are sequences, maps and the like.
      while let field = try type.next() {
        guard field.number == 1 else { continue }
        var tensor = try field.message
        while let field = try tensor.next() {
          if field.number == 1 { elementType = Int(truncatingIfNeeded: try field.int64) }
          if field.number == 2 { dims = try ONNXExtent.list(try field.message) }
        }
      }
    }
  }
}

extension ONNXExtent {
  static func list(_ reader: ProtobufReader) throws(ProtobufError) -> [ONNXExtent] {
    var reader = reader
    var result: [ONNXExtent] = []
    while let field = try reader.next() {
      guard field.number == 1 else { continue }
      var extent = ONNXExtent.open("")
      var dimension = try field.message
      while let field = try dimension.next() {
        // 0 and negative numbers are how some writers say that an extent is open.
        if field.number == 1 {
          let value = try field.int64
          if value > 0 { extent = .known(Int(value)) }
        }
        if field.number == 2 {
          // Paddle's name for all that it does not know.
          let name = try field.string
          extent = .open(name == "?" ? "" : name)
        }
      }
      result.append(extent)
    }
    return result
  }
}

/// What is wrong with the bytes.
struct ONNXProblem: Error {
  let text: String
  init(_ text: String) { self.text = text }

  static func catching(_ body: () throws(ProtobufError) -> Void) throws(ONNXProblem) {
    do throws(ProtobufError) { try body() } catch { throw ONNXProblem(error.description) }
  }
}
