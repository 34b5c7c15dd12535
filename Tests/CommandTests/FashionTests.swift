import Fovea
import Testing

/// Real pictures, where they are installed.
@Suite(.enabled(if: DatasetListing.all()[0].isPresent, "Fashion-MNIST is not installed"))
struct FashionTests {
  /// A hundred test pictures as PNG files are answered as evaluation counts them.
  @Test func predictAgreesWithEvaluate() async throws {
    let scratch = try Scratch()
    let trained = try FoveaProgram.run(
      "train", "two-conv", "--data", "fashion-mnist", "--steps", "40", "--batch", "64", "--out", "run", in: scratch)
    #expect(trained.status == 0, "\(trained.err)")
    let file = scratch.file("run/last.safetensors")
    let test = try DatasetSource.fashionMNIST.load(split: .test)
    let pictures = try #require(test as? InMemoryDataset)
    let paths = try (0..<100).map { index in
      let picture = try Image8(height: 28, width: 28, channels: 1, pixels: Array(pictures.pixels(of: index)))
      try PNGWriter.write(picture, to: scratch.file("\(index).png"))
      return scratch.file("\(index).png")
    }
    let answers = try FoveaProgram.run(["predict", file, "--top", "1", "--json"] + paths).objects()
    #expect(answers.count == 100)
    let model = try ModelFile.read(file)
    for (index, answer) in answers.enumerated() {
      let best = try #require((answer["classes"] as? [[String: Any]])?.first)
      let found = try #require(best["index"] as? Int)
      #expect(best["name"] as? String == test.classNames[found])
      let one = try await evaluate(model, on: try Subset(of: test, indices: [index]), device: .cpu())
      #expect(one.confusion[actual: Int(test.label(index)), predicted: found] == 1, "picture \(index)")
    }
  }

  @Test func datasetsAndDoctorFindIt() throws {
    #expect(try FoveaProgram.run("datasets").out.contains("here: 60,000 to train, 10,000 to test"))
    #expect(try FoveaProgram.run("doctor").out.contains("ok       fashion-mnist"))
    let elsewhere = try FoveaProgram.run("doctor", environment: ["FOVEA_FASHION_MNIST": "/nowhere"])
    #expect(elsewhere.status == 0)
    #expect(elsewhere.out.contains("missing  fashion-mnist  fashion-mnist: /nowhere has no"))
  }
}
