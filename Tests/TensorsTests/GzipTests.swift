import Foundation
import FoveaTensors
import Testing

@Suite struct GzipTests {
  private let ramp = (0..<1024).map { UInt8($0 % 256) }

  private func gunzip(_ bytes: [UInt8], limit: Int = 1 << 20) throws -> [UInt8] {
    try bytes.withUnsafeBytes { try GzipReader.gunzip($0, name: "x.gz", limit: limit) }
  }

  private func message(_ bytes: [UInt8], limit: Int = 1 << 20) -> String {
    do {
      return "no error, \(try gunzip(bytes, limit: limit).count) bytes"
    } catch { return "\(error)" }
  }

  @Test func inflatesGzipAndZlib() throws {
    #expect(try gunzip(Golden.gzipRamp) == ramp)
    #expect(try gunzip(Golden.zlibRamp) == ramp)
  }

  @Test func inflatesSeveralMembersAndIgnoresPadding() throws {
    #expect(try gunzip(Golden.gzipTwo) == Array("first,second".utf8))
    #expect(try gunzip(Golden.gzipPadded) == Array("first,second".utf8))
  }

  @Test func theLimitHolds() throws {
    #expect(try gunzip(Golden.gzipRamp, limit: 1024) == ramp)
    #expect(
      message(Golden.gzipRamp, limit: 1023)
        == "x.gz: inflates to more than the 1023 bytes that are allowed; check that it is the file you mean")
    #expect(try gunzip(Golden.gzipZeros) == [UInt8](repeating: 0, count: 1 << 20))
    #expect(message(Golden.gzipZeros, limit: 1 << 19).contains("more than the 524288 bytes"))
    #expect(message(Golden.gzipZeros, limit: 0).contains("more than the 0 bytes"))
  }

  @Test func everyCutIsAnError() {
    for length in 0..<Golden.gzipRamp.count {
      let text = message(Array(Golden.gzipRamp[..<length]))
      #expect(text.contains("is cut off"), "\(length): \(text)")
    }
  }

  @Test func damageIsFound() {
    var body = Golden.gzipRamp
    body[body.count / 2] ^= 0x55
    #expect(message(body).contains("the compressed data is damaged after"))
    var sum = Golden.gzipRamp
    sum[sum.count - 6] ^= 1
    #expect(
      message(sum)
        == "x.gz: the compressed data is damaged after 1024 bytes: incorrect data check; fetch the file again")
    #expect(message(Array("not compressed".utf8)).contains("incorrect header check"))
  }

  @Test func readsInPiecesOfAnySize() throws {
    for piece in [1, 7, 100, 1000, 5000] {
      var result: [UInt8] = []
      try Golden.gzipRamp.withUnsafeBytes { bytes in
        let reader = try GzipReader(bytes, name: "x.gz")
        var part = [UInt8](repeating: 0, count: piece)
        while true {
          let got = try part.withUnsafeMutableBytes { try reader.read(into: $0) }
          result += part[..<got]
          if got < piece { break }
        }
      }
      #expect(result == ramp, "pieces of \(piece)")
    }
  }

  @Test func aMissingLibraryIsSaidAndPlainFilesStillWork() async {
    await #expect(processExitsWith: .success) {
      setenv("FOVEA_WITHOUT", "png, zlib", 1)
      let expected =
        "x.gz: is compressed and zlib cannot be opened (switched off by FOVEA_WITHOUT); "
        + "install zlib (Debian: apt-get install zlib1g) or decompress it with gunzip"
      do {
        _ = try Golden.gzipRamp.withUnsafeBytes { try GzipReader.gunzip($0, name: "x.gz", limit: 9999) }
        exit(1)
      } catch { exit("\(error)" == expected ? 0 : 2) }
    }
  }
}
