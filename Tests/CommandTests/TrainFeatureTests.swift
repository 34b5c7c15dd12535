import Foundation
import Fovea
import Testing

/// What `fovea train` can do besides training to the end.
@Suite struct TrainFeatureTests {
  private let digits: Digits

  init() throws { digits = try Digits() }

  private func train(_ words: String..., out: String = "run") throws -> FoveaProgram.Outcome {
    try FoveaProgram.run(
      ["train", "two-conv", "--data", digits.data, "--batch", "20", "--out", out] + words, in: digits.scratch)
  }

  private func parameters(_ name: String) throws -> [String: [Float]] {
    let model = try ModelFile.read(digits.scratch.file("\(name)/last.safetensors"))
    return Dictionary(
      uniqueKeysWithValues: try model.parameterTensors().map { ($0.path, $0.tensor.array(of: Float.self)) })
  }

  @Test func accumulatedBatchesAreOneLargeBatch() throws {
    // 180 train: nine batches of 20, three steps of four, four and one.
    let few = try train("--epochs", "2", "--accumulate", "4", "--validation", "0.1", "--freeze", "conv1")
    #expect(few.status == 0, "\(few.err)")
    #expect(few.out.contains(" --batch 20 --accumulate 4 --validation 0.1 "))
    #expect(few.out.contains("\nfrozen: 2 of 6 parameters, 832 numbers\n"), "\(few.out)")
    #expect(few.out.contains("\nepoch 2/2, step 6, "), "\(few.out)")
    let large = try FoveaProgram.run(
      "train", "two-conv", "--data", digits.data, "--epochs", "2", "--batch", "80", "--validation", "0.1", "--freeze",
      "conv1", "--out", "large", in: digits.scratch)
    #expect(large.status == 0, "\(large.err)")
    let (a, b) = (try parameters("run"), try parameters("large"))
    for (path, values) in a {
      let difference = zip(values, try #require(b[path])).map { abs($0 - $1) }.max() ?? 1
      #expect(difference <= 1e-5, "\(path): \(difference)")
    }
  }

  @Test(arguments: [
    (["--optimizer", "adam", "--betas", "0.8,0.99", "--epsilon", "1e-7"], "--betas 0.8,0.99 --epsilon 1e-07"),
    (["--optimizer", "adamw", "--clip-norm", "1"], "--weight-decay 0.01 --clip-norm 1"),
    (["--optimizer", "rmsprop", "--alpha", "0.9", "--momentum", "0.5"], "--momentum 0.5 --alpha 0.9 --epsilon 1e-08"),
  ])
  func everyOptimizerTrainsAndResumes(words: [String], line: String) throws {
    let outcome = try FoveaProgram.run(
      ["train", "two-conv", "--data", digits.data, "--steps", "60", "--batch", "20", "--out", "run"] + words,
      in: digits.scratch)
    #expect(outcome.status == 0, "\(outcome.err)")
    #expect(outcome.out.contains(line), "\(outcome.out)")
    let accuracy =
      try FoveaProgram.run(
        "evaluate", "run/last.safetensors", "--data", digits.data, "--json", in: digits.scratch
      ).object()["top1"] as? Double
    #expect(accuracy ?? 0 > 0.9, "\(String(describing: accuracy))")
    let held = try FoveaProgram.run(
      ["train", "--resume", "run", "--momentum", "0.9"], in: digits.scratch)
    #expect(held.status == 2 && held.err.contains("--momentum 0.9 contradicts the run in run"), "\(held.err)")
  }

  @Test func earlyStoppingIsSaid() throws {
    let outcome = try train("--epochs", "60", "--validation", "0.2", "--patience", "2", "--lr", "0.02")
    #expect(outcome.status == 0, "\(outcome.err)")
    #expect(outcome.out.contains("stopped early: the validation accuracy has not risen for 2 epochs"), "\(outcome.out)")
    #expect(outcome.out.contains("the model is in run/best.safetensors"))
    let again = try FoveaProgram.run("train", "--resume", "run", in: digits.scratch)
    #expect(again.status == 1 && again.err.contains("is complete ("), "\(again.err)")
  }

  @Test func aRateIsFound() throws {
    let outcome = try FoveaProgram.run(
      "train", "two-conv", "--data", digits.data, "--batch", "20", "--find-rate", in: digits.scratch)
    #expect(outcome.status == 0, "\(outcome.err)")
    #expect(outcome.out.contains("the loss falls fastest at a rate of ") && outcome.out.contains("\ntry --lr 0."))
    #expect(try digits.scratch.names("runs/two-conv-rates") == ["rate-finder.jsonl"])
    let json = try FoveaProgram.run(
      "train", "two-conv", "--data", digits.data, "--batch", "20", "--find-rate", "--json", "--out", "found",
      in: digits.scratch
    ).object()
    let advice = try #require(json["advice"] as? Double)
    #expect(advice > 1e-4 && advice < 0.5)
    #expect(json["file"] as? String == "found/rate-finder.jsonl")
  }

  /// A network's recipe stands where nothing else is typed, and every word of it in the line that is printed.
  @Test func recipesAreSpelledOut() throws {
    let outcome = try FoveaProgram.run(
      "train", "lenet5", "--data", digits.data, "--steps", "3", "--out", "a", in: digits.scratch)
    #expect(outcome.status == 0, "\(outcome.err)")
    #expect(
      outcome.out.contains(
        " --steps 3 --batch 64 --augment crop:2 --optimizer sgd --lr 0.04 --momentum 0.9 --nesterov "))
    let plain = try FoveaProgram.run(
      "train", "lenet5", "--data", digits.data, "--steps", "3", "--augment", "none", "--momentum", "0", "--out", "b",
      in: digits.scratch)
    #expect(plain.out.contains(" --augment none ") && !plain.out.contains("--nesterov"), "\(plain.out)")
    // The line does the same again.
    let line = try #require(outcome.out.split(separator: "\n").first)
    let again = try FoveaProgram.run(
      line.replacing(" --out a", with: " --out c").split(separator: " ").dropFirst().map(String.init),
      in: digits.scratch)
    #expect(again.status == 0, "\(again.err)")
    #expect(try parameters("a") == parameters("c"))
  }

