import Foundation
import FoveaData
import FoveaTensors
import Synchronization
import Testing

/// 23 examples of one pixel that is its own index; may fail or be slow at one of them.
private final class Counting: Dataset {
  struct Broken: Error, Equatable {}
  let name = "counting"
  let count: Int
  let classNames = ["x"]
  let sampleShape: Shape = [1, 1, 1]
  let failsAt: Int?
  let delay: Double
  let calls = Atomic<Int>(0)

  init(count: Int = 23, failsAt: Int? = nil, delay: Double = 0) {
    self.count = count
    self.failsAt = failsAt
    self.delay = delay
  }

  func label(_ index: Int) -> Int32 { Int32(index) }

  func fill(
    indices: UnsafeBufferPointer<Int>, pixels: UnsafeMutablePointer<Float>, labels: UnsafeMutablePointer<Int32>,
    using normalization: Normalization
  ) throws {
    calls.add(1, ordering: .relaxed)
    if delay > 0 { Thread.sleep(forTimeInterval: delay) }
    for (place, index) in indices.enumerated() {
      if index == failsAt { throw Broken() }
      pixels[place] = Float(index)
      labels[place] = Int32(index)
    }
  }
}

/// A batch as plain values.
private struct Seen: Equatable {
  let position: LoaderPosition
  let isLast: Bool
  let labels: [Int32]
}

