import FoveaData
import FoveaInference
import FoveaTensors
import FoveaTraining
import Testing

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// A set on a slow disk: each piece takes some hundredths of a second to read.
private final class Slow: Dataset {
  let whole: InMemoryDataset
  init(_ whole: InMemoryDataset) { self.whole = whole }
  var name: String { whole.name }
  var count: Int { whole.count }
  var classNames: [String] { whole.classNames }
  var sampleShape: Shape { whole.sampleShape }
  func label(_ index: Int) -> Int32 { whole.label(index) }
  func fill(
    indices: UnsafeBufferPointer<Int>, pixels: UnsafeMutablePointer<Float>, labels: UnsafeMutablePointer<Int32>,
    using normalization: Normalization
  ) throws {
    usleep(60_000)
    try whole.fill(indices: indices, pixels: pixels, labels: labels, using: normalization)
  }
}

@Suite struct WaitingTests {
  @Test func theShareWaitedForDataIsToldAndWritten() async throws {
    let directory = try TemporaryDirectory()
    func run(_ dataset: any Dataset, _ name: String) async throws -> (TrainingResult, [Double]) {
      let path = directory.file(name)
      let options = RunDirectoryTests.options(path)
      let result = try await Trainer(
        model: try network(), dataset: dataset, options: options, device: .reference
      ).run()
      let log = try MetricsLog.read("\(path)/metrics.jsonl")
      return (result, log.compactMap { $0.metrics["waited_share"] })
    }
    let set = try stripes(100)
    let (quick, _) = try await run(set, "quick")
    let (slow, shares) = try await run(Slow(set), "slow")
    // A step computes for less than a millisecond.
    #expect(slow.waitedShare > 0.5 && slow.waitedShare <= 1, "\(slow.waitedShare)")
    #expect(quick.waitedShare < slow.waitedShare)
    #expect(shares.count == 5 && shares.allSatisfy { (0...1).contains($0) }, "\(shares)")
    #expect((shares.last ?? 0) > 0.5)
  }
}
