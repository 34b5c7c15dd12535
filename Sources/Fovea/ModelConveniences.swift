import FoveaData
import FoveaExchange
import FoveaInference
import FoveaLayers
import FoveaTraining

extension Model {
  /// Reads a network of any format that `FileFormat` tells: a model file, an ONNX file, or a darknet `.cfg` with the
  /// `.weights` beside it.
  /// - Throws: `ModelFileError` with everything that is missing, unused or misshaped at once; `ONNXError`; for darknet's
  ///   files `DarknetError`, or `GraphError.mistakes`.
  public static func load(_ path: String) throws -> Model {
    switch try? FileFormat(of: path) {
    case .darknet: try Darknet.read(path)
    case .onnx: try ONNXFile.read(path)
    default: try ModelFile.read(path)
    }
  }

  /// Trains the model, in place, on the training part of a data set.
  ///
  /// ```swift
  /// try await model.train(on: .fashionMNIST, epochs: 5, optimizer: .sgd(learningRate: .cosine(from: 0.06), momentum: 0.9))
  /// ```
  ///
  /// - Parameters:
  ///   - source: must have the model's input shape and number of classes.
  ///   - batch: examples in a step.
  ///   - seed: of the order of the examples and of dropout.
  ///   - validation: the fraction of the examples that is kept from training to judge it by.
  ///   - directory: where checkpoints and curves are written; nil writes nothing.
  ///   - progress: called some ten times a second, and at the end of each epoch.
  /// - Throws: `DataError` when the data set is not there; `TrainingError`; `ExecutionError`.
  @discardableResult
  public func train(
    on source: DatasetSource, epochs: Int = 5, batch: Int = 128,
    optimizer: Optimizer = .sgd(learningRate: .cosine(from: 0.06), momentum: 0.9), seed: UInt64 = 0,
    validation: Double = 0, directory: String? = nil, device: Device = .cpu(),
    progress: @escaping @Sendable (TrainingProgress) -> Void = { _ in }
  ) async throws -> TrainingResult {
    try await train(
      on: try source.load(split: .train), epochs: epochs, batch: batch, optimizer: optimizer, seed: seed,
      validation: validation, directory: directory, device: device, progress: progress)
  }

  /// Trains the model, in place, on examples of one's own.
  @discardableResult
  public func train(
    on dataset: any Dataset, epochs: Int = 5, batch: Int = 128,
    optimizer: Optimizer = .sgd(learningRate: .cosine(from: 0.06), momentum: 0.9), seed: UInt64 = 0,
    validation: Double = 0, directory: String? = nil, device: Device = .cpu(),
    progress: @escaping @Sendable (TrainingProgress) -> Void = { _ in }
  ) async throws -> TrainingResult {
    let options = TrainingOptions(
      epochs: epochs, batch: batch, optimizer: optimizer, seed: seed, validation: validation, directory: directory)
    return try await Trainer(model: self, dataset: dataset, options: options, device: device).run(progress: progress)
  }

  /// Says how good the model is on the test part of a data set.
  ///
  /// ```swift
  /// print(try await model.evaluate(on: .fashionMNIST).top1)
  /// ```
  public func evaluate(on source: DatasetSource, device: Device = .cpu()) async throws -> Evaluation {
    try await evaluate(on: try source.load(split: .test), device: device)
  }

  /// Says how good the model is on examples of one's own.
  public func evaluate(on dataset: any Dataset, device: Device = .cpu()) async throws -> Evaluation {
    try await FoveaTraining.evaluate(self, on: dataset, device: device)
  }

  /// The most probable classes of one picture, best first. For many pictures make a `Predictor` once: it
  /// keeps its plans.
  public func predict(_ image: Image8, top: Int = 5, device: Device = .cpu()) async throws -> [Prediction] {
    try await Predictor(self, device: device).predict([image], top: top).first ?? []
  }

  /// The most probable classes of the picture in a PNG or JPEG file, best first.
  public func predict(path: String, top: Int = 5, device: Device = .cpu()) async throws -> [Prediction] {
    try await Predictor(self, device: device).predict(paths: [path], top: top).first ?? []
  }
}
