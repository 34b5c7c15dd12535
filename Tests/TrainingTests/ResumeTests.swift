import Foundation
import FoveaExchange
import FoveaTensors
import FoveaTraining
import Testing

@Suite struct EventResumeTests {
  /// A run of ten steps.
  func run(in directory: TemporaryDirectory) throws -> String {
    let events = try EventWriter(directory: directory.path)
    for step in 1...10 { try events.scalar("loss", Double(step), step: step) }
    try events.flush()
    return events.path
  }

  @Test func laterStepsAreDroppedAndTheFileGoesOn() throws {
    let directory = try TemporaryDirectory()
    let path = try run(in: directory)
    let events = try EventWriter(resuming: directory.path, after: 6)
    #expect(events.path == path)
    #expect(events.repair.dropped == 4 && events.repair.kept == 7 && events.repair.tornBytes == 0)
    try events.scalar("loss", 0, step: 7)
    try events.flush()
    #expect(try steps(path) == Array(0...7))
  }

  @Test func everyTornEndIsCut() throws {
    let directory = try TemporaryDirectory()
    let path = try run(in: directory)
    let whole = try bytes(path)
    // The last record has 16 bytes of frame and some 30 of data; cut in every part of it.
    for cut in 1..<40 {
      try write(Array(whole.dropLast(cut)), path)
      let events = try EventWriter(resuming: directory.path, after: 100)
      #expect(events.repair.kept == 10 && events.repair.tornBytes > 0)
      try events.scalar("loss", 0, step: 11)
      try events.flush()
      #expect(try steps(path) == Array(0...9) + [11])
    }
  }

  @Test func oldRecordsBetweenNewOnesStay() throws {
    let directory = try TemporaryDirectory()
    let first = try EventWriter(directory: directory.path)
    for step in [1, 5, 2, 6, 3] { try first.scalar("loss", 0, step: step) }
    try first.flush()
    let events = try EventWriter(resuming: directory.path, after: 3)
    try events.scalar("loss", 0, step: 4)
    try events.flush()
    #expect(try steps(first.path) == [0, 1, 2, 3, 4])
    #expect(try directory.contents.count == 1)
  }

  @Test func anEmptyOrForeignFileGetsItsFirstRecord() throws {
    for content in [[], Array("not an event file at all".utf8)] as [[UInt8]] {
      let directory = try TemporaryDirectory()
      try write(content, directory.file("events.out.tfevents.5.host.1"))
      let events = try EventWriter(resuming: directory.path, after: 3)
      #expect(events.path == directory.file("events.out.tfevents.5.host.1"))
      #expect(events.repair.tornBytes == content.count)
      #expect(try steps(events.path) == [0])
    }
  }

  @Test func withoutAnOlderFileANewOneBegins() throws {
    let directory = try TemporaryDirectory()
    let events = try EventWriter(resuming: directory.file("run"), after: 3)
    #expect(try steps(events.path) == [0])
  }

  @Test func theNewestByTimeGoesOnAndAllAreRepaired() throws {
    let directory = try TemporaryDirectory()
    let path = try run(in: directory)
    let content = try bytes(path)
    try write(content, directory.file("events.out.tfevents.999.host.1"))
    let events = try EventWriter(resuming: directory.path, after: 2)
    #expect(events.path == path, "999 is older than today, whatever the letters say")
    #expect(events.repair.dropped == 16)
    #expect(try steps(directory.file("events.out.tfevents.999.host.1")) == [0, 1, 2])
  }

  @Test func damageNeverTraps() throws {
    let directory = try TemporaryDirectory()
    let path = try run(in: directory)
    let whole = try bytes(path)
    for index in stride(from: 0, to: whole.count, by: 3) {
      var damaged = whole
      damaged[index] ^= 0x81
      try write(damaged, path)
      let events = try EventWriter(resuming: directory.path, after: 5)
      #expect(try steps(events.path).first == 0)
    }
  }
}

@Suite struct MetricsLogTests {
  @Test func oneLineAStep() throws {
    let directory = try TemporaryDirectory()
    let log = try MetricsLog(path: directory.file("metrics.jsonl"))
    try log.append(step: 1, ["loss": 0.5, "rate": 1], notes: ["split": "train"])
    try log.append(step: 2, ["loss": .nan, "rate": .infinity, "a/b": -.infinity])
    let text = String(decoding: try bytes(log.path), as: UTF8.self)
    #expect(
      text == """
        {"loss":0.5,"rate":1.0,"split":"train","step":1}
        {"a/b":"-Infinity","loss":"NaN","rate":"Infinity","step":2}

        """)
    let entries = try MetricsLog.read(log.path)
    #expect(entries[0] == MetricsLog.Entry(step: 1, metrics: ["loss": 0.5, "rate": 1], notes: ["split": "train"]))
    #expect(entries[1].metrics["loss"]?.isNaN == true && entries[1].metrics["a/b"] == -.infinity)
  }

  @Test func resumingDropsLaterStepsAndATornLine() throws {
    let directory = try TemporaryDirectory()
    let path = directory.file("metrics.jsonl")
    let first = try MetricsLog(path: path)
    for step in 1...6 { try first.append(step: step, ["loss": 1 / Double(step)]) }
    try write(try bytes(path) + Array("{\"loss\":0.1,\"st".utf8), path)
    let log = try MetricsLog(resuming: path, after: 4)
    #expect(log.repair.kept == 4 && log.repair.dropped == 2 && log.repair.tornBytes == 15)
    try log.append(step: 5, ["loss": 7])
    let entries = try MetricsLog.read(path)
    #expect(entries.map(\.step) == [1, 2, 3, 4, 5])
    #expect(entries[4].metrics["loss"] == 7)
  }

  @Test func resumingRewritesWhereALineInTheMiddleGoes() throws {
    let directory = try TemporaryDirectory()
    let path = directory.file("metrics.jsonl")
    try write(Array("{\"step\":1}\n{\"step\":9}\n{\"ste\n{\"other\":true}\n{\"step\":2}\n".utf8), path)
    let log = try MetricsLog(resuming: path, after: 2)
    #expect(log.repair.dropped == 1 && log.repair.unreadable == 1 && log.repair.kept == 3)
    try log.append(step: 3, [:])
    #expect(
      String(decoding: try bytes(path), as: UTF8.self)
        == "{\"step\":1}\n{\"other\":true}\n{\"step\":2}\n{\"step\":3}\n")
    #expect(try directory.contents == ["metrics.jsonl"])
  }

  @Test func resumingWithoutALogBeginsOne() throws {
    let directory = try TemporaryDirectory()
    let log = try MetricsLog(resuming: directory.file("metrics.jsonl"), after: 2)
    try log.append(step: 3, [:])
    #expect(try MetricsLog.read(log.path).map(\.step) == [3])
  }

  @Test func errors() throws {
    let directory = try TemporaryDirectory()
    let log = try MetricsLog(path: directory.file("m"))
    #expect(throws: MetricsLogError.badName("step")) { try log.append(step: 1, ["step": 2]) }
    #expect(throws: MetricsLogError.badName("a")) { try log.append(step: 1, ["a": 2], notes: ["a": "b"]) }
    #expect(try bytes(log.path).isEmpty)
    let path = directory.file("no/m")
    #expect(throws: MetricsLogError.file(.system(path: path, action: "open", code: ENOENT))) {
      try MetricsLog(path: path)
    }
    #expect(throws: MetricsLogError.self) { try MetricsLog.read(path) }
    #expect(
      "\(MetricsLogError.badName("step"))"
        == #"a line of metrics.jsonl holds "step" already ("step" is its own key); rename the metric"#)
  }
}
