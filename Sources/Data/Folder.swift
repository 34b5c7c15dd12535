import FoveaTensors

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// Looks into directories. By hand, since Foundation would double the time to start.
enum Folder {
  /// What lies at a path, links followed.
  enum Kind { case file, directory, other }

  static func exists(_ path: String) -> Bool { access(path, F_OK) == 0 }

  static func kind(of path: String) -> Kind? {
    var status = stat()
    guard stat(path, &status) == 0 else { return nil }
    switch status.st_mode & S_IFMT {
    case S_IFREG: return .file
    case S_IFDIR: return .directory
    default: return .other
    }
  }

  static func isLink(_ path: String) -> Bool {
    var status = stat()
    return lstat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFLNK
  }

  /// The names in a directory, in the order of their bytes; hidden ones and `.`, `..` left out.
  /// - Throws: `DataError.tensors` when it cannot be read.
  static func names(in directory: String) throws(DataError) -> [String] {
    guard let stream = opendir(directory) else {
      throw .tensors(TensorError(FileError.last("look into", directory)))
    }
    defer { closedir(stream) }
    var names: [String] = []
    while let entry = readdir(stream) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
        pointer.withMemoryRebound(to: CChar.self, capacity: MemoryLayout.size(ofValue: pointer.pointee)) {
          String(cString: $0)
        }
      }
      if !name.hasPrefix(".") { names.append(name) }
    }
    return sorted(names)
  }

  /// The names of the directories in a directory.
  static func directories(in directory: String) throws(DataError) -> [String] {
    try names(in: directory).filter { kind(of: directory + "/" + $0) == .directory }
  }

  /// In the order of their bytes, which no locale changes.
  static func sorted(_ names: [String]) -> [String] {
    names.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
  }
}

/// A text file in lines, without their ends.
struct TextLines {
  let lines: [String]

  /// - Throws: `DataError.tensors` when it cannot be read; `.badText` when it is no UTF-8 text or larger than
  ///   `limit` bytes.
  init(path: String, limit: Int = 1 << 30) throws(DataError) {
    let file: MappedFile
    do { file = try MappedFile(path: path) } catch { throw .tensors(error) }
    guard file.bytes.count <= limit else {
      throw .badText(path: path, reason: "it has \(file.bytes.count) bytes, more than the \(limit) that are allowed")
    }
    var bytes = file.bytes[...]
    if bytes.starts(with: [0xef, 0xbb, 0xbf]) { bytes = bytes.dropFirst(3) }
    var lines: [String] = []
    var start = bytes.startIndex
    while start < bytes.endIndex {
      let end = bytes[start...].firstIndex(of: 0x0a) ?? bytes.endIndex
      var line = bytes[start..<end]
      if line.last == 0x0d { line = line.dropLast() }
      guard !line.contains(0), let text = String(validating: line, as: UTF8.self) else {
        throw .badText(path: path, reason: "line \(lines.count + 1) is no UTF-8 text")
      }
      lines.append(text)
      start = min(end + 1, bytes.endIndex)
    }
    self.lines = lines
    withExtendedLifetime(file) {}
  }
}
