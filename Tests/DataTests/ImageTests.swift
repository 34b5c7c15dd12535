import Foundation
import FoveaData
import FoveaTensors
import Testing

/// Largest difference of two pictures' bytes; nil when they have different numbers of them.
private func difference(_ a: [UInt8], _ b: [UInt8]) -> Int? {
  a.count == b.count ? zip(a, b).map { abs(Int($0) - Int($1)) }.max() : nil
}

private func sides(of image: Image8) -> [Int] { [image.height, image.width, image.channels] }

private func decode(_ bytes: [UInt8], limit: Int = ImageDecoder.pixelLimit) throws -> Image8 {
  try bytes.withUnsafeBytes { try ImageDecoder.decode($0, name: "x", limit: limit) }
}

private func message(_ bytes: [UInt8], limit: Int = ImageDecoder.pixelLimit) -> String {
  do {
    return "no error: \(try decode(bytes, limit: limit).pixels.count) bytes"
  } catch { return "\(error)" }
}

@Suite struct ImageDecoderTests {
  @Test func pngOfEveryKindAsPillowReadsIt() throws {
    let cases: [(String, [UInt8], [UInt8], Int, Int)] = [
      ("RGB", Golden.pngRGB, Golden.rgb, 3, 0),
      ("gray", Golden.pngGray, Golden.gray, 1, 0),
      ("palette", Golden.pngPalette, Golden.palette, 3, 0),
      ("palette with a clear colour", Golden.pngClear, Golden.clear, 3, 0),
      ("RGBA", Golden.pngAlpha, Golden.alpha, 3, 1),
      ("gray with alpha", Golden.pngGrayAlpha, Golden.grayAlpha, 1, 1),
      ("1 bit", Golden.pngBits, Golden.bits, 1, 0),
    ]
    for (name, file, pixels, channels, tolerance) in cases {
      let image = try decode(file)
      #expect(sides(of: image) == [9, 7, channels], "\(name)")
      #expect(try #require(difference(image.pixels, pixels)) <= tolerance, "\(name)")
    }
    for (file, pixels, channels) in [
      (Golden.pngDeep, Golden.deep, 3), (Golden.pngDeepGray, Golden.deepGray, 1),
    ] {
      let image = try decode(file)
      #expect(sides(of: image) == [4, 5, channels])
      #expect(try #require(difference(image.pixels, pixels)) <= 1)
    }
  }

  @Test func jpegOfEveryKindAsPillowReadsIt() throws {
    for (name, file, pixels, channels) in [
      ("RGB", Golden.jpegRGB, Golden.jpegRGBPixels, 3),
      ("4:4:4", Golden.jpegFull, Golden.jpegFullPixels, 3),
      ("progressive", Golden.jpegProgressive, Golden.jpegProgressivePixels, 3),
      ("gray", Golden.jpegGray, Golden.jpegGrayPixels, 1),
      ("CMYK", Golden.jpegCMYK, Golden.jpegCMYKPixels, 3),
    ] {
      let image = try decode(file)
      #expect(sides(of: image) == [19, 23, channels], "\(name)")
      #expect(try #require(difference(image.pixels, pixels)) <= 2, "\(name)")
    }
  }

  /// Stray bytes between two markers, as cameras leave them, change no pixel.
  @Test func harmlessWarningsAreNoErrors() throws {
    var file = Golden.jpegRGB
    let table = try #require(file.indices.dropLast().first { file[$0] == 0xff && file[$0 + 1] == 0xdb })
    file.insert(contentsOf: [1, 2, 3], at: table)
    #expect(try decode(file) == decode(Golden.jpegRGB))
  }

  @Test func theContentCountsAndNotTheName() throws {
    let scratch = try Scratch()
    #expect(try ImageDecoder.decode(path: scratch.file("x.jpg", Golden.pngRGB)).pixels == Golden.rgb)
    #expect(try ImageDecoder.decode(path: scratch.file("x.png", Golden.jpegGray)).channels == 1)
  }

