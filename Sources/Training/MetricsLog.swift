import FoveaExchange
import FoveaTensors

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// A run's `metrics.jsonl`: one JSON object a line, keys sorted, for scripts and plots.
///
/// ```swift
/// let log = try MetricsLog(path: "runs/first/metrics.jsonl")
/// try log.append(step: 100, ["loss": 0.42, "rate": 0.06], notes: ["split": "train"])
/// // {"loss":0.42,"rate":0.06,"split":"train","step":100}
/// ```
///
/// A number that is not finite is written as the string "NaN", "Infinity" or "-Infinity".
public final class MetricsLog {
  /// One line of the log.
  public struct Entry: Equatable, Sendable {
    /// The training step that the line is about.
    public let step: Int
    /// Its numbers, also those that are not finite.
    public let metrics: [String: Double]
    /// Its texts.
    public let notes: [String: String]

    /// A line from its parts.
    public init(step: Int, metrics: [String: Double], notes: [String: String] = [:]) {
      self.step = step
      self.metrics = metrics
      self.notes = notes
    }
  }

  /// The file that is written.
  public var path: String { file.path }
  /// What resuming took out.
  public let repair: LogRepair

  private let file: AppendFile

  /// Opens a log to append to; it is made where it is missing.
  /// - Throws: `MetricsLogError.file`.
  public init(path: String) throws(MetricsLogError) {
    do throws(FileError) { file = try AppendFile(path: path) } catch { throw .file(error) }
    repair = LogRepair()
  }

  /// Goes on with a log from `step`: lines of later steps and a torn last line are dropped.
  /// - Throws: `MetricsLogError.file`.
  public init(resuming path: String, after step: Int) throws(MetricsLogError) {
    do throws(FileError) {
      // Made first where it is missing, so that there is something to repair; opened afterwards,
      // since the repair may put another file under this name.
      _ = try AppendFile(path: path)
      repair = try AppendFile.rewrite(path) { MetricsLog.choose($0, after: step) }
      file = try AppendFile(path: path)
    } catch { throw .file(error) }
  }

  /// Adds a line, which reaches the file whole or not at all.
  /// - Throws: `MetricsLogError.badName` for a metric or note called "step" or one that is both;
  ///   `.file`.
  public func append(
    step: Int, _ metrics: [String: Double], notes: [String: String] = [:]
  ) throws(MetricsLogError) {
    var object: [String: Any] = ["step": step]
    for (name, value) in metrics where object.updateValue(value, forKey: name) != nil { throw .badName(name) }
    for (name, value) in notes where object.updateValue(value, forKey: name) != nil { throw .badName(name) }
    do throws(FileError) { try file.append(Array((JSONText.line(object) + "\n").utf8)) } catch { throw .file(error) }
  }

  /// Makes the lines last through a power cut.
  func sync() throws(MetricsLogError) {
    do throws(FileError) { try file.sync() } catch { throw .file(error) }
  }

  /// The complete lines of a log; one that cannot be read is left out.
  /// - Throws: `MetricsLogError.file`.
  public static func read(_ path: String) throws(MetricsLogError) -> [Entry] {
    let mapped: MappedFile
    do throws(TensorError) { mapped = try MappedFile(path: path) } catch {
      throw .file(.refused(path: path, action: "read", reason: error.description))
    }
    return lines(of: mapped.bytes).ranges.compactMap { range in
      guard let object = object(mapped.bytes, range), let step = object["step"]?.integer else { return nil }
      var metrics: [String: Double] = [:]
      var notes: [String: String] = [:]
      for member in object.members where member.key != "step" {
        if let number = member.value.double {
          metrics[member.key] = number
        } else if let text = member.value.string {
          notes[member.key] = text
        }
      }
      return Entry(step: step, metrics: metrics, notes: notes)
    }
  }

  private static func choose(_ bytes: UnsafeRawBufferPointer, after step: Int) -> ([Range<Int>], LogRepair) {
    var repair = LogRepair()
    var kept: [Range<Int>] = []
    let (ranges, torn) = lines(of: bytes)
    repair.tornBytes = torn
    for range in ranges {
      guard let object = object(bytes, range) else {
        repair.unreadable += 1
        continue
      }
      if let its = object["step"]?.integer, its > step {
        repair.dropped += 1
      } else {
        repair.kept += 1
        kept.append(range)
      }
    }
    return (kept, repair)
  }

  /// The lines that end, each with its newline, and the bytes after the last of them.
  private static func lines(of bytes: UnsafeRawBufferPointer) -> (ranges: [Range<Int>], torn: Int) {
    var ranges: [Range<Int>] = []
    var start = 0
    for index in bytes.indices where bytes[index] == UInt8(ascii: "\n") {
      ranges.append(start..<index + 1)
      start = index + 1
    }
    return (ranges, bytes.count - start)
  }

  private static func object(_ bytes: UnsafeRawBufferPointer, _ range: Range<Int>) -> JSONObject? {
    (try? JSONValue(parsing: UnsafeRawBufferPointer(rebasing: bytes[range])))?.object
  }
}

/// What can go wrong with a metrics log.
public enum MetricsLogError: Error, Equatable {
  /// The file system refused.
  case file(FileError)
  /// A name that the line holds already.
  case badName(String)
}

extension MetricsLogError: CustomStringConvertible {
  public var description: String {
    switch self {
    case .file(let error): error.description
    case .badName(let name):
      "a line of metrics.jsonl holds \(Named.short(name)) already (\"step\" is its own key); rename the metric"
    }
  }
}
