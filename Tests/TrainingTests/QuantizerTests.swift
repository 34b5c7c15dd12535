import FoveaData
import FoveaExchange
import FoveaExecution
import FoveaGraphs
import FoveaInference
import FoveaLayers
import FoveaTensors
import FoveaTraining
import Testing

@Suite struct QuantizerTests {
  private func trained(norm: Bool) async throws -> Model {
    let model = try network(norm: norm)
    _ = try await Trainer(
      model: model, dataset: try stripes(200),
      options: TrainingOptions(epochs: 6, batch: 16, optimizer: TrainerTests.optimizer), device: .reference
    ).run()
    return model
  }

  private func scores(_ model: Model, _ pictures: Tensor) throws -> Tensor {
    var values: [Value: Tensor] = [:]
    let graph = try PlanRequest(mode: .inference, sizes: ["input": pictures.shape]).prepare(model.graph)
    for value in graph.inputs { values[value] = pictures }
    for (value, parameter) in graph.parameters + graph.states { values[value] = try model.store.tensor(parameter.path) }
    let output = try #require(graph.output("output"))
    return try #require(try Interpreter.run(graph, values)[output])
  }

  private static func pictures(_ count: Int) throws -> Tensor {
    let stream = RandomStream(seed: 4, purpose: "quantizer test")
    return try Tensor((0..<count * 64).map { 2.5 * stream.uniform(index: $0) - 1.25 }, shape: [count, 1, 8, 8])
  }

  private func gap(_ a: Tensor, _ b: Tensor) -> Double {
    let (x, y) = (a.array(of: Double.self), b.array(of: Double.self))
    return (zip(x, y).map { abs($0 - $1) }.max() ?? 0) / max(y.map(abs).max() ?? 0, 1e-9)
  }

  @Test(arguments: [false, true])
  func aQuantizedNetworkAnswersAsBefore(norm: Bool) async throws {
    let model = try await trained(norm: norm)
    let before = try model.parameterTensors().map { ($0.path, $0.tensor) }
    let result = try await quantize(model, calibratedOn: try stripes(64, seed: 3), count: 50, device: .reference)
    #expect(result.layers == 2 && result.left.isEmpty)
    #expect(result.bytes.after * 3 < result.bytes.before, "\(result.bytes)")
    // The network that was trained is left alone.
    for ((path, tensor), now) in zip(before, try model.parameterTensors()) {
      #expect(path == now.path && tensor.isIdentical(to: now.tensor))
    }
    let test = try stripes(100, seed: 9)
    let (a, b) = (
      try await evaluate(model, on: test, device: .reference),
      try await evaluate(result.model, on: test, device: .reference)
    )
    #expect(b.top1 >= a.top1 - 0.03, "\(a.top1) \(b.top1)")
    let pictures = try Self.pictures(8)
    #expect(gap(try scores(result.model, pictures), try scores(model, pictures)) < 0.1)
    // The weights are whole numbers, the largest of each channel 127, also in the file.
    let directory = try TemporaryDirectory()
    try result.model.save(to: directory.file("whole.safetensors"))
    let read = try ModelFile.read(directory.file("whole.safetensors"))
    let weights = try read.store.tensor("conv.weight")
    #expect(weights.dtype == .i8)
    let numbers = weights.array(of: Int8.self)
    for channel in 0..<6 { #expect(numbers[channel * 9..<(channel + 1) * 9].map { abs(Int($0)) }.max() == 127) }
    #expect(try read.store.tensor("fc.bias").dtype == .i32)
    #expect(try scores(read, pictures).isIdentical(to: try scores(result.model, pictures)))
    await #expect(throws: QuantizationError.alreadyQuantized) {
      try await quantize(read, calibratedOn: test, device: .reference)
    }
  }

  @Test func weightsAreOffByHalfAStepAtMost() async throws {
    let model = try network()
    let result = try await quantize(model, calibratedOn: try stripes(20), count: 20, device: .reference)
    let (w, q) = (try model.store.tensor("conv.weight"), try result.model.store.tensor("conv.weight"))
    let (numbers, whole) = (w.array(of: Float.self), q.array(of: Int8.self))
    for channel in 0..<6 {
      let own = channel * 9..<(channel + 1) * 9
      let unit = (numbers[own].map(abs).max() ?? 0) / 127
      for index in own { #expect(abs(Float(whole[index]) * unit - numbers[index]) <= unit * 0.5001) }
    }
  }

  @Test func normsAreMultipliedIn() async throws {
    let model = try await trained(norm: true)
    let folded = try model.withFoldedNorms()
    #expect(!folded.graph.nodes.contains { $0.op == Op.BatchNormalization.name })
    #expect(folded.store.contains("conv.bias") && !folded.store.contains("bn.weight"))
    let pictures = try Self.pictures(4)
    #expect(gap(try scores(folded, pictures), try scores(model, pictures)) < 1e-5)
  }

  @Test func unitsHaveTheLeastMeanSquareError() {
    // Ten thousand numbers up to 1 and a single one of 40: cut off, since it would make all others coarse.
    let stream = RandomStream(seed: 6, purpose: "range test")
    var numbers = (0..<10_000).map { stream.uniform(index: $0) }
    func range(_ numbers: [Float]) -> ValueRange {
      var range = ValueRange()
      numbers.withUnsafeBufferPointer { range.measure($0) }
      numbers.withUnsafeBufferPointer { range.count($0) }
      return range
    }
    func error(_ numbers: [Float], _ unit: Float, _ levels: Float) -> Double {
      numbers.reduce(0) { sum, x in
        let gap = Double(min((x / unit).rounded(), levels) * unit - x)
        return sum + gap * gap
      }
    }
    #expect(abs(range(numbers).unit - 1 / 255) < 2e-5)
    numbers.append(40)
    let found = range(numbers)
    #expect(!found.isSigned && found.largest == 40)
    let best = (1...400).map { error(numbers, Float($0) * 40 / 400 / 255, 255) }.min() ?? 0
    #expect(error(numbers, found.unit, 255) <= 1.05 * best, "\(found.unit)")
    let signed = range([-3, 1, 0, 2])
    #expect(signed.isSigned && signed.largest == 3 && abs(signed.unit - 3 / 127) < 0.002)
    // Nothing but zeros: any unit will do.
    #expect(range([0, 0]).unit == 1)
  }

  @Test func whatCannotBeDoneIsSaid() async throws {
    let data = try stripes(20)
    let model = try network()
    await #expect(throws: QuantizationError.badCount(0)) {
      try await quantize(model, calibratedOn: data, count: 0, device: .reference)
    }
    try model.store.set("conv.weight", to: Tensor([Float](repeating: .infinity, count: 54), shape: [6, 1, 3, 3]))
    await #expect(throws: QuantizationError.self) {
      try await quantize(model, calibratedOn: data, count: 5, device: .reference)
    }
    let other = try Model(input: [1, 9, 9]) {
      Flatten()
      Dense(3)
    }
    await #expect(throws: TrainingError.self) { try await quantize(other, calibratedOn: data, device: .reference) }
  }
}
