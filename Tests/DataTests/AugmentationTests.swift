import Foundation
import FoveaData
import FoveaTensors
import Testing

/// Fills as a loader does in an epoch.
private func augmented(
  _ set: any Dataset, _ augmentation: Augmentation, _ indices: [Int], epoch: Int = 0, seed: UInt64 = 3,
  _ normalization: Normalization = .levels
) throws -> [Float] {
  let loader = try Loader(
    Subset(of: set, indices: indices), batchSize: indices.count, order: .sequential, normalization: normalization,
    start: LoaderPosition(epoch: epoch), augmentation: augmentation, augmentationSeed: seed)
  defer { loader.stop() }
  return try #require(try loader.next()?["input"]).array(of: Float.self)
}

/// One picture [C, H, W] of levels.
private func single(_ pixels: [UInt8], _ shape: Shape) throws -> InMemoryDataset {
  try InMemoryDataset(name: "one", pixels: pixels, labels: [0], sampleShape: shape, classNames: ["a"])
}

/// The same set through the public protocol only, as a user's own is.
private final class Plain: Dataset {
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
  ) throws { try whole.fill(indices: indices, pixels: pixels, labels: labels, using: normalization) }
}

private func manySet(_ count: Int = 40, _ shape: Shape = [3, 8, 6]) throws -> InMemoryDataset {
  let stream = RandomStream(seed: 9, purpose: "test")
  return try InMemoryDataset(
    name: "many", pixels: (0..<count * shape.count).map { UInt8(stream.word(index: $0) >> 24) },
    labels: (0..<count).map { Int32($0 % 3) }, sampleShape: shape, classNames: ["a", "b", "c"])
}

@Suite struct AugmentationTests {
  private func message(_ text: String) -> String {
    do { return "no error: \(try Augmentation.parse(text))" } catch { return error.description }
  }

  @Test func parsesWhatItPrints() throws {
    let cases: [(String, Augmentation)] = [
      ("none", .none), ("crop:4,flip", Augmentation(crop: 4, flip: 0.5)),
      ("resized-crop,flip:0.25", Augmentation(resizedCrop: 0.08, flip: 0.25)),
      ("resized-crop:0.5", Augmentation(resizedCrop: 0.5)),
      ("crop:0,jitter:0.2", Augmentation(crop: 0, brightness: 0.2, contrast: 0.2, saturation: 0.2)),
      ("brightness:0.1,saturation:1.0", Augmentation(brightness: 0.1, saturation: 1)),
    ]
    for (text, value) in cases {
      #expect(try Augmentation.parse(text) == value)
      #expect(value.description == text)
      #expect(try JSONDecoder().decode(Augmentation.self, from: JSONEncoder().encode(value)) == value)
    }
    #expect(try JSONDecoder().decode(Augmentation.self, from: Data("{\"flip\":0.5}".utf8)) == Augmentation(flip: 0.5))
  }

