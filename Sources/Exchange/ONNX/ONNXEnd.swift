import FoveaLayers
import FoveaTensors

/// The inputs and outputs of a network as an ONNX file declares them.
public struct ONNXEnds: Sendable, Equatable {
  public let inputs: [ONNXEnd]
  public let outputs: [ONNXEnd]
  /// How a picture becomes the first input: what the file says, or what that input's shape suggests.
  public let preprocessing: Preprocessing
}

/// An input or output of a network as an ONNX file declares it.
public struct ONNXEnd: Sendable, Equatable {
  public let name: String
  /// The standard's name of the element type, e.g. `float16`.
  public let type: String
  /// The type of elements here; nil for texts and the like. Unsigned types of 16 bits and more are the next wider
  /// signed one.
  public let dtype: DType?
  /// An extent for each axis, nil where it is open; nil where the file says nothing of the shape.
  public let dims: [Int?]?
  /// What the file calls each axis; empty where it has no name for it.
  public let axes: [String]
  /// True for an input that has numbers in the file, which need not be given.
  public let hasValue: Bool

  init(_ info: ONNXValueInfo, hasValue: Bool) {
    let open = ONNXOpenInput(info)
    (name, dims, axes) = (open.name, open.dims, open.axes)
    type = ONNXTensor.typeName(info.elementType)
    dtype = ONNXTensor.dtype(info.elementType)
    self.hasValue = hasValue
  }
}
