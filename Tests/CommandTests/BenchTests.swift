import Foundation
import Testing

#if canImport(FoundationXML)
  import FoundationXML
#endif

/// What `fovea bench` says about a step, a sweep and the suite. Times are not judged, only what follows from them.
@Suite struct BenchTests {
  @Test func sharesFollowFromTheFigures() throws {
    let object = try FoveaProgram.run("bench", "two-conv", "--batch", "2", "--json").object()
    func number(_ key: String) throws -> Double {
      try #require((object[key] as? NSNumber)?.doubleValue, "\(key): \(String(describing: object[key]))")
    }
    // Two examples of the network's 3,747,840 multiply-adds.
    #expect(try number("multiply_adds") == 2 * 3_747_840)
    let seconds = try number("ms") / 1000
    #expect(abs(try number("gflops") / (2 * 2 * 3_747_840 / seconds / 1e9) - 1) < 1e-9)
    #expect(abs(try number("share_of_peak") / (number("gflops") / number("fma_peak_gflops")) - 1) < 1e-9)
    // At least the input and the two convolutions' weights are read.
    #expect(try number("bytes") > Double(4 * (2 * 28 * 28 + 32 * 25 + 64 * 32 * 25)))
    #expect(abs(try number("gb_per_s") / (number("bytes") / seconds / 1e9) - 1) < 1e-9)
    #expect(abs(try number("share_of_bandwidth") / (number("gb_per_s") / number("memory_gb_per_s")) - 1) < 1e-9)
  }

  @Test func profileAddsUp() throws {
    let object = try FoveaProgram.run("bench", "two-conv", "--task", "train", "--batch", "2", "--json", "--profile")
      .object()
    let steps = try #require(object["steps"] as? [[String: Any]])
    let kinds = try #require(object["kinds"] as? [[String: Any]])
    func sum(_ rows: [[String: Any]], _ key: String) -> Double {
      rows.reduce(0) { $0 + (($1[key] as? NSNumber)?.doubleValue ?? .nan) }
    }
    for rows in [steps, kinds] {
      #expect(abs(sum(rows, "share") - 1) < 1e-9)
      #expect(sum(rows, "bytes") == (object["bytes"] as? NSNumber)?.doubleValue)
      // Speeds times seconds give back the operations.
      let operations = rows.reduce(0.0) { total, row in
        total + (row["gflops"] as? Double ?? .nan) * (row["ms"] as? Double ?? .nan) * 1e6
      }
      let expected = 2 * ((object["multiply_adds"] as? NSNumber)?.doubleValue ?? .nan)
      #expect(abs(operations / expected - 1) < 1e-6, "\(operations) and \(expected)")
    }
    #expect(sum(kinds, "count") == Double(steps.count))
    #expect(steps.allSatisfy { ["compute", "memory", "cache"].contains($0["bound"] as? String) })
  }