@Suite(.timeLimit(.minutes(1))) struct LoaderTests {
  private func loader(
    _ set: any Dataset = Counting(), batchSize: Int = 5, order: LoaderOrder = .shuffled(seed: 1), epochs: Int? = 2,
    start: LoaderPosition = LoaderPosition(), ahead: Int = 3
  ) throws -> Loader {
    try Loader(
      set, batchSize: batchSize, order: order, normalization: .levels, epochs: epochs, start: start, ahead: ahead)
  }

  private func drain(_ loader: Loader) throws -> [Seen] {
    var seen: [Seen] = []
    while let batch = try loader.next() {
      let input = try #require(batch["input"])
      let target = try #require(batch["target"])
      #expect(input.shape == [batch.count, 1, 1, 1] && input.dtype == .f32)
      #expect(target.shape == [batch.count] && target.dtype == .i32)
      let labels = target.array(of: Int32.self)
      #expect(input.array(of: Float.self) == labels.map { Float($0) })
      seen.append(Seen(position: batch.position, isLast: batch.isLastOfEpoch, labels: labels))
      loader.recycle(batch)
    }
    return seen
  }

  @Test func everyExampleOncePerEpochAndAShortLastBatch() throws {
    let seen = try drain(loader())
    #expect(seen.map(\.labels.count) == [5, 5, 5, 5, 3, 5, 5, 5, 5, 3])
    #expect(seen.map(\.isLast) == [false, false, false, false, true, false, false, false, false, true])
    #expect(seen.map(\.position.epoch) == [0, 0, 0, 0, 0, 1, 1, 1, 1, 1])
    #expect(seen.map(\.position.batch) == [0, 1, 2, 3, 4, 0, 1, 2, 3, 4])
    let epochs = [seen[..<5], seen[5...]].map { $0.flatMap(\.labels) }
    for epoch in epochs { #expect(epoch.sorted() == (0..<23).map { Int32($0) }) }
    #expect(epochs[0] != epochs[1])
  }

  @Test func theOrderIsThatOfThePublishedStream() throws {
    let seen = try drain(loader())
    let stream = RandomStream(seed: 1, purpose: "shuffle")
    #expect(seen[..<5].flatMap(\.labels) == stream.permutation(of: 23, step: 0).map { Int32($0) })
    #expect(seen[5...].flatMap(\.labels) == stream.permutation(of: 23, step: 1).map { Int32($0) })
  }

  @Test func theSameSeedGivesTheSameOrder() throws {
    #expect(try drain(loader()) == drain(loader()))
    #expect(try drain(loader()) == drain(loader(ahead: 1)))
    #expect(try drain(loader()) != drain(loader(order: .shuffled(seed: 2))))
  }

  @Test func sequentialIsAsTheSetHasIt() throws {
    let seen = try drain(loader(order: .sequential, epochs: 1))
    #expect(seen.flatMap(\.labels) == (0..<23).map { Int32($0) })
  }

  @Test func resumesAnywhere() throws {
    let all = try drain(loader(epochs: 3))
    for (skipped, first) in all.enumerated() {
      #expect(try drain(loader(epochs: 3, start: first.position)) == Array(all[skipped...]))
    }
    #expect(try drain(loader(epochs: 3, start: LoaderPosition(epoch: 3))) == [])
  }

  @Test func oddBatchSizes() throws {
    #expect(try drain(loader(batchSize: 1, epochs: 1)).count == 23)
    #expect(try drain(loader(batchSize: 23, epochs: 1)).map(\.labels.count) == [23])
    let large = try loader(batchSize: 1 << 40, epochs: 1)
    #expect(large.batchSize == 23 && large.batchesPerEpoch == 1)
    // More than one piece of 64 in a batch.
    let wide = try drain(loader(Counting(count: 300), batchSize: 150, epochs: 1))
    #expect(wide.flatMap(\.labels).sorted() == (0..<300).map { Int32($0) })
  }

  @Test func impossibleWishesAreRefused() {
    #expect(throws: DataError.badBatchSize(0)) { try loader(batchSize: 0) }
    #expect(throws: DataError.emptyDataset(name: "counting")) { try loader(Counting(count: 0)) }
    #expect(throws: DataError.badPosition(epoch: 0, batch: 5, batchesPerEpoch: 5)) {
      try loader(start: LoaderPosition(epoch: 0, batch: 5))
    }
    #expect(throws: DataError.badPosition(epoch: -1, batch: 0, batchesPerEpoch: 5)) {
      try loader(start: LoaderPosition(epoch: -1, batch: 0))
    }
    let two = try? Normalization(mean: [0, 0], std: [1, 1])
    #expect(throws: DataError.channelMismatch(dataset: "counting", channels: 1, normalization: 2)) {
      try Loader(Counting(), batchSize: 1, order: .sequential, normalization: #require(two))
    }
  }

  @Test func memoryIsUsedAgain() throws {
    let loader = try loader(epochs: 200)
    var seen = Set<UnsafeMutablePointer<Float>>()
    while let batch = try loader.next() {
      seen.insert(batch.input)
      loader.recycle(batch)
      loader.recycle(batch)
    }
    #expect(seen.count <= 5)
  }

  @Test func aConsumerThatKeepsBatchesKeepsTheirContent() throws {
    let loader = try loader(order: .sequential, epochs: 4)
    var kept: [Batch] = []
    while let batch = try loader.next() { kept.append(batch) }
    #expect(kept.count == 20)
    for (place, batch) in kept.enumerated() {
      #expect(batch["target"]?.array(of: Int32.self).first == Int32(place % 5 * 5))
    }
    #expect(Set(kept.map(\.input)).count == 20)
  }

  @Test func itReadsAheadButNotForEver() throws {
    let set = Counting()
    let loader = try loader(set, epochs: nil)
    for _ in 0..<200 where set.calls.load(ordering: .relaxed) < 3 { Thread.sleep(forTimeInterval: 0.01) }
    Thread.sleep(forTimeInterval: 0.05)
    #expect(set.calls.load(ordering: .relaxed) == 3)
    #expect(try loader.next()?.count == 5)
    #expect(loader.waitedSeconds == 0)
  }

  @Test func waitingIsCounted() throws {
    let loader = try loader(Counting(delay: 0.1), epochs: 1)
    let count = try drain(loader).count
    #expect(count == 5)
    #expect(loader.waitedSeconds > 0.05 && loader.waitedSeconds < 20)
  }

  @Test func anErrorComesOutAfterWhatWasGood() throws {
    let loader = try loader(Counting(failsAt: 12), order: .sequential)
    #expect(try loader.next()?.count == 5)
    #expect(try loader.next()?.count == 5)
    #expect(throws: Counting.Broken()) { try loader.next() }
    #expect(throws: Counting.Broken()) { try loader.next() }
    loader.stop()
  }

  @Test func stopEndsTheThreadAndNextIsNil() throws {
    for taken in 0..<5 {
      let set = Counting()
      let loader = try loader(set, epochs: nil)
      for _ in 0..<taken { _ = try loader.next() }
      loader.stop()
      let calls = set.calls.load(ordering: .relaxed)
      #expect(try loader.next() == nil)
      loader.stop()
      Thread.sleep(forTimeInterval: 0.01)
      #expect(set.calls.load(ordering: .relaxed) == calls)
    }
  }

  @Test func aLoaderThatIsDroppedDoesNotHang() throws {
    let set = Counting(delay: 0.5)
    let start = Date()
    for _ in 0..<20 { _ = try loader(set, epochs: nil) }
    #expect(Date().timeIntervalSince(start) < 4)
  }

  @Test(.enabled(if: hasFashion, "Fashion-MNIST is not installed (apt-get install dataset-fashion-mnist)"))
  func anEpochOfFashionMNIST() throws {
    let train = try DatasetSource.fashionMNIST.load(split: .train)
    let norm = try Normalization(mean: [0.2860], std: [0.3530])
    let loader = try Loader(train, batchSize: 128, order: .shuffled(seed: 0), normalization: norm, epochs: 1)
    var counts = [Int](repeating: 0, count: 10)
    var sum = 0.0
    while let batch = try loader.next() {
      for index in 0..<batch.count { counts[Int(batch.target[index])] += 1 }
      for index in 0..<batch.count * 784 { sum += Double(batch.input[index]) }
      loader.recycle(batch)
    }
    #expect(counts == [Int](repeating: 6000, count: 10))
    #expect(abs(sum / (60_000 * 784)) < 5e-4)
  }
}
