import FoveaExchange
import FoveaTensors

/// Files of `torch.save`: the archive, the pickle and the tensors.
enum PyTorchTarget: FuzzTarget {
  static let name = "pytorch"
  static let seeds = ["Tests/ExchangeTests/Golden/PyTorch"]

  static func run(_ bytes: UnsafeRawBufferPointer) throws {
    let file = try PyTorchFile(path: "x.pth", storage: TensorStorage(bytes))
    for name in file.names { _ = try? file.tensor(name).withUnsafeBytes { $0.reduce(0, ^) } }
  }
}
