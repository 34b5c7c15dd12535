import Foundation
import Fovea
import Testing

/// Networks by name on the command line: what they are for, and weights for other classes than the data's.
@Suite struct NetworkTests {
  private let digits: Digits

  init() throws { digits = try Digits() }

  private func fovea(_ words: String...) throws -> FoveaProgram.Outcome {
    try FoveaProgram.run(words, in: digits.scratch)
  }

  /// One sentence, and nothing begun, where a network chooses no class.
  @Test(arguments: ["unet", "yolov1", "regression-cnn", "hourglass"]) func whatIsNoClassifierIsNotTakenForOne(
    name: String
  ) throws {
    for words in [["train", name, "--data", digits.data, "--out", "run"], ["evaluate", name, "--data", digits.data]] {
      let outcome = try FoveaProgram.run(words, in: digits.scratch)
      #expect(outcome.status == 1 && outcome.out.isEmpty, "\(outcome.out)")
      #expect(
        outcome.err.contains("\(name) ") && outcome.err.contains("networks that choose a class"), "\(outcome.err)")
    }
    #expect(!FileManager.default.fileExists(atPath: digits.scratch.file("run")))
  }

  /// What cannot be trained leaves no directory behind.
  @Test func whatCannotBeTrainedIsSaidFirst() throws {
    let outcome = try fovea("train", "lenet5", "--data", digits.data, "--freeze", "*", "--out", "run")
    #expect(outcome.status == 1 && outcome.out.isEmpty && outcome.err.contains("there is nothing to train"))
    let still = try fovea("train", "lenet5", "--data", digits.data, "--lr-scale", "*=0", "--out", "run")
    #expect(still.status == 1 && still.err.contains("there is nothing to train"), "\(still.err)")
    #expect(!FileManager.default.fileExists(atPath: digits.scratch.file("run")))
    let odd = try fovea("train", "lenet5", "--data", digits.data, "--lr-scale", "fc3", "--out", "run")
    #expect(odd.status == 2 && odd.err.contains("--lr-scale takes PATTERN=X"), "\(odd.err)")
  }

  /// Weights for other classes: training starts a new last layer and says so, evaluation does not guess.
  @Test func weightsForOtherClassesGetANewLastLayer() throws {
    let model = try Zoo.standard.model("lenet5", classes: 7, seed: 3)
    try ModelFile.write(model, to: digits.scratch.file("seven.safetensors"))
    let trained = try fovea(
      "train", "lenet5", "--weights", "seven.safetensors", "--data", digits.data, "--freeze", "conv1", "--lr-scale",
      "fc3=5", "--steps", "3", "--batch", "20", "--out", "run")
    #expect(trained.status == 0, "\(trained.err)")
    #expect(
      trained.err.contains(
        "seven.safetensors tells other classes apart, so these start at random: fc3.weight, fc3.bias"))
    #expect(trained.out.contains(" --freeze conv1 --lr-scale fc3=5.0 "), "\(trained.out)")
    let result = try ModelFile.read(digits.scratch.file("run/last.safetensors"))
    #expect(
      try result.store.tensor("conv1.weight").array(of: Float.self)
        == model.store.tensor("conv1.weight").array(of: Float.self))
    #expect(try result.store.tensor("fc3.weight").shape == [10, 84])
    let judged = try fovea("evaluate", "lenet5", "--weights", "seven.safetensors", "--data", digits.data)
    #expect(judged.status == 1 && judged.err.contains("has 10 classes, but the model gives 7 scores"), "\(judged.err)")
  }

  @Test func damagedWeightsGiveNoAnswer() throws {
    let model = try Zoo.standard.model("lenet5")
    try model.store.set("fc3.bias", to: Tensor([Float](repeating: .nan, count: 10)))
    try ModelFile.write(model, to: digits.scratch.file("nan.safetensors"))
    let judged = try fovea("evaluate", "nan.safetensors", "--data", digits.data)
    #expect(
      judged.status == 1 && judged.out.isEmpty
        && judged.err.contains("\"fc3.bias\" has 10 of 10 values that are not numbers"),
      "\(judged.err)")
  }

  @Test func theListSaysWhatANetworkIs() throws {
    let lines = try fovea("models", "resnet50", "--json").out.split(separator: "\n")
    let line = try #require(lines.first)
    let object = try JSONSerialization.jsonObject(with: Data(line.utf8))
    let entry = try #require(object as? [String: Any])
    #expect(entry["parameters"] as? Int == 25_557_032 && entry["multiply_adds"] as? Int == 4_089_184_256)
    #expect(entry["paper"] as? String == "He et al. 2015" && entry["task"] as? String == "classification")
    #expect(try fovea("models", "perceiver").status == 1)
  }
}
