#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// Small files of the system, such as those under `/proc`, which have no size to map, and what it says of others.
enum SystemFile {
  /// How long a file is; 0 where it is none.
  static func byteCount(_ path: String) -> Int {
    var information = stat()
    return stat(path, &information) == 0 ? Int(information.st_size) : 0
  }

  /// The lines of a file; none when it cannot be read.
  static func lines(_ path: String) -> [String] {
    guard let file = fopen(path, "r") else { return [] }
    defer { fclose(file) }
    var bytes: [UInt8] = []
    var piece = [UInt8](repeating: 0, count: 4096)
    while bytes.count < 1 << 22 {
      let count = fread(&piece, 1, piece.count, file)
      if count == 0 { break }
      bytes += piece[..<count]
    }
    return String(decoding: bytes, as: UTF8.self).split(whereSeparator: \.isNewline).map { line in
      String(line.map { $0 == "\t" ? " " : $0 })
    }
  }
}
