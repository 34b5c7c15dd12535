import Foundation
import FoveaData
import FoveaExecution
import FoveaInference
import FoveaLayers
import FoveaTensors
import FoveaTraining
import Testing

@Suite struct RateFinderTests {
  @Test func theModelStaysAndTheAdviceTrains() async throws {
    let model = try network()
    let before = try weights(model)
    let dataset = try stripes(400)
    let options = TrainingOptions(epochs: 3, batch: 16, optimizer: .sgd(learningRate: .constant(1), momentum: 0.9))
    let finding = try await RateFinder().run(model, on: dataset, options: options, device: .reference)
    #expect(try weights(model) == before)
    #expect(model.store.paths.allSatisfy { !$0.hasPrefix("fovea.") })
    // So easy that no rate harms: everything is learned before.
    #expect(!finding.diverged && finding.points.count == 280)
    #expect(finding.points.map(\.step) == Array(1...finding.points.count))
    #expect(abs(finding.points[0].rate - 1e-6) < 1e-12)
    let advice = try #require(finding.advice)
    #expect(advice > 1e-3 && advice < 1)
    var trained = options
    trained.optimizer = .sgd(learningRate: .cosine(from: advice), momentum: 0.9)
    let result = try await Trainer(model: model, dataset: dataset, options: trained, device: .reference).run()
    #expect(result.accuracy > 0.9, "\(advice): \(result.accuracy)")
    // The same again, with its points in a file.
    let directory = try TemporaryDirectory()
    let again = try await RateFinder().run(try network(), on: dataset, options: options, device: .reference)
    #expect(again == finding)
    try again.write(to: directory.file("rate-finder.jsonl"))
    let entries = try MetricsLog.read(directory.file("rate-finder.jsonl"))
    #expect(entries.count == finding.points.count)
    #expect(entries.last?.metrics["rate"] == finding.points.last?.rate)
    #expect(finding.table(7).count == 7 && finding.table(7).last == finding.points.last)
  }

  /// A valley by hand: falls between 1e-3 and 1e-1, lowest at 0.1, then grows.
  @Test func aValleyIsRead() {
    let finder = RateFinder(range: 1e-5...10, steps: 241)
    let losses = (0..<220).map { step -> Double in
      let exponent = log10(finder.rate(at: step))
      return exponent < -3 ? 2.3 : exponent < -1 ? 2.3 - (exponent + 3) : 0.3 + 3 * (exponent + 1)
    }
    let finding = finder.finding(losses, diverged: true)
    #expect(abs(log10(finding.lowest ?? 1) + 1) < 0.1)
    #expect((finding.steepest ?? 0) > 1e-3 && (finding.steepest ?? 1) < 1e-1)
    #expect(abs(log10(finding.advice ?? 1) + 1.4) < 0.15)
    let rising = finder.finding((0..<50).map(Double.init), diverged: true)
    #expect(rising.steepest == nil && rising.advice == nil)
    #expect(finder.finding([], diverged: true).lowest == nil)
  }

  @Test func aRampGoesSomewhere() {
    #expect(throws: TrainingError.self) { try RateFinder(range: 0...1).check() }
    #expect(throws: TrainingError.self) { try RateFinder(range: 1...1).check() }
    #expect(throws: TrainingError.self) { try RateFinder(steps: 3).check() }
  }
}

@Suite struct FilterPictureTests {
  @Test func aTileForEachFilter() async throws {
    let directory = try TemporaryDirectory()
    let path = directory.file("run")
    _ = try await Trainer(
      model: try network(), dataset: try stripes(40),
      options: TrainingOptions(epochs: 2, batch: 16, directory: path), device: .reference
    ).run()
    let tags = try eventPoints(path)
    // Two epochs of three steps.
    for step in [3, 6] {
      for name in ["conv.weight", "conv.bias", "fc.weight", "fc.bias"] {
        #expect(tags.contains("\(step) weights/\(name)"))
      }
      #expect(tags.contains("\(step) filters/conv.weight"))
    }
  }

  @Test func levelsAreThoseOfTheWeights() throws {
    // One filter on three channels: a pixel of pure colours.
    let colour = try #require(try FilterPicture.grid(of: try Tensor([1, -1, 0] as [Float], shape: [1, 3, 1, 1])))
    #expect(colour.channels == 3 && colour.height == 26 && colour.width == 26)
    let middle: Int = (13 * 26 + 13) * 3
    #expect(colour.pixels[middle..<middle + 3].elementsEqual([255, 0, 128]))
    #expect(colour.pixels[0] == 0)
    // Four filters on one channel: two rows of two.
    let gray = try #require(try FilterPicture.grid(of: try Tensor([2, -2, 1, 0] as [Float], shape: [4, 1, 1, 1])))
    #expect(gray.channels == 1 && gray.height == 52 && gray.width == 52)
    func level(_ y: Int, _ x: Int) -> UInt8 { gray.pixels[y * 52 + x] }
    #expect(level(13, 13) == 255 && level(13, 39) == 0 && level(39, 13) == 191 && level(39, 39) == 128)
    // Two channels side by side, a row for each of three filters; all alike and not a number are gray.
    let flat = try #require(
      try FilterPicture.grid(of: try Tensor([0, 0, 0, .nan, 0, 0] as [Float], shape: [3, 2, 1, 1])))
    #expect(flat.height == 78 && flat.width == 52)
    #expect(Set(flat.pixels) == [0, 128])
  }
}
