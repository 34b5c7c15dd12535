import Foundation
import Fovea
import FoveaExchange
import Testing

/// A training that is killed again and again, some times in the middle of writing its checkpoint, ends with the bytes
/// of one that nobody disturbed. `Scripts/kill-test` kills twenty times.
@Suite struct KillTests {
  private static let kills = Int(ProcessInfo.processInfo.environment["FOVEA_KILLS"] ?? "") ?? 5
  private static let interval = 25
  private static let steps = 60 * kills + 100

  private let digits: Digits

  init() throws { digits = try Digits() }

  /// A run's directory, and what can be seen of it from outside.
  private struct Run {
    let path: String

    private func names() -> [String] { (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? [] }

    /// True while a file of the run is being written, or after that was broken off.
    var hasPartialFile: Bool { names().contains { $0.hasSuffix(".partial") } }

    /// The last step that the log tells of; a torn line tells nothing.
    var loggedStep: Int { (try? MetricsLog.read("\(path)/metrics.jsonl").map(\.step).max()) ?? 0 }

    /// The step of the checkpoint; nil where there is none.
    var savedStep: Int? {
      guard let metadata = try? ModelFile.readExtra("\(path)/last.safetensors").metadata,
        let text = metadata["fovea.training"], let object = try? JSONValue(parsing: text).object
      else { return nil }
      return object["step"]?.integer
    }
  }

  private func start(_ words: [String]) throws -> Process {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: FoveaProgram.path)
    process.arguments = words
    process.currentDirectoryURL = URL(fileURLWithPath: digits.scratch.path)
    process.standardInput = FileHandle.nullDevice
    process.standardOutput = FileHandle.nullDevice
    process.standardError = FileHandle.nullDevice
    try process.run()
    return process
  }

  private var training: [String] {
    [
      "train", "two-conv", "--data", digits.data, "--steps", "\(KillTests.steps)", "--batch", "16", "--lr", "0.01",
      "--validation", "0.2", "--checkpoint-every", "\(KillTests.interval)", "--threads", "1",
    ]
  }

  /// Waits for `condition` and kills; false when the program ended before.
  private func kill(_ process: Process, when condition: () -> Bool) -> Bool {
    var isMet = false
    let limit = Date(timeIntervalSinceNow: 60)
    while process.isRunning, !isMet, Date() < limit {
      isMet = condition()
      if !isMet { usleep(100) }
    }
    Foundation.kill(process.processIdentifier, SIGKILL)
    process.waitUntilExit()
    return isMet && process.terminationReason == .uncaughtSignal
  }

  @Test func aKilledRunLosesAtMostOneInterval() throws {
    let whole = Run(path: digits.scratch.file("whole"))
    let calm = try start(training + ["--out", "whole"])
    calm.waitUntilExit()
    #expect(calm.terminationStatus == 0)

    let run = Run(path: digits.scratch.file("run"))
    var words = training + ["--out", "run"]
    var killed = 0
    var killedInAWrite = 0
    let wanted = (KillTests.kills + 3) / 4
    for number in 1...KillTests.kills {
      let target = number * KillTests.steps / (KillTests.kills + 1)
      // Every fourth in the middle of a write, from the first one on; the others wherever the program is.
      let inAWrite = number % 4 == 1
      var attempts = 0
      repeat {
        attempts += 1
        let process = try start(words)
        let isKilled = kill(process) {
          guard run.loggedStep >= target, run.savedStep != nil else { return false }
          return !inAWrite || run.hasPartialFile
        }
        guard isKilled else { break }
        killed += 1
        if run.hasPartialFile { killedInAWrite += 1 }
        let saved = try #require(run.savedStep, "no checkpoint after kill \(number)")
        #expect(run.loggedStep - saved <= KillTests.interval, "kill \(number): \(run.loggedStep), saved \(saved)")
        words = ["train", "--resume", "run"]
      } while inAWrite && !run.hasPartialFile && attempts < 20
    }
    #expect(killed >= KillTests.kills && killedInAWrite >= wanted, "\(killed) kills, \(killedInAWrite) in a write")

    let last = try start(words)
    last.waitUntilExit()
    #expect(last.terminationStatus == 0)
    for file in ["last.safetensors", "best.safetensors"] {
      #expect(try Scratch.bytes(of: "\(run.path)/\(file)") == Scratch.bytes(of: "\(whole.path)/\(file)"), "\(file)")
    }
    #expect(!run.hasPartialFile)
    func curve(_ run: Run) throws -> [MetricsLog.Entry] {
      try MetricsLog.read("\(run.path)/metrics.jsonl").map { entry in
        var metrics = entry.metrics
        metrics["images_per_s"] = nil
        metrics["waited_share"] = nil
        return MetricsLog.Entry(step: entry.step, metrics: metrics, notes: entry.notes)
      }
    }
    #expect(try curve(run) == curve(whole))
    print("\(killed) kills, \(killedInAWrite) of them in a write, over \(KillTests.steps) steps")
  }
}
