import Foundation
import FoveaTensors

/// A new directory that goes when the value does.
final class TemporaryDirectory {
  let path: String

  init() throws {
    path = FileManager.default.temporaryDirectory.appendingPathComponent("fovea-\(UUID().uuidString)").path
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  func file(_ name: String) -> String { "\(path)/\(name)" }

  var contents: [String] { get throws { try FileManager.default.contentsOfDirectory(atPath: path).sorted() } }
}

/// The bytes of a golden file beside the tests.
func golden(_ name: String, _ here: String = #filePath) -> String {
  URL(fileURLWithPath: here).deletingLastPathComponent().appendingPathComponent("Golden/\(name)").path
}

/// Storage with the given bytes.
func storage(_ bytes: [UInt8]) -> TensorStorage {
  let storage = TensorStorage(byteCount: bytes.count)
  for (index, byte) in bytes.enumerated() { storage.base.storeBytes(of: byte, toByteOffset: index, as: UInt8.self) }
  return storage
}
