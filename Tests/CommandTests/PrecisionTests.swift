import Foundation
import Fovea
import Testing

/// `--precision bf16`.
@Suite(.enabled(if: OneDNNBackend.bf16Support == .native, "this processor has no bf16")) struct PrecisionTests {
  private let digits: Digits

  init() throws { digits = try Digits() }

  @Test func trainsEvaluatesAndGoesOn() throws {
    let options = [
      "train", "two-conv", "--data", digits.data, "--batch", "20", "--steps", "1000", "--threads", "1", "--precision",
      "bf16",
    ]
    let outcome = try FoveaProgram.run(options + ["--out", "run"], in: digits.scratch)
    #expect(outcome.status == 0, "\(outcome.err)")
    #expect(outcome.out.contains(" --precision bf16 --out run"), "\(outcome.out)")
    #expect(outcome.out.contains(", bf16, 1 thread"), "\(outcome.out)")
    let record = try RunRecord.read(directory: digits.scratch.file("run"))
    #expect(record.precision == "bf16")
    // Weights are f32 in the file, and more than bf16 could tell.
    let model = try ModelFile.read(digits.scratch.file("run/last.safetensors"))
    for (path, tensor) in try model.parameterTensors() {
      #expect(tensor.dtype == .f32)
      #expect(tensor.array(of: Float.self).contains { $0.bitPattern & 0xffff != 0 }, "\(path)")
    }
    func accuracy(_ precision: String) throws -> Double {
      let object = try FoveaProgram.run(
        "evaluate", "run/last.safetensors", "--data", digits.data, "--json", "--precision", precision,
        in: digits.scratch
      ).object()
      return try #require(object["top1"] as? Double)
    }
    #expect(try accuracy("bf16") > 0.9)
    #expect(try abs(accuracy("bf16") - accuracy("f32")) < 0.05)
    // Interrupted and resumed, in the run's own precision: the same bits.
    let half = try FoveaProgram.run(
      options + ["--out", "half"], in: digits.scratch,
      interruptWhen: { (try? Scratch.bytes(of: digits.scratch.file("half/metrics.jsonl")).count) ?? 0 > 0 })
    #expect(half.status == 130, "\(half.err)")
    let resumed = try FoveaProgram.run("train", "--resume", "half", in: digits.scratch)
    #expect(resumed.status == 0, "\(resumed.err)")
    #expect(!resumed.err.contains("may differ"), "\(resumed.err)")
    let again = try ModelFile.read(digits.scratch.file("half/last.safetensors"))
    for (a, b) in zip(try model.parameterTensors(), try again.parameterTensors()) {
      #expect(a.tensor.array(of: Float.self) == b.tensor.array(of: Float.self), "\(a.path)")
    }
  }

  @Test func benchSaysWhatItTimed() throws {
    let words = ["bench", "two-conv", "--batch", "2", "--json"]
    #expect(try FoveaProgram.run(words + ["--precision", "bf16"]).object()["precision"] as? String == "bf16")
    #expect(try FoveaProgram.run(words).object()["precision"] as? String == "f32")
  }

  @Test func aProcessorWithoutItIsNamed() throws {
    func bench(_ level: String) throws -> FoveaProgram.Outcome {
      try FoveaProgram.run(
        ["bench", "two-conv", "--batch", "2", "--precision", "bf16", "--explain-plan"],
        environment: ["ONEDNN_MAX_CPU_ISA": level])
    }
    let emulated = try bench("AVX512_CORE")
    #expect(emulated.status == 0, "\(emulated.err)")
    #expect(emulated.err.contains("it is emulated, which is slower than f32"), "\(emulated.err)")
    let none = try bench("AVX2")
    #expect(none.status == 0, "\(none.err)")
    #expect(none.err.contains("everything is computed in f32"), "\(none.err)")
    #expect(!none.out.contains(" bf16 "), "\(none.out)")
  }

  @Test func theReferenceHasOnePrecision() throws {
    let outcome = try FoveaProgram.run("bench", "two-conv", "--device", "reference", "--precision", "bf16")
    #expect(outcome.status == 2)
    #expect(outcome.err.contains("--precision bf16 contradicts it"))
    #expect(try FoveaProgram.run("bench", "two-conv", "--precision", "f8").status == 2)
  }
}
