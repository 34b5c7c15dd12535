import CAllocationCounter
import Fovea
import FoveaTraining
import Testing

/// The main job, at full size: `two-conv` on pictures of 28×28.
@Suite(.serialized) struct FirstLightTests {
  /// Fashion-MNIST where it is installed, else as many pictures of noise.
  private func pictures(_ count: Int) throws -> any Dataset {
    if let set = try? DatasetSource.fashionMNIST.load(split: .train) {
      return try Subset(of: set, indices: Array(0..<count))
    }
    let stream = RandomStream(seed: 0, purpose: "pictures")
    return try InMemoryDataset(
      name: "noise", pixels: (0..<count * 784).map { UInt8(truncatingIfNeeded: stream.word(index: $0)) },
      labels: (0..<count).map { Int32(stream.word(step: 1, index: $0) % 10) }, sampleShape: [1, 28, 28],
      classNames: (0..<10).map(String.init))
  }

  private func model() throws -> Model {
    try Zoo.standard.model(
      "two-conv", seed: 0, initialization: .he,
      preprocessing: Preprocessing(channels: .gray, size: [28, 28], mean: [0.286], std: [0.353]))
  }

  private var options: TrainingOptions {
    TrainingOptions(
      length: .steps(20), batch: 50,
      optimizer: .sgd(
        learningRate: .cosine(from: 0.06, warmup: 10), momentum: 0.9, nesterov: true, weightDecay: 5e-4))
  }

  @Test func theReferenceBackendFindsTheSameLosses() throws {
    let data = try pictures(1000)
    let fast = try Trainer(model: try model(), dataset: data, options: options, device: .cpu()).runHere()
    let plain = try Trainer(model: try model(), dataset: data, options: options, device: .reference).runHere()
    #expect(fast.losses.count == 20 && plain.losses.count == 20)
    for (step, (a, b)) in zip(fast.losses, plain.losses).enumerated() {
      // Sooner or later two numbers in a pooling window are so near each other that rounding decides which is larger;
      // from then on the runs part, slowly.
      #expect(abs(a - b) < (step < 5 ? 1e-4 : 0.02), "step \(step): \(a) and \(b)")
    }
    #expect(fast.losses[19] < fast.losses[0])
  }

  @Test(.enabled(if: allocation_count() >= 0, "the counter needs glibc"))
  func aHundredStepsAllocateNothing() throws {
    let data = try pictures(2000)
    var options = options
    options.length = .steps(160)
    options.logInterval = 1_000_000
    let trainer = Trainer(model: try model(), dataset: data, options: options, device: .cpu())
    // The steps run on this thread. 40 to an epoch, at whose end a summary is made; four windows of 25 steps.
    var windows: [Int] = []
    windows.reserveCapacity(8)
    var started = 0
    _ = try trainer.runHere(everyStep: { step in
      if step % 40 == 10 { started = allocation_count() }
      if step % 40 == 35 { windows.append(allocation_count() - started) }
    })
    #expect(windows == [0, 0, 0, 0])
  }
}
