import Foundation
import FoveaData
import FoveaTensors
import Testing

@Suite struct MNIST1DTests {
  /// FNV-1a, as `Tests/Golden/make_mnist1d.py` has it.
  private func checksum(_ set: any Dataset...) -> UInt64 {
    var hash: UInt64 = 0xcbf2_9ce4_8422_2325
    for part in set {
      for index in 0..<part.count { hash = (hash ^ UInt64(part.label(index))) &* 0x100_0000_01b3 }
    }
    return hash
  }

  private func worst(_ found: some Sequence<Float>, _ expected: some Sequence<Double>) -> Double {
    zip(found, expected).map { abs(Double($0) - $1) }.max() ?? .infinity
  }

  @Test func drawsAsNumPyDoes() {
    var random = MersenneTwister(seed: 42)
    #expect((0..<4).map { _ in random.uniform() } == MNIST1DGolden.uniform)
    for expected in MNIST1DGolden.normal { #expect(abs(random.normal() - expected) < 1e-15) }
    #expect((0..<12).map { _ in random.integer(upTo: 47) } == MNIST1DGolden.choice)
    var late = 0.0
    for _ in 0..<2000 { late = random.uniform() }
    #expect(late == MNIST1DGolden.late[0])
    #expect(abs(random.normal() - MNIST1DGolden.late[1]) < 1e-15)
    #expect(random.permutation(of: 40) == MNIST1DGolden.permutation)
  }

  @Test func theTwisterIsThePublishedOne() {
    // The ten-thousandth word of mt19937 with seed 5489, as the C++ standard requires it.
    var random = MersenneTwister(seed: 5489)
    for _ in 0..<9999 { _ = random.word() }
    #expect(random.word() == 4_123_659_995)
  }

  @Test func templates() {
    let found = MNIST1D.templates.flatMap { $0 }
    #expect(zip(found, MNIST1DGolden.templates).map { abs($0 - $1) }.max() ?? 1 < 1e-15)
    #expect(MNIST1D.templates.allSatisfy { $0[0] == 0 && $0[11] == 0 })
  }

  @Test func theDefaultsAreThePublishedSet() throws {
    let (train, test) = try MNIST1D.generate()
    #expect(train.count == 4000 && test.count == 1000)
    #expect(train.sampleShape == [1, 40] && train.classNames == (0..<10).map(String.init))
    #expect(train.isStandardized)
    #expect(worst(train.values(of: 0) + train.values(of: 1), MNIST1DGolden.first) < 1e-6)
    #expect(worst(test.values(of: 998) + test.values(of: 999), MNIST1DGolden.last) < 1e-6)
    #expect((0..<20).map { Int(train.label($0)) } == MNIST1DGolden.firstLabels)
    #expect((980..<1000).map { Int(test.label($0)) } == MNIST1DGolden.lastLabels)
    #expect(checksum(train) == MNIST1DGolden.trainLabels)
    #expect(checksum(test) == MNIST1DGolden.testLabels)
  }

  @Test func everyOptionCounts() throws {
    let options = MNIST1D.Options(
      samples: 203, trainFraction: 0.5, padding: 10...20, scale: 1.5, maxTranslation: 32, correlatedNoise: 0.5,
      noise: 0.1, shear: 0.1, shufflesPoints: true, length: 17, seed: 7)
    let (train, test) = try MNIST1D.generate(options)
    #expect(train.count == 100 && test.count == 100)
    #expect(worst(train.values(of: 0) + train.values(of: 1), MNIST1DGolden.otherFirst) < 1e-6)
    #expect(worst(test.values(of: 99), MNIST1DGolden.otherLast) < 1e-6)
    #expect(checksum(train, test) == MNIST1DGolden.otherLabels)
  }

  @Test func impossibleOptionsAreRefused() {
    for options in [
      MNIST1D.Options(samples: 9), MNIST1D.Options(trainFraction: 1), MNIST1D.Options(padding: -1...4),
      MNIST1D.Options(scale: .nan), MNIST1D.Options(maxTranslation: 73), MNIST1D.Options(maxTranslation: 0),
      MNIST1D.Options(length: 1), MNIST1D.Options(samples: 10, trainFraction: 0.01), MNIST1D.Options(shear: 1e300),
    ] { #expect(throws: DataError.self) { try MNIST1D.generate(options) } }
    let error = #expect(throws: DataError.self) { try MNIST1D.generate(.init(maxTranslation: 100)) }
    #expect(error?.description == "MNIST-1D's maxTranslation cannot be 100, expected from 1 to 72")
    // The largest move there is turns the signal once round but for a point.
    #expect(throws: Never.self) { try MNIST1D.generate(.init(samples: 10, maxTranslation: 72)) }
  }

  @Test(
    .enabled(if: FileManager.default.fileExists(atPath: sharedData + "/mnist-1d"), "no ../shared/data/mnist-1d here"))
  func allOfThePublishedSet() throws {
    let sets = try MNIST1D.generate()
    for (set, values, labels) in [(sets.train, "x_f32le", "y_u8"), (sets.test, "x_test_f32le", "y_test_u8")] {
      let bytes = try Scratch.bytes(of: sharedData + "/mnist-1d/\(values).bin")
      let expected = bytes.withUnsafeBytes { raw in
        (0..<raw.count / 4).map { raw.loadUnaligned(fromByteOffset: 4 * $0, as: Float.self) }
      }
      #expect(expected.count == set.count * 40)
      let found = (0..<set.count).flatMap { set.values(of: $0) }
      let difference = zip(found, expected).map { abs($0 - $1) }.max() ?? .infinity
      #expect(difference < 1e-5)
      let classes = try Scratch.bytes(of: sharedData + "/mnist-1d/\(labels).bin")
      #expect((0..<set.count).map { UInt8(set.label($0)) } == classes)
    }
  }

  @Test func aLoaderServesSignals() throws {
    let train = try DatasetSource.mnist1D.load(split: .train)
    // Nothing is measured, so that the values stay as they are.
    let statistics = try PixelStatistics(of: Subset(of: train, indices: [0, 5]))
    #expect(statistics.mean == [0] && statistics.std == [1])
    let loader = try Loader(
      train, batchSize: 100, order: .sequential, normalization: statistics.normalization, epochs: 1)
    let batch = try #require(try loader.next())
    #expect(batch["input"]?.shape == [100, 1, 40])
    #expect(batch["target"]?.array(of: Int32.self) == (0..<100).map { train.label($0) })
    let own = try #require(train as? FloatDataset)
    #expect(batch["input"]?.array(of: Float.self) == (0..<100).flatMap { own.values(of: $0) })
    #expect(try filled(train, [3], .unit).pixels == Array(own.values(of: 3)))
    loader.stop()
    #expect(
      throws: DataError.augmentationUnfit(dataset: "mnist-1d", shape: [1, 40], augmentation: "flip")
    ) {
      try Loader(
        train, batchSize: 1, order: .sequential, normalization: .unit, augmentation: Augmentation(flip: 0.5))
    }
  }
}

@Suite struct FloatDatasetTests {
  @Test func normalizesAndMeasures() throws {
    let set = try FloatDataset(
      name: "floats", values: [1, 2, 3, 4, 10, 20, 30, 40], labels: [0, 1], sampleShape: [2, 2], classNames: ["a", "b"])
    let norm = try Normalization(mean: [1, 2], std: [2, 4])
    #expect(try filled(set, [1, 0], norm).pixels == [4.5, 9.5, 7, 9.5, 0, 0.5, 0.25, 0.5])
    let found = try PixelStatistics(of: set)
    // Channel 0: 1, 2, 10, 20; channel 1: 3, 4, 30, 40.
    #expect(abs(found.mean[0] - 8.25) < 1e-5 && abs(found.mean[1] - 19.25) < 1e-5)
    #expect(abs(found.std[0] - 58.1875.squareRoot()) < 1e-5)
    #expect(abs(found.std[1] - 260.6875.squareRoot()) < 1e-4)
  }

  @Test func nonsenseIsRefused() {
    #expect(throws: DataError.notFinite(name: "x", example: 1)) {
      try FloatDataset(name: "x", values: [0, .nan], labels: [0, 0], sampleShape: [1, 1], classNames: ["a"])
    }
    #expect(throws: DataError.sizeMismatch(pixels: 3, labels: 2, shape: [1, 1])) {
      try FloatDataset(name: "x", values: [0, 1, 2], labels: [0, 0], sampleShape: [1, 1], classNames: ["a"])
    }
    #expect(throws: DataError.self) {
      try FloatDataset(name: "x", values: [0], labels: [0], sampleShape: [1], classNames: ["a"])
    }
  }
}
