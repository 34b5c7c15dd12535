import Foundation
import FoveaData
import FoveaTensors
import Testing

private func checksum(_ bytes: [UInt8], pieces: Int = .max) -> String {
  var sum = SHA256()
  var start = 0
  while start < bytes.count {
    let end = start + min(pieces, bytes.count - start)
    bytes[start..<end].withUnsafeBytes { sum.update($0) }
    start = end
  }
  return sum.hexadecimal()
}

@Suite struct SHA256Tests {
  @Test func publishedVectors() {
    #expect(checksum([]) == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
    #expect(
      checksum(Array("abc".utf8)) == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
    #expect(
      checksum(Array("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq".utf8))
        == "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1")
    #expect(
      checksum([UInt8](repeating: 0x61, count: 1_000_000))
        == "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0")
  }

  @Test func piecesDoNotMatter() {
    let bytes = (0..<1000).map { UInt8(truncatingIfNeeded: $0 &* 37) }
    for length in [1, 55, 56, 63, 64, 65, 119, 120, 128, 1000] {
      let part = Array(bytes[..<length])
      for pieces in [1, 7, 63, 64, 65] { #expect(checksum(part, pieces: pieces) == checksum(part)) }
    }
  }
}

@Suite(.serialized, .timeLimit(.minutes(1))) struct FetchTests {
  private let large = (0..<300_000).map { UInt8(truncatingIfNeeded: $0 &* 2_654_435_761 >> 11) }
  private let small = Array("labels".utf8)

  private func fetch() -> DatasetFetch {
    DatasetFetch(
      name: "pictures", home: "http://nowhere.invalid",
      files: [("large.gz", large.count, checksum(large)), ("small.gz", small.count, checksum(small))])
  }

  private func message(_ body: () throws -> Any) -> String {
    do { return "no error: \(try body())" } catch { return "\(error)" }
  }

  @Test func fetchesOnceWithProgress() throws {
    let scratch = try Scratch()
    let server = try FileServer(["large.gz": large, "small.gz": small])
    var seen: [DatasetFetch.Progress] = []
    let path = scratch.path + "/deep/er"
    #expect(try fetch().run(into: path, from: server.url + "/") { seen.append($0) } == ["large.gz", "small.gz"])
    #expect(try Scratch.bytes(of: path + "/large.gz") == large)
    #expect(try FileManager.default.contentsOfDirectory(atPath: path).sorted() == ["large.gz", "small.gz"])
    #expect(seen.map(\.done) == seen.map(\.done).sorted())
    #expect(seen.last?.done == 300_006 && seen.last?.total == 300_006 && seen.last?.file == "small.gz")
    // All is there: nothing is asked for.
    #expect(try fetch().run(into: path, from: server.url) == [])
    #expect(server.requests == [.init(path: "/large.gz", offset: nil), .init(path: "/small.gz", offset: nil)])
  }

  @Test func goesOnWhereItStopped() throws {
    let scratch = try Scratch()
    _ = try scratch.file("large.gz.partial", Array(large[..<123_456]))
    let server = try FileServer(["large.gz": large, "small.gz": small])
    try fetch().run(into: scratch.path, from: server.url)
    #expect(server.requests.first == .init(path: "/large.gz", offset: 123_456))
    #expect(try Scratch.bytes(of: scratch.file("large.gz")) == large)
    #expect(try scratch.names() == ["large.gz", "small.gz"])
  }

  @Test func aCutConnectionIsResumedByItself() throws {
    let scratch = try Scratch()
    let server = try FileServer(["large.gz": large, "small.gz": small], .init(cuts: [100_000, 50_000]))
    try fetch().run(into: scratch.path, from: server.url)
    #expect(server.requests.map(\.offset) == [nil, 100_000, 150_000, nil])
    #expect(try Scratch.bytes(of: scratch.file("large.gz")) == large)
  }

  @Test func whatCameStaysWhenItGivesUp() throws {
    let scratch = try Scratch()
    let server = try FileServer(["large.gz": large, "small.gz": small], .init(cuts: [1000, 1000, 1000]))
    let text = message { try fetch().run(into: scratch.path, from: server.url) }
    #expect(text.hasPrefix("cannot get \(server.url)/large.gz ("))
    #expect(text.hasSuffix("get the file some other way and put it at \(scratch.path)/large.gz"))
    #expect(try scratch.names() == ["large.gz.partial"])
    #expect(try Scratch.bytes(of: scratch.file("large.gz.partial")) == Array(large[..<3000]))
    try fetch().run(into: scratch.path, from: server.url)
    #expect(try Scratch.bytes(of: scratch.file("large.gz")) == large)
  }

  @Test func aServerWithoutRangesStartsAgain() throws {
    let scratch = try Scratch()
    _ = try scratch.file("large.gz.partial", Array(large[..<777]))
    let server = try FileServer(["large.gz": large, "small.gz": small], .init(knowsRanges: false))
    try fetch().run(into: scratch.path, from: server.url)
    #expect(try Scratch.bytes(of: scratch.file("large.gz")) == large)
  }

  @Test func anotherContentIsThrownAway() throws {
    let scratch = try Scratch()
    var wrong = large
    wrong[5] ^= 1
    let server = try FileServer(["large.gz": wrong, "small.gz": small])
    #expect(
      throws: FetchError.wrongChecksum(
        url: "\(server.url)/large.gz", expected: checksum(large), found: checksum(wrong))
    ) { try fetch().run(into: scratch.path, from: server.url) }
    #expect(try scratch.names() == [])
    // A damaged beginning from an earlier attempt is found in the end, too.
    let right = try FileServer(["large.gz": large, "small.gz": small])
    _ = try scratch.file("large.gz.partial", Array(wrong[..<100]))
    #expect(throws: FetchError.self) { try fetch().run(into: scratch.path, from: right.url) }
    try fetch().run(into: scratch.path, from: right.url)
  }

  @Test func moreOrLessThanTheFileIsSaid() throws {
    let scratch = try Scratch()
    let longer = try FileServer(["large.gz": large + [0], "small.gz": small])
    #expect(throws: FetchError.tooLong(url: "\(longer.url)/large.gz", expected: large.count)) {
      try fetch().run(into: scratch.path, from: longer.url)
    }
    let shorter = try FileServer(["large.gz": Array(large.dropLast(10)), "small.gz": small])
    let text = message { try fetch().run(into: scratch.path, from: shorter.url) }
    #expect(text.contains("status 416") || text.contains("ends after 299990 of the file's 300000 bytes"), "\(text)")
  }

  @Test func refusalsAndRedirections() throws {
    let scratch = try Scratch()
    let server = try FileServer(["large.gz": large], .init(status: 403))
    #expect(
      message { try fetch().run(into: scratch.path, from: server.url) }
        == "\(server.url)/large.gz: the server answers with status 403; try again later, or get the file some other way "
        + "and put it at \(scratch.path)/large.gz")
    let home = try FileServer(["large.gz": large, "small.gz": small])
    let moved = try FileServer([:], .init(redirect: home.url))
    try fetch().run(into: scratch.path, from: moved.url)
    #expect(try Scratch.bytes(of: scratch.file("large.gz")) == large)
    // Not to files of this machine.
    let sly = try FileServer(["large.gz": large], .init(redirect: "file:///etc"))
    let other = try Scratch()
    #expect(message { try fetch().run(into: other.path, from: sly.url) }.hasPrefix("cannot get"))
  }

  @Test func offlineItSaysWhereToPutWhat() throws {
    let scratch = try Scratch()
    let text = message { try fetch().run(into: scratch.path, from: "http://127.0.0.1:9") }
    #expect(text.hasPrefix("cannot get http://127.0.0.1:9/large.gz ("))
    #expect(text.hasSuffix("put it at \(scratch.path)/large.gz"))
    #expect(try scratch.names() == [])
    // By hand it is as good.
    _ = try scratch.file("large.gz", large)
    _ = try scratch.file("small.gz", small)
    #expect(try fetch().run(into: scratch.path) == [])
    _ = try scratch.file("small.gz", large)
    #expect(
      message { try fetch().run(into: scratch.path) }.hasPrefix("\(scratch.path)/small.gz is there with the SHA-256"))
    #expect(throws: FetchError.badMirror("ftp://x")) { try fetch().run(into: scratch.path, from: "ftp://x") }
    #expect(message { try fetch().run(into: "/dev/null/x") }.hasPrefix("cannot make the directory"))
  }

  @Test func withoutCurlItSaysSo() async {
    await #expect(processExitsWith: .success) {
      setenv("FOVEA_WITHOUT", "curl", 1)
      let path = FileManager.default.temporaryDirectory.appendingPathComponent("fovea-\(UUID().uuidString)").path
      defer { try? FileManager.default.removeItem(atPath: path) }
      do {
        try DatasetFetch.named("mnist").run(into: path)
        exit(1)
      } catch {
        let good = "\(error)".hasPrefix(
          "libcurl cannot be opened (switched off by FOVEA_WITHOUT); install it (Debian: apt-get install libcurl4), or "
            + "fetch https://ossci-datasets.s3.amazonaws.com/mnist/train-images-idx3-ubyte.gz, ")
        exit(good && "\(error)".hasSuffix("put them into \(path)") ? 0 : 2)
      }
    }
  }

  @Test func whatCanBeFetched() throws {
    #expect(DatasetFetch.all.map(\.name) == ["mnist", "fashion-mnist", "cifar10"])
    #expect(try DatasetFetch.named("cifar10").totalBytes == 170_052_171)
    #expect(try DatasetFetch.named("mnist").source(in: "data/mnist") == "mnist:data/mnist")
    #expect(
      message { try DatasetFetch.named("cifar") } == "there is nothing to fetch called 'cifar'; did you mean 'cifar10'?"
    )
  }
}

