import Fovea
import Testing

/// Bad input of any kind ends in one clear line and exit status 1: never a trap, never a stack trace.
@Suite struct FailureTests {
  private func expect(
    _ outcome: FoveaProgram.Outcome, says text: String, status: Int32 = 1,
    sourceLocation: SourceLocation = #_sourceLocation
  ) {
    #expect(outcome.status == status, sourceLocation: sourceLocation)
    #expect(outcome.err.contains(text), "\(outcome.err)", sourceLocation: sourceLocation)
    #expect(!outcome.err.contains("Fatal error") && !outcome.err.contains("Crash"), sourceLocation: sourceLocation)
    #expect(outcome.err.split(separator: "\n").count == 1, "\(outcome.err)", sourceLocation: sourceLocation)
  }

  private func train(_ digits: Digits, _ more: String...) throws -> FoveaProgram.Outcome {
    try FoveaProgram.run(
      ["train", "two-conv", "--data", digits.data, "--steps", "5", "--batch", "10"] + more, in: digits.scratch)
  }

  @Test func truncatedPictures() throws {
    let digits = try Digits()
    let file = digits.scratch.file("train-images-idx3-ubyte")
    try digits.scratch.write("train-images-idx3-ubyte", Array(try Scratch.bytes(of: file).dropLast(100)))
    expect(try train(digits), says: "fovea train: \(file): the header asks for")
  }

  @Test func damagedTestPartIsToldBeforeTraining() throws {
    let digits = try Digits()
    let file = digits.scratch.file("t10k-labels-idx1-ubyte")
    try digits.scratch.write("t10k-labels-idx1-ubyte", Array(try Scratch.bytes(of: file).dropLast(1)))
    let outcome = try train(digits)
    expect(outcome, says: "fovea train: \(file): the header asks for")
    #expect(outcome.out == "")
  }

  @Test func wrongMagic() throws {
    let digits = try Digits()
    try digits.scratch.write("train-images-idx3-ubyte", Array("this is no data set".utf8))
    expect(try train(digits), says: "begins with 0x74686973, expected 0x00000803")
  }

  @Test func countsDiffer() throws {
    let digits = try Digits()
    try digits.scratch.write("train-labels-idx1-ubyte", Digits.labels([1, 2, 3]))
    expect(try train(digits), says: "has 200 pictures, but")
  }

  @Test func noDataSet() throws {
    let scratch = try Scratch()
    expect(
      try FoveaProgram.run("train", "two-conv", "--data", "mnist:\(scratch.path)/none", in: scratch),
      says: "mnist: \(scratch.path)/none has no train-images-idx3-ubyte[.gz]")
  }

  @Test func noPicture() throws {
    let run = try TrainedRun.shared.get()
    let scratch = try Scratch()
    let text = try scratch.write("text.png", Array("hello".utf8))
    expect(
      try FoveaProgram.run("predict", run.model, text),
      says: "fovea predict: \(text): looks like a text, expected a PNG")
    expect(try FoveaProgram.run("predict", run.model, scratch.file("none.png")), says: scratch.file("none.png"))
  }

  @Test func otherPicturesAreAnsweredBesideABadOne() throws {
    let run = try TrainedRun.shared.get()
    let scratch = try Scratch()
    let good = scratch.file("good.png")
    let picture = try Image8(height: 28, width: 28, channels: 1, pixels: Digits.picture(3, seed: 2))
    try PNGWriter.write(picture, to: good)
    let outcome = try FoveaProgram.run("predict", run.model, scratch.file("none.png"), good, "--json")
    expect(outcome, says: "none.png")
    #expect(try outcome.object()["image"] as? String == good)
  }