  @Test func mistakesNameTheTerm() {
    #expect(message("flop") == "augmentation 'flop': it is unknown; did you mean flip?")
    #expect(
      message("mixup:3") == "augmentation 'mixup:3': it is unknown; there are crop, resized-crop, flip, brightness, "
        + "contrast, saturation, jitter")
    #expect(message("crop") == "augmentation 'crop': it needs a number of pixels, e.g. crop:4")
    #expect(message("crop:four") == "augmentation 'crop:four': \"four\" is no whole number of pixels")
    #expect(message("crop:-1") == "augmentation 'crop:-1': give the pixels around the picture, from 0 to 4096")
    #expect(message("jitter") == "augmentation 'jitter': it needs a number, e.g. jitter:0.2")
    #expect(message("jitter:x") == "augmentation 'jitter:x': \"x\" is no number")
    #expect(message("jitter:2") == "augmentation 'brightness:2.0': give a strength from 0 to 1")
    #expect(message("flip:1.5") == "augmentation 'flip:1.5': give a probability from 0 to 1")
    #expect(message("flip,flip:0.1") == "augmentation 'flip:0.1': flip is given twice; leave one out")
    #expect(message("jitter:0.1,contrast:0.1") == "augmentation 'contrast:0.1': contrast is given twice; leave one out")
    #expect(message("crop:4,resized-crop").contains("it does not go with resized-crop; choose one of them"))
    #expect(message("resized-crop:0").contains("above 0 and at most 1"))
    #expect(message("").contains("it is unknown"))
    #expect(message("crop:4,,flip").contains("it is unknown"))
    #expect(message("flip:nan") == "augmentation 'flip:nan': \"nan\" is no number")
  }

  @Test func flipMirrorsAboutHalf() throws {
    let set = try manySet(200, [1, 1, 3])
    let found = try augmented(set, Augmentation(flip: 0.5), Array(0..<200))
    var flipped = 0
    for index in 0..<200 {
      let own = set.pixels(of: index).map { Float($0) }
      let got = Array(found[index * 3..<index * 3 + 3])
      #expect(got == own || got == own.reversed())
      if got != own { flipped += 1 }
    }
    #expect((75...125).contains(flipped))
    #expect(try augmented(set, Augmentation(flip: 1), [7]) == set.pixels(of: 7).reversed().map { Float($0) })
  }

  @Test func cropsAreShiftsOverBlack() throws {
    // A 3×3 picture with 2 black pixels around: 25 places, each about as often.
    let pixels: [UInt8] = [1, 2, 3, 4, 5, 6, 7, 8, 9]
    let set = try InMemoryDataset(
      name: "same", pixels: (0..<1000).flatMap { _ in pixels }, labels: [Int32](repeating: 0, count: 1000),
      sampleShape: [1, 3, 3], classNames: ["a"])
    func shifted(_ top: Int, _ left: Int) -> [Float] {
      (0..<9).map { at in
        let (row, column) = (at / 3 + top, at % 3 + left)
        return (0..<3).contains(row) && (0..<3).contains(column) ? Float(pixels[row * 3 + column]) : 0
      }
    }
    let found = try augmented(set, Augmentation(crop: 2), Array(0..<1000))
    var counts: [Int: Int] = [:]
    for index in 0..<1000 {
      let got = Array(found[index * 9..<index * 9 + 9])
      let place = try #require(
        (0..<25).first { shifted($0 / 5 - 2, $0 % 5 - 2) == got }, "no shift gives \(got)")
      counts[place, default: 0] += 1
    }
    #expect(counts.count == 25, "\(counts)")
    #expect(counts.values.allSatisfy { (15...70).contains($0) })
    // Without pixels around there is one place only.
    #expect(try augmented(set, Augmentation(crop: 0), [5]) == pixels.map { Float($0) })
  }

  @Test func blackIsNormalizedToo() throws {
    let set = try single([255, 255, 255, 255], [1, 2, 2])
    let norm = try Normalization(mean: [0.5], std: [0.25])
    for epoch in 0..<20 {
      let found = try augmented(set, Augmentation(crop: 2), [0], epoch: epoch, norm)
      #expect(found.allSatisfy { abs($0 - 2) < 1e-6 || abs($0 + 2) < 1e-6 })
    }
  }

  @Test func drawsDependOnSeedEpochAndIndexOnly() throws {
    let set = try manySet()
    let all = Augmentation(crop: 2, flip: 0.5, brightness: 0.4, contrast: 0.4, saturation: 0.4)
    let together = try augmented(set, all, Array(0..<40))
    let size = set.sampleShape.count
    for index in [0, 13, 39] {
      #expect(try augmented(set, all, [index]) == Array(together[index * size..<(index + 1) * size]))
    }
    #expect(try augmented(set, all, Array(0..<40), epoch: 1) != together)
    #expect(try augmented(set, all, Array(0..<40), seed: 4) != together)
  }

  @Test func threadsAndResumingChangeNothing() throws {
    let set = try manySet(50)
    let all = Augmentation(resizedCrop: 0.3, flip: 0.5, brightness: 0.4, contrast: 0.4, saturation: 0.4)
    func drain(_ workers: Int, from start: LoaderPosition = LoaderPosition(), _ set: any Dataset) throws -> [[Float]] {
      let loader = try Loader(
        set, batchSize: 7, order: .shuffled(seed: 5), normalization: .unit, epochs: 3, start: start,
        augmentation: all, workers: workers)
      var batches: [[Float]] = []
      while let batch = try loader.next() {
        batches.append(try #require(batch["input"]).array(of: Float.self))
        loader.recycle(batch)
      }
      return batches
    }
    let expected = try drain(1, set)
    #expect(expected.count == 24)
    #expect(try drain(4, set) == expected)
    #expect(try drain(3, from: LoaderPosition(epoch: 1, batch: 3), set) == Array(expected[11...]))
    // A user's own set is varied afterwards, to the same pictures.
    #expect(try drain(2, Plain(set)) == expected)
  }

  @Test func jitterIsTheFormula() throws {
    // Two pixels of red, green, blue.
    let levels: [UInt8] = [100, 10, 50, 200, 30, 250]
    let set = try single(levels, [3, 1, 2])
    func range(_ found: [Float], _ expected: (Float) -> [Float], _ strength: Float) -> Bool {
      // The factor that explains the first value explains all.
      stride(from: 1 - strength, through: 1 + strength, by: 1e-4).contains { factor in
        zip(found, expected(factor)).allSatisfy { abs($0 - $1) < 0.05 }
      }
    }
    func bounded(_ x: Float) -> Float { max(0, min(255, x)) }
    let pixels = levels.map { Float($0) }
    func gray(_ at: Int) -> Float { 0.299 * pixels[at] + 0.587 * pixels[2 + at] + 0.114 * pixels[4 + at] }
    let mean = (gray(0) + gray(1)) / 2
    for epoch in 0..<5 {
      let bright = try augmented(set, Augmentation(brightness: 0.5), [0], epoch: epoch)
      #expect(range(bright, { f in pixels.map { bounded($0 * f) } }, 0.5))
      let contrast = try augmented(set, Augmentation(contrast: 0.5), [0], epoch: epoch)
      #expect(range(contrast, { f in pixels.map { bounded($0 * f + (1 - f) * mean) } }, 0.5))
      let colour = try augmented(set, Augmentation(saturation: 0.5), [0], epoch: epoch)
      #expect(range(colour, { f in (0..<6).map { bounded(pixels[$0] * f + (1 - f) * gray($0 & 1)) } }, 0.5))
    }
    // Gray pictures have no colour to vary.
    let flat = try single([7, 8], [1, 1, 2])
    #expect(try augmented(flat, Augmentation(saturation: 1), [0]) == [7, 8])
  }

  @Test func jitterDrawsFillTheirRange() throws {
    let set = try InMemoryDataset(
      name: "gray", pixels: [UInt8](repeating: 100, count: 500), labels: [Int32](repeating: 0, count: 500),
      sampleShape: [1, 1, 1], classNames: ["a"])
    let found = try augmented(set, Augmentation(brightness: 0.2), Array(0..<500))
    #expect(found.allSatisfy { $0 >= 80 && $0 <= 120 })
    #expect((found.min() ?? 0) < 82 && (found.max() ?? 0) > 118)
    #expect(abs(found.reduce(0, +) / 500 - 100) < 2)
  }

  @Test func aResizedCropOfEverythingIsTheResizedPicture() throws {
    // The whole area and sides of any ratio: only the whole picture fits a square one, or nearly.
    let set = try manySet(30, [3, 20, 20])
    let found = try augmented(set, Augmentation(resizedCrop: 1), Array(0..<30))
    for index in 0..<30 {
      let own = set.pixels(of: index).map { Float($0) }
      let got = found[index * 1200..<(index + 1) * 1200]
      // The fallback is the whole picture, since 1:1 lies within 3:4 and 4:3.
      #expect(zip(got, own).allSatisfy { $0.isFinite && $1 >= 0 })
      #expect(got.allSatisfy { $0 >= 0 && $0 <= 255.001 })
    }
    #expect(
      (0..<30).contains { index in
        zip(found[index * 1200..<(index + 1) * 1200], set.pixels(of: index)).allSatisfy { abs($0 - Float($1)) < 1e-3 }
      })
  }

  @Test func fastEnoughForCIFAR() throws {
    let set = try manySet(512, [3, 32, 32])
    func microseconds(_ augmentation: Augmentation) throws -> Double {
      var best = Double.infinity
      for _ in 0..<5 {
        let start = Date()
        let loader = try Loader(
          set, batchSize: 512, order: .sequential, normalization: .unit, epochs: 4, augmentation: augmentation)
        while let batch = try loader.next() { loader.recycle(batch) }
        best = min(best, Date().timeIntervalSince(start) / 2048 * 1e6)
      }
      return best
    }
    let plain = try microseconds(Augmentation(crop: 4, flip: 0.5))
    let colour = try microseconds(Augmentation(crop: 4, flip: 0.5, brightness: 0.2, contrast: 0.2, saturation: 0.2))
    let resized = try microseconds(Augmentation(resizedCrop: 0.08, flip: 0.5))
    print("a CIFAR picture: crop and flip \(plain) µs, with jitter \(colour) µs, resized crop \(resized) µs")
    // Far above what is measured, for machines under load.
    #expect(plain < 200 && colour < 200 && resized < 400)
  }
}
