import FoveaExchange
import FoveaExecution
import FoveaLayers
import FoveaTensors

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// The names of a run's files.
package struct RunDirectory: Sendable {
  package let path: String

  package init(_ path: String) { self.path = path }

  package var record: String { "\(path)/run.json" }
  package var last: String { "\(path)/last.safetensors" }
  package var best: String { "\(path)/best.safetensors" }
  package var metrics: String { "\(path)/metrics.jsonl" }

  /// True when there is a run that a new one must not write over: one that has got beyond its start.
  package var holdsRun: Bool {
    guard RunDirectory.exists(last) else { return false }
    guard RunDirectory.exists(record), let state = try? TrainingState.read(last) else { return true }
    return state.step > 0
  }

  /// True when there is a file at `path`.
  static func exists(_ path: String) -> Bool {
    FileManager.default.fileExists(atPath: path)
  }
}

/// What `run.json` keeps: everything needed to repeat a run.
public struct RunRecord: Sendable, Equatable, Codable {
  /// Raised when a reader of today would misunderstand what is written.
  public static let currentFormat = 1

  /// The format of this record.
  public var format = RunRecord.currentFormat
  /// The model's name; empty when it has none.
  public var model: String
  /// What the data set calls itself.
  public var datasetName: String
  /// Number of examples in it, before the split.
  public var examples: Int
  /// Number of classes.
  public var classes: Int
  /// Number of examples that train.
  public var trainingExamples: Int
  /// Number of examples that validate.
  public var validationExamples: Int
  /// The batch that was really used.
  public var batch: Int
  /// As the command line calls it, e.g. `cpu`.
  public var device: String
  /// Number of threads of the plans.
  public var threads: Int
  /// With their versions, in order of preference.
  public var backends: [String]
  /// How the backends chose among ways of running a step; nil in runs from before there was a choice.
  public var tuning: String?
  /// The type in which convolutions and matrix products read their operands; nil in runs from before there was a choice.
  public var precision: String?
  /// What was asked for.
  public var options: TrainingOptions
  /// The processor's own name; nil where the system does not tell.
  public var processor: String?
  /// What the plans chose, by name; written as they are made.
  public var plans: [PlanRecord]?

  /// The record of a run.
  /// - Throws: `TrainingError.noRun`, `.badRun`.
  public static func read(directory: String) throws(TrainingError) -> RunRecord {
    let path = RunDirectory(directory).record
    guard RunDirectory.exists(path) else { throw .noRun(directory: directory, missing: "run.json") }
    do {
      let file = try MappedFile(path: path)
      let data = Data(file.bytes)
      let format = try JSONDecoder().decode(FormatOnly.self, from: data).format
      guard format <= RunRecord.currentFormat else {
        throw TrainingError.badRun(
          path: path,
          reason: "it has format \(format), this program knows formats up to \(RunRecord.currentFormat); "
            + "use a newer fovea")
      }
      let record = try JSONDecoder().decode(RunRecord.self, from: data)
      try record.options.check()
      return record
    } catch let error as TrainingError {
      if case .badRun = error { throw error }
      throw .badRun(path: path, reason: "\(error)")
    } catch let error as DecodingError {
      throw .badRun(path: path, reason: error.plainReason)
    } catch { throw .badRun(path: path, reason: "\(error)") }
  }

  /// What this machine's processor is called; nil where the system does not tell.
  static var processorName: String? { Processor.name }

  /// Writes it to a run's directory. Before the first checkpoint nothing is lost with it, so that waits for the disk.
  func write(directory: String) throws {
    let json = JSONEncoder()
    json.outputFormatting = [.sortedKeys, .prettyPrinted, .withoutEscapingSlashes]
    let text = String(decoding: try json.encode(self), as: UTF8.self) + "\n"
    do throws(FileError) { try AtomicFile.write(text, to: RunDirectory(directory).record, lasting: false) } catch {
      throw TrainingError.file(error)
    }
  }

  private struct FormatOnly: Decodable { let format: Int }
}

extension DecodingError {
  /// One line: Foundation's own description prints the inside of its types.
  var plainReason: String {
    func place(_ context: Context) -> String {
      let path = context.codingPath.map(\.stringValue).joined(separator: ".")
      return path.isEmpty ? "" : " at \"\(path)\""
    }
    switch self {
    case .keyNotFound(let key, let context): return "\"\(key.stringValue)\" is missing\(place(context))"
    case .typeMismatch(_, let context), .valueNotFound(_, let context):
      return "a value of the wrong kind\(place(context))"
    case .dataCorrupted(let context): return "damaged\(place(context)): \(context.debugDescription)"
    @unknown default: return "damaged"
    }
  }
}

/// Where a run stands, besides the model's and the optimizer's tensors: kept in the metadata of
/// `last.safetensors`.
struct TrainingState: Sendable, Codable {
  static let key = "fovea.training"

  /// Steps done. Epoch and batch, and so the loader's position, follow from it.
  var step = 0
  var epoch = 0
  var batch = 0
  /// Sums over the examples of this epoch so far, and since the last point of the curves.
  var epochSums = Sums()
  var intervalSums = Sums()
  var best: TrainingResult.Best?
  /// True when the validation set ended the run before its last step.
  var stoppedEarly: Bool?

  struct Sums: Sendable, Codable, Equatable {
    var loss = 0.0
    var correct = 0.0
    var examples = 0

    mutating func add(loss: Double, correct: Double, examples: Int) {
      self.loss += loss * Double(examples)
      self.correct += correct
      self.examples += examples
    }

    var meanLoss: Double { examples == 0 ? 0 : loss / Double(examples) }
    var accuracy: Double { examples == 0 ? 0 : correct / Double(examples) }
  }

  /// Writes a model with everything that a run needs to go on. Before the first step the moments are what they
  /// are made as, and are left out.
  func write(_ model: Model, to path: String) throws {
    let store = model.store
    var extra: [(name: String, tensor: Tensor)] = []
    // In a fixed order, so that equal runs leave equal files.
    for path in store.paths.sorted() where step > 0 && path.hasPrefix(Optimizer.statePrefix) {
      extra.append((path, try store.tensor(path)))
    }
    let json = JSONEncoder()
    json.outputFormatting = [.sortedKeys]
    let text = String(decoding: try json.encode(self), as: UTF8.self)
    do {
      // What was there before the first step is made again in a moment.
      try ModelFile.write(model, extra: extra, metadata: [TrainingState.key: text], to: path, lasting: step > 0)
    } catch ModelFileError.file(.unwritable(let error)) { throw TrainingError.file(error) }
  }

  /// Reads where a run stands, and puts the optimizer's moments into the model's store.
  static func read(_ path: String, into store: Store) throws -> TrainingState {
    let (tensors, metadata) = try ModelFile.readExtra(path)
    let state = try decode(metadata, path)
    for (name, tensor) in tensors where name.hasPrefix(Optimizer.statePrefix) { try store.set(name, to: tensor) }
    return state
  }

  /// Reads where a run stands.
  static func read(_ path: String) throws -> TrainingState { try decode(try ModelFile.readExtra(path).metadata, path) }

  private static func decode(_ metadata: [String: String], _ path: String) throws -> TrainingState {
    guard let text = metadata[key] else {
      throw TrainingError.badRun(path: path, reason: "it holds a model, but not where its training stands")
    }
    do { return try JSONDecoder().decode(TrainingState.self, from: Data(text.utf8)) } catch {
      throw TrainingError.badRun(path: path, reason: (error as? DecodingError)?.plainReason ?? "\(error)")
    }
  }
}