  @Test func modelFiles() throws {
    let run = try TrainedRun.shared.get()
    let scratch = try Scratch()
    var tensors: [String: Tensor] = [:]
    for (path, tensor) in try ModelFile.read(run.model).parameterTensors() { tensors[path] = tensor }
    func evaluate(_ name: String, _ tensors: [String: Tensor]) throws -> FoveaProgram.Outcome {
      let list = tensors.sorted { $0.key < $1.key }.map { (name: $0.key, tensor: $0.value) }
      let file = scratch.file(name)
      try Safetensors.write(list, metadata: [:], to: file)
      return try FoveaProgram.run("evaluate", "two-conv", "--weights", file, "--data", run.digits.data)
    }
    var missing = tensors
    missing["fc.bias"] = nil
    var extra = tensors
    extra["fc.scale"] = Tensor(zeros: [3])
    var misshaped = tensors
    misshaped["conv1.weight"] = Tensor(zeros: [32, 3, 5, 5])
    #expect(try evaluate("right.safetensors", tensors).status == 0)
    for (name, wrong, parts) in [
      ("missing", missing, ["missing", "fc.bias"]), ("extra", extra, ["unused", "fc.scale"]),
      ("misshaped", misshaped, ["misshaped", "conv1.weight", "f32[32×1×5×5]", "f32[32×3×5×5]"]),
    ] {
      let outcome = try evaluate("\(name).safetensors", wrong)
      #expect(outcome.status == 1)
      #expect(outcome.err.hasPrefix("fovea evaluate: "))
      for part in parts { #expect(outcome.err.contains(part), "\(name): \(outcome.err)") }
    }
    let broken = try scratch.write("broken.safetensors", Array("no tensors here".utf8))
    expect(try FoveaProgram.run("summary", broken), says: "fovea summary: ")
    expect(try FoveaProgram.run("summary", scratch.file("none.safetensors")), says: "none.safetensors: No such file")
    expect(try FoveaProgram.run("summary", scratch.path), says: "is a directory")
  }

  @Test func unwritableDirectory() throws {
    let digits = try Digits()
    try digits.scratch.write("file", [])
    expect(try train(digits, "--out", "file/run"), says: "cannot make the directory file/run: Not a directory")
    expect(try train(digits, "--out", "file"), says: "file is a file, not a directory")
    expect(try train(digits, "--out", "/proc/fovea"), says: "cannot make the directory /proc/fovea")
  }

  @Test func lossThatIsNoNumber() throws {
    let digits = try Digits()
    expect(try train(digits, "--lr", "1e20", "--out", "run"), says: "training has diverged")
  }

  @Test func directoryThatHoldsARun() throws {
    let run = try TrainedRun.shared.get()
    expect(
      try FoveaProgram.run("train", "two-conv", "--data", run.digits.data, "--out", run.directory),
      says: "already holds a run")
  }

  @Test func frozenNothing() throws {
    expect(try train(try Digits(), "--freeze", "conv3"), says: "no parameter matches \"conv3\"")
  }

  @Test func modelOfOtherPictures() throws {
    let run = try TrainedRun.shared.get()
    let scratch = try Scratch()
    let file = scratch.file("rgb.safetensors")
    try Zoo.standard.model("two-conv", input: [3, 32, 32]).save(to: file)
    expect(
      try FoveaProgram.run("evaluate", file, "--data", run.digits.data), says: "but the model takes [3×32×32]")
  }

  @Test func arraysThatDoNotFit() throws {
    let run = try TrainedRun.shared.get()
    let scratch = try Scratch()
    try Tensor(zeros: [2, 3, 28, 28]).writeNPY(to: scratch.file("x.npy"))
    let output = ["--output", scratch.file("out")]
    expect(
      try FoveaProgram.run(["run", run.model, "--input", scratch.file("x.npy")] + output),
      says: "input \"input\" is [2×3×28×28], but the network takes [?×1×28×28]")
    expect(
      try FoveaProgram.run(["run", run.model, "--input", "inptu=x.npy"] + output),
      says: "the model has no input \"inptu\"; did you mean \"input\"?", status: 2)
    expect(try FoveaProgram.run(["run", run.model, "--input", scratch.file("none.npy")] + output), says: "none.npy")
  }

  @Test func closedOutputIsNoFailure() throws {
    let digits = try Digits()
    // The reader ends at once; the program must neither be killed nor complain.
    let script = "\"$0\" datasets \"$1\" | true; echo ${PIPESTATUS[0]}"
    let outcome = try FoveaProgram.shell(script, FoveaProgram.path, digits.scratch.path)
    #expect(outcome.out == "0\n")
    #expect(outcome.err == "")
  }
}