  @Test func otherFilesAreNamed() {
    for (bytes, found) in [
      ([], "an empty file"), (Array("GIF89a".utf8), "a GIF picture"),
      (Array("RIFF....WEBPVP8 ".utf8), "a WebP picture"),
      (Array("BM6000".utf8), "a BMP picture"), ([0x49, 0x49, 0x2a, 0, 8], "a TIFF picture"),
      (Array("hello\n".utf8), "a text"), (Array("<svg xmlns".utf8), "an SVG or XML text"),
      (Array("PK\u{3}\u{4}".utf8), "a zip archive"),
      ([0, 0, 0, 24] + Array("ftypavif".utf8), "an AVIF or HEIC picture"),
      ([0, 1, 2, 3], "an unknown kind of file"),
    ] as [([UInt8], String)] {
      #expect(message(bytes).hasPrefix("x: looks like \(found)"), "\(message(bytes))")
    }
    #expect(
      message(Array("GIF89a".utf8))
        == "x: looks like a GIF picture, expected a PNG or JPEG picture; convert it first")
    #expect(throws: DataError.tensors(.file(path: "/no/such.png", action: "open", reason: "No such file or directory")))
    {
      try ImageDecoder.decode(path: "/no/such.png")
    }
    #expect(throws: DataError.tensors(.file(path: "/", action: "open", reason: "it is not a regular file"))) {
      try ImageDecoder.decode(path: "/")
    }
  }

  @Test func everyCutIsAnError() {
    for (file, tail) in [(Golden.pngRGB, 12), (Golden.jpegRGB, 2), (Golden.jpegProgressive, 2)] {
      // Without its very last mark a file still holds the whole picture.
      for length in stride(from: 0, to: file.count - tail - 8, by: 3) {
        #expect(!message(Array(file[..<length])).hasPrefix("no error"), "\(length) of \(file.count)")
      }
    }
    #expect(message(Array(Golden.jpegRGB.dropLast(40))).contains("Premature end of JPEG file"))
    #expect(message(Array(Golden.pngRGB.dropLast(40))).contains("cannot be decoded: "))
  }

  @Test func damageNeverTraps() {
    for file in [Golden.pngPalette, Golden.pngGrayAlpha, Golden.jpegRGB, Golden.jpegCMYK] {
      for position in stride(from: 3, to: file.count, by: 5) {
        var bytes = file
        bytes[position] ^= 0xff
        _ = message(bytes, limit: 1_000_000)
      }
    }
  }

  @Test func theLimitIsCheckedInTheHeader() {
    #expect(
      message(Golden.pngRGB, limit: 62)
        == "x: 9×7 pixels are more than the 62 that are allowed; make the picture smaller first")
    #expect(message(Golden.pngRGB, limit: 63) == "no error: 189 bytes")
    #expect(message(Golden.jpegRGB, limit: 436).contains("19×23 pixels are more than the 436"))
    // A JPEG of 60 kB lines: only the frame header changes (SOF0: length, precision, height, width).
    var huge = Golden.jpegGray
    if let sof = huge.indices.dropLast().first(where: { huge[$0] == 0xff && huge[$0 + 1] == 0xc0 }) {
      huge.replaceSubrange(sof + 5..<sof + 9, with: [0xea, 0x60, 0xea, 0x60])
    }
    #expect(message(huge).contains("60000×60000 pixels are more than the 100000000"))
  }

  @Test func aMissingLibraryIsSaid() async {
    await #expect(processExitsWith: .success) {
      setenv("FOVEA_WITHOUT", "zlib,turbojpeg", 1)
      let expected =
        "reading JPEG pictures needs TurboJPEG, which cannot be opened (switched off by FOVEA_WITHOUT); "
        + "install it (Debian: apt-get install libturbojpeg0)"
      exit(message(Golden.jpegRGB) == expected && message(Golden.pngRGB) == "no error: 189 bytes" ? 0 : 1)
    }
    await #expect(processExitsWith: .success) {
      setenv("FOVEA_WITHOUT", "png", 1)
      exit(message(Golden.pngRGB).hasPrefix("reading PNG pictures needs libpng, which cannot be opened") ? 0 : 1)
    }
  }

  @Test(.enabled(if: FileManager.default.fileExists(atPath: sharedData + "/scenes"), "no ../shared/data/scenes here"))
  func realPictures() throws {
    let folder = sharedData + "/scenes"
    var count = 0
    for name in try FileManager.default.contentsOfDirectory(atPath: folder)
    where [".png", ".jpg", ".jpeg"].contains(where: name.hasSuffix) {
      let image = try ImageDecoder.decode(path: folder + "/" + name)
      #expect(image.pixels.count == image.height * image.width * image.channels)
      count += 1
    }
    #expect(count > 0)
  }
}

@Suite struct PNGWriterTests {
  @Test func whatIsWrittenIsReadBack() throws {
    let scratch = try Scratch()
    for (channels, pixels) in [(3, Golden.rgb), (1, Golden.gray)] {
      let image = try Image8(height: 9, width: 7, channels: channels, pixels: pixels)
      try PNGWriter.write(image, to: scratch.file("x.png"))
      #expect(try ImageDecoder.decode(path: scratch.file("x.png")) == image)
    }
    #expect(try scratch.names() == ["x.png"])
    let missing = scratch.file("no/x.png")
    let error = #expect(throws: DataError.self) {
      try PNGWriter.write(Image8(height: 1, width: 1, channels: 1, pixels: [0]), to: missing)
    }
    #expect(error?.description.hasPrefix("cannot write \(missing): No such file or directory") == true)
  }
}
