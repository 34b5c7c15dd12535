import Foundation
import Fovea
import Testing

/// The JSON that the design promises to machines.
@Suite struct JSONTests {
  @Test func summary() throws {
    let object = try FoveaProgram.run("summary", "two-conv", "--json").object()
    #expect(object["parameters"] as? Int == 62_346)
    #expect(object["multiply_adds"] as? Int == 3_747_840)
    #expect(object["parameter_bytes"] as? Int == 249_384)
    #expect(object["activation_bytes"] is Int)
    let layers = try #require(object["layers"] as? [[String: Any]])
    #expect(layers.count == 8)
    let second = try #require(layers.first { $0["name"] as? String == "conv2" })
    #expect(second["type"] as? String == "Conv2D")
    #expect(second["output"] as? [Int] == [1, 64, 8, 8])
    #expect(second["parameters"] as? Int == 51_264)
    #expect(second["receptive_field"] as? [[Int]] == [[14, 14], [14, 14]])
  }

  @Test func summaryOfAFileIsThatOfTheNetwork() throws {
    let run = try TrainedRun.shared.get()
    #expect(
      try FoveaProgram.run("summary", run.model, "--json").out == FoveaProgram.run("summary", "two-conv", "--json").out)
  }

  @Test(arguments: ["infer", "train"], ["cpu", "reference"])
  func bench(task: String, device: String) throws {
    let outcome = try FoveaProgram.run(
      "bench", "two-conv", "--task", task, "--batch", "2", "--device", device, "--json", "--profile", "--explain-plan")
    let object = try outcome.object()
    #expect(object["model"] as? String == "two-conv")
    #expect(object["task"] as? String == task)
    #expect(object["batch"] as? Int == 2)
    #expect(object["device"] as? String == device)
    #expect(object["threads"] is Int)
    for key in ["ms", "images_per_s", "gflops", "peak_rss_mb"] {
      #expect((object[key] as? Double ?? 0) > 0, "\(key): \(String(describing: object[key]))")
    }
    #expect((object["steps"] as? [Any])?.isEmpty == false)
    #expect((object["plan"] as? [Any])?.isEmpty == false)
  }

  @Test func evaluate() throws {
    let run = try TrainedRun.shared.get()
    let object = try FoveaProgram.run("evaluate", run.model, "--data", run.digits.data, "--json").object()
    #expect(object["examples"] as? Int == Digits.testCount)
    #expect((object["top1"] as? Double ?? 0) > 0.9)
    #expect((object["top5"] as? Double ?? 0) >= (object["top1"] as? Double ?? 1))
    #expect((object["loss"] as? Double ?? 0) > 0)
  }

  @Test(arguments: [("test", 60), ("validation", 40), ("train", 160)])
  func evaluatePart(split: String, examples: Int) throws {
    let run = try TrainedRun.shared.get()
    let outcome = try FoveaProgram.run("evaluate", run.model, "--data", run.digits.data, "--split", split, "--json")
    #expect(try outcome.object()["examples"] as? Int == examples)
  }

  /// Weights that know their preprocessing bring it along.
  @Test func weightsOfAModelFile() throws {
    let run = try TrainedRun.shared.get()
    func top1(_ words: String...) throws -> Double? {
      try FoveaProgram.run(["evaluate"] + words + ["--data", run.digits.data, "--json"]).object()["top1"] as? Double
    }
    #expect(try top1(run.model) == top1("two-conv", "--weights", run.model))
  }

  @Test func predict() throws {
    let run = try TrainedRun.shared.get()
    let scratch = try Scratch()
    let paths = try (0..<3).map { index in
      let picture = try Image8(height: 28, width: 28, channels: 1, pixels: Digits.picture(index, seed: 2))
      try PNGWriter.write(picture, to: scratch.file("\(index).png"))
      return scratch.file("\(index).png")
    }
    let objects = try FoveaProgram.run(["predict", run.model, "--top", "3", "--json"] + paths).objects()
    #expect(objects.map { $0["image"] as? String } == paths)
    for object in objects {
      let classes = try #require(object["classes"] as? [[String: Any]])
      #expect(classes.count == 3)
      for one in classes {
        let index = try #require(one["index"] as? Int)
        #expect(one["name"] as? String == String(index))
        #expect((0...1).contains(one["probability"] as? Double ?? -1))
      }
    }
  }

  @Test func train() throws {
    let digits = try Digits()
    let outcome = try FoveaProgram.run(
      "train", "two-conv", "--data", digits.data, "--steps", "3", "--batch", "10", "--json", in: digits.scratch)
    let object = try outcome.object()
    #expect(object["outcome"] as? String == "finished")
    #expect(object["steps"] as? Int == 3)
    #expect(object["model_file"] as? String == "runs/two-conv/last.safetensors")
    for key in ["top1", "top5", "loss", "images_per_s", "seconds"] { #expect(object[key] is Double, "\(key)") }
    #expect(outcome.err == "" || outcome.err.hasPrefix("no oneDNN"))
  }

  @Test func lists() throws {
    let models = try FoveaProgram.run("models", "--json").objects()
    #expect(models.contains { $0["name"] as? String == "two-conv" && $0["parameters"] as? Int == 62_346 })
    let digits = try Digits()
    let sets = try FoveaProgram.run("datasets", digits.scratch.path, "--json").objects()
    let mnist = try #require(sets.first { $0["data"] as? String == "mnist:DIR" })
    #expect(mnist["present"] as? Bool == true)
    #expect(mnist["train"] as? Int == Digits.trainCount)
    #expect(mnist["test"] as? Int == Digits.testCount)
  }

  @Test func doctor() throws {
    let object = try FoveaProgram.run("doctor", "--json").object()
    #expect(object["fovea"] as? String == Version.text)
    let parts = try #require(object["parts"] as? [[String: Any]])
    #expect(parts.prefix(4).map { $0["name"] as? String } == ["onednn", "libpng", "turbojpeg", "zlib"])
    let without = try FoveaProgram.run(
      "doctor", "--json", environment: ["FOVEA_WITHOUT": "onednn,png,turbojpeg,zlib"])
    #expect(without.status == 0)
    let missing = try #require(try without.object()["parts"] as? [[String: Any]])
    #expect(missing.prefix(4).allSatisfy { $0["ok"] as? Bool == false }, "\(missing)")
  }
}
