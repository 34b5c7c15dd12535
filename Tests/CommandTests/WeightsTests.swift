import Foundation
import Fovea
import Testing

/// `--weights` with files of PyTorch's, and such files where a network is asked for.
@Suite struct WeightsTests {
  private static let golden = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .appendingPathComponent("ExchangeTests/Golden/PyTorch").path

  @Test func aFileOfWeightsIsNoNetwork() throws {
    let path = "\(WeightsTests.golden)/checkpoint.pth"
    for words in [["summary", path], ["predict", path, "x.png"]] {
      let outcome = try FoveaProgram.run(words)
      #expect(outcome.status == 1)
      #expect(
        outcome.err == "fovea \(words[0]): \(path) holds 9 tensors but no network; "
          + "name the network and give this file as its weights: fovea … MODEL --weights \(path)\n")
    }
  }

  @Test func theNetworkThatWeightsFitIsNamed() throws {
    let scratch = try Scratch()
    let path = scratch.file("some.safetensors")
    let tensors = try Zoo.standard.model("resnet20").parameterTensors().map { (name: $0.path, tensor: $0.tensor) }
    try Safetensors.write(tensors, to: path)
    let outcome = try FoveaProgram.run("summary", path)
    #expect(outcome.status == 1)
    #expect(
      outcome.err.contains("they fit resnet20, so name the network")
        && outcome.err.contains("fovea … resnet20 --weights \(path)"), "\(outcome.err)")
  }

  @Test func whatIsNoTensorIsNotRun() throws {
    let scratch = try Scratch()
    let path = "\(WeightsTests.golden)/evil.pth"
    let outcome = try FoveaProgram.run(["summary", "resnet20", "--weights", path], in: scratch)
    #expect(outcome.status == 1)
    #expect(outcome.err.contains("the file asks to call \"posix.system\""), "\(outcome.err)")
    #expect(try FileManager.default.contentsOfDirectory(atPath: scratch.path).isEmpty)
  }

  /// Weights of another network get the report in three parts that other files of tensors get.
  @Test func whatDoesNotFitIsListed() throws {
    let path = "\(WeightsTests.golden)/checkpoint.pth"
    let outcome = try FoveaProgram.run("summary", "resnet20", "--weights", path)
    #expect(outcome.status == 1)
    for text in ["takes the tensors under \"state_dict\"", "do not fit the network", "missing (", "unused ("] {
      #expect(outcome.err.contains(text), "\(outcome.err)")
    }
  }
}
