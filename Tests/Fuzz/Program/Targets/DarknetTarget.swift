import FoveaExchange
import FoveaTensors

/// A darknet configuration, and behind its first zero byte the weights.
enum DarknetTarget: FuzzTarget {
  static let name = "darknet"
  // Declaring dozens of layers takes a while.
  static let longest = 512

  static func run(_ bytes: UnsafeRawBufferPointer) throws {
    let end = bytes.firstIndex(of: 0) ?? bytes.endIndex
    let weights = UnsafeRawBufferPointer(rebasing: bytes[min(end + 1, bytes.endIndex)...])
    _ = try Darknet.read(
      config: UnsafeRawBufferPointer(rebasing: bytes[..<end]), weights: TensorStorage(weights), name: "x")
  }
}
