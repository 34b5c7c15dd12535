// Only what a user imports: everything below must be found, and nothing be ambiguous.
import Fovea
import Testing

/// A layer of one's own.
private struct Block: Layer {
  let channels: Int

  var body: some Layer {
    Add {
      Sequential {
        Conv2D(channels, kernel: 3, padding: .same).named("conv1")
        BatchNorm().named("bn1")
        ReLU()
      }
      Identity()
    }
    Half().named("half")
  }
}

/// A layer that uses an operator of one's own.
private struct Half: Layer {
  func declare(_ x: Symbol) -> Symbol { x.applying(Halve.self) }
}

/// An operator of one's own: half of its input, and so half of its gradient.
private enum Halve: Operator {
  static let name = "Halve"
  static let inputNames = ["X"]
  static let isElementwise = true

  static func infer(_ query: inout ShapeQuery) -> [TensorType] { [TensorType(query.dtype(0), query.shape(0))] }

  static func gradient(_ builder: inout GradientBuilder) -> [Value?] {
    guard let g = builder.outputGradients[0] else { return [] }
    return builder.add(Halve.self, [g])
  }

  static func reference<T: ReferenceScalar>(_ site: NodeSite, _ type: T.Type) -> ReferenceKernel {
    let count = site.outputShape().count
    return { buffers in
      let x = buffers.input(0, as: T.self)
      let y = buffers.output(0, as: T.self)
      for index in 0..<count { y[index] = x[index] / 2 }
    }
  }

  static func explain(_ site: NodeSite) -> String { "Halves \(site.outputShape().count) numbers." }
}

/// Pictures of 8×8 whose bright quarter is their class.
private func quarters(_ count: Int) throws -> InMemoryDataset {
  var pixels: [UInt8] = []
  for index in 0..<count {
    let random = RandomStream(seed: 5, purpose: "quarters", path: "\(index)")
    for place in 0..<64 {
      let quarter = (place / 8 < 4 ? 0 : 2) + (place % 8 < 4 ? 0 : 1)
      pixels.append(UInt8((quarter == index % 4 ? 120 : 0) + Int(random.uniform(index: place) * 100)))
    }
  }
  return try InMemoryDataset(
    name: "quarters", pixels: pixels, labels: (0..<count).map { Int32($0 % 4) }, sampleShape: [1, 8, 8],
    classNames: ["north-west", "north-east", "south-west", "south-east"])
}

private func network(_ data: any Dataset) throws -> Model {
  try Model(
    input: [1, 8, 8], classes: data.classNames, preprocessing: try Preprocessing(measuring: data, for: .init())
  ) {
    Conv2D(8, kernel: 3, padding: .same).named("stem")
    Block(channels: 8).named("block")
    Flatten()
    Dense(4).named("fc")
  }
}

/// The face that `import Fovea` shows.
@Suite struct FaceTests {
  @Test(arguments: Device.names)
  func trainsOwnLayersAndOperators(device name: String) async throws {
    let device = try #require(Device.named(name))
    let data = try quarters(120)
    let model = try network(data)
    let result = try await model.train(
      on: data, epochs: 3, batch: 16, optimizer: .sgd(learningRate: .cosine(from: 0.05), momentum: 0.9), device: device)
    #expect(result.outcome == .finished)
    let evaluation = try await model.evaluate(on: data, device: device)
    #expect(evaluation.top1 > 0.95)
    #expect(model.summary().parameters > 0)
  }

  /// A picture is answered as evaluation counts it, alone and among others.
  @Test(arguments: Device.names)
  func predictorAgreesWithEvaluation(device name: String) async throws {
    let device = try #require(Device.named(name))
    let data = try quarters(40)
    let model = try network(data)
    var images: [Image8] = []
    for index in 0..<data.count {
      images.append(try Image8(height: 8, width: 8, channels: 1, pixels: Array(data.pixels(of: index))))
    }
    let predictor = Predictor(model, device: device)
    let together = try await predictor.predict(images, top: 4)
    #expect(together.count == 40)
    for index in 0..<data.count {
      let alone = try await predictor.predict([images[index]], top: 1)[0][0]
      let one = try await evaluate(model, on: try Subset(of: data, indices: [index]), device: device)
      #expect(one.confusion[actual: index % 4, predicted: alone.index] == 1)
      #expect(together[index][0].index == alone.index)
      #expect(together[index][0].name == data.classNames[alone.index])
      #expect(abs(together[index].reduce(0) { $0 + $1.probability } - 1) < 1e-12)
      #expect(together[index] == together[index].sorted { $0.probability > $1.probability })
    }
  }

