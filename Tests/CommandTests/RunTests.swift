import Fovea
import Testing

/// What commands do with a trained network.
@Suite struct RunTests {
  @Test func trainSaysWhatItDoes() throws {
    let run = try TrainedRun.shared.get()
    let out = run.outcome.out
    #expect(
      out.hasPrefix(
        "fovea train two-conv --data \(run.digits.data) --steps 40 --batch 20 --validation 0.2 --optimizer sgd --lr 0.02 "
          + "--momentum 0.9 --weight-decay 0 --schedule cosine --warmup 0 --init he --seed 0 --threads "))
    #expect(out.contains(" --out runs/two-conv\n"))
    #expect(out.contains("model: two-conv, 62,346 parameters"))
    #expect(out.contains("\ndevice: cpu, "))
    #expect(out.contains("\nepoch 5/5, step 40, loss "))
    #expect(out.contains("\ntest accuracy "))
    #expect(out.contains("fovea evaluate runs/two-conv/best.safetensors --data \(run.digits.data)"))
    #expect(out.contains("fovea predict runs/two-conv/best.safetensors"))
    // Nothing is rewritten in place where nobody looks.
    #expect(!run.outcome.err.contains("\r"))
    let files = try run.folder.names("runs/two-conv").filter { !$0.hasPrefix("events") }
    #expect(files == ["best.safetensors", "last.safetensors", "metrics.jsonl", "run.json"])
  }

  @Test func anotherRunGetsAnotherDirectory() throws {
    let digits = try Digits()
    for expected in ["runs/two-conv", "runs/two-conv-2", "runs/two-conv-3"] {
      let outcome = try FoveaProgram.run(
        "train", "two-conv", "--data", digits.data, "--steps", "1", "--batch", "10", in: digits.scratch)
      #expect(outcome.status == 0)
      #expect(outcome.out.contains("--out \(expected)\n"))
    }
  }

  @Test func theSameSeedGivesTheSameModel() throws {
    let digits = try Digits()
    func bytes(_ name: String, _ seed: String) throws -> [UInt8] {
      let outcome = try FoveaProgram.run(
        "train", "two-conv", "--data", digits.data, "--steps", "5", "--batch", "10", "--seed", seed, "--out", name,
        in: digits.scratch)
      #expect(outcome.status == 0, "\(outcome.err)")
      let model = try ModelFile.read(digits.scratch.file("\(name)/last.safetensors"))
      return try model.parameterTensors().flatMap { $0.tensor.withUnsafeBytes { Array($0) } }
    }
    let first = try bytes("a", "7")
    #expect(try bytes("b", "7") == first)
    #expect(try bytes("c", "8") != first)
  }

  @Test func frozenLayersStay() throws {
    let digits = try Digits()
    func train(_ out: String, _ more: String...) throws -> Model {
      let outcome = try FoveaProgram.run(
        ["train", "two-conv", "--data", digits.data, "--batch", "10", "--out", out] + more, in: digits.scratch)
      #expect(outcome.status == 0, "\(outcome.err)")
      return try ModelFile.read(digits.scratch.file("\(out)/last.safetensors"))
    }
    let first = try train("a", "--steps", "2")
    let second = try train(
      "b", "--steps", "2", "--weights", "a/last.safetensors", "--freeze", "conv1", "--freeze", "*.bias")
    for path in ["conv1.weight", "conv1.bias", "conv2.bias", "fc.bias"] {
      #expect(try first.store.tensor(path).isIdentical(to: second.store.tensor(path)), "\(path)")
    }
    #expect(try !first.store.tensor("conv2.weight").isIdentical(to: second.store.tensor("conv2.weight")))
  }

  /// Each picture as a PNG file gets the class that evaluation counts for it.
  @Test func predictAgreesWithEvaluate() throws {
    let run = try TrainedRun.shared.get()
    let scratch = try Scratch()
    let paths = try (0..<Digits.testCount).map { index in
      let picture = try Image8(height: 28, width: 28, channels: 1, pixels: Digits.picture(index, seed: 2))
      try PNGWriter.write(picture, to: scratch.file("\(index).png"))
      return scratch.file("\(index).png")
    }
    // A barely trained network, so that it makes mistakes to compare.
    let weak = try FoveaProgram.run(
      "train", "two-conv", "--data", run.digits.data, "--steps", "4", "--batch", "10", "--out", scratch.file("weak"))
    #expect(weak.status == 0)
    for model in [run.model, scratch.file("weak/last.safetensors")] {
      let evaluation = try FoveaProgram.run("evaluate", model, "--data", run.digits.data, "--json").object()
      let answers = try FoveaProgram.run(["predict", model, "--top", "1", "--json"] + paths).objects()
      let classes = try answers.map { object in
        try #require((object["classes"] as? [[String: Any]])?.first?["index"] as? Int)
      }
      let right = classes.enumerated().filter { $0.offset % 10 == $0.element }.count
      // Foundation's JSON reads the last digit of some numbers otherwise than it was written.
      let top1 = try #require(evaluation["top1"] as? Double)
      #expect(abs(Double(right) / Double(Digits.testCount) - top1) < 1e-12)
      var mistakes: [String: Int] = [:]
      for (index, found) in classes.enumerated() where index % 10 != found {
        mistakes["\(index % 10)→\(found)", default: 0] += 1
      }
      for mistake in try #require(evaluation["confused"] as? [[String: Any]]) {
        let name = "\(mistake["actual"] as? String ?? "?")→\(mistake["predicted"] as? String ?? "?")"
        #expect(mistakes[name] == mistake["count"] as? Int, "\(name)")
      }
    }
  }

  @Test func runWritesItsOutputs() throws {
    let run = try TrainedRun.shared.get()
    let scratch = try Scratch()
    try Tensor(zeros: [3, 1, 28, 28]).writeNPY(to: scratch.file("x.npy"))
    for input in ["x.npy", "input=x.npy"] {
      let outcome = try FoveaProgram.run("run", run.model, "--input", input, "--output", "out/deep", in: scratch)
      #expect(outcome.status == 0, "\(outcome.err)")
      #expect(outcome.out == "out/deep/output.npy  f32[3×10]\n")
    }
    let output = try Tensor(npy: scratch.file("out/deep/output.npy"))
    #expect(output.shape == [3, 10])
    #expect(output.array(of: Float.self).prefix(10).elementsEqual(output.array(of: Float.self).suffix(10)))
  }

  @Test func outputNamesBecomeFileNames() throws {
    let scratch = try Scratch()
    let model = try Model(input: [4]) {
      Dense(3).named("a").tap("aux/1 é")
      Dense(2).named("b")
    }
    try model.save(to: scratch.file("m.safetensors"))
    try Tensor(zeros: [1, 4]).writeNPY(to: scratch.file("x.npy"))
    let outcome = try FoveaProgram.run(
      "run", "m.safetensors", "--input", "x.npy", "--output", "out", "--json", in: scratch)
    #expect(outcome.status == 0, "\(outcome.err)")
    #expect(try scratch.names("out") == ["aux_1__.npy", "output.npy"])
    #expect(Set(try outcome.objects().compactMap { $0["name"] as? String }) == ["aux/1 é", "output"])
  }

  @Test(arguments: ["infer", "train"])
  func passesAreShown(task: String) throws {
    let outcome = try FoveaProgram.run("summary", "two-conv", "--passes", "--task", task, "--batch", "4")
    #expect(outcome.status == 0, "\(outcome.err)")
    for pass in ["check", "mode", "differentiate", "precision", "shapes", "fold", "simplify", "fuse"] {
      #expect(outcome.out.contains("\npass \(pass): "))
    }
    #expect(outcome.out.contains("\nplan for cpu, "))
    #expect(outcome.out.contains("  memory: "))
    #expect(outcome.out.contains("SGDUpdate") == (task == "train"))
  }
}
