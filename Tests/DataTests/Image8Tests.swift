import FoveaData
import FoveaTensors
import Testing

@Suite struct Image8Tests {
  private func coarse() throws -> Image8 { try Image8(height: 31, width: 23, channels: 3, pixels: Golden.coarse) }

  @Test func grayIsPillowsLuma() throws {
    #expect(try coarse().gray().pixels == Golden.coarseGray)
    let white = try Image8(height: 1, width: 2, channels: 3, pixels: [255, 255, 255, 0, 0, 0])
    #expect(white.gray().pixels == [255, 0])
    #expect(white.gray().rgb() == white)
  }

  @Test func resizeIsPillows() throws {
    for (height, width, golden) in [
      (10, 12, Golden.coarse10x12), (40, 37, Golden.coarse40x37), (31, 9, Golden.coarse31x9),
      (64, 5, Golden.coarse64x5), (1, 1, Golden.coarse1x1),
    ] {
      let image = try coarse().resized(height: height, width: width)
      #expect([image.height, image.width, image.channels] == [height, width, 3])
      let worst = zip(image.pixels, golden).map { abs(Int($0) - Int($1)) }.max()
      #expect(image.pixels.count == golden.count)
      #expect(try #require(worst) <= 1, "\(height)×\(width)")
    }
  }

  @Test func resizeKeepsWhatIsConstantAndWhatHasTheSize() throws {
    #expect(try coarse().resized(height: 31, width: 23) == coarse())
    for level in [0, 1, 127, 254, 255] as [UInt8] {
      let flat = try Image8(height: 13, width: 17, channels: 1, pixels: [UInt8](repeating: level, count: 221))
      for (height, width) in [(1, 1), (7, 5), (40, 100), (13, 2)] {
        #expect(!(try flat.resized(height: height, width: width).pixels.contains { $0 != level }))
      }
    }
  }

  /// By hand: two pixels to one is their mean; one to two is the same twice; two to four has its
  /// centres at −¼, ¼, ¾, 1¼ of the old grid.
  @Test func resizeByHand() throws {
    let two = try Image8(height: 1, width: 2, channels: 1, pixels: [0, 200])
    #expect(try two.resized(height: 1, width: 1).pixels == [100])
    #expect(try two.resized(height: 2, width: 2).pixels == [0, 200, 0, 200])
    #expect(try two.resized(height: 1, width: 4).pixels == [0, 50, 150, 200])
    // Two neighbours of each centre, however much falls together: 1.25 and 3.75 of these five.
    let five = try Image8(height: 1, width: 5, channels: 1, pixels: [0, 100, 200, 40, 80])
    #expect(try five.resized(height: 1, width: 2, antialias: false).pixels == [75, 50])
    #expect(try five.resized(height: 1, width: 1, antialias: false).pixels == [200])
    #expect(try five.resized(height: 1, width: 10, antialias: false) == five.resized(height: 1, width: 10))
  }

  @Test func impossibleSizesAreRefused() throws {
    for (height, width) in [(0, 5), (5, 0), (-1, 5), (Int.max, 2), (1, Int.max)] {
      #expect(throws: DataError.badSize(height: height, width: width)) {
        try coarse().resized(height: height, width: width)
      }
    }
    #expect(throws: DataError.self) { try coarse().resized(height: 1, width: 1 << 30) }
    #expect(throws: DataError.self) { try coarse().resized(height: 1 << 30, width: 1) }
    #expect(throws: DataError.badChannels(2)) { try coarse().converted(channels: 2) }
    #expect(throws: DataError.badChannels(4)) { try Image8(height: 1, width: 1, channels: 4, pixels: [0, 0, 0, 0]) }
    #expect(throws: DataError.self) { try Image8(height: 1, width: 2, channels: 1, pixels: [0]) }
  }

  @Test func shortSideAndCentre() throws {
    let image = try coarse().resized(shortSide: 10)
    #expect([image.height, image.width] == [13, 10])
    let rows = try Image8(height: 3, width: 4, channels: 1, pixels: Array(0..<12))
    #expect(try rows.centerCropped(height: 1, width: 2).pixels == [5, 6])
    #expect(try rows.centerCropped(height: 2, width: 3).pixels == [0, 1, 2, 4, 5, 6])
    #expect(throws: DataError.cropTooLarge(height: 4, width: 4, imageHeight: 3, imageWidth: 4)) {
      try rows.centerCropped(height: 4, width: 4)
    }
    #expect(throws: DataError.badSize(height: 0, width: 0)) { try coarse().resized(shortSide: 0) }
    #expect(throws: DataError.self) { try coarse().resized(shortSide: .max) }
  }

  @Test func tensorsAreChannelsFirstAndNormalized() throws {
    let image = try Image8(height: 1, width: 2, channels: 3, pixels: [0, 51, 102, 153, 204, 255])
    let tensor = try image.tensor(channels: 3, height: 1, width: 2, mean: [0, 0.2, 0.5], std: [1, 0.5, 0.25])
    #expect(tensor.shape == [3, 1, 2])
    let expected: [Float] = [0, 0.6, 0, 1.2, -0.4, 2]
    for (found, wanted) in zip(tensor.array(of: Float.self), expected) { #expect(abs(found - wanted) < 5e-7) }
    let gray = try image.tensor(channels: 1, height: 1, width: 1, mean: [0], std: [1])
    #expect(gray.shape == [1, 1, 1])
    #expect(throws: DataError.channelMismatch(dataset: "the picture", channels: 3, normalization: 2)) {
      try image.tensor(channels: 3, height: 1, width: 2, mean: [0, 0], std: [1, 1])
    }
  }
}
