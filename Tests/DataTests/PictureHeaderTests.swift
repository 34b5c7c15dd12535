import Foundation
import FoveaData
import FoveaTensors
import Testing

@Suite struct PictureHeaderTests {
  private func header(_ bytes: [UInt8]) throws -> PictureHeader {
    try bytes.withUnsafeBytes { try PictureHeader($0, name: "x") }
  }

  @Test func saysWhatDecodingSays() throws {
    for file in [
      Golden.pngRGB, Golden.pngGray, Golden.pngPalette, Golden.pngClear, Golden.pngAlpha, Golden.pngGrayAlpha,
      Golden.pngBits, Golden.pngDeep, Golden.pngDeepGray, Golden.jpegRGB, Golden.jpegFull, Golden.jpegProgressive,
      Golden.jpegGray,
    ] {
      let found = try header(file)
      let image = try file.withUnsafeBytes { try ImageDecoder.decode($0, name: "x") }
      #expect(Shape([found.height, found.width, found.channels]) == [image.height, image.width, image.channels])
    }
  }

  @Test func everyCutIsSeen() {
    for file in [Golden.pngRGB, Golden.jpegRGB, Golden.jpegProgressive] {
      for length in 0..<file.count { #expect(throws: DataError.self) { try header(Array(file[..<length])) } }
    }
  }

  @Test func damageNeverTraps() {
    let stream = RandomStream(seed: 2, purpose: "damage")
    for file in [Golden.pngRGB, Golden.jpegRGB, Golden.jpegProgressive] {
      for round in 0..<2000 {
        var bytes = file
        for draw in 0..<3 {
          bytes[Int(stream.word(step: UInt64(round), index: 2 * draw)) % bytes.count] =
            UInt8(truncatingIfNeeded: stream.word(step: UInt64(round), index: 2 * draw + 1))
        }
        _ = try? header(bytes)
      }
    }
  }

  @Test(
    .enabled(if: FileManager.default.fileExists(atPath: sharedData + "/imagenet-100"), "no ../shared/data/imagenet-100")
  )
  func realPicturesAreWhole() throws {
    for folder in ["imagenet-100", "scenes"] {
      let path = sharedData + "/" + folder
      let names = try FileManager.default.contentsOfDirectory(atPath: path).filter {
        ["png", "jpg", "jpeg"].contains(($0.lowercased() as NSString).pathExtension)
      }
      #expect(names.count > 5)
      for name in names {
        let found = try PictureHeader(path: path + "/" + name)
        let image = try ImageDecoder.decode(path: path + "/" + name)
        #expect(found.height == image.height && found.width == image.width, "\(name)")
      }
    }
  }
}
