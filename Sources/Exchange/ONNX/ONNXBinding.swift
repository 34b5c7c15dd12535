import FoveaGraphs

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
