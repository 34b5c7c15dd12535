import Foundation

/// The repository that this test was compiled from.
enum Repository {
  static let root = URL(filePath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

  /// The text of a file, given by its path from the root.
  static func text(_ path: String) throws -> String {
    String(decoding: try Data(contentsOf: root.appending(path: path)), as: UTF8.self)
  }

  /// The folders directly in `path`, sorted.
  static func folders(in path: String) throws -> [String] {
    try FileManager.default.contentsOfDirectory(
      at: root.appending(path: path), includingPropertiesForKeys: [.isDirectoryKey], options: .skipsHiddenFiles
    )
    .filter { try $0.resourceValues(forKeys: [.isDirectoryKey]).isDirectory == true }
    .map(\.lastPathComponent).sorted()
  }

  /// Every file under `path` (or `path` itself when it is one), as sorted paths from the root.
  /// Hidden folders such as `.build` are left out; a path that does not exist has no files.
  static func files(under path: String) -> [String] {
    let start = root.appending(path: path)
    var isFolder: ObjCBool = false
    guard FileManager.default.fileExists(atPath: start.path, isDirectory: &isFolder) else { return [] }
    guard isFolder.boolValue else { return [path] }
    guard
      let walk = FileManager.default.enumerator(
        at: start, includingPropertiesForKeys: [.isRegularFileKey], options: .skipsHiddenFiles)
    else { return [] }
    var found: [String] = []
    for case let url as URL in walk
    where (try? url.resourceValues(forKeys: [.isRegularFileKey]).isRegularFile) == true {
      found.append(path + url.standardizedFileURL.path.dropFirst(start.standardizedFileURL.path.count))
    }
    return found.sorted()
  }
}