@Suite struct TarTests {
  private func header(_ name: String, _ size: Int, kind: Character = "0") -> [UInt8] {
    var block = [UInt8](repeating: 0, count: 512)
    func put(_ text: String, _ at: Int) { for (index, byte) in text.utf8.enumerated() { block[at + index] = byte } }
    func octal(_ value: Int, _ digits: Int) -> String {
      let text = String(value, radix: 8)
      return String(repeating: "0", count: digits - text.count) + text
    }
    put(name, 0)
    put("0000644", 100)
    put(octal(size, 11), 124)
    put(String(kind), 156)
    put("ustar", 257)
    put("00", 263)
    put("        ", 148)
    put(octal(block.reduce(0) { $0 + Int($1) }, 6), 148)
    block[154] = 0
    return block
  }

  private func entry(_ name: String, _ content: [UInt8]) -> [UInt8] {
    header(name, content.count) + content + [UInt8](repeating: 0, count: (512 - content.count % 512) % 512)
  }

  private let end = [UInt8](repeating: 0, count: 1024)

  private func unpack(_ tar: [UInt8], _ limits: TarReader.Limits = .init()) throws -> Scratch {
    let scratch = try Scratch()
    let path = try scratch.file("a.tar", tar)
    _ = try TarReader.unpack(path, into: scratch.path, limits: limits) { $0.hasSuffix(".bin") }
    return scratch
  }