  @Test func softmaxIsAppliedOnce() async throws {
    let data = try quarters(1)
    let image = try Image8(height: 8, width: 8, channels: 1, pixels: Array(data.pixels(of: 0)))
    func model(_ withSoftmax: Bool) throws -> Model {
      try Model(input: [1, 8, 8]) {
        Flatten()
        Dense(3).named("fc")
        if withSoftmax { Softmax() }
      }
    }
    let logits = try await model(false).predict(image, device: .reference)
    let probabilities = try await model(true).predict(image, device: .reference)
    #expect(logits.map(\.index) == probabilities.map(\.index))
    #expect(logits.map(\.name) == logits.map { String($0.index) })
    for (a, b) in zip(logits, probabilities) { #expect(abs(a.probability - b.probability) < 1e-6) }
  }

  @Test func anyTensorsAnyBatch() async throws {
    let model = try Model(inputs: ["left": [3], "right": [3]]) { inputs in
      let sum = inputs["left"] + inputs["right"]
      return ["sum": sum, "scores": Dense(2).named("fc")(sum)]
    }
    let predictor = Predictor(model, device: .reference)
    for batch in [1, 2, 5, 2] {
      let left = try Tensor((0..<batch * 3).map(Double.init), shape: [batch, 3])
      let right = try Tensor([Float](repeating: 1, count: batch * 3), shape: [batch, 3])
      let results = try await predictor.run(["left": left, "right": right])
      #expect(results["sum"]?.array(of: Float.self) == (0..<batch * 3).map { Float($0 + 1) })
      #expect(results["scores"]?.shape == [batch, 2])
    }
    let one = Tensor(zeros: [1, 3])
    await #expect(throws: ExecutionError.self) { try await predictor.run(["left": one]) }
    await #expect(throws: ExecutionError.self) { try await predictor.run(["left": one, "right": one, "up": one]) }
    await #expect(throws: ExecutionError.self) {
      try await predictor.run(["left": one, "right": Tensor(zeros: [1, 4])])
    }
    await #expect(throws: PredictorError.self) {
      try await predictor.predict([try Image8(height: 1, width: 1, channels: 1, pixels: [0])])
    }
  }

  @Test func preprocessingInItsOrder() throws {
    // Two rows of red, green, blue, red, green, blue.
    let row: [UInt8] = [255, 0, 0, 0, 255, 0, 0, 0, 255, 255, 0, 0, 0, 255, 0, 0, 0, 255]
    let image = try Image8(height: 2, width: 6, channels: 3, pixels: row + row)
    let crop = try Preprocessing(resize: 2, size: [2, 2], mean: [0.5, 0, 0], std: [0.5, 1, 1]).tensor(of: image)
    #expect(crop.shape == [3, 2, 2])
    // The two columns in the middle are blue and red.
    #expect(crop.array(of: Float.self) == [-1, 1, -1, 1, 0, 0, 0, 0, 1, 0, 1, 0])
    let swapped = try Preprocessing(channels: .bgr, resize: 2, size: [2, 2]).tensor(of: image)
    #expect(swapped.array(of: Float.self) == [1, 0, 1, 0, 0, 0, 0, 0, 0, 1, 0, 1])
    #expect(try Preprocessing(channels: .gray).tensor(of: image).shape == [1, 2, 6])
    #expect(try Preprocessing(size: [4, 3]).tensor(of: image).shape == [3, 4, 3])
    #expect(throws: DataError.self) { try Preprocessing(mean: [0.5, 0.5]).tensor(of: image) }
    #expect(throws: DataError.self) { try Preprocessing(resize: 2, size: [3, 3]).tensor(of: image) }
  }

  @Test func savedModelsAnswerTheSame() async throws {
    let path = "\(scratchDirectory())/fovea-face-\(UInt64.random(in: 0...UInt64.max)).safetensors"
    defer { remove(path) }
    let model = try Zoo.standard.model("two-conv", classNames: (0..<10).map { "class \($0)" }, seed: 3)
    try model.save(to: path)
    let same = try Model.load(path)
    let image = try Image8(height: 28, width: 28, channels: 1, pixels: (0..<784).map { UInt8($0 % 251) })
    #expect(try await same.predict(image) == model.predict(image))
  }

  @Test func devices() {
    #expect(Device.named("tpu") == nil)
    #expect(Device.named("reference")?.backends.isEmpty == true)
    let device = Device.cpu(threads: 2)
    #expect(device.threads == 2)
    #expect((device.shortcoming == nil) == !device.backends.isEmpty)
    #expect(device.text.hasPrefix("cpu, "))
  }
}
