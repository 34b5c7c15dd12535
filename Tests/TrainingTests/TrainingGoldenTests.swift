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

/// Five steps of Nesterov momentum with weight decay, beside PyTorch's (`Golden/make_training.py`).
@Suite struct TrainingGoldenTests {
  @Test func fiveStepsAreThoseOfPyTorch() async throws {
    let text = String(decoding: try bytes("\(golden())/training.json"), as: UTF8.self)
    let json = try #require(try JSONValue(parsing: text).object)
    func numbers(_ value: JSONValue?) throws -> [Float] {
      try #require(value?.array).map { Float(try #require($0.double)) }
    }
    let dataset = try InMemoryDataset(
      name: "golden", pixels: try numbers(json["pixels"]).map { UInt8($0) },
      labels: try numbers(json["labels"]).map { Int32($0) }, sampleShape: [1, 8, 8], classNames: ["a", "b", "c"])
    let model = try Model(
      input: [1, 8, 8], preprocessing: Preprocessing(channels: .gray, mean: [0.4], std: [0.3])
    ) {
      Conv2D(4, kernel: 3).named("conv")
      BatchNorm().named("bn")
      ReLU()
      MaxPool2D(2)
      Flatten()
      Dense(3).named("fc")
    }
    let start = try #require(json["start"]?.object)
    for (path, tensor) in try model.parameterTensors() {
      try model.store.set(path, to: Tensor(try numbers(start[path]), shape: tensor.shape))
    }
    let options = TrainingOptions(
      epochs: 5, batch: 6,
      optimizer: .sgd(learningRate: .cosine(from: 0.2, warmup: 2), momentum: 0.9, nesterov: true, weightDecay: 0.01))
    let result = try await Trainer(model: model, dataset: dataset, options: options, device: .reference).run()
    for (found, expected) in zip(result.losses, try numbers(json["losses"])) { #expect(abs(found - expected) < 1e-5) }
    let end = try #require(json["end"]?.object)
    for (path, tensor) in try model.parameterTensors() {
      for (found, expected) in zip(tensor.array(of: Float.self), try numbers(end[path])) {
        #expect(abs(found - expected) < 1e-5, "\(path)")
      }
    }
    let evaluation = try await evaluate(model, on: dataset, device: .reference)
    let loss = try #require(json["loss"]?.double)
    #expect(abs(evaluation.loss - loss) < 1e-5)
    // Counted by hand from PyTorch's scores.
    let scores = try numbers(json["scores"])
    let right = (0..<6).count { row in
      let own = scores[row * 3..<row * 3 + 3]
      return own.firstIndex(of: own.max() ?? 0) == row * 3 + Int(dataset.label(row))
    }
    #expect(evaluation.top1 == Double(right) / 6)
  }
}
