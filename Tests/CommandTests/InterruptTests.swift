import Foundation
import Fovea
import Testing

/// Ctrl-C and what follows.
@Suite struct InterruptTests {
  /// Enough steps that no machine finishes them before it is interrupted.
  private static let many = "100000"

  private func interrupted(_ digits: Digits) throws -> FoveaProgram.Outcome {
    try FoveaProgram.run(
      "train", "two-conv", "--data", digits.data, "--steps", InterruptTests.many, "--batch", "10", "--out", "run",
      in: digits.scratch, interruptWhen: { size(digits) > 0 })
  }

  /// Bytes of the run's log, which grows every fifty steps.
  private func size(_ digits: Digits) -> Int {
    (try? Scratch.bytes(of: digits.scratch.file("run/metrics.jsonl")).count) ?? 0
  }

  @Test func stopsSavesAndSaysHowToGoOn() throws {
    let digits = try Digits()
    let outcome = try interrupted(digits)
    #expect(outcome.status == 130)
    #expect(outcome.err.contains("and saved; go on with\n  fovea train --resume run\n"), "\(outcome.err)")
    // The file is whole and a model like any other.
    let evaluation = try FoveaProgram.run(
      "evaluate", "run/last.safetensors", "--data", digits.data, "--json", in: digits.scratch)
    #expect(evaluation.status == 0, "\(evaluation.err)")

    let before = size(digits)
    let again = try FoveaProgram.run(
      "train", "--resume", "run/", in: digits.scratch, interruptWhen: { size(digits) > before })
    #expect(again.status == 130, "\(again.err)")
    #expect(again.out.hasPrefix("fovea train --resume run\n"))
    func steps(_ outcome: FoveaProgram.Outcome) -> Int {
      Int(outcome.err.split(separator: " ").dropFirst(3).first.map { $0.filter(\.isNumber) } ?? "") ?? 0
    }
    #expect(steps(again) > steps(outcome), "\(outcome.err)\(again.err)")

    let contradiction = try FoveaProgram.run(
      "train", "--resume", "run", "--lr", "0.5", "--steps", "100000", "--data", "fashion-mnist", "--init", "he",
      in: digits.scratch)
    #expect(contradiction.status == 2)
    let lines = contradiction.err.split(separator: "\n").map(String.init)
    #expect(lines.first == "fovea train: 3 mistakes (fovea train --help):")
    #expect(lines.contains { $0.hasPrefix("  --lr 0.5 contradicts the run in run, which has 0.06;") })
    #expect(lines.contains { $0.hasPrefix("  --init he contradicts the run in run, which has default;") })
  }

  @Test func nothingToResume() throws {
    let digits = try Digits()
    let none = try FoveaProgram.run("train", "--resume", "none", in: digits.scratch)
    #expect(none.status == 1)
    #expect(none.err == "fovea train: none holds no run that can be resumed: there is no run.json\n")
    let run = try TrainedRun.shared.get()
    let done = try FoveaProgram.run("train", "--resume", run.directory)
    #expect(done.status == 1)
    #expect(done.err.contains("is complete (40 steps); there is nothing to resume"), "\(done.err)")
  }
}