  @Test func foldersOfPicturesAreTrainedOn() throws {
    for index in 0..<60 {
      let label = ["ones", "twos", "threes"][index % 3]
      let part = index < 45 ? "train" : "test"
      try FileManager.default.createDirectory(
        atPath: digits.scratch.file("pictures/\(part)/\(label)"), withIntermediateDirectories: true)
      // Of several sizes.
      let picture = try Image8(height: 28, width: 28, channels: 1, pixels: Digits.picture(index % 3, seed: 5))
        .resized(height: 28 + index % 4, width: 30)
      try PNGWriter.write(picture, to: digits.scratch.file("pictures/\(part)/\(label)/\(index).png"))
    }
    try digits.scratch.write("pictures/train/ones/broken.png", [0x89, 0x50, 1, 2, 3])
    let data = "folder:\(digits.scratch.file("pictures"))"
    let outcome = try FoveaProgram.run(
      "train", "two-conv", "--data", data, "--epochs", "8", "--batch", "15", "--resize", "28", "--size", "24",
      "--augment", "crop:1", "--lr", "0.02", "--out", "run", in: digits.scratch)
    #expect(outcome.status == 0, "\(outcome.err)")
    #expect(outcome.out.contains(" --resize 28 --size 24 "), "\(outcome.out)")
    #expect(outcome.out.contains("[1×24×24], 3 classes"), "\(outcome.out)")
    #expect(outcome.err.contains("1 file is left out of ") && outcome.err.contains("broken.png"), "\(outcome.err)")
    #expect(outcome.out.contains("test accuracy 100.00 % on 15 examples"), "\(outcome.out)")
    // The model file knows what to do to a picture.
    let answer = try FoveaProgram.run(
      "predict", "run/last.safetensors", "pictures/test/twos/46.png", "--json", in: digits.scratch
    ).object()
    let classes = try #require(answer["classes"] as? [[String: Any]])
    #expect(classes.first?["name"] as? String == "twos")
    let evaluation = try FoveaProgram.run(
      "evaluate", "run/last.safetensors", "--data", data, "--json", in: digits.scratch)
    #expect(try evaluation.object()["top1"] as? Double == 1)
  }

  /// A disk that is full in the middle of a checkpoint: the one before stays.
  @Test func aFullDiskKeepsTheLastCheckpoint() throws {
    let first = try train("--steps", "20", "--checkpoint-every", "5")
    #expect(first.status == 0, "\(first.err)")
    let size = try Scratch.bytes(of: digits.scratch.file("run/last.safetensors")).count / 1024
    // A limit on the size of files stands for the disk; its signal is ignored, so the write fails.
    let outcome = try FoveaProgram.run(
      [
        "-c",
        "trap '' XFSZ; ulimit -f \(size * 3 / 4); cd \"$1\"; exec \"$2\" train two-conv --data \"$3\" --steps 20 "
          + "--checkpoint-every 5 --batch 20 --out small",
        "-", digits.scratch.path, FoveaProgram.path, digits.data,
      ], executable: "/bin/bash")
    #expect(outcome.status == 1)
    #expect(outcome.err.hasPrefix("fovea train: cannot write small/last.safetensors: "), "\(outcome.err)")
    #expect(outcome.err.split(separator: "\n").count == 1)
    // The first checkpoint has no moments yet and had room.
    let kept = try digits.scratch.names("small").filter { !$0.hasPrefix("events") }
    #expect(kept == ["last.safetensors", "metrics.jsonl", "run.json"])
    let rest = try FoveaProgram.run("train", "--resume", "small", in: digits.scratch)
    #expect(rest.status == 0, "\(rest.err)")
    #expect(try parameters("small") == parameters("run"))
  }
}
