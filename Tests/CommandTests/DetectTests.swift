import Foundation
import Fovea
import Testing

/// `fovea` with darknet configurations.
@Suite struct DetectTests {
  private static let golden = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .appendingPathComponent("ExchangeTests/Golden/Darknet").path

  private func picture(_ scratch: Scratch, height: Int, width: Int) throws -> String {
    let path = scratch.file("picture.png")
    let pixels = (0..<height * width * 3).map { UInt8(truncatingIfNeeded: $0 &* 37 ^ $0 >> 5) }
    try PNGWriter.write(Image8(height: height, width: width, channels: 3, pixels: pixels), to: path)
    return path
  }

  @Test func thingsAreFoundNamedAndDrawn() throws {
    let scratch = try Scratch()
    for name in ["detector.cfg", "detector.weights"] {
      try scratch.write(name, Scratch.bytes(of: "\(DetectTests.golden)/\(name)"))
    }
    try scratch.write("kinds.names", Array("cat\ndog\n".utf8))
    let picture = try picture(scratch, height: 48, width: 64)
    let drawn = scratch.file("drawn.png")
    let words = ["predict", scratch.file("detector.cfg"), picture, "--score", "0.1"]
    let object = try FoveaProgram.run(words + ["--draw", drawn, "--json"]).object()
    let found = try #require(object["detections"] as? [[String: Any]])
    #expect(!found.isEmpty)
    let scores = found.compactMap { $0["score"] as? Double }
    #expect(scores == scores.sorted(by: >) && scores.allSatisfy { $0 > 0.1 && $0 <= 1 })
    for one in found {
      let (name, index, box) = (one["name"] as? String, one["index"] as? Int, one["box"] as? [Double] ?? [])
      #expect(name == (index == 0 ? "cat" : "dog"))
      #expect(box.count == 4 && box[0] >= 0 && box[1] >= 0 && box[2] <= 64 && box[3] <= 48 && box[0] < box[2])
    }
    let before = try ImageDecoder.decode(path: picture)
    let after = try ImageDecoder.decode(path: drawn)
    #expect(after.height == 48 && after.width == 64 && after != before)
    let text = try FoveaProgram.run(words).out
    #expect(text.contains(" %  ") && text.split(separator: "\n").count == found.count + 1)
    #expect(try FoveaProgram.run(words + ["--score", "1"]).status == 2, "given twice")
  }

  @Test func otherCommandsTakeIt() throws {
    let config = "\(DetectTests.golden)/detector.cfg"
    let summary = try FoveaProgram.run("summary", config, "--json").object()
    // 2,229 numbers in the file, of which 2·(8 + 8 + 10) are running statistics.
    #expect(summary["parameters"] as? Int == 2229 - 2 * (8 + 8 + 10))
    let evaluate = try FoveaProgram.run("evaluate", config, "--data", "mnist-1d")
    #expect(evaluate.status == 1 && evaluate.err.contains("says where things are"), "\(evaluate.err)")
    let bench = try FoveaProgram.run("bench", config, "--batch", "1", "--json")
    #expect(bench.status == 0, "\(bench.err)")
  }

  @Test func whatIsMissingOrWrongIsSaid() throws {
    let scratch = try Scratch()
    let config = try scratch.write("alone.cfg", Scratch.bytes(of: "\(DetectTests.golden)/detector.cfg"))
    let picture = try picture(scratch, height: 24, width: 32)
    let alone = try FoveaProgram.run("predict", config, picture)
    #expect(alone.status == 0 && alone.err.contains("no .weights file lies beside it, so its weights are random"))
    #expect(try FoveaProgram.run("summary", config).err == "")
    let weights = "\(DetectTests.golden)/classifier.weights"
    let other = try FoveaProgram.run("predict", config, picture, "--weights", weights)
    #expect(other.status == 1 && other.err.contains("holds 161 numbers, and the network of"), "\(other.err)")
    let classifier = "\(DetectTests.golden)/classifier.cfg"
    let drawn = try FoveaProgram.run("predict", classifier, picture, "--draw", scratch.file("x.png"))
    #expect(drawn.status == 1 && drawn.err.contains("--draw goes with networks that find things"), "\(drawn.err)")
    let classes = try FoveaProgram.run("predict", classifier, picture, "--top", "1", "--json").object()
    #expect((classes["classes"] as? [Any])?.count == 1)
    let many = try FoveaProgram.run("predict", config, picture, picture, "--draw", "x.png")
    #expect(many.status == 2 && many.err.contains("--draw takes one picture, not 2"))
  }
}
