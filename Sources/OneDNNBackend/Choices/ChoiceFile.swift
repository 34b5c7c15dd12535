import FoveaTensors

// The part of Foundation without its tables of languages: the whole of it doubles the time that the program starts in.
#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// The file of what was measured: a line that says what it is, then a JSON object a line.
enum ChoiceFile {
  static let header = #"{"fovea":"convolution choices","version":1}"#
  /// A larger file is nobody's measurements.
  static let limit = 64 << 20

  /// False for a file that something else has written.
  static func isOurs(_ path: String) -> Bool {
    guard FileManager.default.fileExists(atPath: path) else { return true }
    return lines(path) != nil
  }

  /// The records that can be read; none of a foreign file. Damaged lines are left out.
  static func records(_ path: String) -> [ConvRecord] {
    let decoder = JSONDecoder()
    return (lines(path) ?? []).compactMap { line in
      guard let record = try? decoder.decode(ConvRecord.self, from: Data(line)), record.isSound else { return nil }
      return record
    }
  }

  /// Replaces the file: written beside, then renamed.
  static func write(_ records: [ConvRecord], to path: String) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    var text = header + "\n"
    for record in records { text += String(decoding: try encoder.encode(record), as: UTF8.self) + "\n" }
    try AtomicFile.write(text, to: path)
  }

  /// The lines behind the first; nil when the file is none of ours.
  private static func lines(_ path: String) -> [ArraySlice<UInt8>]? {
    guard let file = try? MappedFile(path: path), file.bytes.count <= limit else { return nil }
    let lines = Array(file.bytes).split(separator: UInt8(ascii: "\n"))
    guard let first = lines.first, Array(first) == Array(header.utf8) else { return nil }
    return Array(lines.dropFirst())
  }
}

extension ConvRecord {
  /// False for what no measurement could have written.
  var isSound: Bool {
    threads > 0 && candidates.contains { $0.wish == chosen }
      && candidates.allSatisfy { candidate in
        [candidate.milliseconds, candidate.reorders].allSatisfy {
          $0.map { $0.isFinite && $0 >= 0 && $0 < 1e9 } ?? true
        }
      }
  }
}
