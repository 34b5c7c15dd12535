import Foundation
import FoveaExchange
import FoveaTensors
import FoveaTraining
import Testing

@Suite struct EventTests {
  static let name = "events.out.tfevents.1700000000.host.1"

  /// A clock that counts seconds, so that every byte is known.
  static func clock() -> () -> Double {
    var now = 1_699_999_999.0
    return {
      now += 1
      return now
    }
  }

  /// Two pixels, red and blue.
  static let png: [UInt8] = {
    let hex =
      "89504e470d0a1a0a0000000d49484452000000020000000108020000007b40e8dd"
      + "0000000d49444154789c63f8cf0004ff01070001ffe2239e590000000049454e44ae426082"
    return stride(from: 0, to: hex.count, by: 2).compactMap { UInt8(hex.dropFirst($0).prefix(2), radix: 16) }
  }()

  /// Everything once; `check_events.py` knows the values.
  static func writeAll(in directory: String) throws {
    let events = try EventWriter(directory: directory, host: "host", process: 1, clock: clock())
    try events.scalar("loss/train", 2.5, step: 0)
    try events.scalar("loss/train", 1.25, step: 100)
    try events.scalar("odd", .nan, step: 1)
    try events.scalar("odd", .infinity, step: 2)
    try events.scalar("odd", -1e300, step: 3)
    try events.image("picture", png: png, step: 100)
    try events.text("note/text_summary", "naïve **∇**", step: 100)
    try events.histogram("weights", [-1, 0, 1, 1, 3, .nan, .infinity], buckets: 4, step: 100)
    try events.flush()
  }

  @Test func theFileThatTensorBoardAccepted() throws {
    let directory = try TemporaryDirectory()
    try EventTests.writeAll(in: directory.path)
    #expect(try directory.contents == [EventTests.name])
    // After a wanted change: FOVEA_GOLDEN=write, then check_events.py.
    if ProcessInfo.processInfo.environment["FOVEA_GOLDEN"] == "write" {
      try write(bytes(directory.file(EventTests.name)), "\(golden())/\(EventTests.name)")
    }
    #expect(try bytes(directory.file(EventTests.name)) == bytes("\(golden())/\(EventTests.name)"))
  }

  @Test func theChecksumsOfRFC3720() {
    #expect(CRC32C.checksum(Array("123456789".utf8)) == 0xe306_9283)
    #expect(CRC32C.checksum([UInt8](repeating: 0, count: 32)) == 0x8a91_36aa)
    #expect(CRC32C.checksum([UInt8](repeating: 0xff, count: 32)) == 0x62a8_ab43)
    #expect(CRC32C.checksum(Array(0..<32)) == 0x46dd_794e)
    #expect(CRC32C.checksum([]) == 0)
  }

  @Test func aNewFileIsReadableAtOnce() throws {
    let directory = try TemporaryDirectory()
    let events = try EventWriter(directory: directory.file("run/tensorboard"))
    #expect(events.path.hasPrefix(directory.file("run/tensorboard/events.out.tfevents.")))
    #expect(events.path.hasSuffix(".\(getpid())"))
    #expect(try steps(events.path) == [0])
    let second = try EventWriter(directory: directory.file("run/tensorboard"))
    #expect(second.path != events.path, "two writers in one second keep apart")
  }

  @Test func whatWaitsIsWrittenByFlushOrAtTheEnd() throws {
    let directory = try TemporaryDirectory()
    var events: EventWriter? = try EventWriter(directory: directory.path)
    let path = try #require(events?.path)
    try events?.scalar("a", 1, step: 1)
    #expect(try steps(path) == [0])
    try events?.flush()
    #expect(try steps(path) == [0, 1])
    try events?.scalar("a", 1, step: 2)
    events = nil
    #expect(try steps(path) == [0, 1, 2])
  }

  @Test func manyRecordsDoNotWaitForever() throws {
    let directory = try TemporaryDirectory()
    let events = try EventWriter(directory: directory.path)
    for step in 1...3000 { try events.scalar("loss", Double(step), step: step) }
    #expect(try steps(events.path).count > 1000)
    try events.flush()
    #expect(try steps(events.path) == Array(0...3000))
  }

  @Test func errors() throws {
    let directory = try TemporaryDirectory()
    let events = try EventWriter(directory: directory.path)
    #expect(throws: EventError.notPNG(tag: "p", count: 3)) { try events.image("p", png: [1, 2, 3], step: 1) }
    #expect(
      "\(EventError.notPNG(tag: "p", count: 3))"
        == #"the picture "p" (3 bytes) is not a PNG file; encode it as PNG first"#)
    try write([], directory.file("file"))
    #expect(throws: EventError.file(.system(path: directory.file("file"), action: "make the directory", code: EEXIST)))
    {
      try EventWriter(directory: directory.file("file"))
    }
    let below = directory.file("file/run")
    let error = #expect(throws: EventError.self) { try EventWriter(directory: below) }
    #expect(error?.description.contains("cannot make the directory \(directory.file("file"))") == true)
  }

  @Test func histogramsOfOddValues() throws {
    let directory = try TemporaryDirectory()
    let events = try EventWriter(directory: directory.path)
    try events.histogram("none", [], step: 1)
    try events.histogram("none", [.nan, .infinity], step: 1)
    try events.histogram("same", [2, 2], step: 2)
    try events.histogram("wide", [-.greatestFiniteMagnitude, .greatestFiniteMagnitude], step: 3)
    try events.histogram("near", [0, .leastNonzeroMagnitude], buckets: 0, step: 4)
    try events.flush()
    #expect(try steps(events.path) == [0, 2, 3, 4])
  }
}

/// The steps of a file's sound records, read independently of the writer.
func steps(_ path: String) throws -> [Int] {
  try bytes(path).withUnsafeBytes { file in
    var steps: [Int] = []
    var at = 0
    while at + 12 <= file.count {
      let length = Int(file.loadUnaligned(fromByteOffset: at, as: UInt64.self))
      guard at + length + 16 <= file.count else { break }
      let data = UnsafeRawBufferPointer(rebasing: file[at + 12..<at + 12 + length])
      #expect(file.loadUnaligned(fromByteOffset: at + 12 + length, as: UInt32.self) == CRC32C.masked(data))
      var reader = ProtobufReader(data)
      var step = 0
      while let field = try reader.next() { if field.number == 2 { step = Int(try field.int64) } }
      steps.append(step)
      at += length + 16
    }
    return steps
  }
}
