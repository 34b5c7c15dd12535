import FoveaExchange
import FoveaGraphs
import FoveaTensors

/// The graph of a model file: the bytes are its JSON, in a file without tensors.
enum GraphTarget: FuzzTarget {
  static let name = "graph"

  static func run(_ bytes: UnsafeRawBufferPointer) throws {
    let text = String(decoding: bytes, as: UTF8.self)
    let header = Array("{\"__metadata__\":{\"fovea.graph\":\(JSONText.quoted(text))}}".utf8)
    let storage = TensorStorage(byteCount: 8 + header.count)
    storage.base.storeBytes(of: UInt64(header.count).littleEndian, as: UInt64.self)
    header.withUnsafeBytes { (storage.base + 8).copyMemory(from: $0.baseAddress!, byteCount: $0.count) }
    _ = try ModelFile.read(SafetensorsFile(path: "x.safetensors", storage: storage), registry: .standard)
  }
}
