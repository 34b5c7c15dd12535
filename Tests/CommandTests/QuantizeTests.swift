import Foundation
import Fovea
import Testing

/// `fovea quantize`.
@Suite struct QuantizeTests {
  @Test func writesAModelThatAllCommandsTake() throws {
    let run = try TrainedRun.shared.get()
    let scratch = try Scratch()
    let file = scratch.file("whole.safetensors")
    let model = "\(run.directory)/last.safetensors"
    let outcome = try FoveaProgram.run(
      "quantize", model, "--data", run.digits.data, "--count", "60", "--out", file, "--json")
    #expect(outcome.status == 0, "\(outcome.err)")
    let object = try outcome.object()
    #expect(object["layers"] as? Int == 3)
    let before = try #require((object["before"] as? [String: Any])?["top1"] as? Double)
    let after = try #require((object["after"] as? [String: Any])?["top1"] as? Double)
    #expect(after > before - 0.05, "\(before) \(after)")
    let bytes = (try #require(object["bytes_before"] as? Int), try #require(object["bytes_after"] as? Int))
    #expect(bytes.1 * 3 < bytes.0)
    #expect(try Scratch.bytes(of: file).count * 2 < Scratch.bytes(of: model).count)
    let evaluation = try FoveaProgram.run("evaluate", file, "--data", run.digits.data, "--json").object()
    #expect(abs((evaluation["top1"] as? Double ?? 0) - after) < 1e-9)
    #expect(try FoveaProgram.run("bench", file, "--batch", "2", "--json").status == 0)
    let summary = try FoveaProgram.run("summary", file, "--json").object()
    #expect(summary["parameters"] as? Int == 62_346)
    // It is what it is: neither trained further nor quantized again.
    let train = try FoveaProgram.run(
      "train", file, "--data", run.digits.data, "--steps", "2", "--out", scratch.file("run"))
    #expect(
      train.status == 1 && !FileManager.default.fileExists(atPath: scratch.file("run")), "\(train.out)\(train.err)")
    let again = try FoveaProgram.run(
      "quantize", file, "--data", run.digits.data, "--out", scratch.file("a.safetensors"))
    #expect(again.status == 1 && again.err.contains("in 8 bits already"), "\(again.err)")
  }

  @Test func wrongUsageIsSaid() throws {
    func mistakes(_ words: String...) throws -> String {
      let outcome = try FoveaProgram.run(["quantize"] + words)
      #expect(outcome.status == 2)
      return outcome.err
    }
    let all = try mistakes("two-conv", "--data", "fashion-mnist")
    #expect(all.contains("--out FILE is missing") && all.contains("two-conv has random weights"))
    #expect(try mistakes("a.safetensors", "--data", "fashion-mnist", "--out", "b.onnx").contains("end in .safetensors"))
    #expect(
      try mistakes("a.safetensors", "--data", "fashion-mnist", "--out", "a.safetensors").contains("give another name"))
  }
}
