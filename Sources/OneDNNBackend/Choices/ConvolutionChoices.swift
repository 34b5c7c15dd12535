import FoveaExecution
import FoveaTensors
import Synchronization

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// What was measured of convolutions: kept in memory, and on disk for the next time.
///
/// ```swift
/// let backend = OneDNNBackend(tuning: .measured, choices: ConvolutionChoices(directory: nil))
/// ```
public final class ConvolutionChoices: Sendable {
  /// Where the file is; nil for none.
  public let directory: String?
  private let machine: String
  private let state = Mutex(State())
  /// One plan at a time: two that are timed side by side would time each other.
  private static let clock = Mutex(())

  private struct State {
    var hasRead = false
    /// By machine, threads and key, with those of other machines.
    var records: [String: ConvRecord] = [:]
    /// Measured here and not on disk yet.
    var fresh: [ConvRecord] = []
  }

  /// - Parameter directory: where the file is kept and looked for; nil to remember in memory alone.
  public init(directory: String? = ConvolutionChoices.standardDirectory) {
    self.directory = directory
    machine = "\(Processor.name ?? "unknown processor"), oneDNN \(OneDNN.version)"
  }

  /// `FOVEA_CACHE`, where an empty value means none, else `fovea` below `XDG_CACHE_HOME` or `~/.cache`.
  public static var standardDirectory: String? {
    func variable(_ name: String) -> String? { getenv(name).map { String(cString: $0) } }
    if let own = variable("FOVEA_CACHE") { return own.isEmpty ? nil : own }
    // A relative path is none: the standard says to ignore it.
    if let base = variable("XDG_CACHE_HOME"), base.hasPrefix("/") { return base + "/fovea" }
    return variable("HOME").flatMap { $0.isEmpty ? nil : $0 + "/.cache/fovea" }
  }

  /// The file's path, nil when there is none.
  public var path: String? { directory.map { $0 + "/convolutions.jsonl" } }

  /// What is known of a convolution.
  func record(_ key: String, threads: Int) -> ConvRecord? {
    state.withLock { state in
      if !state.hasRead {
        state.hasRead = true
        for record in path.map(ChoiceFile.records) ?? [] { state.records[ConvolutionChoices.name(record)] = record }
      }
      return state.records[ConvolutionChoices.name(machine, threads, key)]
    }
  }

  /// What is known of a convolution, after measuring where nothing is.
  func measuring(_ key: String, threads: Int, _ measure: () -> ConvRecord) -> ConvRecord {
    ConvolutionChoices.clock.withLock { _ in
      // Another plan may have measured it while this one waited.
      if let known = record(key, threads: threads) { return known }
      var made = measure()
      made.machine = machine
      let kept = made
      state.withLock { state in
        state.records[ConvolutionChoices.name(kept)] = kept
        state.fresh.append(kept)
      }
      return kept
    }
  }

  /// Brings to disk what is new. That it cannot is no mistake: the next plan measures again.
  func save() {
    guard let path, let directory else { return }
    let fresh = state.withLock { state in
      defer { state.fresh = [] }
      return state.fresh
    }
    guard !fresh.isEmpty, ChoiceFile.isOurs(path) else { return }
    // Others may have added theirs meanwhile.
    let new = Set(fresh.map(ConvolutionChoices.name))
    let all = ChoiceFile.records(path).filter { !new.contains(ConvolutionChoices.name($0)) } + fresh
    do {
      try AtomicFile.makeDirectory(directory)
      try ChoiceFile.write(all, to: path)
    } catch {}
  }

  private static func name(_ machine: String, _ threads: Int, _ key: String) -> String {
    "\(machine); \(threads) threads; \(key)"
  }
  private static func name(_ record: ConvRecord) -> String { name(record.machine, record.threads, record.key) }
}
