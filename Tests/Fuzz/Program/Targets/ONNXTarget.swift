import FoveaExchange
import FoveaTensors

/// An ONNX network: the message, shapes that are computed while reading, and weights.
enum ONNXTarget: FuzzTarget {
  static let name = "onnx"
  static let seeds = ["Tests/Fuzz/Seeds/protobuf", "Tests/Fuzz/Seeds/onnx"]
  // Each choice of sizes is a reading of its own.
  static let longest = 2048

  static func run(_ bytes: UnsafeRawBufferPointer) throws {
    _ = try ONNXFile.read("x.onnx", bytes: TensorStorage(bytes))
  }
}
