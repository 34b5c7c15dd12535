import Foundation
import FoveaData
import FoveaExchange
import FoveaExecution
import FoveaGraphs
import FoveaInference
import FoveaLayers
import FoveaTensors
import FoveaTraining
import Testing

@Suite struct TrainerErrorTests {
  func message(_ model: Model, _ dataset: any Dataset, _ options: TrainingOptions) async -> String {
    let error = await #expect(throws: (any Error).self) {
      try await Trainer(model: model, dataset: dataset, options: options, device: .reference).run()
    }
    return error.map { "\($0)" } ?? ""
  }

  @Test func modelAndDataMustFit() async throws {
    let model = try network()
    let options = TrainingOptions(epochs: 1, batch: 8)
    let wide = try InMemoryDataset(
      name: "wide", pixels: [UInt8](repeating: 0, count: 2 * 80), labels: [0, 1], sampleShape: [1, 8, 10],
      classNames: ["a", "b", "c"])
    #expect(
      await message(model, wide, options)
        == "the pictures of wide are [1×8×10], but the model takes [1×8×8]; make the model for this shape")
    #expect(
      await message(model, try stripes(10, classes: 2), options)
        == "stripes has 2 classes, but the model gives 3 scores; use data with its classes, or train it for these")
    let error = await #expect(throws: TrainingError.self) {
      try await evaluate(model, on: wide, device: .reference)
    }
    #expect(error?.description.contains("[1×8×10]") == true)
    let empty = try InMemoryDataset(
      name: "nothing", pixels: [], labels: [], sampleShape: [1, 8, 8], classNames: ["a", "b", "c"])
    #expect(await message(model, empty, options) == "nothing has no examples; at least one is needed")
    let tapped = try Model(input: [1, 8, 8]) {
      Flatten().tap("loss")
      Dense(3)
    }
    #expect(
      await message(tapped, try stripes(9), options)
        == "the model already has an output \"loss\", which training adds; give the tap another name")
    let flat = try Model(input: [1, 8, 8]) { ReLU() }
    #expect(await message(flat, try stripes(9), options).hasPrefix("the model's output is [1×1×8×8]; a classifier"))
  }

  @Test func optionsAreChecked() async throws {
    let (model, dataset) = (try network(), try stripes(20))
    func text(_ change: (inout TrainingOptions) -> Void) async -> String {
      var options = TrainingOptions(epochs: 1, batch: 8)
      change(&options)
      return await message(model, dataset, options)
    }
    #expect(await text { $0.batch = 0 } == "the batch is 0, it must be at least 1")
    #expect(await text { $0.length = .epochs(0) } == "the number of epochs is 0, it must be from 1 to 1000000")
    #expect(await text { $0.length = .steps(-1) }.hasPrefix("the number of steps is -1"))
    #expect(await text { $0.validation = 1 } == "the validation fraction is 1.0, it must be from 0 to below 1")
    #expect(await text { $0.validation = 0.001 }.contains("leaves one part empty"))
    #expect(await text { $0.logInterval = 0 }.hasPrefix("the log interval is 0"))
    #expect(await text { $0.optimizer.momentum = 1 } == "the momentum is 1.0, it must be at least 0 and below 1")
    #expect(await text { $0.optimizer.weightDecay = -1 }.hasPrefix("the weight decay is -1.0"))
    #expect(
      await text { $0.optimizer = .sgd(learningRate: .constant(1), nesterov: true) }
        == "Nesterov's method needs a momentum above 0, e.g. 0.9")
    #expect(await text { $0.optimizer.learningRate.peak = -.infinity }.hasPrefix("the schedule's rate is -inf"))
    #expect(
      await text { $0.freeze = ["cnov"] }
        == "no parameter matches \"cnov\", which should be frozen; did you mean \"conv\"?")
    #expect(
      await text { $0.freeze = ["conv", "fc.*"] }
        == "every parameter is frozen, or has the rate 0: there is nothing to train")
  }

  @Test func aLossThatIsNoNumberStopsTheRun() async throws {
    let directory = try TemporaryDirectory()
    let path = directory.file("run")
    var options = TrainingOptions(epochs: 50, batch: 16, optimizer: .sgd(learningRate: .constant(1e20)))
    options.directory = path
    let text = await message(try network(), try stripes(40), options)
    #expect(text.hasPrefix("the loss is "))
    #expect(text.contains("rate 1e20): training has diverged; the last good model is \(path)/last.safetensors; "))
    // What was saved is the beginning: nothing is lost when the directory is used again, and its logs begin anew.
    try MetricsLog(path: "\(path)/metrics.jsonl").append(step: 1, ["loss": 77])
    options.length = .epochs(1)
    options.optimizer = .sgd(learningRate: .constant(1e-3))
    options.logInterval = 1
    _ = try await Trainer(model: try network(), dataset: try stripes(40), options: options, device: .reference).run()
    #expect(try MetricsLog.read("\(path)/metrics.jsonl").map(\.step) == [1, 2, 3])
    #expect(try FileManager.default.contentsOfDirectory(atPath: path).count == 4)
    func words(_ loss: Double, _ rate: Double, _ peak: Double) -> String {
      let error = TrainingError.notFinite(loss: loss, step: 3, epoch: 1, rate: rate, peak: peak, checkpoint: nil)
      return String(error.description.prefix { $0 != ":" })
    }
    let tail = ": training has diverged; try a lower rate or a longer warm-up, and check the data"
    let error = TrainingError.notFinite(loss: -.nan, step: 3, epoch: 1, rate: 0.5, peak: 0.5, checkpoint: nil)
    #expect(error.description == "the loss is nan at step 3 (epoch 1, rate 0.5)" + tail)
    #expect(words(-.infinity, 0.06 * 0.95, 0.06) == "the loss is inf at step 3 (epoch 1, rate 0.057 of at most 0.06)")
    #expect(words(.nan, 0.06 / 7, 1e-3) == "the loss is nan at step 3 (epoch 1, rate 0.00857143 of at most 0.001)")
    #expect(words(.nan, 1e10, 1e20) == "the loss is nan at step 3 (epoch 1, rate 10000000000 of at most 1e20)")
    // The checkpoint of an epoch that was good is named, and not written over.
    var later = TrainingOptions(epochs: 50, batch: 16)
    later.directory = directory.file("later")
    later.checkpointSteps = 1
    later.optimizer = .sgd(learningRate: .step(from: 1e-3, factor: 1e25, every: 3))
    let late = await message(try network(), try stripes(40), later)
    #expect(late.contains("the last good model is \(directory.file("later"))/last.safetensors; "))
    let model = try ModelFile.read(directory.file("later/last.safetensors"))
    #expect(try model.parameterTensors().allSatisfy { $0.tensor.array(of: Float.self).allSatisfy(\.isFinite) })
  }

  @Test(.enabled(if: FileManager.default.fileExists(atPath: "/proc/self")))
  func anUnwritableDirectoryIsSaidAtOnce() async throws {
    var options = TrainingOptions(epochs: 1, batch: 8, directory: "/proc/self/run")
    #expect(
      await message(try network(), try stripes(20), options).hasPrefix("cannot make the directory /proc/self/run: "))
    let directory = try TemporaryDirectory()
    try write([1], directory.file("file"))
    options.directory = directory.file("file")
    #expect(
      await message(try network(), try stripes(20), options)
        .hasPrefix("cannot make the directory \(directory.file("file")): "))
  }
}
