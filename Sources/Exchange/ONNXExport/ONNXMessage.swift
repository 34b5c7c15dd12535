import FoveaTensors

/// How a graph becomes an ONNX file.
package enum ONNXExport {
  /// Operator set of files whose nodes need no later one.
  static let leastOpset = 17
  /// A protobuf message has less than 2 GiB.
  static let messageLimit = Int(Int32.max)

  /// What is written, except for the numbers of its parameters.
  struct Message {
    var name: String
    var opset: Int
    var nodes: [Node] = []
    var initializers: [Initializer] = []
    var inputs: [ValueInfo] = []
    var outputs: [ValueInfo] = []
    var metadata: [String: String] = [:]

    /// The version of the format that came with the operator set.
    var irVersion: Int { opset <= 18 ? 8 : opset <= 20 ? 9 : 10 }
  }

  struct Node {
    var op: String
    var name: String
    /// Empty where an input is left out.
    var inputs: [String]
    var outputs: [String]
    var attributes: [String: AttributeValue]
  }

  enum AttributeValue: Equatable {
    case int(Int)
    case float(Double)
    case string(String)
    case ints([Int])
    case floats([Double])
    case strings([String])
  }

  /// A tensor of the file: a parameter by its path in the store, or numbers of the graph's own.
  struct Initializer {
    enum Source {
      case stored(path: String)
      case tensor(Tensor)
    }

    var name: String
    var dims: [Int]
    var dtype: DType
    var source: Source

    var byteCount: Int { dims.reduce(dtype.size, *) }
  }

  /// An input or output. An extent is a number or the name of one that is open.
  struct ValueInfo {
    enum Extent: Equatable {
      case known(Int)
      case open(String)
    }

    var name: String
    var dtype: DType
    /// Nil when even the number of axes is open.
    var dims: [Extent]?
  }

  /// The standard's number of an element type.
  static func number(of dtype: DType) -> Int {
    switch dtype {
    case .f32: 1
    case .u8: 2
    case .i8: 3
    case .i16: 5
    case .i32: 6
    case .i64: 7
    case .bool: 9
    case .f16: 10
    case .f64: 11
    case .bf16: 16
    }
  }
}

extension ONNXExport.Node {
  /// The NodeProto. Attributes stand in the order of their names.
  func encode(_ message: inout ProtobufWriter) {
    let last = inputs.lastIndex { !$0.isEmpty } ?? -1
    for input in inputs.prefix(last + 1) { message.string(1, input) }
    for output in outputs { message.string(2, output) }
    message.string(3, name)
    message.string(4, op)
    for (name, value) in attributes.sorted(by: { $0.key < $1.key }) {
      message.message(5) { attribute in
        attribute.string(1, name)
        switch value {
        case .float(let value): attribute.float(2, Float(value))
        case .int(let value): attribute.int(3, Int64(value))
        case .string(let value): attribute.string(4, value)
        case .floats(let list): for value in list { attribute.float(7, Float(value)) }
        case .ints(let list): for value in list { attribute.int(8, Int64(value)) }
        case .strings(let list): for value in list { attribute.string(9, value) }
        }
        attribute.int(20, value.kind)
      }
    }
  }
}

extension ONNXExport.AttributeValue {
  /// The standard's number of an attribute's kind.
  fileprivate var kind: Int64 {
    switch self {
    case .float: 1
    case .int: 2
    case .string: 3
    case .floats: 6
    case .ints: 7
    case .strings: 8
    }
  }
}

extension ONNXExport.ValueInfo {
  /// The ValueInfoProto.
  func encode(_ message: inout ProtobufWriter) {
    message.string(1, name)
    message.message(2) { type in
      type.message(1) { tensor in
        tensor.int(1, Int64(ONNXExport.number(of: dtype)))
        guard let dims else { return }
        tensor.message(2) { shape in
          for extent in dims {
            shape.message(1) { dimension in
              switch extent {
              case .known(let count): dimension.int(1, Int64(count))
              case .open(let name): dimension.string(2, name)
              }
            }
          }
        }
      }
    }
  }
}