  private func reason(_ tar: [UInt8], _ limits: TarReader.Limits = .init()) -> String {
    do {
      return "no error: \(try unpack(tar, limits).names())"
    } catch FetchError.badArchive(_, let reason) { return reason } catch { return "\(error)" }
  }

  @Test func filesComeOutByTheirOwnNames() throws {
    let content = (0..<1500).map { UInt8(truncatingIfNeeded: $0) }
    let tar =
      header("x/", 0, kind: "5") + entry("x/a.bin", content) + entry("x/readme.html", [1, 2]) + entry("x/y/b.bin", [])
      + entry("c.bin", [UInt8](repeating: 7, count: 512)) + end
    let scratch = try unpack(tar)
    #expect(try scratch.names() == ["a.bin", "a.tar", "b.bin", "c.bin"])
    #expect(try Scratch.bytes(of: scratch.file("a.bin")) == content)
    #expect(try Scratch.bytes(of: scratch.file("c.bin")).count == 512)
  }

  @Test func nothingLeavesTheDirectory() {
    #expect(reason(entry("../../a.bin", [1]) + end) == "the name '../../a.bin' leads out of it")
    #expect(reason(entry("/etc/a.bin", [1]) + end) == "the name '/etc/a.bin' leads out of it")
    #expect(reason(entry("x/..", [1]) + end) == "the name 'x/..' leads out of it")
    #expect(reason(header("a.bin", 0, kind: "2") + end) == "'a.bin' is neither a file nor a folder")
    #expect(reason(header("a.bin", 0, kind: "1") + end) == "'a.bin' is neither a file nor a folder")
  }

  @Test func damageAndExcessAreSaid() {
    let tar = entry("a.bin", [1, 2, 3]) + end
    for length in 0..<tar.count where length < 1024 { #expect(reason(Array(tar[..<length])) == "it is cut off") }
    var bad = tar
    bad[0] ^= 1
    #expect(reason(bad) == "a header's checksum is wrong")
    #expect(
      reason(tar, .init(bytes: 2, files: 10)) == "it holds more than 10 files or 2 bytes")
    #expect(reason(entry("a.bin", []) + tar, .init(bytes: 10, files: 1)) == "it holds more than 1 files or 10 bytes")
    // A file that claims far more than there is takes neither memory nor room on the disk.
    #expect(reason(header("a.bin", 1 << 29) + end) == "it is cut off")
  }
}
