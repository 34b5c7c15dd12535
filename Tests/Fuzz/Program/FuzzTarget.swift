import CFoveaFuzz
import FoveaTensors

/// A parser that is fed bytes which libFuzzer makes up.
///
/// Each is one file in `Targets` and one word in `FuzzTargets.all`; its seeds lie in `Tests/Fuzz/Seeds/NAME`, and in
/// the folders of `seeds`.
protocol FuzzTarget {
  static var name: String { get }
  /// Further folders of good inputs, from the root of the repository: golden files of tests, say.
  static var seeds: [String] { get }
  /// Bytes of the longest input; shorter where each takes long.
  static var longest: Int { get }
  /// Reads the bytes and looks at all that comes of them. To throw is right; to trap, hang or take much memory is not.
  static func run(_ bytes: UnsafeRawBufferPointer) throws
}

extension FuzzTarget {
  static var seeds: [String] { [] }
  static var longest: Int { 16_384 }
}

enum FuzzTargets {
  static var all: [any FuzzTarget.Type] {
    [
      DarknetTarget.self, GraphTarget.self, GzipTarget.self, IDXTarget.self, NPYTarget.self, ONNXTarget.self,
      ProtobufTarget.self, PyTorchTarget.self, SafetensorsTarget.self,
    ]
  }

  /// The one that this process tries. Set once, before the first run.
  nonisolated(unsafe) static var chosen: (any FuzzTarget.Type)?

  /// Hands bytes to the chosen target, as libFuzzer calls it.
  static func run(_ bytes: UnsafePointer<UInt8>?, _ count: Int) -> Int32 {
    try? chosen?.run(UnsafeRawBufferPointer(start: bytes, count: count))
    return 0
  }
}

/// Keeps nothing: the bytes of a run live as long as the run.
private final class Nobody: Sendable {}

extension TensorStorage {
  /// The bytes of a run, where they are, so that reading past them is noticed.
  convenience init(_ bytes: UnsafeRawBufferPointer) {
    let none = UnsafeMutableRawPointer(bitPattern: 64)!
    self.init(
      borrowing: bytes.baseAddress.map(UnsafeMutableRawPointer.init(mutating:)) ?? none, byteCount: bytes.count,
      keeper: Nobody())
  }
}
