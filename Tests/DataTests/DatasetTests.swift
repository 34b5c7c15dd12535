import FoveaData
import FoveaTensors
import Testing

/// Fills buffers through a data set and gives them back.
func filled(
  _ set: any Dataset, _ indices: [Int], _ normalization: Normalization = .levels
) throws -> (pixels: [Float], labels: [Int32]) {
  var pixels = [Float](repeating: -1, count: indices.count * set.sampleShape.count)
  var labels = [Int32](repeating: -1, count: indices.count)
  try indices.withUnsafeBufferPointer { chosen in
    try pixels.withUnsafeMutableBufferPointer { p in
      try labels.withUnsafeMutableBufferPointer { l in
        guard let p = p.baseAddress, let l = l.baseAddress else { return }
        try set.fill(indices: chosen, pixels: p, labels: l, using: normalization)
      }
    }
  }
  return (pixels, labels)
}

/// Four pictures of two channels, 1×3, whose pixels count up; labels 0, 1, 2, 0.
func smallSet() throws -> InMemoryDataset {
  try InMemoryDataset(
    name: "small", pixels: (0..<24).map { UInt8($0 * 10) }, labels: [0, 1, 2, 0], sampleShape: [2, 1, 3],
    classNames: ["a", "b", "c"])
}

@Suite struct DatasetTests {
  @Test func fillsInTheOrderAsked() throws {
    let (pixels, labels) = try filled(smallSet(), [2, 0, 2])
    let two: [Float] = [120, 130, 140, 150, 160, 170]
    #expect(pixels == two + [0, 10, 20, 30, 40, 50] + two)
    #expect(labels == [2, 0, 2])
  }

  @Test func normalizesEachChannelByItsOwnNumbers() throws {
    let norm = try Normalization(mean: [0, 0.5], std: [1, 0.25])
    let (pixels, _) = try filled(smallSet(), [1], norm)
    let expected = [60, 70, 80].map { $0 / 255.0 } + [90, 100, 110].map { ($0 / 255.0 - 0.5) / 0.25 }
    for (found, wanted) in zip(pixels, expected) { #expect(abs(Double(found) - wanted) < 5e-7) }
    let (unit, _) = try filled(smallSet(), [1], .unit)
    #expect(abs(unit[0] - 60.0 / 255) < 1e-7)
  }

  @Test func oneNormalizationServesAllChannelsOthersMustFit() throws {
    let one = try filled(smallSet(), [0], Normalization(mean: [0.5], std: [0.5])).pixels
    #expect(one[0] == -1)
    let three = try Normalization(mean: [0, 0, 0], std: [1, 1, 1])
    #expect(throws: DataError.channelMismatch(dataset: "small", channels: 2, normalization: 3)) {
      try filled(smallSet(), [0], three)
    }
  }

  @Test func badNormalizationsAreRefused() {
    for (mean, std): ([Float], [Float]) in [
      ([], []), ([0], [0]), ([0], [-1]), ([0, 0], [1]), ([.nan], [1]), ([0], [.infinity]),
    ] {
      #expect(throws: DataError.self) { try Normalization(mean: mean, std: std) }
    }
  }

