import FoveaExchange
import FoveaTensors

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// The event files of a directory, and their repair when a run is resumed.
enum EventFiles {
  static let prefix = "events.out.tfevents."

  /// The paths of a directory's event files, oldest first (the name begins with the time).
  static func list(in directory: String) throws(FileError) -> [String] {
    guard let handle = opendir(directory) else { throw .last("list", directory) }
    defer { closedir(handle) }
    var names: [String] = []
    while let entry = readdir(handle) {
      let name = withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
        String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
      }
      if name.hasPrefix(prefix) { names.append(name) }
    }
    func time(_ name: String) -> Int { Int(name.dropFirst(prefix.count).prefix { $0.isNumber }) ?? 0 }
    return names.sorted { (time($0), $0) < (time($1), $1) }.map { "\(directory)/\($0)" }
  }

  /// Drops the events after `step` and whatever follows the last sound record.
  static func drop(after step: Int, from path: String) throws(FileError) -> LogRepair {
    try AppendFile.rewrite(path) { bytes in
      var repair = LogRepair()
      var ranges: [Range<Int>] = []
      var end = 0
      while let record = RecordFraming.record(in: bytes, at: end) {
        end = record.range.upperBound
        if let its = Event.step(of: record.data), its > step {
          repair.dropped += 1
        } else {
          repair.kept += 1
          ranges.append(record.range)
        }
      }
      repair.tornBytes = bytes.count - end
      return (ranges, repair)
    }
  }
}
