import Foundation
import Fovea
import Synchronization
import Testing

/// Plans against the interpreter, by random graphs. `make check-plans GRAPHS=100000` tries many; a difference is made
/// small and printed with its seed, and `SEED=n GRAPHS=1` shows it again.
@Suite struct PlanCheckTests {
  /// The operators that no random graph brings about, and why.
  static let unseen: [String: String] = [:]

  private static func number(_ name: String) -> Int? {
    ProcessInfo.processInfo.environment[name].flatMap { Int($0) }
  }

  private struct Findings {
    var seen: Set<String> = []
    var differences: [String] = []
    var unsteady: [UInt64] = []
    var done = 0
  }

  @Test func plansAnswerAsTheInterpreterDoes() throws {
    let count = Self.number("FOVEA_GRAPHS") ?? 2000
    let first = UInt64(Self.number("FOVEA_SEED") ?? 1)
    let findings = Mutex(Findings())
    let next = Mutex(first)
    CurrentSeeds.watch()
    let workers = min(Self.number("FOVEA_WORKERS") ?? Device.processors, 8)
    DispatchQueue.concurrentPerform(iterations: workers) { worker in
      while true {
        let seed = next.withLock { seed in
          defer { seed += 1 }
          return seed
        }
        guard seed < first + UInt64(count) else { return }
        CurrentSeeds.set(worker, seed)
        Self.check(seed, findings, of: count)
      }
    }
    let result = findings.withLock { $0 }
    print(
      "plan check: \(result.done) graphs from seed \(first), \(result.differences.count) differences, "
        + "\(result.unsteady.count) ties \(result.unsteady.prefix(5)), \(result.seen.count) operators")
    for text in result.differences { Issue.record("\(text)") }
    if count >= 2000 {
      let missing = Set(Registry.standard.names).subtracting(result.seen).subtracting(Self.unseen.keys)
      #expect(missing.isEmpty, "no graph has \(missing.sorted().joined(separator: ", "))")
    }
  }

  private static func check(_ seed: UInt64, _ findings: borrowing Mutex<Findings>, of count: Int) {
    let trial = Trial(seed: seed)
    if count == 1 {
      print(trial.outline)
      // A library may crash while it makes the plan.
      fflush(nil)
      print(trial.text)
    }
    var seen: Set<String> = []
    let found = trial.difference { seen = $0 }
    var text: String?
    var isTie = false
    if let found {
      if trial.isSteady {
        let small = trial.shrunk()
        text = "\nseed \(seed): \(small.difference() ?? found)\n\(small.text)"
        print(text ?? "")
      } else {
        isTie = true
      }
    }
    findings.withLock { findings in
      findings.seen.formUnion(seen)
      findings.done += 1
      if let text { findings.differences.append(text) }
      if isTie { findings.unsteady.append(seed) }
      if count > 5000, findings.done % 1000 == 0 { print("plan check: \(findings.done) of \(count)") }
    }
  }
}

/// Which seeds are being tried, said when the program crashes.
enum CurrentSeeds {
  nonisolated(unsafe) private static let seeds = UnsafeMutablePointer<UInt64>.allocate(capacity: 8)

  static func set(_ worker: Int, _ seed: UInt64) { seeds[worker] = seed }

  static func watch() {
    seeds.initialize(repeating: 0, count: 8)
    for number in [SIGILL, SIGSEGV, SIGBUS, SIGTRAP, SIGFPE, SIGABRT] {
      signal(number) { number in
        CurrentSeeds.say()
        signal(number, SIG_DFL)
        raise(number)
      }
    }
  }

  /// Nothing that allocates: a signal may come at any moment.
  private static func say() {
    for worker in 0..<8 where seeds[worker] > 0 {
      var line: (UInt8, UInt8) = (0, 0)
      var digits: UInt64 = 1
      while seeds[worker] / digits >= 10 { digits *= 10 }
      while digits > 0 {
        line.0 = UInt8(48 + seeds[worker] / digits % 10)
        withUnsafeBytes(of: &line) { _ = write(2, $0.baseAddress, 1) }
        digits /= 10
      }
      line.0 = 10
      withUnsafeBytes(of: &line) { _ = write(2, $0.baseAddress, 1) }
    }
  }
}