  @Test func mismatchedMemoryIsRefused() {
    #expect(throws: DataError.sizeMismatch(pixels: 5, labels: 1, shape: [1, 2, 3])) {
      try InMemoryDataset(
        name: "x", pixels: [0, 0, 0, 0, 0], labels: [0], sampleShape: [1, 2, 3], classNames: ["a"])
    }
    #expect(throws: DataError.labelOutOfRange(path: "x", index: 0, label: -1, classes: 1)) {
      try InMemoryDataset(name: "x", pixels: [0], labels: [-1], sampleShape: [1, 1, 1], classNames: ["a"])
    }
    #expect(throws: DataError.self) {
      try InMemoryDataset(name: "x", pixels: [], labels: [], sampleShape: [1, 0, 1], classNames: ["a"])
    }
  }

  @Test func aSubsetIsItsIndices() throws {
    let set = try Subset(of: smallSet(), indices: [3, 1])
    #expect(set.count == 2)
    #expect(set.label(0) == 0 && set.label(1) == 1)
    let (pixels, labels) = try filled(set, [1, 0])
    #expect(pixels == [60, 70, 80, 90, 100, 110, 180, 190, 200, 210, 220, 230])
    #expect(labels == [1, 0])
    #expect(throws: DataError.indexOutOfRange(index: 4, count: 4)) { try Subset(of: smallSet(), indices: [0, 4]) }
  }

  @Test func aSubsetLargerThanAPieceOfTheStack() throws {
    let whole = try InMemoryDataset(
      name: "count", pixels: (0..<250).map { UInt8($0) }, labels: (0..<250).map { Int32($0) }, sampleShape: [1, 1, 1],
      classNames: (0..<250).map(String.init))
    let set = try Subset(of: whole, indices: (0..<200).map { 249 - $0 })
    let (pixels, labels) = try filled(set, Array(0..<200))
    #expect(pixels == (0..<200).map { Float(249 - $0) })
    #expect(labels == (0..<200).map { Int32(249 - $0) })
  }

  @Test func statisticsAreExact() throws {
    // Channel 0 of two pictures: 0, 255, 255, 255; channel 1: constant 51.
    let set = try InMemoryDataset(
      name: "x", pixels: [0, 255, 51, 51, 255, 255, 51, 51], labels: [0, 0], sampleShape: [2, 1, 2], classNames: ["a"])
    let found = try PixelStatistics(of: set)
    #expect(found.mean == [0.75, 0.2])
    #expect(abs(found.std[0] - 0.1875.squareRoot()) < 1e-15)
    #expect(found.std[1] == 0)
    #expect(try found.normalization.std[1] == 1)
  }

  @Test func statisticsOverManyPiecesAndOddSizes() throws {
    let pixels = (0..<1_100_000).map { UInt8(truncatingIfNeeded: $0 &* 2_654_435_761 >> 7) }
    let set = try InMemoryDataset(
      name: "x", pixels: pixels, labels: [Int32](repeating: 0, count: 100_000), sampleShape: [1, 1, 11],
      classNames: ["a"])
    let sum = pixels.reduce(0) { $0 + Int($1) }
    let squares = pixels.reduce(0) { $0 + Int($1) * Int($1) }
    let mean = Double(sum) / 1_100_000
    let found = try PixelStatistics(of: set)
    #expect(abs(found.mean[0] - mean / 255) < 1e-14)
    #expect(abs(found.std[0] - (Double(squares) / 1_100_000 - mean * mean).squareRoot() / 255) < 1e-12)
  }
}

@Suite struct ValidationSplitTests {
  @Test func partsAreDisjointCompleteAndRepeat() throws {
    let split = try ValidationSplit(count: 1000, fraction: 0.1, seed: 7)
    #expect(split.validation.count == 100)
    #expect((split.train + split.validation).sorted() == Array(0..<1000))
    #expect(split.train == split.train.sorted())
    #expect(try split == ValidationSplit(count: 1000, fraction: 0.1, seed: 7))
    #expect(try split != ValidationSplit(count: 1000, fraction: 0.1, seed: 8))
    // Not the first hundred, nor any other block.
    #expect((split.validation.last ?? 0) - (split.validation.first ?? 0) > 800)
  }

  @Test func emptyPartsAreRefused() {
    for (count, fraction) in [(10, 0.0), (10, 1.0), (10, -0.5), (10, .nan), (10, 0.01), (10, 0.99), (0, 0.5)] {
      #expect(throws: DataError.self) { try ValidationSplit(count: count, fraction: fraction, seed: 0) }
    }
    #expect(
      DataError.badFraction(fraction: 2, count: 10).description
        == "a validation part of 2.0 of 10 examples leaves one part empty; give a fraction between 0 and 1, e.g. 0.1")
  }
}
