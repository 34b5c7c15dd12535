import Synchronization

/// A file that a data set leaves out, and why.
public struct SkippedFile: Sendable, Hashable, CustomStringConvertible {
  /// The file, as it was found.
  public let path: String
  /// Line of the table that names it, from 1; nil where there is none.
  public let line: Int?
  /// What is wrong with it, a sentence that names it.
  public let reason: String

  public var description: String { reason }
}

/// The files that were left out so far; any thread may add.
final class SkipReport: Sendable {
  private struct Entry {
    let order: Int
    let file: SkippedFile
  }

  private let entries = Mutex<[Entry]>([])

  /// Adds a file once; `order` is its place in the list of all. Returns the number of entries.
  @discardableResult
  func add(_ file: SkippedFile, order: Int) -> Int {
    entries.withLock { entries in
      if !entries.contains(where: { $0.order == order && $0.file == file }) {
        entries.append(Entry(order: order, file: file))
      }
      return entries.count
    }
  }

  /// In the order of all files, whichever thread was first.
  var files: [SkippedFile] {
    entries.withLock { entries in entries.sorted { $0.order < $1.order }.map(\.file) }
  }
}
