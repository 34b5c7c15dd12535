import FoveaExecution

/// One of the library's ways of running a convolution, as it was measured.
struct ConvCandidate: Sendable, Equatable, Codable {
  /// The name of the `ConvWish`.
  var wish: String
  /// Kernel and orders.
  var kernel: String
  /// Of the step itself.
  var milliseconds: Double?
  /// Of the reorders that it causes.
  var reorders: Double?
  /// Why there is no time.
  var reason: String?

  init(_ wish: String, _ kernel: String, reason: String? = nil) {
    self.wish = wish
    self.kernel = kernel
    self.reason = reason
  }

  /// Milliseconds with the reorders; nil where it was not timed to the end.
  var total: Double? { milliseconds.map { $0 + (reorders ?? 0) } }
}

/// What was measured for one convolution.
struct ConvRecord: Sendable, Equatable, Codable {
  /// Of `ConvProblem`.
  var key: String
  var threads: Int
  /// The processor and the library; empty until the record is kept.
  var machine = ""
  /// The wish that won.
  var chosen: String
  /// The rule's choice first.
  var candidates: [ConvCandidate]

  init(key: String, threads: Int, chosen: String, candidates: [ConvCandidate]) {
    self.key = key
    self.threads = threads
    self.chosen = chosen
    self.candidates = candidates
  }

  /// Kernel and orders of a step: two wishes with the same text are one way.
  static func text(of step: Proposal) -> String {
    func list(_ layouts: [Layout]) -> String { layouts.map(\.description).joined(separator: ", ") }
    return "\(step.detail) (\(list(step.inputs))) → (\(list(step.outputs)))"
  }

  /// For people: the winner, then the others with what speaks against them.
  var lines: [String] {
    func time(_ candidate: ConvCandidate) -> String {
      guard let own = candidate.milliseconds else { return candidate.reason ?? "the only one" }
      let reorders = candidate.reorders ?? 0
      return "\(ConvRecord.decimals(own)) ms"
        + (reorders > 0 ? " + \(ConvRecord.decimals(reorders)) ms of reorders" : "")
    }
    let (won, lost) = (candidates.filter { $0.wish == chosen }, candidates.filter { $0.wish != chosen })
    func line(_ word: String, _ candidate: ConvCandidate) -> String {
      "\(word) \(candidate.wish): " + (candidate.kernel.isEmpty ? "" : "\(candidate.kernel), ") + time(candidate)
    }
    return won.map { line("chosen", $0) } + lost.map { line("not", $0) }
  }

  private static func decimals(_ value: Double) -> String {
    let thousandths = Int((value * 1000).rounded())
    let rest = String(thousandths % 1000)
    return "\(thousandths / 1000)." + String(repeating: "0", count: 3 - rest.count) + rest
  }
}
