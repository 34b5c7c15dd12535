#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// The processor that plans run on.
package enum Processor {
  /// Its name as the system gives it, e.g. `AMD EPYC 9R14`; nil where it gives none.
  package static let name: String? = {
    guard let file = fopen("/proc/cpuinfo", "r") else { return nil }
    defer { fclose(file) }
    var bytes = [UInt8](repeating: 0, count: 1 << 14)
    let count = fread(&bytes, 1, bytes.count, file)
    let lines = String(decoding: bytes[..<count], as: UTF8.self).split(separator: "\n")
    guard let line = lines.first(where: { $0.hasPrefix("model name") }), let colon = line.firstIndex(of: ":")
    else { return nil }
    return String(line[line.index(after: colon)...].drop { $0 == " " })
  }()

  /// Bytes of memory that the machine has.
  package static var memory: Int { Context.memoryLimit() }
}
