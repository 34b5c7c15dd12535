import Foundation
import FoveaData
import FoveaExchange
import FoveaExecution
import FoveaInference
import FoveaLayers
import FoveaTensors
import FoveaTraining
import Testing

/// The points of a run's curves, in the file's order, without what depends on the machine's speed.
func points(_ path: String) throws -> [[String: Double]] {
  try MetricsLog.read("\(path)/metrics.jsonl").map { entry in
    var metrics = entry.metrics
    metrics["images_per_s"] = nil
    metrics["waited_share"] = nil
    metrics["step"] = Double(entry.step)
    return metrics
  }
}

/// Tag and step of each event of a run's event file, in the file's order.
func eventPoints(_ path: String) throws -> [String] {
  let names = try FileManager.default.contentsOfDirectory(atPath: path).filter { $0.hasPrefix("events.") }
  #expect(names.count == 1)
  let file = try bytes("\(path)/\(names[0])")
  var found: [String] = []
  var at = 0
  while at + 16 <= file.count {
    let length = (0..<8).reduce(0) { $0 | Int(file[at + $1]) << (8 * $1) }
    let record = Array(file[at + 12..<at + 12 + length])
    at += 16 + length
    var (step, tag) = (0, "")
    try record.withUnsafeBytes { all in
      var event = ProtobufReader(all)
      while let field = try event.next() {
        if field.number == 2 { step = Int(try field.int64) }
        guard field.number == 5 else { continue }
        var summary = ProtobufReader(try field.bytes)
        while let part = try summary.next() {
          var value = ProtobufReader(try part.bytes)
          while let item = try value.next() {
            if item.number == 1 { tag = String(decoding: try item.bytes, as: UTF8.self) }
          }
        }
      }
    }
    found.append("\(step) \(tag)")
  }
  return found
}

/// Copies the files of a directory, byte for byte.
private func copied(_ from: String, to: String) throws {
  try FileManager.default.createDirectory(atPath: to, withIntermediateDirectories: true)
  for name in try FileManager.default.contentsOfDirectory(atPath: from) {
    try write(try bytes("\(from)/\(name)"), "\(to)/\(name)")
  }
}

@Suite struct CheckpointTests {
  static func options(_ directory: String, every steps: Int?) -> TrainingOptions {
    var options = TrainingOptions(
      length: .epochs(3), batch: 16,
      optimizer: .sgd(learningRate: .oneCycle(to: 0.1), momentum: 0.9, nesterov: true, weightDecay: 1e-4), seed: 3,
      validation: 0.2, directory: directory, logInterval: 3, dataset: "stripes:here")
    options.checkpointSteps = steps
    return options
  }

  /// What the disk holds after each step is what a kill would leave: each is gone on with.
  @Test(arguments: [1, 2])
  func whereverARunIsKilledItGoesOn(accumulate: Int) async throws {
    let directory = try TemporaryDirectory()
    let (whole, place) = (directory.file("whole"), directory.path)
    // 84 train: five full batches and a short one.
    let dataset = try stripes(105)
    var options = Self.options(whole, every: 4)
    options.accumulate = accumulate
    let straight = Trainer(
      model: try network(norm: true, dropout: true), dataset: dataset, options: options, device: .reference)
    var moments: [Int] = []
    let expected = try await Worker().perform { () throws -> TrainingResult in
      try straight.runHere(everyStep: { step in
        do { try copied(whole, to: "\(place)/killed-\(step)") } catch { Issue.record("step \(step): \(error)") }
      })
    }
    for step in 1...expected.step {
      let killed = directory.file("killed-\(step)")
      // What a kill in the middle of a write leaves, and of the event and the line that were under way.
      try write([1, 2, 3], "\(killed)/.fovea-77-1.partial")
      try write(try bytes("\(killed)/metrics.jsonl") + Array("{\"loss\":0.3".utf8), "\(killed)/metrics.jsonl")
      let trainer = try Trainer(resuming: killed, dataset: dataset, device: .reference)
      #expect(trainer.differences.isEmpty)
      let reports = Reports()
      let rest = try await trainer.run { reports.all.append($0) }
      moments.append(expected.step - rest.losses.count)
      #expect(rest.outcome == .finished && rest.step == expected.step && rest.best == expected.best)
      #expect(reports.all.allSatisfy { $0.note == nil })
      #expect(rest.losses == Array(expected.losses.suffix(rest.losses.count)))
      for file in ["best.safetensors", "last.safetensors", "run.json"] {
        #expect(try bytes("\(killed)/\(file)") == bytes("\(whole)/\(file)"), "\(file), killed in step \(step)")
      }
      #expect(try points(killed) == points(whole), "killed in step \(step)")
      #expect(try eventPoints(killed) == eventPoints(whole), "killed in step \(step)")
      let left = try FileManager.default.contentsOfDirectory(atPath: killed)
      #expect(left.count == 5 && !left.contains { $0.hasPrefix(".") })
    }
    // The checkpoint is written after `everyStep`: at most one interval is lost.
    #expect(moments == (1...expected.step).map { ($0 - 1) / 4 * 4 })
  }