  @Test func profileFitsIntoAWindow() throws {
    let out = try FoveaProgram.run("bench", "resnet20", "--task", "train", "--batch", "1", "--profile").out
    for line in out.split(separator: "\n") { #expect(line.count <= 120, "\(line.count) columns: \(line)") }
    #expect(out.contains("reorder"))
    #expect(out.contains("% of it"))
  }

  @Test func denseNetworksTrain() throws {
    let object = try FoveaProgram.run(
      "bench", "unet", "--task", "train", "--batch", "1", "--input", "1x16x16", "--json", "--device", "cpu"
    ).object()
    #expect((object["ms"] as? Double ?? 0) > 0)
  }

  @Test func sweep() throws {
    let scratch = try Scratch()
    let plot = scratch.file("plot.svg")
    let rows = try FoveaProgram.run(
      "bench", "lenet5", "two-conv", "--sweep", "batch=1,2,16", "--plot", plot, "--json"
    ).objects()
    #expect(rows.map { $0["model"] as? String } == ["lenet5", "lenet5", "lenet5", "two-conv", "two-conv", "two-conv"])
    #expect(rows.map { $0["value"] as? Int } == [1, 2, 16, 1, 2, 16])
    let work = rows.map { ($0["multiply_adds"] as? NSNumber)?.doubleValue ?? 0 }
    for (index, factor) in [1.0, 2, 16].enumerated() {
      #expect(work[index] == factor * work[0])
      #expect(work[3 + index] == factor * work[3])
    }
    let reader = PictureReader()
    let parser = XMLParser(data: Data(try Scratch.bytes(of: plot)))
    parser.delegate = reader
    #expect(parser.parse(), "\(String(describing: parser.parserError))")
    // Two panels with a line for each network, and a point for each figure; the legend has points of its own.
    #expect(reader.lines >= 4)
    #expect(reader.circles == 2 * 6 + 2)
    #expect(reader.words.contains("two-conv"))
    #expect(!reader.words.contains("nan"))
  }

  private final class PictureReader: NSObject, XMLParserDelegate {
    var (lines, circles) = (0, 0)
    var words = ""

    func parser(
      _ parser: XMLParser, didStartElement name: String, namespaceURI: String?, qualifiedName: String?,
      attributes: [String: String]
    ) {
      if name == "polyline" { lines += 1 }
      if name == "circle" { circles += 1 }
      words += attributes.values.joined(separator: " ")
    }

    func parser(_ parser: XMLParser, foundCharacters string: String) { words += string }
  }

  @Test func sweepsOfTheNetwork() throws {
    let depths = try FoveaProgram.run("bench", "resnet20", "--batch", "1", "--sweep", "depth=20,32", "--json").objects()
    // Three blocks a stage against five: 40.8 and 69.1 million multiply-adds.
    let work = depths.map { ($0["multiply_adds"] as? NSNumber)?.doubleValue ?? 0 }
    #expect(work.count == 2 && abs(work[0] / 40.8e6 - 1) < 0.02 && abs(work[1] / 69.1e6 - 1) < 0.02, "\(work)")
    let widths = try FoveaProgram.run("bench", "generic-cnn", "--batch", "1", "--sweep", "channels=8,16", "--json")
      .objects().map { ($0["multiply_adds"] as? NSNumber)?.doubleValue ?? 0 }
    #expect(widths.count == 2 && widths[1] > 3 * widths[0] && widths[1] < 4 * widths[0], "\(widths)")
    let sizes = try FoveaProgram.run("bench", "resnet20", "--batch", "1", "--sweep", "size=16,32", "--json")
      .objects().map { ($0["multiply_adds"] as? NSNumber)?.doubleValue ?? 0 }
    #expect(sizes.count == 2 && abs(sizes[1] / sizes[0] - 4) < 0.01, "\(sizes)")
    let threads = try FoveaProgram.run("bench", "lenet5", "--sweep", "threads=1,2", "--json").objects()
    #expect(threads.map { $0["threads"] as? Int } == [1, 2])
  }

  @Test(arguments: [
    (["bench"], 2, "MODEL… is missing"),
    (["bench", "lenet5", "--sweep", "batches=1,2"], 2, "did you mean batch?"),
    (["bench", "lenet5", "--sweep", "batch=1,x"], 2, "takes up to 100 whole numbers"),
    (["bench", "lenet5", "--sweep", "batch"], 2, "takes up to 100 whole numbers"),
    (["bench", "lenet5", "--sweep", "batch=1,2", "--batch", "3"], 2, "--batch contradicts it"),
    (["bench", "lenet5", "--plot", "x.svg"], 2, "--plot draws what --sweep finds"),
    (["bench", "lenet5", "--only", "x"], 2, "--only goes with --suite"),
    (["bench", "lenet5", "--suite"], 2, "--suite has its own networks"),
    (["bench", "--suite", "--only", "nothing"], 2, "no case of the suite contains \"nothing\""),
    (["bench", "--suite", "--batch", "3"], 2, "--batch contradicts it"),
    (["bench", "resnet20", "--sweep", "depth=20,21"], 1, "there is no resnet21; of this family there are"),
    (["bench", "lenet5", "--sweep", "channels=8"], 1, "lenet5 has none"),
    (["bench", "lenet5", "--sweep", "size=2"], 1, "does not fit inputs of shape"),
  ])
  func mistakes(words: [String], status: Int32, message: String) throws {
    let outcome = try FoveaProgram.run(words)
    #expect(outcome.status == status)
    #expect(outcome.err.contains(message), "\(outcome.err)")
    // What does not fit in a network is told layer by layer.
    if !message.contains("fit") { #expect(outcome.err.split(separator: "\n").count == 1, "\(outcome.err)") }
  }

  @Test func suite() throws {
    let scratch = try Scratch()
    let file = scratch.file("rows.jsonl")
    let outcome = try FoveaProgram.run("bench", "--suite", "--only", "infer lenet5 b1", "--json", "--out", file)
    #expect(outcome.status == 0, "\(outcome.err)")
    let rows = try outcome.objects()
    #expect(String(decoding: try Scratch.bytes(of: file), as: UTF8.self) == outcome.out)
    let machine = try #require(rows.first?["machine"] as? [String: Any])
    for key in ["fma_peak_gflops", "memory_gb_per_s"] { #expect((machine[key] as? Double ?? 0) > 0, "\(key)") }
    let row = try #require(rows.last)
    #expect(row["row"] as? String == "infer lenet5 b1")
    #expect(row["batch"] as? Int == 1)
    #expect((row["ms"] as? Double ?? 0) > 0)
  }

  @Test func wholeProcesses() throws {
    let rows = try FoveaProgram.run("bench", "--suite", "--only", "process", "--json").objects()
    let names = ["predict lenet5", "train lenet5 one step", "help", "size"].map { "process \($0)" }
    #expect(rows.map { $0["row"] as? String } == names)
    for row in rows.dropLast() {
      #expect((row["wall_ms"] as? Double ?? 0) > 0)
      #expect((row["fastest_ms"] as? Double ?? 0) <= (row["wall_ms"] as? Double ?? 0))
    }
    let size = try FileManager.default.attributesOfItem(atPath: FoveaProgram.path)[.size] as? Int
    #expect(rows.last?["bytes"] as? Int == size)
  }
}
