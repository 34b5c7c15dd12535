import FoveaExchange
import FoveaGraphs
import FoveaTensors

/// Whole safetensors files: header, tensors, and the model where there is one.
enum SafetensorsTarget: FuzzTarget {
  static let name = "safetensors"
  static let seeds = ["Tests/ExchangeTests/Golden", "Tests/ExchangeTests/Golden/Models"]

  static func run(_ bytes: UnsafeRawBufferPointer) throws {
    let file = try SafetensorsFile(path: "x.safetensors", storage: TensorStorage(bytes))
    for name in file.names { _ = try? file.tensor(name).withUnsafeBytes { $0.reduce(0, ^) } }
    _ = try ModelFile.read(file, registry: .standard)
  }
}