  @Test func anotherProcessIsKeptOut() async throws {
    let directory = try TemporaryDirectory()
    let path = directory.file("run")
    let dataset = try stripes(105)
    let trainer = Trainer(
      model: try network(), dataset: dataset, options: Self.options(path, every: 1), device: .reference)
    let text = try await Worker().perform { () throws -> String in
      var text = ""
      _ = try trainer.runHere(everyStep: { step in
        guard step == 3 else { return }
        // The lock is the open file's, so the same process is as good as another.
        do {
          _ = try Trainer(resuming: path, dataset: dataset, device: .reference).runHere()
        } catch { text = "\(error)" }
      })
      return text
    }
    #expect(text == "another process is training in \(path); wait for it, or choose another directory")
  }

  @Test func otherPlansAreTold() async throws {
    let directory = try TemporaryDirectory()
    let path = directory.file("run")
    let dataset = try stripes(105)
    _ = try await Trainer(
      model: try network(), dataset: dataset, options: Self.options(path, every: 1), device: .reference
    ).runStopping(after: 3)
    let record = try RunRecord.read(directory: path)
    #expect(record.plans?.map(\.name) == ["training 16"])
    #expect(record.plans?.first?.kernels["SGDUpdate reference loop"] == 4)
    // As if another kernel had run.
    let json = String(decoding: try bytes("\(path)/run.json"), as: UTF8.self)
      .replacingOccurrences(of: record.plans?.first?.choices ?? "?", with: "0123456789abcdef")
      .replacingOccurrences(of: "\"SGDUpdate reference loop\" : 4", with: "\"SGDUpdate other loop\" : 4")
    try write(Array(json.utf8), "\(path)/run.json")
    let reports = Reports()
    _ = try await Trainer(resuming: path, dataset: dataset, device: .reference).run { reports.all.append($0) }
    #expect(
      reports.all.compactMap(\.note) == [
        "the plan for training 16 runs SGDUpdate other loop 0 times, before 4 times, and 1 further kernels differ"
      ])
  }

  @Test func weightsThatAreNoNumbersAreNotSaved() async throws {
    let directory = try TemporaryDirectory()
    var options = Self.options(directory.file("run"), every: 2)
    options.validation = 0
    // The very last step overflows: no further loss would tell.
    options.length = .steps(4)
    options.optimizer = .sgd(learningRate: .step(from: 1e-3, factor: 1e42, every: 3))
    let error = await #expect(throws: TrainingError.self) {
      try await Trainer(model: try network(), dataset: try stripes(64), options: options, device: .reference).run()
    }
    let text = error?.description ?? ""
    #expect(
      text.contains(" holds numbers that are not finite after step 4 (epoch 1, rate 1e39 of at most 0.001)"),
      "\(text)")
    #expect(text.contains("the last good model is \(directory.file("run"))/last.safetensors; "))
    let kept = try ModelFile.read(directory.file("run/last.safetensors"))
    #expect(try kept.parameterTensors().allSatisfy { $0.tensor.array(of: Float.self).allSatisfy(\.isFinite) })
    #expect(
      try ModelFile.readExtra(directory.file("run/last.safetensors")).metadata["fovea.training"]?
        .contains("\"step\":2") == true)
  }

  // MARK: Disks

  @Test(.enabled(if: FileManager.default.fileExists(atPath: "/dev/full")))
  func aFullDiskIsAnError() async throws {
    let directory = try TemporaryDirectory()
    let path = directory.file("run")
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    try FileManager.default.createSymbolicLink(atPath: "\(path)/metrics.jsonl", withDestinationPath: "/dev/full")
    let error = await #expect(throws: TrainingError.self) {
      try await Trainer(
        model: try network(), dataset: try stripes(105), options: Self.options(path, every: 1), device: .reference
      ).run()
    }
    #expect(error?.description.hasPrefix("cannot write \(path)/metrics.jsonl: No space left on device") == true)
    // The checkpoint before it is whole, and enough to go on with once there is room.
    try FileManager.default.removeItem(atPath: "\(path)/metrics.jsonl")
    let rest = try await Trainer(resuming: path, dataset: try stripes(105), device: .reference).run()
    #expect(rest.outcome == .finished && rest.losses.count == 16)
  }

  @Test func aLostDirectoryIsAnError() async throws {
    let directory = try TemporaryDirectory()
    let path = directory.file("run")
    let trainer = Trainer(
      model: try network(), dataset: try stripes(105), options: Self.options(path, every: 5), device: .reference)
    let error = await #expect(throws: TrainingError.self) {
      try await Worker().perform {
        _ = try trainer.runHere(everyStep: { if $0 == 2 { try? FileManager.default.removeItem(atPath: path) } })
      }
    }
    #expect(error?.description.hasPrefix("cannot write \(path)/last.safetensors: No such file or directory") == true)
    #expect(!FileManager.default.fileExists(atPath: path))
  }
}
