import CFoveaFuzz
import FoveaData
import FoveaTensors

/// NumPy's `.npy`.
enum NPYTarget: FuzzTarget {
  static let name = "npy"

  static func run(_ bytes: UnsafeRawBufferPointer) throws {
    let tensor = try NPY.decode(bytes, name: "x.npy")
    _ = tensor.withUnsafeBytes { $0.reduce(0, ^) }
  }
}

/// gzip, up to a million bytes.
enum GzipTarget: FuzzTarget {
  static let name = "gzip"

  static func run(_ bytes: UnsafeRawBufferPointer) throws {
    _ = try GzipReader.gunzip(bytes, name: "x.gz", limit: 1 << 20)
  }
}

/// MNIST's files, plain and compressed, as pictures and as labels.
enum IDXTarget: FuzzTarget {
  static let name = "idx"

  static func run(_ bytes: UnsafeRawBufferPointer) throws {
    let path = String(cString: fovea_fuzz_file(bytes.bindMemory(to: UInt8.self).baseAddress, bytes.count))
    _ = try? IDX.labels(path: path)
    _ = try IDX.images(path: path)
  }
}
